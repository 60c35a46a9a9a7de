"""``snakebatch graph``: a workflow as a picture, drawn from its definition; or what one run of it did."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from snakebatch.cli_parser import examples
from snakebatch.cli_place import add_place, on_mesh
from snakebatch.clock import Clock, SystemClock
from snakebatch.errors import InputError, UnknownJobError, shown

WORKFLOWS = ("train", "predict", "predict-batch")


def add_graph(commands: Any) -> None:
    """Add the command to the parser."""
    graph = commands.add_parser(
        "graph",
        help="draw a workflow, or what a run of it did",
        description="Draw a workflow from its definition; with --run a run of it, coloured by what became of "
        "each state, with durations and counts. SVG, PNG, HTML or Mermaid text, as the file's name "
        "ends. Without -o, Mermaid text goes to stdout.",
        epilog=examples(
            "snakebatch graph --workflow train -o train.svg",
            "snakebatch graph --run 4fbf0c --url http://127.0.0.1:8100 -o run.png",
        ),
    )
    graph.too_many = "; a workflow is named with --workflow, a file with --definition"
    source = graph.add_mutually_exclusive_group()
    source.add_argument(
        "--workflow", choices=WORKFLOWS, default="train", help="one of SnakeBatch's own (default train)"
    )
    source.add_argument(
        "--definition", metavar="FILE", help="any state machine, in Amazon States Language (JSON)"
    )
    source.add_argument(
        "--run",
        dest="execution",
        metavar="ID",
        help="a training of a mesh, by the id that `train` printed, with --url or --stack; or any execution, "
        "by its ARN",
    )
    graph.add_argument(
        "-o", "--out", metavar="FILE", help="a file that ends in .svg, .png, .html or .mermaid"
    )
    add_place(graph)
    graph.set_defaults(run=run)


def run(arguments: argparse.Namespace, **more: Any) -> int:
    """Carry out the command; ``more`` goes to MeshSnake. Returns the exit code."""
    from snakebatch.cli_pictures import draw, picture
    from snakebatch.graph import read_machine
    from snakebatch.graph.record import read_record

    given = () if arguments.definition is None else (Path(arguments.definition),)
    out = None if arguments.out is None else picture(arguments.out, "--out", *given)
    _check_place(arguments)
    if arguments.execution is None:
        name, text = _definition(arguments)
        try:
            machine, ran, title = read_machine(text), None, f"The workflow {name}"
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    else:
        machine, ran = read_record(_record(arguments, more))
        title = f"The run {arguments.execution}"
    clock: Clock = more.get("clock") or SystemClock()
    now = clock.time()
    if out is None:
        sys.stdout.write(draw("mermaid", machine, ran, title, now).decode())
    else:
        out.write(machine, ran, title, now)
    return 0


def _check_place(arguments: argparse.Namespace) -> None:
    """A place goes with a run, and a run with a place, unless its ARN says where it is."""
    execution = arguments.execution
    if execution is None:
        if arguments.url or arguments.stack or arguments.region:
            raise InputError("--url, --stack and --region say where a run is: name it with --run")
    elif not (_is_arn(execution) and arguments.url is None) and not on_mesh(arguments):
        raise InputError(
            "--run: say where the run is: --url or --stack, or give its ARN; a training on this machine is "
            "gone with its cloud, and draws itself by `snakebatch train ... --graph FILE`"
        )


def _record(arguments: argparse.Namespace, more: dict[str, Any]) -> dict[str, Any]:
    if _is_arn(arguments.execution) and arguments.url is None:
        return _record_of_arn(arguments.execution, arguments.region)
    from snakebatch.cli_mesh import place_of
    from snakebatch.client import MeshSnake

    model_id = arguments.execution.rpartition(":")[2]
    try:
        with MeshSnake.connect(model_id, wait=False, **place_of(arguments), **more) as snake:
            return snake.trace()
    except UnknownJobError as error:
        lists = f"{arguments.url}/runs" if arguments.url else "the console of Step Functions"
        # A job that was taken up again has several runs: its own name tells none of them.
        raise UnknownJobError(
            f"{error}; give the run's id, as `train` printed it, and not the name of --job: {lists} has those"
            " that there are"
        ) from error


def _record_of_arn(arn: str, region: str | None) -> dict[str, Any]:
    """What an execution did, whoever's it is; raises UnknownJobError where there is none of that ARN."""
    from snakebatch.graph.record import record_of
    from snakebatch.operations.aws import asking, clients, code_of

    sfn = clients(region or arn.split(":")[3] or None)("stepfunctions")
    with asking(f"the run {arn.rpartition(':')[2]}"):
        try:
            return record_of(sfn, arn)
        except Exception as error:
            if code_of(error) in ("ExecutionDoesNotExist", "InvalidArn"):
                raise UnknownJobError(
                    f"there is no execution {shown(arn)}: copy its ARN from the console of Step Functions, "
                    "which forgets a run 90 days after its end"
                ) from error
            raise


def _is_arn(execution: str) -> bool:
    return execution.startswith("arn:") and execution.count(":") >= 6


def _definition(arguments: argparse.Namespace) -> tuple[str, str]:
    if arguments.definition is None:
        from snakebatch.local.bundle import bundle_root

        path = bundle_root() / f"statemachine/{arguments.workflow}.asl.json"
        return arguments.workflow, path.read_text(encoding="utf-8")
    path = Path(arguments.definition)
    try:
        return path.name, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(
            f"--definition {shown(arguments.definition)} can't be read: {why}; give a state machine's JSON"
        ) from error
