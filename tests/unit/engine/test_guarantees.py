"""Property tests: whatever the population, a trained layer keeps the trainer's guarantees."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.engine.intake import read_rows
from snakebatch.engine.profiles import resolve_profile
from snakebatch.engine.settings import Settings
from snakebatch.engine.trainer import train_layers
from tests.support.guarantees import check_layer
from tests.support.scale import scaled

_WORDS = st.text(alphabet=string.ascii_letters + string.digits + " .,-éß漢😀\u0130", max_size=12)
_NUMBERS = st.one_of(
    st.integers(-5, 5).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, 2.0**53 + 2]),
)
_PROFILES = [
    "auto",
    "balanced",
    "scientific",
    "linguistic",
    "industrial",
    "cryptographic",
    "categorical",
    "hef",
]


@st.composite
def _populations(draw):
    kinds = draw(
        st.lists(
            st.sampled_from([_WORDS, _NUMBERS, st.sampled_from(["red", "blue", ""])]), min_size=1, max_size=4
        )
    )
    targets = draw(
        st.sampled_from(
            [
                st.sampled_from(["a", "b"]),
                st.sampled_from(["a"]),
                st.integers(0, 40),
                st.floats(-10, 10),
                st.sampled_from([{"k": 1}, {"k": 2}, [3]]),
            ]
        )
    )
    rows = draw(st.lists(st.tuples(targets, *kinds), min_size=1, max_size=60))
    return [dict(zip(["y", "p", "q", "r", "s"], row, strict=False)) for row in rows]


@settings(deadline=None, max_examples=scaled(60, 150))
@given(
    rows=_populations(),
    bucket=st.integers(1, 12),
    tau=st.one_of(st.none(), st.integers(2, 40)),
    noise=st.sampled_from([0.0, 0.25]),
    profile=st.sampled_from(_PROFILES),
    seed=st.integers(0, 2**53),
)
def test_every_layer_keeps_the_guarantees(rows, bucket, tau, noise, profile, seed):
    population = read_rows(rows, "y").population
    chosen = resolve_profile(profile, population)
    for layer in train_layers(population, Settings(2, bucket, noise, chosen, 5, seed, tau)):
        check_layer(population, layer)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([{"y": "a", "x": 1.0}], id="a single row"),
        pytest.param([{"y": "a", "x": 1.0}] * 9, id="all rows alike"),
        pytest.param([{"y": f"class {k}", "x": float(k)} for k in range(50)], id="one row per class"),
        pytest.param(
            [{"y": float(k), "x": float(k % 7), "t": "ab" * (k % 5)} for k in range(60)], id="regression"
        ),
        pytest.param([{"y": k % 2, "x": "é" * k} for k in range(40)], id="unicode lengths"),
        pytest.param([{"y": k % 3, "x": 1.0, "t": str(k)} for k in range(200)], id="unique texts"),
    ],
)
@pytest.mark.parametrize("tau", [None, 20])
def test_named_shapes_keep_the_guarantees(rows, tau):
    population = read_rows(rows, "y").population
    for layer in train_layers(
        population, Settings(3, 8, 0.0, resolve_profile("auto", population), 5, 7, tau)
    ):
        check_layer(population, layer)
