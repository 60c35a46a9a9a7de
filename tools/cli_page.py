"""``make cli-page``: docs/reference/cli.md, every command and option of ``snakebatch``, from its parser.

Written from the parser's actions and not from ``--help``, whose form differs between versions of Python.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from snakebatch.cli import build_parser
from snakebatch.cli_parser import examples_of

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/cli.md"

_START = """# Command line

Every command and option, as the program's own parser has them: `make cli-page` writes this page, and
`tests/docs/test_reference.py` compares it. `snakebatch COMMAND --help` says the same on a terminal.

Results go to stdout, progress and errors to stderr; `--json` prints one JSON object on stdout and nothing
else there.

| Exit code | When |
|---|---|
| 0 | done |
| 1 | something failed: inside (with where the log is), or outside (no credentials, region, network) |
| 2 | bad input or parameters: one line that names it |
| 130, 143, 129 | stopped by Ctrl-C, SIGTERM, SIGHUP |
"""


def page() -> str:
    """The text of docs/reference/cli.md."""
    return _START + "".join(_section(parser, depth) for parser, depth in _commands(build_parser(), 2))


def _commands(parser: argparse.ArgumentParser, depth: int) -> Iterator[tuple[argparse.ArgumentParser, int]]:
    """Each command's parser, and how deep its heading is; a group comes before its commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command, depth
                yield from _commands(command, depth + 1)


def _section(parser: argparse.ArgumentParser, depth: int) -> str:
    actions = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    shown = [action for action in actions if not isinstance(action, argparse._HelpAction)]
    parts = [f"{'#' * depth} {parser.prog}", f"`{_usage(parser, shown)}`"]
    if parser.description:
        parts.append(_escaped(parser.description))
    groups = [action for action in shown if isinstance(action, argparse._SubParsersAction)]
    shown.sort(key=lambda action: bool(action.option_strings))
    rows = [(_spelt(action), action.help or "") for action in shown if action not in groups]
    rows += [(name, told) for group in groups for name, told in _told(group)]
    if rows:
        table = "".join(f"| `{name}` | {_cell(told)} |\n" for name, told in rows)
        parts.append(f"| {'Command' if groups else 'Argument'} | Meaning |\n|---|---|\n{table}".rstrip())
    if examples := examples_of(parser):
        parts.append(_examples(examples))
    return "\n" + "\n\n".join(parts) + "\n"


def _usage(parser: argparse.ArgumentParser, actions: list[argparse.Action]) -> str:
    """What has to be given, in order; the options follow."""
    needed = [_spelt(action) for action in actions if action.required and action.option_strings]
    places = [_spelt(action) for action in actions if not action.option_strings]
    more = any(action.option_strings and not action.required for action in actions)
    return " ".join([parser.prog, *places, *needed, *(["[options]"] if more else [])])


def _spelt(action: argparse.Action) -> str:
    """An argument with its value, as one types it."""
    value = action.metavar if isinstance(action.metavar, str) else None
    if value is None and action.choices is not None:
        value = "{" + ", ".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        value = value or action.dest.upper()
        several = {"*": f"[{value} ...]", "+": f"{value} [{value} ...]", "?": f"[{value}]"}
        return several.get(str(action.nargs), value)
    if action.nargs == 0:
        return ", ".join(action.option_strings)
    value = value or action.dest.upper()
    return f"{', '.join(action.option_strings)} {value}{' ...' if action.nargs in ('+', '*') else ''}"


def _told(group: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[tuple[str, str]]:
    return [(choice.dest, choice.help or "") for choice in group._choices_actions]


def _examples(commands: list[str]) -> str:
    """Commands as code; a block of them would be one to be followed in order."""
    head = "Example" if len(commands) == 1 else "Examples"
    return f"{head}: {'; '.join(f'`{command}`' for command in commands)}"


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split()).replace("%%", "%")).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Text that Markdown leaves alone, with its options as code."""
    text = text.replace("<", "\\<").replace("*", "\\*")
    # Between backticks it is code already.
    parts = text.split("`")
    parts[::2] = [re.sub(r"(?<![\w-])(--[a-z]+(?:-[a-z]+)*)", r"`\1`", part) for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
