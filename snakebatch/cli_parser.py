"""Parsers of the command line: what is wrong in one line, the nearest of what there is, and where to look."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from snakebatch.errors import shown

EXIT_BAD_INPUT = 2
EXAMPLE = "example: "
"""Begins a line of a parser's epilog: a command that works as it stands, but for names of files and jobs."""

_HALVES = re.compile(r"(?:\\udc[89a-f][0-9a-f])+")
"""Bytes that are no text in the locale, as Python spells them: each is half a surrogate pair."""

_NUMBER = re.compile(r"-\.?\d")
_LEAST_LIKENESS = 0.6
_TOOL = "snakebatch train penguins --target species"


class HelpFormatter(argparse.HelpFormatter):
    """Fills descriptions, and keeps the lines of examples, which are copied and not read."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if not text.startswith(EXAMPLE):
            return super()._fill_text(text, width, indent)
        return "\n".join(f"{indent}{line}" for line in text.splitlines())


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line. It looks for unknown options and a missing command before the rest:

    who misspells ``--target`` is told that, and not that ``--target`` is required.
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        more.setdefault("formatter_class", HelpFormatter)
        super().__init__(*given, **more)
        self.too_many = ""
        """What an argument too many may have been meant for, after a semicolon."""
        self._beside: Iterable[argparse.ArgumentParser] = ()
        """The parsers of the commands beside this one."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: error: {one_line(message)} (see {self.prog} --help)\n")

    def parse_known_args(  # type: ignore[override]  # argparse's own has overloads for namespaces of one's own
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse's, after a look at what it would say less clearly."""
        args = sys.argv[1:] if args is None else args
        self._look(args)
        for action in self._groups():
            for parser in action.choices.values():
                parser._beside = action.choices.values()
        found, left = super().parse_known_args(args, namespace)
        if left:
            # argparse hands these up, and the outermost parser would tell of them.
            self.error(f"{shown(left[0])} is one argument too many{self.too_many}")
        return found, left

    def _look(self, args: Sequence[str]) -> None:
        commands = self._commands()
        for arg in args:
            if arg == "--":
                return
            if arg.startswith("-") and len(arg) > 1 and not _NUMBER.match(arg):
                self._look_at_option(arg)
            elif commands:
                return  # what follows is the command's own
        if commands and not {"-h", "--help", "--version"} & set(args):
            self.error(f"say what to do: {listed(commands)}; for example: {self._first_example()}")

    def _look_at_option(self, arg: str) -> None:
        name = arg.partition("=")[0] if arg.startswith("--") else arg[:2]
        known = [option for action in self._actions for option in action.option_strings]
        if not any(option.startswith(name) for option in known):
            self.error(f"there is no option {name}{nearest(name, known) or self._elsewhere(name)}")

    def _elsewhere(self, option: str) -> str:
        """``; COMMAND has it`` for the first other command with that option, or nothing."""
        having = (other for other in self._beside if option in other._option_string_actions)
        return next((f"; {other.prog} has it" for other in having), "")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse's, in our words, and with the nearest."""
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            near = nearest(str(value), choices) or f"; there is {listed(choices)}"
            named = None if isinstance(action, argparse._SubParsersAction) else action
            raise argparse.ArgumentError(named, f"there is no {str(value)!r}{near}")

    def _commands(self) -> list[str]:
        return [name for action in self._groups() for name in action.choices]

    def _groups(self) -> list[Any]:
        return [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]

    def _first_example(self) -> str:
        examples = examples_of(self)
        return examples[0] if examples else _TOOL


def examples_of(parser: argparse.ArgumentParser) -> list[str]:
    """The commands that a parser's help gives as examples."""
    lines = (parser.epilog or "").splitlines()
    return [line.removeprefix(EXAMPLE) for line in lines if line.startswith(EXAMPLE)]


def examples(*commands: str) -> str:
    """The epilog that gives ``commands`` as examples."""
    return "\n".join(f"{EXAMPLE}{command}" for command in commands)


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean NAME?`` for the one of ``known`` that is most like ``name``, or nothing.

    Dashes are left out: they would make any two short options alike.
    """
    bare = {one.lstrip("-"): one for one in known}
    found = difflib.get_close_matches(name.lstrip("-"), bare, 1, _LEAST_LIKENESS)
    return f"; did you mean {bare[found[0]]}?" if found else ""


def one_line(message: str) -> str:
    """A message as it is printed: on one line, names as they were typed, in whatever locale."""
    spelt = " ".join(message.split()).encode("utf-8", "backslashreplace").decode()
    return _HALVES.sub(
        lambda found: bytes.fromhex(found[0].replace("\\udc", "")).decode("utf-8", "backslashreplace"), spelt
    )


def text(given: str) -> str:
    """The type of an option that is looked for in a table, which is UTF-8 in whatever locale."""
    return given.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: a, b or c."""
    *head, last = names
    return f"{', '.join(head)} or {last}" if head else last


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an option that is a whole number within limits."""
    wanted = f"a whole number from {least} to {most}" if most else f"a whole number of {least} or more"

    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return number

    return parse
