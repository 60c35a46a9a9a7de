"""docs/faq.md quotes what SnakeBatch really says, and points at what is there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import pages
from tests.support.handlers import ROOT
from tests.support.template import PREFIX, resolved, resources

PAGE = pages()["docs/faq.md"]
QUOTED = re.compile(r"^([^\n]*says[^\n]*):\n\n((?:> [^\n]+\n+)+)", re.MULTILINE)
SHORTEST = 8
"""Characters of a piece that tells one message from another."""
OURS = [
    line.removeprefix("> ")
    for who, quotes in QUOTED.findall(PAGE)
    if "SnakeBatch says" in who
    for line in quotes.splitlines()
    if line
]


@cache
def said() -> tuple[str, ...]:
    """Every text of the code, and the lines of our shell scripts; what is filled in is a NUL."""
    found: list[str] = []
    for folder in ("snakebatch", "gatherer"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                    found.append("".join(map(str, parts)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return (*found, *(ROOT / "tools/find-python").read_text().splitlines())


def is_said(quote: str) -> bool:
    """Whether the code has each piece of the quote; a message may be put together from several texts."""
    pieces = [piece.strip(" .:;()") for piece in quote.split("...")]
    long_enough = [piece for piece in pieces if len(piece) >= SHORTEST]
    return bool(long_enough) and all(any(piece in text for text in said()) for piece in long_enough)


@pytest.mark.parametrize("quote", OURS)
def test_what_is_quoted_is_what_the_code_says(quote: str) -> None:
    assert is_said(quote)


def test_a_quote_that_nobody_says_is_found() -> None:
    assert len(OURS) > 20
    assert not is_said("the moon is ... made of cheese")


def test_every_section_is_in_the_list_above() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == anchors


def test_the_alarms_are_the_template_s() -> None:
    alarms = {
        resolved(body["Properties"]["AlarmName"]).removeprefix(PREFIX)
        for body in resources().values()
        if body["Type"] == "AWS::CloudWatch::Alarm"
    }
    named = set(re.findall(r"`PREFIX(-[\w-]+)`", PAGE))
    assert named
    assert named <= alarms
