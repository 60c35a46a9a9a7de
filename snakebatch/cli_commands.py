"""The grammar of the command line: every command, and what stands above them."""

from __future__ import annotations

import argparse

from snakebatch.bench.cli import add_bench
from snakebatch.cli_bracket import add_bracket
from snakebatch.cli_chaos import add_chaos
from snakebatch.cli_continue import add_continue
from snakebatch.cli_dead_letters import add_dead_letters
from snakebatch.cli_graph import add_graph
from snakebatch.cli_keys import add_keys
from snakebatch.cli_operations import add_operations
from snakebatch.cli_parser import Parser, examples
from snakebatch.cli_plan_arguments import add_plan
from snakebatch.cli_predict_arguments import add_audit, add_predict
from snakebatch.cli_serve import add_serve
from snakebatch.cli_train_arguments import add_train
from snakebatch.version import ENGINE, VERSION


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands. What a command does is imported when it runs: help costs nothing then."""
    parser = Parser(
        prog="snakebatch",
        description="Train the Snake classifier through its workflow, on this machine or on a mesh, and "
        "ask it. A command ends with 0 when it is done, 1 where something failed, 2 for input or parameters "
        "that it can't use, 130 after Ctrl-C.",
        epilog=examples(
            "snakebatch train penguins --target species",
            "snakebatch predict model.json penguins --probability",
            "snakebatch audit model.json penguins --row 3",
        ),
    )
    parser.add_argument("--version", action="version", version=f"snakebatch {VERSION} (engine {ENGINE})")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_train(commands)
    add_predict(commands)
    add_audit(commands)
    add_continue(commands)
    add_serve(commands)
    add_plan(commands)
    add_bench(commands)
    add_bracket(commands)
    add_keys(commands)
    add_graph(commands)
    add_operations(commands)
    add_dead_letters(commands)
    add_chaos(commands)
    return parser
