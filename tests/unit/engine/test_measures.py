"""Measures against their definitions, written the slow way."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakebatch.engine import measures

SHORT = st.text(alphabet="abcé ", max_size=32)


def _distance(one: str, other: str) -> int:
    before = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        now = [i]
        for j, b in enumerate(other, 1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (a != b)))
        before = now
    return before[-1]


def _bag(one: str, other: str) -> int:
    shared = sum((Counter(one) & Counter(other)).values())
    return (len(one) - shared) + (len(other) - shared)


@given(SHORT, SHORT)
def test_the_edit_distance_of_short_texts_is_exact(one: str, other: str) -> None:
    assert measures.edit_distance(one, other) == _distance(one, other)


@given(st.text(alphabet="abcdef", min_size=33, max_size=256), st.text(alphabet="abcdef", max_size=256))
def test_the_edit_distance_of_longer_texts_is_the_smaller_of_two(one: str, other: str) -> None:
    assert measures.edit_distance(one, other) == min(_distance(one, other), _bag(one, other))


@pytest.mark.parametrize("size", [256, 257, 10_000])
def test_beyond_256_characters_only_shared_characters_count(size: int) -> None:
    expected = size if size <= 256 else size + 256
    assert measures.edit_distance("a" * size, "b" * 256) == expected
    assert measures.edit_distance("b" * 256, "a" * size) == expected


@given(st.text(alphabet="ab", max_size=80))
def test_repeat_score_is_the_best_share_over_periods(text: str) -> None:
    window = text[:64]
    size = len(window)
    shares = [
        sum(window[i] == window[i % p] for i in range(p, size)) / (size - p) for p in range(1, size // 2 + 1)
    ]
    expected = max(shares) if size >= 4 else 0.0
    assert measures.repeat_score(text) == expected


@given(st.text(max_size=40))
def test_entropy_is_between_none_and_that_of_distinct_characters(text: str) -> None:
    most = math.log2(len(set(text))) if text else 0.0
    assert -1e-12 <= measures.entropy(text) <= most + 1e-12


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_measures_are_finite_and_the_log_keeps_the_sign(number: float) -> None:
    assert all(math.isfinite(measure(number)) for measure in measures.NUMBER_MEASURES.values())
    assert measures.signed_log(number) * number >= 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.0, 0), (-0.0, 0), (1000.0, 3), (999.0, 2), (-17.0, 1), (0.5, -1), (1e-9, -9), (5e-324, -300)],
)
def test_magnitude(number: float, expected: int) -> None:
    assert measures.magnitude(number) == expected


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarities_are_shares_and_affixes_agree(text: str, reference: str) -> None:
    assert 0.0 <= measures.bigram_jaccard(text, reference) <= 1.0
    assert 0.0 <= measures.in_order_share(text, reference) <= 1.0
    prefix = int(measures.common_prefix(text, reference))
    assert text[:prefix] == reference[:prefix]
    assert prefix == len(text) == len(reference) or text[prefix:][:1] != reference[prefix:][:1]
    assert measures.common_suffix(text, reference) == measures.common_prefix(text[::-1], reference[::-1])


@pytest.mark.parametrize("tag", ["HEX", "TVR", "ENT", "REP", "TN", "TLN", "TUC", "TDC", "TSC"])
def test_the_empty_text_measures_nothing(tag: str) -> None:
    assert measures.TEXT_MEASURES[tag]("") == 0.0


@pytest.mark.parametrize("tag", ["TWS", "TPS", "TSS"])
def test_the_empty_text_is_one_part(tag: str) -> None:
    assert measures.TEXT_MEASURES[tag]("") == 1.0


def test_bigrams_of_texts_too_short_to_have_one() -> None:
    assert measures.bigram_jaccard("a", "a") == 1.0
    assert measures.bigram_jaccard("a", "b") == 0.0
    assert measures.bigram_jaccard("", "ab") == 0.0
    assert measures.in_order_share("abc", "") == 0.0


def test_chi_squared_counts_absent_characters_as_rare() -> None:
    expected = (0.5 - 0.5) ** 2 / 0.5 + (0.5 - 0.001) ** 2 / 0.001 + (0 - 0.25) ** 2 / 0.25
    assert measures.chi_squared("ax", {"a": 0.5, "b": 0.25}) == pytest.approx(expected)
    assert measures.chi_squared("", {"a": 0.5}) == pytest.approx(0.5)
