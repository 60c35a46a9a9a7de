"""A model.json that is not one is refused with a line that names the place."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch import Snake
from snakebatch.engine.model import Model
from snakebatch.errors import ModelError
from tests.support.hostile_models import BUCKET, changed, small_model
from tests.support.scale import scaled

FAULTS: list[tuple[tuple[Any, ...], Any, str]] = [
    (("header",), None, "header"),
    (("header",), [], "header"),
    (("header",), ["y", "x", 3], "header"),
    (("header",), ["y", "x", "x"], "twice"),
    (("target",), "x", "target"),
    (("datatypes",), ["T", "N"], "datatypes"),
    (("datatypes", 1), "Q", "datatypes[1]"),
    (("datatypes", 1), ["N"], "datatypes[1]"),
    (("targets",), [], "targets"),
    (("targets",), "ab", "targets"),
    (("targets", 1), 3, "targets[1]"),
    (("targets", 0), None, "targets[0]"),
    (("population",), [{}], "population"),
    (("population", 1), [1], "population[1]"),
    (("stripped",), "no", "stripped"),
    (("config",), [], "config"),
    (("log",), 3, "log"),
    (("layers",), {}, "layers"),
    (("layers", 0), [], "layers[0]"),
    (BUCKET, "x", "layers[0][0]"),
    ((*BUCKET, "members"), [0, 2], "layers[0][0].members"),
    ((*BUCKET, "members"), [0, -1], "layers[0][0].members"),
    ((*BUCKET, "members"), [0, True], "layers[0][0].members"),
    ((*BUCKET, "members"), [0, 1.0], "layers[0][0].members"),
    ((*BUCKET, "members"), None, "layers[0][0].members"),
    ((*BUCKET, "origins"), ["c"], "layers[0][0].origins"),
    ((*BUCKET, "origins"), ["c", "x"], "layers[0][0].origins"),
    ((*BUCKET, "condition"), 3, "layers[0][0].condition"),
    ((*BUCKET, "condition", 0), [1, 5.0, False], "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0), "abcd", "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 0), 3, "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 0), 0, "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 0), -1, "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 0), 1.0, "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 1), "five", "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 1), float("nan"), "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 2), 1, "layers[0][0].condition[0]"),
    ((*BUCKET, "condition", 0, 3), 1, "layers[0][0].condition[0]"),
    ((*BUCKET, "clauses"), None, "layers[0][0].clauses"),
    ((*BUCKET, "clauses", 1), 4, "layers[0][0].clauses[1]"),
    ((*BUCKET, "clauses", 1, 0, 1), ["red"], "layers[0][0].clauses[1][0]"),
    ((*BUCKET, "clauses", 1, 0, 1), [3, 1.0], "layers[0][0].clauses[1][0]"),
    ((*BUCKET, "lookalikes"), [], "layers[0][0].lookalikes"),
    ((*BUCKET, "lookalikes"), {"2": [[0]]}, "layers[0][0].lookalikes"),
    ((*BUCKET, "lookalikes"), {"-1": [[0]]}, "layers[0][0].lookalikes"),
    ((*BUCKET, "lookalikes"), {"9" * 5000: [[0]]}, "layers[0][0].lookalikes"),
    ((*BUCKET, "lookalikes"), {"a": [[0]]}, "layers[0][0].lookalikes"),
    ((*BUCKET, "lookalikes", "0"), [[2]], "layers[0][0].lookalikes['0'][0]"),
    ((*BUCKET, "lookalikes", "0"), [0], "layers[0][0].lookalikes['0'][0]"),
]


def test_the_small_model_is_one() -> None:
    model = Snake(json.dumps(small_model()))

    assert model.get_prediction({"x": 1.0, "t": "red"}) == "a"
    assert model.get_prediction({"x": 9.0, "t": "red"}) == "b"


@pytest.mark.parametrize(("place", "value", "named"), FAULTS)
def test_a_fault_is_refused_and_named(place: tuple[Any, ...], value: Any, named: str) -> None:
    with pytest.raises(ModelError) as caught:
        Model.read(changed(place, value))

    assert named in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["header", "datatypes", "targets", "layers"])
def test_a_missing_key_is_named(key: str) -> None:
    content = small_model()
    del content[key]

    with pytest.raises(ModelError, match=key):
        Model.read(content)


@pytest.mark.parametrize("text", ["{", "{}", '{"header": [', "{" + '"a":' * 3, '{"a":' + "[" * 200_000])
def test_text_that_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        Model.read(text)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[]", b"", b"null", b'{"header": []}'])
def test_a_file_that_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"mine\.json"):
        Snake(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        Snake(tmp_path / "nowhere.json")


def test_an_old_model_without_origins_version_and_log_loads() -> None:
    content = small_model()
    for key in ("version", "log", "stripped", "config", "target"):
        del content[key]
    for bucket in content["layers"][0]:
        del bucket["origins"]

    model = Model.read(content)

    assert model.layers[0][0].origins == ["c", "c"]


def test_an_unknown_tag_loads_and_is_false_both_ways() -> None:
    for negat in (False, True):
        model = Model.read(changed((*BUCKET, "condition", 0), [1, [1, {"a": 2}], negat, "XYZ"]))
        assert model.route({"x": 1.0, "t": "red"}) == [1]
        assert model.predictions([{"x": 1.0, "t": "red"}]) == ["b"]


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 5), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["0", "1", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(content: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(content, dict):
        items = list(content.items())
    elif isinstance(content, list):
        items = list(enumerate(content))
    return [place for key, value in items for place in [(*here, key), *_places(value, (*here, key))]]


@settings(max_examples=scaled(150, 400))
@given(st.sampled_from(_places(small_model())), _JSON)
def test_whatever_stands_anywhere_a_model_is_refused_or_answers(place: tuple[Any, ...], value: Any) -> None:
    content = copy.deepcopy(changed(place, value))
    try:
        model = Model.read(content)
    except ModelError:
        return
    row = {"x": 1.0, "t": "red"}

    assert model.predictions([row])[0] in model.classes
    assert model.batch_votes([row]) is not None
    assert next(model.batch_votes([row])).tolist() == [model.votes(row)]
    assert Model.read("".join(model.pieces(stripped=model.stripped))).layers == model.layers
