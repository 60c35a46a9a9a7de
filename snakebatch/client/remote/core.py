"""A model on a mesh, as flows: what ``MeshSnake`` and ``AsyncMeshSnake`` do, whoever drives it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from snakebatch.client.remote.calls import LONG_PATIENCE, PATIENCE
from snakebatch.client.remote.effects import Flow, Pause, T, Work, working
from snakebatch.client.remote.mesh import UPLOADED, Mesh
from snakebatch.client.remote.progress import Progress
from snakebatch.client.remote.questions import Question, answers_of, count_rows, question
from snakebatch.client.remote.tables import Table
from snakebatch.clock import Clock
from snakebatch.engine.answers import POPULATION_MODES
from snakebatch.engine.model import Model
from snakebatch.errors import (
    AccountError,
    JobFailedError,
    NotReadyError,
    ServiceError,
    SnakeBatchError,
    error_named,
)
from snakebatch.files import whole_file
from snakebatch.mesh.job_status import JobStatus
from snakebatch.snake import Snake

CLOUD_THRESHOLD = 5_000
"""Rows from which on a batch is answered by the mesh."""

_SOONEST, _LATEST = 0.3, 5.0
"""Seconds between two looks at a job: a tenth of its age, so that a short one is seen to end at once and a
long one is not asked all the time."""


class MeshModel:
    """One model of a mesh, and what is here of it. ``snake`` is set once it was fetched."""

    def __init__(
        self,
        mesh: Mesh,
        model_id: str,
        progress: Progress,
        clock: Clock,
        *,
        cloud_threshold: int | None = CLOUD_THRESHOLD,
    ) -> None:
        self.mesh = mesh
        self.model_id = model_id
        self.progress = progress
        self.cloud_threshold = cloud_threshold
        self.warnings: tuple[str, ...] = ()
        self.clock = clock
        self._snake: Snake | None = None
        self._whole: Snake | None = None
        self._seen = False  # whether a training was started or found here that had not ended yet

    # training

    def begin(self, prepare: Callable[[], Table], asked: dict[str, Any]) -> Flow[None]:
        """Send the table that ``prepare`` makes ready, and start the training."""
        table = yield from working(prepare)
        try:
            if table.uri is None:
                self.progress.say(f"sending {_size(table.size)} to the mesh")
            self.model_id = yield from self.mesh.train(table, {"target": table.target, **asked})
        finally:
            table.close()
        self._seen = True
        self.warnings = table.warnings

    def resume(self, changes: dict[str, Any]) -> Flow[None]:
        """Start the job again, and be the new run of it."""
        self.model_id = yield from self.mesh.resume(self.model_id, changes)
        self._seen = True

    def partial(self) -> Flow[dict[str, Any]]:
        """Have a model made of the leaves that are there, and fetch it."""
        told = yield from self.mesh.partial(self.model_id)
        yield from self.fetch()
        return told

    def status(self) -> Flow[JobStatus]:
        """How far the training is."""
        return self.mesh.status(self.model_id, patience=PATIENCE)

    def wait(self, seconds: float | None = None) -> Flow[JobStatus | None]:
        """Wait for the end of the training, and fetch the model; None for a model that was uploaded.

        Raises what the training ended with, NotReadyError after so many ``seconds``. Who stops waiting leaves
        the training running.
        """
        status: JobStatus | None = None
        if not self.model_id.startswith(UPLOADED):
            try:
                status = yield from self._follow(seconds)
            except (KeyboardInterrupt, asyncio.CancelledError) as stopped:
                line = f"the training goes on without you: {self._connect()} takes it up again"
                self.progress.say(line)
                stopped.add_note(line)
                raise
            except (ServiceError, AccountError) as error:
                if not self._seen:
                    raise
                # Who has no model yet has no other way to know the job's id.
                raise type(error)(
                    f"{error}; the training goes on: {self._connect()} takes it up again"
                ) from error
            finally:
                self.progress.close()
            if status.status != "SUCCEEDED":
                raise _failure(status)
        yield from self.fetch()
        return status

    def _follow(self, seconds: float | None) -> Flow[JobStatus]:
        started = self.clock.time()
        while True:
            waited = self.clock.time() - started
            patience = LONG_PATIENCE if seconds is None else min(LONG_PATIENCE, max(0.0, seconds - waited))
            status = yield from self.mesh.status(self.model_id, patience=patience)
            if status.ended is None or self._seen:
                self.progress.status(status)
            if status.ended is not None:
                return status
            self._seen = True
            waited = self.clock.time() - started
            if seconds is not None and waited >= seconds:
                raise NotReadyError(
                    f"job {self.model_id} still runs after {waited:.0f} s, in {status.state or 'its start'}: "
                    f"{self._connect()} goes on waiting"
                )
            pause = min(_LATEST, max(_SOONEST, status.seconds / 10))
            yield Pause(pause if seconds is None else min(pause, max(0.0, seconds - waited)))

    def _connect(self) -> str:
        return f"MeshSnake.connect({self.model_id!r}, {self.mesh.where})"

    # the model

    @property
    def snake(self) -> Snake:
        """What was fetched of the model; raises NotReadyError before."""
        if self._snake is None:
            raise NotReadyError(f"model {self.model_id} is not here yet: call wait() first")
        return self._snake

    def fetch(self) -> Flow[Snake]:
        """The stripped model, fetched once."""
        if self._snake is None:
            self._keep((yield from self._load(stripped=True)))
        return self.snake

    def _keep(self, snake: Snake) -> None:
        self._snake = snake
        if not snake.stripped:
            self._whole = snake

    def ready(self) -> Flow[Snake]:
        """The stripped model; waits for its training where it must."""
        if self._snake is None:
            yield from self.wait()
        return self.snake

    def whole(self, what: str) -> Flow[Snake]:
        """The model with its population, fetched once; ``what`` needs it."""
        yield from self.ready()
        self._check_population(what)
        if self._whole is None:
            self.progress.say(f"{what} needs the population: fetching the full model of {self.model_id}")
            self._whole = yield from self._load(stripped=False)
        return self._whole

    def _check_population(self, what: str) -> None:
        """Raise StrippedModelError where there is no population on the mesh either."""
        if self.model_id.startswith(UPLOADED):
            self.snake.model.need_population(what)

    def save(self, path: str | Path, *, stripped: bool) -> Flow[None]:
        """Write model.json as the mesh has it; the file appears whole or not at all."""
        yield from self.ready()
        with whole_file(Path(path)) as temporary, temporary.open("w+b") as file:
            yield from self._stream(file, stripped=stripped)

    def _load(self, *, stripped: bool) -> Flow[Snake]:
        with tempfile.TemporaryDirectory(prefix="snakebatch-") as folder:
            path = Path(folder) / "model.json"
            with path.open("w+b") as file:
                yield from self._stream(file, stripped=stripped)
            return (yield from working(lambda: Snake(Model.read(path))))

    def _stream(self, file: BinaryIO, *, stripped: bool) -> Flow[None]:
        uploaded = self.model_id.startswith(UPLOADED)
        if uploaded and stripped and self._snake is not None and not self._snake.stripped:
            # It was uploaded in one form; the other is made here.
            pieces = self._snake.model.pieces(stripped=True)
            yield Work(partial(file.writelines, (piece.encode() for piece in pieces)))
            return
        yield from self.mesh.fetch(self.model_id, file, stripped=stripped and not uploaded)

    # questions

    def ask(self, rows: Any, mode: str, *, batch: bool = False) -> Flow[Any]:
        """The answer to a row, or a list of answers, as ``Snake`` gives them: here, or on the mesh.

        The mesh is asked about many rows, and in a mode that needs a population which is not here. With
        ``batch`` a single prediction comes as a list too.
        """
        snake = yield from self.ready()
        rows = _countable(rows)
        if mode in POPULATION_MODES:
            self._check_population(f"mode {mode}")
        if mode == "regression":
            snake.get_regression([])  # raises ModelError on labels, wherever the answers would come from
        lacking = mode in POPULATION_MODES and self._whole is None
        many = self.cloud_threshold is not None and count_rows(rows, snake.header) >= self.cloud_threshold
        if not lacking and not many:
            local = self._whole if mode in POPULATION_MODES else snake
            name = f"get_{'batch_' if batch else ''}{mode}"
            return (yield from working(lambda: getattr(local, name)(rows)))
        asked = question(rows, mode, snake.header, snake.datatypes, len(snake.classes))
        answers = yield from self._answers(asked)
        return answers[0] if asked.single and not batch else answers

    def _answers(self, asked: Question) -> Flow[list[Any]]:
        """Answers to the rows that travel from the mesh, to the others from here; in their order."""
        answers: list[Any] = [None] * len(asked.rows)
        for chunk in asked.chunks():
            lines = [cast("str", asked.lines[number]) for number in chunk]
            found = yield from self.mesh.predict(self.model_id, asked.mode, lines)
            rows = [asked.rows[number] for number in chunk]
            _put(answers, chunk, answers_of(found, rows, asked.mode, self.snake.classes))
        if kept := asked.kept:
            local = self.snake
            if asked.mode in POPULATION_MODES:
                local = yield from self.whole(f"a row that a mesh refuses, in mode {asked.mode},")
            rows = [asked.rows[number] for number in kept]
            _put(answers, kept, (yield from working(lambda: getattr(local, f"get_{asked.mode}")(rows))))
        return answers

    def here(self, do: Callable[[Snake], T], needs: str | None = None) -> Flow[T]:
        """What ``do`` makes of the model in this process; ``needs`` says what needs its population."""
        local = yield from (self.ready() if needs is None else self.whole(needs))
        return (yield from working(lambda: do(local)))

    def upload(self, model: Any) -> Flow[None]:
        """Put a model on the mesh, a Snake or a model.json, and be that one."""
        snake = model if isinstance(model, Snake) else (yield from working(lambda: Snake(Model.read(model))))
        content = "".join(snake.model.pieces(stripped=snake.stripped)).encode()
        self.model_id = yield from self.mesh.upload(content)
        self._keep(snake)

    # the job

    def receipt(self) -> Flow[dict[str, Any]]:
        """Plan against actual."""
        return self.mesh.receipt(self.model_id)

    def trace(self) -> Flow[dict[str, Any]]:
        """What the workflow did, state by state."""
        return self.mesh.trace(self.model_id)

    def delete(self) -> Flow[None]:
        """Stop the job, if it runs, and delete what it left on the mesh; what was fetched stays."""
        return self.mesh.delete(self.model_id)


def _failure(status: JobStatus) -> SnakeBatchError:
    """What a training ended with, as the error that a function raised."""
    cause = " ".join((status.cause or "no cause was given").split())
    named = error_named(status.error or "", cause)
    if named is not None:
        return named
    how = {"ABORTED": "was stopped", "TIMED_OUT": "took longer than it may"}.get(status.status, "failed")
    what = status.error or status.status
    return JobFailedError(f"job {status.model_id} {how} in {status.state or 'its start'} ({what}): {cause}")


def _put(answers: list[Any], places: Sequence[int], found: Sequence[Any]) -> None:
    for place, answer in zip(places, found, strict=True):
        answers[place] = answer


def _countable(rows: Any) -> Any:
    """Rows that can be counted and asked: those of a generator as a list."""
    return rows if hasattr(rows, "__len__") or not hasattr(rows, "__iter__") else list(rows)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"
