"""The pages that users read, and what they tell to type.

A page is README.md, CONTRIBUTING.md or Markdown below docs/, examples/, events/, functions/ or gatherer/.

- A fenced block in sh, bash, shell or console holds commands; so does one without a language in which some
  line begins with a program of ``PROGRAMS``. Each of its lines is a command: continuation lines are joined,
  comments dropped, ``a && b`` are two. Where lines have a prompt (``$ ``), those without one are output.
- ``Block`` is any fenced block: Python and JSON are run and read by other tests of this folder. Directives of
  the site (``{toctree}``) are none.
- ``Spoken`` is inline code that begins with a program and goes on: often a part of a command ("`sam deploy`
  fails"), so that it isn't run; what it names (commands, options, targets, operations) has to be there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.support.handlers import ROOT

PROGRAMS = (
    *("snakebatch", "make", "sam", "aws", "pip", "python", "python3", "pytest", "uv", "npm", "curl", "git"),
    *("docker", "brew", "apt-get", "cd", "export", ".ci/run", "tools/", ".venv/bin/"),
)
COMMANDS = ("sh", "bash", "shell", "console", "")
_FENCE = re.compile(r"^ *```([^\s`]*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_FOLDERS = ("docs", "examples", "events", "functions", "gatherer")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        """As editors take it."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command of a page; ``words`` as a shell would hand them on."""

    page: str
    line: int
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words, whichever way they were written; a program of .venv is the program."""
        first = self.words[0].removeprefix(".venv/bin/")
        return " ".join([first, *self.words[1:]])

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


@cache
def pages() -> dict[str, str]:
    """The text of every page, by its path in the tree."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in _FOLDERS:
        files += sorted((ROOT / folder).rglob("*.md"))
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


@cache
def blocks() -> tuple[Block, ...]:
    """All fenced blocks, in the order of the pages."""
    return tuple(
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for page, text in pages().items()
        for found in _FENCE.finditer(text)
        if not found[1].startswith("{")
    )


@cache
def commands() -> tuple[Command, ...]:
    """All commands, in the order of the pages."""
    return tuple(command for block in blocks() for command in commands_of(block))


def commands_of(block: Block) -> Iterator[Command]:
    """The commands of a block; none where it shows something else."""
    lines = _lines(block)
    if block.language not in COMMANDS:
        return
    if block.language == "" and not any(begins_with_a_program(line) for _, line in lines):
        return
    for number, line in lines:
        for words in _split(line):
            yield Command(block.page, number, words)


@cache
def spoken() -> tuple[Command, ...]:
    """Inline code that begins with a program and goes on."""
    return tuple(
        Command(page, text.count("\n", 0, found.start()) + 1, tuple(found[1].split()))
        for page, text in pages().items()
        for found in _INLINE.finditer(_FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text))
        if " " in found[1] and begins_with_a_program(found[1])
    )


def begins_with_a_program(line: str) -> bool:
    """Whether the first word is one of PROGRAMS, or lies in one of its folders."""
    first = line.removeprefix("$ ").split(" ", 1)[0]
    return first in PROGRAMS or first.startswith(tuple(name for name in PROGRAMS if name.endswith("/")))


def _lines(block: Block) -> list[tuple[int, str]]:
    """Whole lines with the number of their first, continuation joined, prompts and output taken away."""
    found: list[tuple[int, str]] = []
    going_on = False
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if going_on:
            found[-1] = (found[-1][0], found[-1][1] + " " + line.strip())
        elif line.strip() and not line.lstrip().startswith("#"):
            found.append((number, line.strip()))
        else:
            continue
        going_on = found[-1][1].endswith("\\")
        if going_on:
            found[-1] = (found[-1][0], found[-1][1][:-1].rstrip())
    if any(line.startswith("$ ") for _, line in found):
        found = [(number, line[2:]) for number, line in found if line.startswith("$ ")]
    return found


def _split(line: str) -> Iterator[tuple[str, ...]]:
    """The words of each command of a line."""
    shell = shlex.shlex(line, posix=True, punctuation_chars="&|;")
    shell.whitespace_split = True
    words: list[str] = []
    for word in shell:
        if word in ("&&", ";"):
            yield tuple(words)
            words = []
        else:
            words.append(word)
    if words:
        yield tuple(words)
