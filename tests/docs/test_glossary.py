"""The words of docs/glossary.md are those of the public names, and the other way round."""

from __future__ import annotations

import argparse
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from snakebatch import Snake, cli, errors
from snakebatch.client import AsyncMeshSnake, MeshSnake
from snakebatch.client.sklearn import SnakeClassifier, SnakeRegressor
from snakebatch.engine.answers import MODES
from snakebatch.local import StepFunctions
from snakebatch.mesh.prediction_messages import PredictInput
from snakebatch.mesh.requests import ShardEvent, TrainInput
from tests.support.handlers import ROOT

PAGE = (ROOT / "docs/glossary.md").read_text()
OURS = (Snake, MeshSnake, AsyncMeshSnake)
ADAPTED = (SnakeClassifier, SnakeRegressor)
"""What they take from scikit-learn is named by it: only what we add is looked at."""
FILES = ("model.json",)


def words_of(name: str) -> set[str]:
    """The words of ``get_layer_scores``, ``--max-usd`` or ``OpenBracket``, each in the singular."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return {singular(part.lower()) for part in parts}


def singular(word: str) -> str:
    kept = ("class", "process", "progress", "status", "success", "chaos", "yes")
    if word in kept or word.endswith("ss"):
        return word
    if word == "classes":
        return "class"
    if word == "leaves":
        return "leaf"
    return word[:-2] if word.endswith("cesses") else word.removesuffix("s")


TABLES = [line.strip().strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
ROWS = [tuple(map(str.strip, row)) for row in TABLES if row[0].strip() != "Word"]
PLAIN = {
    singular(word)
    for word in re.findall(r"[a-z]+", PAGE.partition("may be part of any name:")[2].partition("\n\n")[0])
}
WORDS = {singular(word) for row in ROWS for word in re.findall(r"[a-z]+", row[0])}
AVOIDED = {singular(word) for row in ROWS for word in re.findall(r"[a-z]+", row[3])}


def states(machine: dict[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield name
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def members() -> Iterator[str]:
    for kind in OURS:
        yield from (f"{kind.__name__}.{name}" for name in dir(kind) if not name.startswith("_"))
        yield from inspect.signature(kind).parameters
    for kind in ADAPTED:
        ours = {
            name for base in kind.__mro__ if base.__module__.startswith("snakebatch") for name in vars(base)
        }
        yield from (f"{kind.__name__}.{name}" for name in ours if not name.startswith("_"))
    yield from (kind.__name__ for kind in (*OURS, *ADAPTED, StepFunctions))


def commands() -> Iterator[str]:
    parser = cli.build_parser()
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name, command in found.choices.items():
        yield name
        yield from (
            option for action in command._actions for option in action.option_strings if option[:2] == "--"
        )


def names() -> Iterator[str]:
    """Every public name of ours."""
    yield from members()
    yield from (name for name in dir(errors) if name.endswith("Error"))
    yield from commands()
    for path in (ROOT / "statemachine").glob("*.json"):
        yield from states(json.loads(path.read_text()))
    for model in (TrainInput, PredictInput, ShardEvent):
        yield from model.model_fields
    yield from MODES
    for folder in ("functions", "snakebatch"):
        for path in (ROOT / folder).iterdir():
            if path.is_dir() and path.name[0] not in "_.":
                yield f"{folder}/{path.name}"


NAMES = sorted(set(names()))
THEIRS = {
    "get_lookalikes_labeled",
    "workers",
    "get_metadata_routing",
    "predict_proba",
    "set_score_request",
    "-h",
    "--help",
}
VALUES = {"slice", "leaf", "divide", "conquer", "gatherer"}
"""What parameters and events say, beside names."""


def own(name: str) -> str:
    """What of a name we chose: a class stands before its methods, the package before its folders."""
    return re.sub(r"^(\w+\.(?=\w)|snakebatch/|functions/)", "", name)


@pytest.mark.parametrize("name", [name for name in NAMES if own(name) not in THEIRS])
def test_a_public_name_is_made_of_words_that_the_page_has(name: str) -> None:
    words = words_of(own(name))
    assert words - WORDS - PLAIN == set(), f"{name}: docs/glossary.md has no such word"
    assert words & (AVOIDED - WORDS - PLAIN) == set(), f"{name}: docs/glossary.md has another word for it"


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_the_page_names_is_there(row: tuple[str, ...]) -> None:
    for name in re.findall(r"`([^`]+)`", row[2]):
        assert name in NAMES or name in VALUES or name in FILES, name


def test_every_word_stands_once() -> None:
    listed = [word for row in ROWS for word in row[0].split(", ")]
    assert len(listed) == len(set(listed)) > 50
    assert not AVOIDED & WORDS


def test_plain_words_are_used() -> None:
    used = set().union(*(words_of(own(name)) for name in NAMES))
    assert sorted(PLAIN - used) == [], "take them off the page"
