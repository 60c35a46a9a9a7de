"""What ``MeshSnake`` and ``AsyncMeshSnake`` have in common: arguments, and what a fetched model tells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import Any

from snakebatch.client.remote.core import CLOUD_THRESHOLD, MeshModel
from snakebatch.client.remote.effects import Flow
from snakebatch.client.remote.parameters import parameters_of
from snakebatch.client.remote.places import Place, find_place
from snakebatch.client.remote.progress import ShowStatus, progress_of
from snakebatch.client.remote.tables import table_to_send
from snakebatch.clock import Clock, SystemClock
from snakebatch.engine.model import Model
from snakebatch.errors import InputError
from snakebatch.snake import Snake
from snakebatch.snake_input import is_model


class MeshSnakeBase:
    """A model of a mesh; ``_core`` are its flows, which ``_open`` makes ready to be driven."""

    def __init__(
        self,
        data: Any = None,
        target_index: int | str = 0,
        *,
        n_layers: int = 5,
        bucket: int = 250,
        noise: float = 0,
        oppose_profile: str = "auto",
        lookahead: int = 5,
        seed: int | None = None,
        tau: int | None = 1000,
        y: Any = None,
        header: Sequence[str] | None = None,
        model_id: str | None = None,
        url: str | None = None,
        key: str | None = None,
        stack: str | None = None,
        region: str | None = None,
        session: Any = None,
        clients: Any = None,
        wait: bool = True,
        timeout: float | None = None,
        progress: bool | ShowStatus = True,
        cloud_threshold: int | None = CLOUD_THRESHOLD,
        transport: Any = None,
        clock: Clock | None = None,
        **more: Any,
    ) -> None:
        if (data is None) == (model_id is None):
            raise InputError("give either data, to train on, or the model_id of a model that is on the mesh")
        place = find_place(url, key, stack, region, session, clients)
        asked = parameters_of(
            n_layers=n_layers,
            bucket=bucket,
            noise=noise,
            oppose_profile=oppose_profile,
            lookahead=lookahead,
            seed=seed,
            tau=tau,
            more=more,
        )
        check_data(data, y)
        check_number("timeout", timeout, "seconds")
        check_number("cloud_threshold", cloud_threshold, "rows")
        clock = clock or SystemClock()
        self._core = MeshModel(
            place.mesh(clock), model_id or "", progress_of(progress), clock, cloud_threshold=cloud_threshold
        )
        begin = None
        if model_id is None:
            begin = self._core.begin(partial(table_to_send, data, target_index, header, y), asked)
        self._open(place, transport, begin, wait=wait, timeout=timeout)

    def _open(
        self, place: Place, transport: Any, begin: Flow[None] | None, *, wait: bool, timeout: float | None
    ) -> None:
        raise NotImplementedError

    @property
    def model_id(self) -> str:
        """The name of the model on the mesh, its job's, or ``m-...`` of one that was uploaded."""
        return self._core.model_id

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a small table was found odd for before it was sent, a line each."""
        return self._core.warnings

    @property
    def snake(self) -> Snake:
        """The model in this process, as far as it is here, mostly without its population."""
        return self._core.snake

    @property
    def model(self) -> Model:
        """The model behind the questions that are answered here."""
        return self.snake.model

    @property
    def targets(self) -> list[Any]:
        """The target of every row of the population."""
        return self.snake.targets

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.snake.target

    @property
    def header(self) -> list[str]:
        """Column names, the target first."""
        return self.snake.header

    @property
    def datatypes(self) -> list[str]:
        """Datatypes, parallel to the header; of the target B, I, N, T or J, of features N or T."""
        return self.snake.datatypes

    @property
    def classes(self) -> list[Any]:
        """The distinct targets, in the order of the probabilities."""
        return self.snake.classes

    @property
    def layers(self) -> list[list[dict[str, Any]]]:
        """The layers as model.json has them."""
        return self.snake.layers

    @property
    def config(self) -> dict[str, Any]:
        """The parameters of the training, as model.json names them."""
        return self.snake.config

    @property
    def log(self) -> str:
        """What made the model."""
        return self.snake.log

    def __repr__(self) -> str:
        core = self._core
        return f"{type(self).__name__}(model_id={core.model_id!r}, {core.mesh.where})"


def check_data(data: Any, y: Any) -> None:
    """Raise InputError for a model where a table is wanted."""
    if y is None and (isinstance(data, Snake) or (data is not None and is_model(data))):
        raise InputError(
            "this is a model, not a table; MeshSnake.upload(...) puts it on the mesh, Snake(...) asks it here"
        )


def check_number(name: str, value: Any, unit: str) -> None:
    """Raise InputError where a number is wanted, or None: before a training is started, not after it."""
    number = isinstance(value, Real)  # numpy's too
    good = number and type(value) is not bool and value >= 0
    if value is not None and not good:
        raise InputError(f"{name} is {value!r}; give a number of {unit}, 0 or more, or None")
