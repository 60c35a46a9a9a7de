"""The text of model.json: fixed keys, one line a bucket or row, nothing that UTF-8 or JSON can't hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakebatch.engine import model_json
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.literal import Literal
from snakebatch.engine.model import Model
from snakebatch.engine.population import NumberColumn, Population, TextColumn
from snakebatch.engine.settings import Settings

SETTINGS = Settings(n_layers=1, bucket=2, noise=0, oppose_profile="balanced", seed=7, tau=10, engine="1")

SMALL = (
    '{"version":"5.4.8",\n"stripped":false,\n"population":[\n'
    '{"y":"a","x":1.0,"t":"é"},\n{"y":"b","x":0.1,"t":"\\ud800"}],\n'
    '"header":["y","x","t"],\n"target":"y",\n"targets":["a","b"],\n"datatypes":["T","N","T"],\n'
    '"config":{"n_layers":1,"bucket":2,"noise":0,"vocal":false,"workers":1,'
    '"oppose_profile":"balanced","lookahead":5},\n'
    '"layers":[\n[\n'
    '{"condition":null,"members":[0,1],"origins":["c","c"],"clauses":[[[1,0.55,true,"N"]]],'
    '"lookalikes":{"0":[[0]],"1":[]}}]],\n'
    '"log":"snakebatch engine 1 seed 7 tau 10"}\n'
)


def _population(texts: list[str], numbers: list[float] | None = None) -> Population:
    vocabulary = sorted(set(texts))
    size = len(texts)
    return Population(
        header=("y", "x", "t"),
        datatypes=("T", "N", "T"),
        features=(
            NumberColumn(np.array(numbers or [1.0, 0.1] * size, dtype=np.float64)[:size]),
            TextColumn(np.array([vocabulary.index(text) for text in texts], dtype=np.int32), vocabulary),
        ),
        classes=("a", "b"),
        codes=np.arange(size, dtype=np.int32) % 2,
    )


def _bucket() -> Bucket:
    return Bucket(None, [0, 1], ["c", "c"], [(Literal(1, 0.55, True, "N"),)], [[[0]], []])


def test_the_bytes_of_a_small_model() -> None:
    pieces = model_json.model_pieces(
        _population(["é", "\ud800"]), SETTINGS, [[model_json.bucket_text(_bucket())]], stripped=False
    )

    text = "".join(pieces)

    assert text == SMALL
    assert text.encode("utf-8")


def test_a_stripped_model_keeps_its_targets() -> None:
    population = _population(["é", "u"])
    layers = [[model_json.bucket_text(_bucket())]]
    pieces = model_json.model_pieces(population, SETTINGS, layers, stripped=True)

    content = json.loads("".join(pieces))

    assert (content["stripped"], content["population"], content["targets"]) == (True, [], ["a", "b"])


def test_a_model_of_no_layers_and_one_of_several_are_json() -> None:
    text = model_json.bucket_text(_bucket())
    for layers in ([], [[text]], [[text, text], [text]]):
        pieces = model_json.model_pieces(_population(["u"]), SETTINGS, layers, stripped=False)
        content = json.loads("".join(pieces))
        assert [len(layer) for layer in content["layers"]] == [len(layer) for layer in layers]


def test_pieces_are_made_as_they_are_asked_for() -> None:
    made = []

    def buckets() -> Iterator[str]:
        for _ in range(1000):
            made.append(1)
            yield model_json.bucket_text(_bucket())

    population = _population(["text"] * 5000)
    largest = 0
    for piece in model_json.model_pieces(population, SETTINGS, [buckets()], stripped=False):
        largest = max(largest, len(piece))
        if '"condition"' in piece:
            break

    assert len(made) == 1
    assert largest < 64 * 1024


@given(st.lists(st.text(max_size=6).filter(lambda text: "\udc00" not in text), min_size=1, max_size=6))
def test_every_text_survives_the_file(texts: list[str]) -> None:
    population = _population(texts, [0.1 * index for index in range(len(texts))] or None)
    bucket = Bucket(
        (Literal(2, texts[0], False, "TEQ"), Literal(1, 1e-300, True, "N")), [0], ["c"], [], [[[]]]
    )
    layers = [[model_json.bucket_text(bucket)]]
    text = "".join(model_json.model_pieces(population, SETTINGS, layers, stripped=False))

    model = Model.read(text.encode("utf-8").decode("utf-8"))

    assert [row["t"] for row in model.population] == texts
    assert model.layers == [[bucket]]
    assert "".join(model.pieces()) == text


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model.read(SMALL)
    target = tmp_path / "model.json"
    target.write_text("before")

    def broken(_: Bucket) -> str:
        raise RuntimeError("no more")

    monkeypatch.setattr(model_json, "bucket_text", broken)
    with pytest.raises(RuntimeError):
        model.write(target)

    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]
