"""``MeshSnake``: a Snake that is trained on a mesh, and answers here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from snakebatch.client.remote.base import MeshSnakeBase
from snakebatch.client.remote.drivers import SyncDriver
from snakebatch.client.remote.effects import Flow
from snakebatch.client.remote.places import Place
from snakebatch.mesh.job_status import JobStatus
from snakebatch.planner.plan import Plan
from snakebatch.snake import Snake

T = TypeVar("T")


class MeshSnake(MeshSnakeBase):
    """An explainable classifier that is trained on a mesh, with the questions of ``Snake``.

    The training goes to the mesh; then the model comes here without its population, and small batches are
    answered in process, without a network. A batch of ``cloud_threshold`` rows or more, or a question that
    needs the population, goes to the mesh.

    Parameters
    ----------
    data
        What to train on, as for ``Snake``: rows, a DataFrame, an array, the path of a CSV file (``.csv.gz``
        too); or the ``s3://`` address of one. None with ``model_id``.
    target_index, n_layers, bucket, oppose_profile, lookahead, seed, y, header
        As for ``Snake``.
    noise
        0: a mesh trains without.
    tau
        Slices are divided until they have at most so many rows.
    model_id
        Of a model that is on the mesh already: see ``connect``.
    url
        The address of a gatherer (default: SNAKEBATCH_URL).
    key
        A key of that gatherer (default: SNAKEBATCH_KEY).
    stack
        Instead of ``url`` the name of a deployed stack, which is asked straight through AWS.
    region
        Of the stack (default: the one of boto3's profile).
    session
        The boto3 Session whose credentials are used for the stack (default: boto3's own).
    clients
        Instead of a session: ``clients(service)`` gives a boto3 client.
    wait
        False returns as soon as the training was started; the first question, or ``wait()``, waits for it.
    timeout
        Most seconds that are waited for the training; NotReadyError then, and it goes on.
    progress
        True shows it on stderr, False does not, a function gets every JobStatus.
    cloud_threshold
        Rows from which on a batch is answered by the mesh; None answers all batches here.
    transport
        httpx's transport, for tests.
    clock
        What waits and tells the time, for tests.
    **more
        Other parameters of the workflow: ``leaf_grain``, ``levels_per_wave``, ``slots``, ``slots_required``,
        ``min_share``, ``max_share``, ``max_usd``, ``partial``, ``job``.

    Raises
    ------
    InputError
        On data or parameters that can't be used, before anything is sent; it names the place.
    ServiceError
        Where the mesh can't be asked (UnreachableError, KeyRefusedError), or the training ended without a
        model for a reason of the mesh's (JobFailedError). Other reasons keep their own kind, as PlanError.
    NotReadyError
        After ``timeout`` seconds of waiting; the training goes on.
    """

    def _open(
        self, place: Place, transport: Any, begin: Flow[None] | None, *, wait: bool, timeout: float | None
    ) -> None:
        self._driver = SyncDriver(place.url, place.key, self._core.clock, transport)
        if begin is not None:
            self._run(begin)
        if wait:
            self.wait(timeout)

    @classmethod
    def connect(cls, model_id: str, **how: Any) -> MeshSnake:
        """A model that is on the mesh, or still trained there; ``how`` are arguments of the constructor."""
        return cls(model_id=model_id, **how)

    @classmethod
    def resume(
        cls, model_id: str, *, n_layers: int | None = None, max_usd: float | None = None, **how: Any
    ) -> MeshSnake:
        """Start a job again that failed, was stopped, or shall have more layers: only what is missing runs.

        The data are those that it was started with. ``how`` are arguments of the constructor. Raises
        NotReadyError while it runs.
        """
        wait, timeout = how.pop("wait", True), how.pop("timeout", None)
        self = cls(model_id=model_id, wait=False, **how)
        asked = {"n_layers": n_layers, "max_usd": max_usd}
        self._run(self._core.resume({name: value for name, value in asked.items() if value is not None}))
        if wait:
            self.wait(timeout)
        return self

    @classmethod
    def partial(cls, model_id: str, **how: Any) -> MeshSnake:
        """What has arrived of a job that ended without a model; ``coverage`` and ``gaps`` of its ``snake``
        say what is missing.

        ``how`` are arguments of the constructor. Raises NotReadyError where no leaf has arrived.
        """
        self = cls(model_id=model_id, wait=False, **how)
        self._run(self._core.partial())
        return self

    @classmethod
    def upload(cls, model: Any, **how: Any) -> MeshSnake:
        """Put a model on the mesh: a Snake, or the path, text or content of a model.json.

        ``how`` are arguments of the constructor. Raises ModelError on a model that can't be read.
        """
        self = cls(model_id="", wait=False, **how)
        self._run(self._core.upload(model))
        return self

    @classmethod
    def plan(cls, rows: int, n_layers: int = 5, tau: int = 1000, *, max_usd: float = 5.0, **how: Any) -> Plan:
        """What a training would take, and whether it is allowed; nothing is started.

        ``how`` are arguments of the constructor, and ``columns``, ``classes``, ``slots``.
        """
        asked = {"rows": rows, "n_layers": n_layers, "tau": tau, "max_usd": max_usd}
        asked |= {name: how.pop(name) for name in ("columns", "classes", "slots") if name in how}
        with cls(model_id="", wait=False, **how) as self:
            return self._run(self._core.mesh.plan(asked))

    # the job

    def status(self) -> JobStatus:
        """How far the training is; raises UnknownJobError where there is no such job."""
        return self._run(self._core.status())

    def wait(self, timeout: float | None = None) -> JobStatus | None:
        """Wait for the end of the training, and fetch the model; returns its last status, None for a model
        that was uploaded.

        Raises what the training ended with, NotReadyError after ``timeout`` seconds. Ctrl-C leaves the
        training running, and says how to go on.
        """
        return self._run(self._core.wait(timeout))

    def receipt(self) -> dict[str, Any]:
        """What the training took, beside what was planned: seconds by state, US dollars by kind, shards.

        Raises NotReadyError while it runs.
        """
        return self._run(self._core.receipt())

    def trace(self) -> dict[str, Any]:
        """What the workflow did, state by state, with its definition: ``graph --run`` draws it."""
        return self._run(self._core.trace())

    def delete(self) -> None:
        """Stop the training, if it runs, and delete the job with its model from the mesh.

        What was fetched goes on answering.
        """
        self._run(self._core.delete())

    def close(self) -> None:
        """Close the connections; what is here goes on answering."""
        self._driver.close()

    def __enter__(self) -> MeshSnake:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # questions, as those of Snake

    @property
    def snake(self) -> Snake:
        """The model in this process, mostly without its population; waits for its training where it must."""
        return self._run(self._core.ready())

    @property
    def population(self) -> list[dict[str, Any]]:
        """The rows as dicts in header order; the full model is fetched for it, once."""
        return self._here(lambda snake: snake.population, needs="the population")

    def get_prediction(self, rows: Any) -> Any:
        """The class with the most votes, the first of these in class order."""
        return self._ask(rows, "prediction")

    def get_batch_prediction(self, rows: Any) -> list[Any]:
        """The predictions of a list, an array or a DataFrame, as a list, also of one row."""
        found: list[Any] = self._run(self._core.ask(rows, "prediction", batch=True))
        return found

    def get_probability(self, rows: Any) -> Any:
        """Each class with its share of the votes (0 to 1), a dict in class order."""
        return self._ask(rows, "probability")

    def get_lookalikes(self, rows: Any) -> Any:
        """``[row, target, cond]`` of every member that votes, in layer, then position, order."""
        return self._ask(rows, "lookalikes")

    def get_lookalikes_labeled(self, rows: Any) -> Any:
        """``[row, target, cond, origin]``; the full model is fetched for it, once."""
        return self._here(lambda snake: snake.get_lookalikes_labeled(rows), needs="a list of lookalikes")

    def get_audit(self, rows: Any) -> Any:
        """Why the row is answered so, as text of some lines."""
        return self._ask(rows, "audit")

    def get_augmented(self, rows: Any) -> Any:
        """A copy of the row with the keys Lookalikes, Probability, Prediction and Audit."""
        return self._ask(rows, "augmented")

    def get_candle(self, rows: Any) -> Any:
        """A dict of the lookalikes' targets: high, q3, median, q1, low, mean, iqr_mean, std and n."""
        return self._ask(rows, "candle")

    def get_regression(self, rows: Any, *, explain: bool = False) -> Any:
        """``iqr_mean`` of the candle, else the mean of the buckets; ``explain`` says which, and asks here."""
        if explain:
            return self._here(lambda snake: snake.get_regression(rows, explain=True))
        return self._ask(rows, "regression")

    def get_layer_scores(self, rows: Any, y: Any = None) -> list[float]:
        """How well each layer alone answers validation rows; asked here."""
        return self._here(lambda snake: snake.get_layer_scores(rows, y))

    def prune(self, rows: Any, y: Any = None, *, keep: float | int = 0.5) -> Snake:
        """A Snake of the layers that answer validation rows best; the full model is fetched for it, once."""
        return self._here(lambda snake: snake.prune(rows, y, keep=keep), needs="a pruned model")

    def to_json(self, path: str | Path, stripped: bool = False) -> None:
        """Write model.json as the mesh has it; the file appears whole or not at all."""
        self._run(self._core.save(path, stripped=bool(stripped)))

    # inside

    def _ask(self, rows: Any, mode: str) -> Any:
        return self._run(self._core.ask(rows, mode))

    def _here(self, do: Callable[[Snake], T], needs: str | None = None) -> T:
        return self._run(self._core.here(do, needs))

    def _run(self, flow: Flow[T]) -> T:
        return self._driver.run(flow)
