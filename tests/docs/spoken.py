"""Commands that a page speaks of in passing: often parts, so not run; but what they name is there."""

from __future__ import annotations

import argparse
import importlib.util
import re
import tomllib
from functools import cache

from snakebatch import cli
from tests.docs import aws_lines
from tests.docs.pages import Command
from tests.support.handlers import ROOT

SAM = ("build", "delete", "deploy", "local", "package", "publish", "validate")
_EXTRAS = re.compile(r"snakebatch\[([\w,]+)\]")
_OF_THE_CLI = (("configure", ""), ("sso", "login"), ("ssm", "start-session"))
"""Commands of the AWS CLI that are no operation of a service."""
_OPTION = re.compile(r"^\[?(--?[a-z][a-z-]*)")


def missing(command: Command) -> str | None:
    """What a command names that is not there, with where it stands; None where all is."""
    program, *rest = command.words
    check = _CHECKS.get(program.rpartition("/")[2])
    problem = check(rest) if check else None
    return f"{command}: {problem}" if problem else None


def _of_snakebatch(words: list[str]) -> str | None:
    parser = cli.build_parser()
    while words and (choices := _choices(parser)) is not None and not words[0].startswith("-"):
        name, *words = words
        if name.isupper():
            return None  # "snakebatch COMMAND --help" names none
        if name not in choices:
            return f"there is no {parser.prog} {name}"
        parser = choices[name]
    known = {option for action in parser._actions for option in action.option_strings}
    unknown = {found[1] for word in words if (found := _OPTION.match(word))} - known
    return f"{parser.prog} has no {', '.join(sorted(unknown))}" if unknown else None


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser] | None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return None


def _of_make(words: list[str]) -> str | None:
    unknown = {word for word in words if "=" not in word and '"' not in word and not word.startswith("-")}
    # What stands in quotes after ARGS= was cut at its blanks.
    targets = unknown if not any(word.startswith("ARGS=") for word in words) else {words[0]}
    gone = targets - make_targets()
    return f"make has no {', '.join(sorted(gone))}" if gone else None


@cache
def make_targets() -> frozenset[str]:
    """Targets that `make help` lists, and those that need no word of help."""
    return frozenset(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _of_sam(words: list[str]) -> str | None:
    return None if words[0] in SAM else f"sam has no {words[0]}"


def _of_aws(words: list[str]) -> str | None:
    service, name = words[0], words[1] if len(words) > 1 else ""
    if (service, name) in _OF_THE_CLI:
        return None
    if service == "s3":
        return None if name in aws_lines.S3_COMMANDS else f"aws s3 has no {name}"
    try:
        aws_lines.operation(service, name)
    except AssertionError as error:
        return str(error)
    return None


def extras_of(command: Command) -> set[str]:
    """The extras of snakebatch that a command names."""
    return {name for found in _EXTRAS.findall(command.text) for name in found.split(",")}


def _of_pip(words: list[str]) -> str | None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = extras_of(Command("", 0, tuple(words)))
    return f"there is no extra {', '.join(sorted(named - extras.keys()))}" if named - extras.keys() else None


def _of_python(words: list[str]) -> str | None:
    if words[:1] != ["-m"]:
        return None
    return None if importlib.util.find_spec(words[1]) else f"there is no module {words[1]}"


_CHECKS = {
    "snakebatch": _of_snakebatch,
    "make": _of_make,
    "sam": _of_sam,
    "aws": _of_aws,
    "pip": _of_pip,
    "python": _of_python,
    "python3": _of_python,
}
