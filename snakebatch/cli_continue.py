"""``snakebatch resume`` and ``partial``: go on with a job of a mesh, or take what there is of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from snakebatch.cli_parser import examples, whole
from snakebatch.cli_place import add_place, on_mesh
from snakebatch.engine.settings import MAX_LAYERS
from snakebatch.errors import InputError


def add_continue(commands: Any) -> None:
    """Add both commands."""
    resume = commands.add_parser(
        "resume",
        help="take up a job of a mesh that failed or was stopped, or give it more layers",
        description="Start a job of a mesh again: only what is missing runs. With --layers the model gets so "
        "many layers, and only the new ones are trained. The data are those of the first run.",
        epilog=examples("snakebatch resume 4fbf0c --layers 10 --url http://127.0.0.1:8100 --out ten.json"),
    )
    resume.add_argument(
        "--layers", type=whole(1, MAX_LAYERS), metavar="N", help="layers of the model (default: as before)"
    )
    resume.add_argument("--max-usd", type=_dollars, metavar="X", help="most that the new run may cost")
    resume.set_defaults(run=_resume)
    partial = commands.add_parser(
        "partial",
        help="make a model of what has arrived of a job that ended without one",
        description="Make a model of the leaves that a job of a mesh has. It says of which rows it knows "
        "nothing; these get no votes. To resume the job makes it whole.",
        epilog=examples("snakebatch partial 4fbf0c --url http://127.0.0.1:8100 --out part.json"),
    )
    partial.set_defaults(run=_partial)
    for command in (resume, partial):
        command.add_argument("model", metavar="ID", help="the job's id, as `train` printed it")
        command.add_argument(
            "--out", default="model.json", metavar="FILE", help="where the model goes (default model.json)"
        )
        add_place(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")


def _resume(arguments: argparse.Namespace) -> int:
    return resume(_placed(arguments))


def _partial(arguments: argparse.Namespace) -> int:
    return partial(_placed(arguments))


def _placed(arguments: argparse.Namespace) -> argparse.Namespace:
    if not on_mesh(arguments):
        raise InputError(
            "name the mesh that has the job: --url or --stack; that of `snakebatch train` is gone with it"
        )
    return arguments


def resume(arguments: argparse.Namespace, **more: Any) -> int:
    """Carry out ``resume``; ``more`` goes to MeshSnake. Returns the exit code."""
    from snakebatch import cli_mesh
    from snakebatch.client import MeshSnake

    out, asked = Path(arguments.out), {"n_layers": arguments.layers, "max_usd": arguments.max_usd}
    with MeshSnake.resume(arguments.model, **asked, **cli_mesh.place_of(arguments), **more) as snake:
        return cli_mesh.save_and_tell(snake, out, as_json=arguments.json)


def partial(arguments: argparse.Namespace, **more: Any) -> int:
    """Carry out ``partial``; ``more`` goes to MeshSnake. Returns the exit code."""
    from snakebatch import cli_mesh
    from snakebatch.client import MeshSnake
    from snakebatch.engine.gaps import warning_of
    from snakebatch.engine.model_json import text_of

    with MeshSnake.partial(arguments.model, **cli_mesh.place_of(arguments), **more) as snake:
        snake.to_json(arguments.out)
        here = snake.snake
    if arguments.json:
        said = {"model": arguments.out, "coverage": round(here.coverage, 6), "layers": here.gaps}
        print(text_of(said))
        return 0
    lines = [
        f"layer {layer['layer']:<5} {layer['rows_covered']:,} of {layer['rows']:,} rows, "
        f"{len(layer['missing']):,} leaves missing"
        for layer in here.gaps
    ]
    print("\n".join([*lines, f"coverage    {100 * here.coverage:.1f}%", f"model       {arguments.out}"]))
    warning = warning_of(here.model)
    print(f"warning: {warning}" if warning else "nothing is missing: this is the whole model")
    return 0


def _dollars(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of dollars")
    return value
