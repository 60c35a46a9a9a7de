"""Numbers and moments as pages say them."""

from __future__ import annotations

import pytest

from gatherer.pages import wording


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0, "< 0.01 s"), (0.4213, "0.42 s"), (12.34, "12.3 s"), (185, "3 min 5 s"),
        (7800, "2 h 10 min"), (3 * 86400 + 4 * 3600, "3 d 4 h"), (-1, "< 0.01 s"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, said: str) -> None:
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (1234567, "1,234,567"), (0.12345, "0.123"), (5.0, "5")]
)
def test_numbers(value: float | None, said: str) -> None:
    assert wording.number(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (0, "$0.00"), (0.00001, "< $0.0001"), (0.0123, "$0.0123"), (5, "$5.00")]
)
def test_dollars(value: float | None, said: str) -> None:
    assert wording.usd(value) == said


@pytest.mark.parametrize(("part", "said"), [(0.99999, "99.9 %"), (1.0, "100 %"), (0.5, "50 %"), (None, "–")])
def test_percentages_are_a_hundred_when_all_is_done(part: float | None, said: str) -> None:
    assert wording.percent(part) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(None, "–"), (12, "12 B"), (2048, "2.0 KiB"), (5 << 20, "5.0 MiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes(count: int | None, said: str) -> None:
    assert wording.size(count) == said


def test_moments_are_in_utc() -> None:
    assert wording.moment(0.0) == "1970-01-01 00:00:00 UTC"
    assert wording.iso(0.5) == "1970-01-01T00:00:00.500+00:00"


def test_json_is_indented_and_other_text_left_alone() -> None:
    assert wording.pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert wording.pretty("plain") == "plain"
