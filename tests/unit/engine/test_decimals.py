"""Numbers read many at a time are what ``float`` makes of each, to the last bit."""

from __future__ import annotations

from decimal import Context, Decimal
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from snakebatch.engine import decimals as module
from snakebatch.engine.decimals import decimals
from snakebatch.engine.plain_numbers import plain_numbers
from tests.support.scale import scaled

DIGITS = some.text("0123456789", max_size=24)
DECIMALS = some.builds(
    "{}{}{}{}".format, some.sampled_from(["", "", "-", "+"]), DIGITS, some.just("."), DIGITS
)
TEXTS = some.one_of(
    some.floats(allow_nan=False, allow_infinity=False).map(repr),
    some.integers(-(2**70), 2**70).map(str),
    DECIMALS,
    some.floats(1e-4, 1e6).map("{:.13f}".format),
)
ANY = some.text("+-.019e", max_size=6)


def halfway(value: float, places: int) -> str:
    """The middle between two floats, cut to some decimal places: what is hardest to round."""
    middle = Decimal(value) + Decimal(float(np.spacing(value))) / 2
    return format(middle.quantize(Decimal(10) ** -places, context=Context(prec=80)), "f")


def as_float(texts: list[str]) -> np.ndarray | None:
    try:
        return np.array(list(map(float, texts)))
    except ValueError:
        return None


def check(texts: list[str]) -> None:
    found, expected = decimals(",".join(texts).encode()), as_float(texts)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.view(np.int64).tolist() == expected.view(np.int64).tolist()


@settings(max_examples=scaled(120, 300), deadline=None)
@given(some.lists(TEXTS, min_size=1, max_size=30))
@example(["-0", "+.5", "5.", "00000.1", "-0.0", "0", "1" * 16, "1" * 17, "0." + "9" * 22])
@example(["9007199254740993", "9007199254740993.", "900719925474099.3", "18446744073709551615", "9" * 19])
def test_numbers_are_as_float_reads_them(texts: list[str]) -> None:
    check(texts)
    check(["1.25"] * 100 + texts)  # few hard ones among many


@settings(max_examples=scaled(120, 300), deadline=None)
@given(some.lists(ANY, min_size=1, max_size=3))
@example(["", ""])
@example(["1", "1.2.3"])
@example(["1-2", "."])
def test_what_is_no_number_is_refused(texts: list[str]) -> None:
    check(texts)
    check(["7"] * 40 + texts + ["0.5"] * 40)


@settings(max_examples=scaled(120, 300), deadline=None)
@given(
    some.lists(some.builds(halfway, some.floats(1e-3, 1e13), some.integers(0, 20)), min_size=1, max_size=40)
)
def test_the_middle_between_two_floats_is_rounded_as_float_rounds_it(texts: list[str]) -> None:
    check(texts)


def test_all_digits_of_a_repr_at_all_sizes() -> None:
    draw = np.random.default_rng(5)
    for scale in (1e-3, 1.0, 1e3, 1e9, 1e15):
        check(list(map(repr, (draw.normal(size=3000) * scale).tolist())))


@pytest.mark.parametrize("block", [1, 2, 5, 16])
@pytest.mark.parametrize("texts", [["1", "22", "-3.5"] * 9, ["1", ""], [""], ["1", "2", "x" * 0, "3"]])
def test_blocks_end_between_numbers(block: int, texts: list[str]) -> None:
    with patch.object(module, "_BLOCK", block):
        check(texts)


@pytest.mark.parametrize("text", ["1_0", " 1", "1E5", "inf", "nan", "\u0661", "0x1", "1\t2", "1;2", "1\n2"])
def test_other_characters_are_no_plain_numbers(text: str) -> None:
    assert plain_numbers(f"1,{text}", ",") is None


@pytest.mark.parametrize("mark", [",", ";", "|", "\t", "\n"])
def test_the_marks_between_numbers_are_the_expected_ones(mark: str) -> None:
    found = plain_numbers(f"1{mark}-2.5{mark}3e2", mark * 2)
    assert found is not None
    assert found.tolist() == [1.0, -2.5, 300.0]
    assert plain_numbers(f"1{mark}2{mark}", mark) is None
    assert plain_numbers(f"1-2{mark}", mark) is None
    assert plain_numbers("1,2;3", mark * 2) is None
