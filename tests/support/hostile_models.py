"""Model files that try to break what reads them: each is refused, naming the place, or answers as models do.

``MODELS`` are texts of small files; each goes through the doors that tests/unit/input/test_models.py names.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.hostile_streams import limit_memory

BUCKET = ("layers", 0, 0)
DEEP = 10_000
ROW = {"x": 1.0, "t": "red"}
"""A row that every model here can be asked about."""


def small_model() -> dict[str, Any]:
    """Two rows, one layer, two buckets."""
    bucket = {
        "condition": [[1, 5.0, False, "N"]],
        "members": [0, 1],
        "origins": ["c", "n"],
        "clauses": [[[1, 1.5, True, "N"]], [[2, ["red", 1.0], False, "LEV"]]],
        "lookalikes": {"0": [[0]], "1": [[1]]},
    }
    other = {"condition": None, "members": [1], "origins": ["c"], "clauses": [], "lookalikes": {"0": [[]]}}
    return {
        "version": "5.4.8",
        "stripped": False,
        "population": [{"y": "a", "x": 1.0, "t": "red"}, {"y": "b", "x": 9.0, "t": "blue"}],
        "header": ["y", "x", "t"],
        "target": "y",
        "targets": ["a", "b"],
        "datatypes": ["T", "N", "T"],
        "config": {"n_layers": 1},
        "layers": [[bucket, other]],
        "log": "",
    }


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The small model with another value at a place."""
    content = small_model()
    at: Any = content
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return content


def _text(place: tuple[Any, ...], value: Any) -> str:
    return json.dumps(changed(place, value))


def _raw(place: tuple[Any, ...], text: str) -> str:
    """The same for a value that ``json.dumps`` would not write."""
    return json.dumps(changed(place, "HERE")).replace('"HERE"', text)


@dataclass(frozen=True)
class HostileModel:
    """``refused`` is a pattern of the message; None where it answers."""

    name: str
    text: str
    refused: str | None = None


_HUGE = 10**18
_CODE = {"__reduce__": "os.system", "py/object": "os.system", "!!python/object/apply:os.system": ["true"]}

_MODELS = [
    HostileModel("arrays nested 10,000 deep", _raw(("log",), "[" * DEEP + "]" * DEEP), "nested too deeply"),
    HostileModel("objects nested 10,000 deep", '{"a":' * DEEP + "1" + "}" * DEEP, "nested too deeply"),
    HostileModel("nesting that never closes", '{"layers":' + "[" * DEEP, "nested too deeply|not JSON"),
    HostileModel(
        "a literal of 10,000 lists", _raw((*BUCKET, "condition", 0, 1), "[" * 900 + "]" * 900), "condition"
    ),
    HostileModel(
        "a huge index", _text((*BUCKET, "members"), [0, _HUGE]), r"members: holds '10+'; an index below 2"
    ),
    HostileModel("an index of 5,000 digits", _raw((*BUCKET, "members"), f"[0, {'9' * 5000}]"), "not JSON"),
    HostileModel("a negative index", _text((*BUCKET, "members"), [0, -1]), "members: holds '-1'"),
    HostileModel("an index that is a float", _text((*BUCKET, "members"), [0, 1.0]), "members"),
    HostileModel("a huge column", _text((*BUCKET, "condition", 0, 0), _HUGE), "no feature column"),
    HostileModel("the target as a feature", _text((*BUCKET, "condition", 0, 0), 0), "no feature column"),
    HostileModel("a huge clause number", _text((*BUCKET, "lookalikes"), {"0": [[_HUGE]]}), "lookalikes"),
    HostileModel(
        "a huge position", _text((*BUCKET, "lookalikes"), {str(_HUGE): [[0]]}), "no position in members"
    ),
    HostileModel(
        "a position of 1 MB", _text((*BUCKET, "lookalikes"), {"9" * 1_000_000: [[0]]}), "lookalikes"
    ),
    HostileModel("a position with a path", _text((*BUCKET, "lookalikes"), {"../0": [[0]]}), "lookalikes"),
    HostileModel("a position in other digits", _text((*BUCKET, "lookalikes"), {"٠": [[0]]}), "lookalikes"),
    HostileModel(
        "a position with a zero before it", _text((*BUCKET, "lookalikes"), {"00": [[0]]}), "lookalikes"
    ),
    HostileModel("more origins than members", _text((*BUCKET, "origins"), ["c"] * 100_000), "origins"),
    HostileModel("members without rows", _text((*BUCKET, "members"), [0] * 100_000), "origins"),
    HostileModel("a value that is an object", _text((*BUCKET, "condition", 0, 1), _CODE), "condition"),
    HostileModel("a value that is NaN", _raw((*BUCKET, "condition", 0, 1), "NaN"), "condition"),
    HostileModel(
        "a text of 1 MB to compare", _text((*BUCKET, "clauses", 1, 0, 1), "x" * 1_000_000), "clauses"
    ),
    HostileModel("a version that is an object", _text(("version",), {"a": [1]})),
    HostileModel(
        "a huge configuration", _text(("config",), {"n_layers": _HUGE, "bucket": _HUGE, "workers": _HUGE})
    ),
    HostileModel("a log of 1 MB", _text(("log",), "x" * 1_000_000)),
    HostileModel("fields that name code", json.dumps(small_model() | _CODE)),
    HostileModel("an unknown tag", _text((*BUCKET, "condition", 0, 3), "__import__('os').system('true')")),
    HostileModel("a key twice", json.dumps(small_model())[:-1] + ',"header":["y"]}', "datatypes"),
    HostileModel("one member twice", _text((*BUCKET, "members"), [0, 0])),
    HostileModel(
        "a clause that is everybody's", _text((*BUCKET, "lookalikes"), {"0": [[0, 0, 0, 1]], "1": [[0]]})
    ),
    HostileModel("an infinite bound", _raw((*BUCKET, "condition", 0, 1), "1e999")),
    HostileModel("a bound of 400 digits", _raw((*BUCKET, "condition", 0, 1), "1" * 400)),
    HostileModel("half a surrogate pair", _raw(("targets", 0), '"\\ud800"')),
    HostileModel("paths as names", json.dumps(small_model()).replace('"y"', '"../../etc/passwd"')),
    HostileModel("a population of other things", _text(("population", 0), {"y": [[[]]], "x": {"a": None}})),
    HostileModel("rows without their targets", _text(("targets",), ["a", "b", "c"]), "population"),
    HostileModel("no buckets", _text(("layers",), [[]]), "layers"),
    HostileModel("no layers", _text(("layers",), [])),
    HostileModel("a model of models", _text(("layers",), [[small_model()]]), "layers"),
    HostileModel("a list", "[]", "JSON"),
    HostileModel("nothing", "", "JSON"),
    HostileModel("cut off", json.dumps(small_model())[:-40], "not JSON"),
    HostileModel("a pickle", "\x80\x04cos\nsystem\n(S'true'\ntR.", "JSON|start byte"),
]

MODELS = {model.name: model for model in _MODELS}

LARGE: dict[str, Callable[[], str]] = {
    "400,000 clause numbers": lambda: _text((*BUCKET, "lookalikes"), {"0": [[0] * 400_000], "1": []}),
    "400,000 lookalikes": lambda: _text((*BUCKET, "lookalikes"), {"0": [[0]] * 400_000, "1": []}),
    "400,000 clauses": lambda: _text((*BUCKET, "clauses"), [[]] * 400_000),
    "400,000 members": lambda: _text((*BUCKET, "members"), [0] * 400_000),
    "400,000 objects": lambda: json.dumps(small_model() | {"more": [{}] * 400_000}),
    "30,000 buckets": lambda: _text(("layers", 0), [small_model()["layers"][0][1]] * 30_000),
    "100,000 columns": lambda: json.dumps(
        small_model() | {"header": ["y", *map(str, range(100_000))], "datatypes": ["T"] + ["N"] * 100_000}
    ),
}
"""Files of some MB, each of which could ask for far more memory than it has bytes."""


def load(name: str, times: int) -> dict[str, Any]:
    """Load a large model in at most so many times its own size; what came of it."""
    from snakebatch.engine.model import Model
    from snakebatch.errors import ModelError

    text = LARGE[name]()
    limit_memory(times * len(text))
    try:
        Model.read(text)
    except ModelError as error:
        return {"error": str(error), "bytes": len(text)}
    return {"error": None, "bytes": len(text)}


if __name__ == "__main__":
    print(json.dumps(load(sys.argv[1], int(sys.argv[2]))))
