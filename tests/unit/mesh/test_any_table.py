"""Whatever a table holds, the mesh gives the bytes of one process."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import MeshBench
from tests.support.quick_moto import mock_aws
from tests.support.scale import scaled
from tests.support.training import in_process

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=5)
NUMBERS = st.one_of(st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False)).map(str)
TARGETS = (
    st.just("only"),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["0", "1"]),
    st.floats(-5, 5).map(str),
    TEXTS.filter(bool),
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A CSV of up to 60 rows: text, numbers, unicode, one class, all rows alike, a class a row."""
    target = draw(st.sampled_from(TARGETS))
    row = st.tuples(NUMBERS, TEXTS, target)
    rows = draw(st.one_of(st.lists(row, min_size=1, max_size=60), row.map(lambda one: [one] * 9)))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("number", "text", "y"), *rows])
    return text.getvalue()


@settings(max_examples=scaled(10, 25), deadline=None)
@given(text=tables(), grain=st.sampled_from(["slice", "bucket"]), levels=st.sampled_from([1, "auto"]))
def test_mesh_and_process_agree(text: str, grain: str, levels: int | str) -> None:
    parameters = {"n_layers": 2, "bucket": 3, "tau": 8, "seed": 11}
    with TemporaryDirectory() as name, patch.dict(os.environ, TEST_ACCOUNT), mock_aws():
        folder = Path(name)
        mesh = MeshBench(folder)
        _, model = mesh.train(mesh.upload(text), leaf_grain=grain, levels_per_wave=levels, **parameters)
        assert model == in_process(text, folder, **parameters)
