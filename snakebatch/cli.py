"""The command ``snakebatch``: what it understands, and how it ends.

Exit codes: 0 done; 1 something failed inside (one line, and where the log is); 2 bad input or parameters (one
line that names it); 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by
SIGHUP. Results go to stdout, the rest to stderr.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn

from snakebatch.bench.cli import add_bench
from snakebatch.cli_bracket import add_bracket
from snakebatch.cli_chaos import add_chaos
from snakebatch.cli_continue import add_continue
from snakebatch.cli_dead_letters import add_dead_letters
from snakebatch.cli_graph import add_graph
from snakebatch.cli_keys import add_keys
from snakebatch.cli_operations import add_operations
from snakebatch.cli_place import add_place, on_mesh
from snakebatch.cli_plan_arguments import add_plan
from snakebatch.cli_serve import add_serve
from snakebatch.engine.settings import ENGINES, MAX_LAYERS, MAX_LOOKAHEAD, PROFILES
from snakebatch.errors import (
    AccountError,
    InputError,
    ModelError,
    NotReadyError,
    PlanError,
    ServiceError,
    SnakeBatchError,
    UnknownJobError,
)
from snakebatch.version import ENGINE, VERSION

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130

MAX_SEED = 2**53 - 1
"""Largest seed that JSON readers keep whole."""


_STOPPING = (signal.SIGTERM, signal.SIGHUP)
"""Asked to stop by another process, or by a terminal that closes."""


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` defaults to the process's own arguments."""
    _ready_streams()
    command = "snakebatch"
    before = {number: signal.getsignal(number) for number in _STOPPING}
    try:
        # Who ignores a signal (nohup) goes on ignoring it.
        for number in _STOPPING:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, _terminate)
        arguments = _parse(argv)
        if isinstance(arguments, int):
            code = arguments
        else:
            command = f"snakebatch {arguments.command}"
            code = int(arguments.run(arguments))
        sys.stdout.flush()  # here a reader that went away is caught; at the exit it would be noise
        return code
    except (InputError, PlanError, ModelError, UnknownJobError, NotReadyError) as error:
        return _fail(command, str(error), EXIT_BAD_INPUT)
    except (AccountError, ServiceError) as error:
        # The account's or the service's matter and not ours: a log of our frames would help nobody.
        return _fail(command, str(error), EXIT_FAILED)
    except KeyboardInterrupt:
        return _fail(command, "stopped", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`): nobody is left to tell.
        _drop_output()
        return EXIT_FAILED
    except Exception as error:
        what = str(error) if isinstance(error, SnakeBatchError) else f"{type(error).__name__}: {error}"
        log = _write_log(traceback.format_exc() + getattr(error, "log", ""))
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return _fail(command, f"{what} (log: {log})", EXIT_FAILED)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace | int:
    """The arguments, or the exit code where there is nothing to run (help, or a bad parameter)."""
    try:
        return build_parser().parse_args(argv)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else EXIT_FAILED


def build_parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    parser = _Parser(
        prog="snakebatch",
        description="Train the Snake classifier through its workflow, on this machine, and ask it.",
        epilog="example: snakebatch train penguins --target species",
    )
    parser.add_argument("--version", action="version", version=f"snakebatch {VERSION} (engine {ENGINE})")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_predict(commands)
    add_continue(commands, _whole, MAX_LAYERS)
    add_serve(commands, _whole)
    add_plan(commands, _whole)
    add_bench(commands, _whole)
    add_bracket(commands, _whole)
    add_keys(commands)
    add_graph(commands)
    add_operations(commands, _whole)
    add_dead_letters(commands)
    add_chaos(commands, _whole)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a model on a CSV table",
        description="Train a model on a CSV table. The workflow runs on this machine, in an embedded cloud, "
        "or with --url or --stack on a mesh.",
        epilog="example: snakebatch train data.csv --target y --tau 500 --out y.model.json",
    )
    train.add_argument(
        "data", metavar="DATA", help="a CSV file with a header, or the name of a bundled table: penguins"
    )
    train.add_argument("--target", required=True, metavar="COL", help="the column to learn")
    train.add_argument(
        "--layers", type=_whole(1, MAX_LAYERS), default=5, metavar="N", help="layers of the model (default 5)"
    )
    train.add_argument(
        "--bucket", type=_whole(1), default=250, metavar="N", help="rows of a bucket (default 250)"
    )
    train.add_argument(
        "--tau",
        type=_whole(1),
        default=1000,
        metavar="N",
        help="divide until a slice has at most N rows (default 1000)",
    )
    train.add_argument(
        "--seed",
        type=_whole(0, MAX_SEED),
        metavar="N",
        help="same seed, same model (default: from the data's content)",
    )
    train.add_argument(
        "--profile", choices=PROFILES, default="auto", help="which literals to draw (default auto)"
    )
    train.add_argument(
        "--lookahead",
        type=_whole(1, MAX_LOOKAHEAD),
        default=5,
        metavar="K",
        help="literals tried a draw (default 5)",
    )
    train.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="who makes the leaves: snakebatch (default), or the licensed algorithmeai if it is installed",
    )
    train.add_argument(
        "--leaf-grain", choices=("slice", "bucket"), default="slice", help="what a shard makes at once"
    )
    train.add_argument(
        "--levels-per-wave",
        type=_levels,
        default="auto",
        metavar="N",
        help="levels divided a wave (default auto)",
    )
    train.add_argument(
        "--slots",
        type=_slots,
        default="auto",
        metavar="N",
        help="provisioned slots to train with, as on AWS (default auto: none unless time needs them)",
    )
    train.add_argument(
        "--slots-required", action="store_true", help="end rather than train without the slots"
    )
    train.add_argument(
        "--job",
        metavar="ID",
        help="with --url or --stack: the job to take up or to begin; what it has done stays done",
    )
    train.add_argument(
        "--processes", type=_whole(1), metavar="N", help="Lambda processes (default: by the machine)"
    )
    train.add_argument(
        "--out", default="model.json", metavar="FILE", help="where the model goes (default model.json)"
    )
    add_place(train)
    train.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    train.set_defaults(run=_train)


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict",
        help="ask a model about the rows of a CSV table",
        description="Ask a model about every row of a CSV table; if the target is there, answers are scored.",
        epilog="example: snakebatch predict model.json new.csv --probability --out predictions.csv",
    )
    predict.add_argument("model", metavar="MODEL", help="a model.json; with --url or --stack a model's id")
    predict.add_argument(
        "data", metavar="DATA", help="a CSV file with a header, or the name of a bundled table"
    )
    predict.add_argument(
        "--out", metavar="FILE", help="write the answers to FILE, as CSV (default: to stdout)"
    )
    predict.add_argument("--probability", action="store_true", help="add the probability of every class")
    add_place(predict)
    predict.add_argument("--json", action="store_true", help="print one JSON object")
    predict.set_defaults(run=_predict)


# Each command is imported when it runs: help costs nothing then, and a Ctrl-C is caught from the start.
def _train(arguments: argparse.Namespace) -> int:
    if on_mesh(arguments):
        from snakebatch import cli_mesh

        return cli_mesh.train(arguments)
    if arguments.job is not None:
        raise InputError("--job goes with --url or --stack: the embedded cloud keeps no job")
    from snakebatch import cli_train

    return cli_train.run(arguments)


def _predict(arguments: argparse.Namespace) -> int:
    from snakebatch import cli_predict

    return cli_predict.run(arguments)


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    wanted = f"a whole number from {least} to {most}" if most else f"a whole number of {least} or more"

    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return number

    return parse


def _levels(text: str) -> int | str:
    return text if text == "auto" else _whole(1)(text)


def _slots(text: str) -> int | str:
    return text if text == "auto" else _whole(0, 10_000)(text)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    # Unwinds like Ctrl-C does, so that the embedded cloud stops what it started.
    raise SystemExit(128 + number)


def _ready_streams() -> None:
    """Streams that take whatever a table holds, also where the caller closed them or has another locale."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # Else the next pipe or file that is opened would be taken for the stream.
            os.open(os.devnull, os.O_RDWR)
            stream = os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still unwritten nowhere, so that the interpreter's own flush at the exit succeeds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(command: str, message: str, code: int) -> int:
    print(f"{command}: error: {' '.join(message.split())}", file=sys.stderr)
    return code


def _write_log(text: str) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="snakebatch-", suffix=".log", encoding="utf-8", delete=False
    ) as file:
        file.write(text)
    return file.name


if __name__ == "__main__":
    sys.exit(main())
