"""The spawn rate of starts: the page's bars and the rule's windows, against counting one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from snakebatch.planner.rate import SPAWN_RATE
from snakebatch.planner.spawn_rate import MINUTE, WINDOW, busiest_window, level, minute_peaks

UNTIL = 1_750_000_000.0
STARTS = some.lists(some.integers(-700, 200).map(lambda tenths: UNTIL + tenths / 4), max_size=60)


@settings(deadline=None)
@given(STARTS, some.integers(1, 5))
def test_each_minute_is_what_counting_gives(starts: list[float], minutes: int) -> None:
    peaks = minute_peaks(starts, UNTIL, minutes)
    assert len(peaks) == minutes
    assert peaks[-1].start <= UNTIL < peaks[-1].start + MINUTE
    for before, peak in zip([None, *peaks], peaks, strict=False):
        assert before is None or peak.start == before.start + MINUTE
        counted = [
            sum(peak.start + WINDOW * part <= start < peak.start + WINDOW * (part + 1) for start in starts)
            for part in range(6)
        ]
        assert (peak.invocations, peak.fullest) == (sum(counted), max(counted))
        assert peak.rate == max(counted) / 10


@settings(deadline=None)
@given(STARTS, some.sampled_from([0.25, 1.0, 10.0]))
def test_the_busiest_window_is_what_counting_gives(starts: list[float], window: float) -> None:
    counted = [sum(start <= other < start + window for other in starts) for start in starts]
    assert busiest_window(starts, window) == max(counted, default=0)


@settings(deadline=None)
@given(STARTS)
def test_no_bar_shows_more_than_the_busiest_window(starts: list[float]) -> None:
    peaks = minute_peaks(starts, UNTIL, 5)
    assert max(peak.fullest for peak in peaks) <= busiest_window(starts)


def test_the_seeds_burst_reads_as_five_a_second() -> None:
    """Their page: "a 50-invocation burst in 5 seconds reads as 10/s, not 0.83/s". By its definition, 5/s."""
    minute = UNTIL // MINUTE * MINUTE
    burst = [minute + 20 + 0.1 * number for number in range(50)]
    (peak,) = minute_peaks(burst, minute, 1)
    assert peak.rate == 5.0
    assert round(peak.invocations / 60, 2) == 0.83
    (split,) = minute_peaks([start + 7.5 for start in burst], minute, 1)  # half before a border
    assert (split.rate, busiest_window(burst)) == (2.5, 50)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.0, "low"), (11.6, "low"), (11.7, "near"), (16.6, "near"), (SPAWN_RATE, "over"), (16.7, "over")],
)
def test_orange_from_70_percent_of_the_ceiling_red_from_all_of_it(rate: float, expected: str) -> None:
    assert level(rate) == expected
