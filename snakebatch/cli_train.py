"""``snakebatch train``: a table goes through the workflow of the embedded cloud, and a model comes out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from snakebatch.cli_pictures import Picture, picture
from snakebatch.cli_progress import Bars, Watch
from snakebatch.cli_summary import Summary, summarize
from snakebatch.clock import Clock, SystemClock
from snakebatch.engine.model_json import text_of
from snakebatch.errors import InputError, MissingExtraError, PlanError, SnakeBatchError
from snakebatch.files import check_out, check_table, find_table, whole_file
from snakebatch.graph.record import read_record, record_of

POLL_SECONDS = 0.1

BAD_INPUT_ERRORS = {"InputError": InputError, "PlanError": PlanError}
"""Errors of an execution that are the caller's to mend, and what they are here."""


class TrainingFailedError(SnakeBatchError):
    """The execution ended without a model; ``log`` is its history and what the handlers wrote."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


class Cloud(Protocol):
    """What training needs of a cloud; ``snakebatch.local.cloud.EmbeddedCloud`` is one."""

    sfn: Any

    def upload(self, path: Path) -> str: ...

    def train(self, execution_input: dict[str, Any]) -> str: ...

    def download(self, s3_uri: str, path: Path) -> None: ...

    def logs(self) -> str: ...


OpenCloud = Callable[[int | None], AbstractContextManager[Cloud]]


@contextmanager
def cloud_packages() -> Iterator[None]:
    """For the embedded cloud's imports: MissingExtraError says what to install where one is not here."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("snakebatch"):
            raise
        message = f"the embedded cloud needs {error.name}; run: pip install 'snakebatch[local]'"
        raise MissingExtraError(message, name=error.name) from error


def open_embedded_cloud(processes: int | None, engine: str = "snakebatch") -> AbstractContextManager[Cloud]:
    """The embedded cloud with so many Lambda processes (None: its default); ``engine`` makes its leaves."""
    with cloud_packages():
        from snakebatch.local.cloud import EmbeddedCloud
    return EmbeddedCloud(processes=processes, environment={"SNAKEBATCH_ENGINE": engine})


def run(
    arguments: argparse.Namespace, open_cloud: OpenCloud | None = None, clock: Clock | None = None
) -> int:
    """Carry out the command; prints the summary and returns the exit code."""
    table = find_table(arguments.data)
    out = check_out(arguments.out, table)
    drawing = None if arguments.graph is None else picture(arguments.graph, "--graph", table)
    check_engine_for(arguments)
    check_table(table, arguments.target)
    opener = open_cloud or partial(open_embedded_cloud, engine=arguments.engine)
    summary = train(table, execution_parameters(arguments), out, arguments.processes, opener, clock, drawing)
    if arguments.json:
        print(text_of(summary.as_json() | ({"graph": str(drawing.path)} if drawing else {})))
    else:
        print(summary.as_text() + (f"\ngraph      {drawing.path}" if drawing else ""))
    return 0


def check_engine_for(arguments: argparse.Namespace) -> None:
    """Raise InputError for an engine that isn't installed, or can't do the grain, before a cloud starts."""
    if arguments.engine == "snakebatch":
        return
    from snakebatch.engine.leaf_engines import engine_version

    engine_version(arguments.engine)
    if arguments.leaf_grain != "slice":
        raise InputError("--leaf-grain bucket: the licensed engine trains a whole slice at once; use slice")


def execution_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """The execution input that the arguments ask for, but for the dataset."""
    return {
        "target": arguments.target,
        "n_layers": arguments.layers,
        "bucket": arguments.bucket,
        "tau": arguments.tau,
        "seed": arguments.seed,
        "oppose_profile": arguments.profile,
        "lookahead": arguments.lookahead,
        "leaf_grain": arguments.leaf_grain,
        "levels_per_wave": arguments.levels_per_wave,
        "slots": arguments.slots,
        "slots_required": arguments.slots_required,
    }


def train(
    table: Path,
    parameters: dict[str, Any],
    out: Path,
    processes: int | None = None,
    open_cloud: OpenCloud | None = None,
    clock: Clock | None = None,
    drawing: Picture | None = None,
) -> Summary:
    """Train on ``table`` with an execution input ``parameters``; the model is at ``out`` when this returns.

    What the workflow did is drawn into ``drawing``, whatever came of it.

    Raises InputError or PlanError for what the caller can mend, TrainingFailedError for what they can't.
    """
    clock = clock or SystemClock()
    started = clock.time()
    with (open_cloud or open_embedded_cloud)(processes) as cloud:
        arn = cloud.train({"dataset": cloud.upload(table), **parameters})
        watch = Watch(cloud.sfn, arn)
        try:
            output = _follow(cloud, watch, clock)
        except InputError as error:
            # What a large table lacks is found in the workflow, which knows it by another name.
            raise InputError(f"{table}: {error}") from error
        finally:
            if drawing is not None:
                _draw(drawing, cloud, arn, clock)
        with whole_file(out) as temporary:
            cloud.download(output["model"], temporary)
    return summarize(output, watch, out, clock.time() - started)


def _follow(cloud: Cloud, watch: Watch, clock: Clock) -> dict[str, Any]:
    """Show the execution until it ends, and return its output; an interrupt stops it first."""
    bars = Bars()
    try:
        while True:
            # Status before history: what an ended execution's history says is then all there is.
            execution = cloud.sfn.describe_execution(executionArn=watch.execution_arn)
            watch.update()
            bars.show(watch)
            if execution["status"] != "RUNNING":
                break
            clock.sleep(POLL_SECONDS)
    except BaseException:
        cloud.sfn.stop_execution(
            executionArn=watch.execution_arn, error="Interrupted", cause="the command was stopped"
        )
        raise
    finally:
        bars.close()
    if execution["status"] != "SUCCEEDED":
        raise _failure(cloud, execution, watch)
    return cast("dict[str, Any]", json.loads(execution["output"]))


def _draw(drawing: Picture, cloud: Cloud, arn: str, clock: Clock) -> None:
    machine, ran = read_record(record_of(cloud.sfn, arn))
    drawing.write(machine, ran, f"The run {arn.rpartition(':')[2]}", clock.time())
    if ran.status != "SUCCEEDED":
        print(f"what the workflow did is drawn in {drawing.path}", file=sys.stderr)


def _failure(cloud: Cloud, execution: dict[str, Any], watch: Watch) -> SnakeBatchError:
    error = execution.get("error") or execution["status"]
    cause = execution.get("cause") or "no cause was given"
    if error in BAD_INPUT_ERRORS:
        return BAD_INPUT_ERRORS[error](cause)
    history = watch.sfn.get_execution_history(
        executionArn=watch.execution_arn, reverseOrder=True, maxResults=1000, includeExecutionData=True
    )
    events = json.dumps({"execution": execution, "history": history["events"]}, indent=1, default=str)
    message = f"training failed in {watch.state or 'its start'}: {error}: {cause}"
    return TrainingFailedError(message, f"{events}\n{cloud.logs()}")
