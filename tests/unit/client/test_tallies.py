"""Votes are counted by reason, and none is lost."""

from __future__ import annotations

import pytest

from snakebatch.client.tallies import tallies
from snakebatch.engine.explanation import Alike, ClassShare, Explanation, Layer, Reason
from snakebatch.errors import InputError


def reason(*lines: str, **voters: list[int]) -> Reason:
    """A cond of one clause a line, with the rows that vote for each class."""
    alike = tuple(Alike(row, target, "core") for target, rows in voters.items() for row in rows)
    return Reason(tuple(range(len(lines))), tuple((line,) for line in lines), alike)


def explained(*reasons: Reason) -> Explanation:
    layer = Layer(0, 0, 9, "else", (), (), reasons)
    return Explanation("a", 9, (ClassShare("a", 9, 1.0),), None, (layer,))


def test_reasons_that_say_the_same_are_one() -> None:
    explanation = explained(
        reason('"x" < 5.0', '"y" is "u"', a=[1, 2]), reason('"y" is "u"', '"x" < 5.0', a=[2, 3])
    )
    (voters,) = tallies(explanation)[0].voters
    assert voters.because == ('"x" < 5.0', '"y" is "u"')
    assert (voters.votes, voters.rows) == (4, (1, 2, 3))


def test_of_several_bounds_the_tightest_is_named() -> None:
    lines = (
        '"x" < 5.0',
        '"x" < 4.5',
        '"x" >= -1.0',
        '"x" >= -2e3',
        'digits of "n" < 2.5',
        '"n" contains "x < 3.0"',
    )
    (voters,) = tallies(explained(reason(*lines, a=[1])))[0].voters
    assert voters.because == ('"n" contains "x < 3.0"', '"x" < 4.5', '"x" >= -1.0', 'digits of "n" < 2.5')


def test_long_numbers_have_six_digits() -> None:
    lines = ('"x" < 0.027777777777777776', '"y" in (1.0000000000001, 2.5]')
    (voters,) = tallies(explained(reason(*lines, a=[1])))[0].voters
    assert voters.because == ('"x" < 0.0277778', '"y" in (1, 2.5]')


def test_a_class_that_disagrees_is_shown_and_the_rest_is_counted() -> None:
    explanation = explained(
        reason('"x" < 1.0', a=[1, 2, 3]), reason('"x" < 2.0', a=[4, 5]), reason('"x" < 3.0', a=[6], b=[7])
    )
    (tally,) = tallies(explanation, most=1)
    assert [(voters.target, voters.votes) for voters in tally.voters] == [("a", 3), ("b", 1)]
    assert tally.others == 3


def test_most_is_checked() -> None:
    with pytest.raises(InputError, match="most is 0; give 1 or more"):
        tallies(explained(), most=0)
