"""``AsyncMeshSnake``: ``MeshSnake`` for event loops."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from snakebatch.client.remote.base import MeshSnakeBase
from snakebatch.client.remote.drivers import AsyncDriver
from snakebatch.client.remote.effects import Flow
from snakebatch.client.remote.places import Place
from snakebatch.mesh.job_status import JobStatus
from snakebatch.planner.plan import Plan
from snakebatch.snake import Snake

T = TypeVar("T")


class AsyncMeshSnake(MeshSnakeBase):
    """``MeshSnake`` for event loops: the same parameters, the same questions, each to be awaited.

    ``snake = await AsyncMeshSnake(rows, ...)`` sends the data, and waits unless ``wait=False``; the
    constructor by itself only checks. What is worked out here is worked out in a thread. ``population`` is
    ``await snake.get_population()``; the other attributes are there once the model is.
    """

    def _open(
        self, place: Place, transport: Any, begin: Flow[None] | None, *, wait: bool, timeout: float | None
    ) -> None:
        self._driver = AsyncDriver(place.url, place.key, self._core.clock, transport)
        self._begin, self._wait, self._timeout = begin, wait, timeout

    def __await__(self) -> Generator[Any, None, AsyncMeshSnake]:
        return self._start().__await__()

    async def _start(self) -> AsyncMeshSnake:
        """Send the data, once, and wait as the constructor was told."""
        begin, self._begin = self._begin, None
        if begin is not None:
            await self._run(begin)
        if self._wait:
            await self.wait(self._timeout)
        return self

    @classmethod
    async def connect(cls, model_id: str, **how: Any) -> AsyncMeshSnake:
        """A model that is on the mesh, or still trained there; ``how`` are arguments of the constructor."""
        return await cls(model_id=model_id, **how)

    @classmethod
    async def resume(
        cls, model_id: str, *, n_layers: int | None = None, max_usd: float | None = None, **how: Any
    ) -> AsyncMeshSnake:
        """Start a job again that failed, was stopped, or shall have more layers: only what is missing runs.

        ``how`` are arguments of the constructor. Raises NotReadyError while it runs.
        """
        wait, timeout = how.pop("wait", True), how.pop("timeout", None)
        self = cls(model_id=model_id, wait=False, **how)
        asked = {"n_layers": n_layers, "max_usd": max_usd}
        await self._run(
            self._core.resume({name: value for name, value in asked.items() if value is not None})
        )
        if wait:
            await self.wait(timeout)
        return self

    @classmethod
    async def partial(cls, model_id: str, **how: Any) -> AsyncMeshSnake:
        """What has arrived of a job that ended without a model; ``how`` are arguments of the constructor.

        Raises NotReadyError where no leaf has arrived.
        """
        self = cls(model_id=model_id, wait=False, **how)
        await self._run(self._core.partial())
        return self

    @classmethod
    async def upload(cls, model: Any, **how: Any) -> AsyncMeshSnake:
        """Put a model on the mesh: a Snake, or the path, text or content of a model.json.

        ``how`` are arguments of the constructor. Raises ModelError on a model that can't be read.
        """
        self = cls(model_id="", wait=False, **how)
        await self._run(self._core.upload(model))
        return self

    @classmethod
    async def plan(
        cls, rows: int, n_layers: int = 5, tau: int = 1000, *, max_usd: float = 5.0, **how: Any
    ) -> Plan:
        """What a training would take, and whether it is allowed; nothing is started.

        ``how`` are arguments of the constructor, and ``columns``, ``classes``, ``slots``.
        """
        asked = {"rows": rows, "n_layers": n_layers, "tau": tau, "max_usd": max_usd}
        asked |= {name: how.pop(name) for name in ("columns", "classes", "slots") if name in how}
        async with cls(model_id="", wait=False, **how) as self:
            return await self._run(self._core.mesh.plan(asked))

    # the job

    async def status(self) -> JobStatus:
        """How far the training is; raises UnknownJobError where there is no such job."""
        return await self._run(self._core.status())

    async def wait(self, timeout: float | None = None) -> JobStatus | None:
        """Wait for the end of the training, and fetch the model; returns its last status, None for a model
        that was uploaded.

        Raises what the training ended with, NotReadyError after ``timeout`` seconds. Ctrl-C leaves the
        training running, and says how to go on.
        """
        return await self._run(self._core.wait(timeout))

    async def receipt(self) -> dict[str, Any]:
        """What the training took, beside what was planned."""
        return await self._run(self._core.receipt())

    async def trace(self) -> dict[str, Any]:
        """What the workflow did, state by state, with its definition: ``graph --run`` draws it."""
        return await self._run(self._core.trace())

    async def delete(self) -> None:
        """Stop the training, if it runs, and delete the job with its model from the mesh.

        What was fetched goes on answering.
        """
        await self._run(self._core.delete())

    async def close(self) -> None:
        """Close the connections; what is here goes on answering."""
        await self._driver.close()

    async def __aenter__(self) -> AsyncMeshSnake:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # questions, as those of Snake

    async def get_population(self) -> list[dict[str, Any]]:
        """The rows as dicts in header order; the full model is fetched for it, once."""
        return await self._here(lambda snake: snake.population, needs="the population")

    async def get_prediction(self, rows: Any) -> Any:
        """The class with the most votes, the first of these in class order."""
        return await self._ask(rows, "prediction")

    async def get_batch_prediction(self, rows: Any) -> list[Any]:
        """The predictions of a list, an array or a DataFrame, as a list, also of one row."""
        found: list[Any] = await self._run(self._core.ask(rows, "prediction", batch=True))
        return found

    async def get_probability(self, rows: Any) -> Any:
        """Each class with its share of the votes (0 to 1), a dict in class order."""
        return await self._ask(rows, "probability")

    async def get_lookalikes(self, rows: Any) -> Any:
        """``[row, target, cond]`` of every member that votes, in layer, then position, order."""
        return await self._ask(rows, "lookalikes")

    async def get_lookalikes_labeled(self, rows: Any) -> Any:
        """``[row, target, cond, origin]``; the full model is fetched for it, once."""
        return await self._here(
            lambda snake: snake.get_lookalikes_labeled(rows), needs="a list of lookalikes"
        )

    async def get_audit(self, rows: Any) -> Any:
        """Why the row is answered so, as text of some lines."""
        return await self._ask(rows, "audit")

    async def get_augmented(self, rows: Any) -> Any:
        """A copy of the row with the keys Lookalikes, Probability, Prediction and Audit."""
        return await self._ask(rows, "augmented")

    async def get_candle(self, rows: Any) -> Any:
        """A dict of the lookalikes' targets: high, q3, median, q1, low, mean, iqr_mean, std and n."""
        return await self._ask(rows, "candle")

    async def get_regression(self, rows: Any, *, explain: bool = False) -> Any:
        """``iqr_mean`` of the candle, else the mean of the buckets; ``explain`` says which, and asks here."""
        if explain:
            return await self._here(lambda snake: snake.get_regression(rows, explain=True))
        return await self._ask(rows, "regression")

    async def get_layer_scores(self, rows: Any, y: Any = None) -> list[float]:
        """How well each layer alone answers validation rows; asked here."""
        return await self._here(lambda snake: snake.get_layer_scores(rows, y))

    async def prune(self, rows: Any, y: Any = None, *, keep: float | int = 0.5) -> Snake:
        """A Snake of the layers that answer validation rows best; the full model is fetched for it, once."""
        return await self._here(lambda snake: snake.prune(rows, y, keep=keep), needs="a pruned model")

    async def to_json(self, path: str | Path, stripped: bool = False) -> None:
        """Write model.json as the mesh has it; the file appears whole or not at all."""
        await self._run(self._core.save(path, stripped=bool(stripped)))

    # inside

    async def _ask(self, rows: Any, mode: str) -> Any:
        return await self._run(self._core.ask(rows, mode))

    async def _here(self, do: Callable[[Snake], T], needs: str | None = None) -> T:
        return await self._run(self._core.here(do, needs))

    async def _run(self, flow: Flow[T]) -> T:
        return await self._driver.run(flow)
