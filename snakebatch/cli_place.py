"""Where a command is carried out: on this machine, through a gatherer (--url), or on a stack (--stack).

The key of a gatherer comes from SNAKEBATCH_KEY alone: what stands on a command line, everybody on the machine
can read.
"""

from __future__ import annotations

import argparse

from snakebatch.errors import InputError

_EMBEDDED = {"processes": None, "engine": "snakebatch", "graph": None}
"""Options that only the embedded cloud has, and their defaults."""


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a mesh."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--url", metavar="URL", help="ask the gatherer at URL; its key comes from SNAKEBATCH_KEY"
    )
    where.add_argument("--stack", metavar="NAME", help="ask a deployed stack, with the AWS credentials")
    parser.add_argument("--region", metavar="NAME", help="of the stack (default: the profile's)")


def on_mesh(arguments: argparse.Namespace) -> bool:
    """Whether a mesh is asked, and not this machine; InputError for options that have no meaning then."""
    if arguments.url is None and arguments.stack is None:
        if arguments.region is not None:
            raise InputError("--region goes with --stack")
        return False
    for name, default in _EMBEDDED.items():
        if getattr(arguments, name, default) != default:
            raise InputError(f"--{name} is of the embedded cloud: leave it out with --url and --stack")
    return True
