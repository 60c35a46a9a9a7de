"""What a literal means: the scalar evaluator, and the one table of tags that the column evaluator shares.

Every tag comes down to the same thing: a *measure* of the field (a float), compared with a *bound*. A measure
that is impossible (the logarithm of a text, say) is NaN, so that the literal and its negation are both false,
as they are on a row without the column. Nothing here raises on a row, whatever its fields hold.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from snakebatch.engine import measures

Compare = Callable[[Any, Any], Any]
"""An ordering of ``operator``: on floats it gives a bool, on arrays an array of them. NaN compares as
false.
"""

_HALF = 0.5
"""Bound of the measures that are 1.0 for yes and 0.0 for no."""


class Test(NamedTuple):
    """A literal made ready: it holds on a field where ``compare(measure(field), bound)``."""

    measure: Callable[[Any], float]
    compare: Compare
    bound: float

    def passes(self, field: Any) -> bool:
        return bool(self.compare(self.measure(field), self.bound))


class _Kind(NamedTuple):
    """How literals of a tag are made ready: read the value, then compare with one of two orderings."""

    read: Callable[[Any], tuple[Callable[[Any], float], float]]
    plain: Compare
    negated: Compare


def holds(literal: Sequence[Any], row: Mapping[str, Any], header: Sequence[str]) -> bool:
    """Whether a literal ``[column, value, negat, tag]`` holds on a row.

    ``row`` maps column names to fields, taken as they are: numbers for the N tags, ``str(field)`` for the
    text tags. A row without the column, an unknown tag, a value that the tag cannot have and a field that it
    cannot be asked of make the literal *and* its negation false.
    """
    column, value, negat, tag = literal
    if not isinstance(column, int) or not 0 <= column < len(header) or header[column] not in row:
        return False
    test = test_of(value, negat, tag)
    return test is not None and test.passes(row[header[column]])


def test_of(value: Any, negat: bool, tag: str) -> Test | None:
    """The test of a literal; None where it can never hold: an unknown tag, or a value the tag cannot have."""
    try:
        return ready(value, negat, tag)
    except (KeyError, ValueError):
        return None


def ready(value: Any, negat: bool, tag: str) -> Test:
    """The test of a literal; raises KeyError on an unknown tag, ValueError on a value that the tag cannot
    have.
    """
    kind = KINDS[tag]
    measure, bound = kind.read(value)
    return Test(measure, kind.negated if negat else kind.plain, bound)


# --- fields -------------------------------------------------------------------------------------------------


def as_number(field: Any) -> float:
    """The field as a float, NaN where it is none (a text is not a number here, even one of digits)."""
    if isinstance(field, float):
        return float(field)
    if not isinstance(field, Real):
        return math.nan
    try:
        return float(field)
    except OverflowError:
        return math.inf if field > 0 else -math.inf  # type: ignore[operator]  # typeshed's Real has no order


def as_text(field: Any) -> str:
    return field if isinstance(field, str) else str(field)


# --- values of literals -------------------------------------------------------------------------------------


def _bound(value: Any) -> float:
    number = math.nan if isinstance(value, bool) else as_number(value)
    if math.isnan(number):
        raise ValueError("a number is expected")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is expected")
    return value


def _parts(value: Any, names: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or len(value) != len(names.split()):
        raise ValueError(f"a list of {names} is expected")
    return value


def standard_score(value: Any) -> tuple[float, float, float]:
    """Mean, standard deviation and threshold of an NZ literal."""
    mean, deviation, threshold = map(_bound, _parts(value, "mean deviation threshold"))
    if not (math.isfinite(mean) and math.isfinite(deviation)) or deviation == 0.0:
        raise ValueError("a finite mean and a finite deviation other than 0 are expected")
    return mean, deviation, threshold


def interval(value: Any) -> tuple[float, float]:
    """The open lower and the closed upper end of an NRG literal."""
    low, high = map(_bound, _parts(value, "low high"))
    return low, high


def _frequencies(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ValueError("an object of frequencies by character is expected")
    return {_text(character): _bound(frequency) for character, frequency in value.items()}


# --- tags ---------------------------------------------------------------------------------------------------


def _of_number(measure: Callable[[float], float]) -> Callable[[Any], float]:
    def measured(field: Any) -> float:
        number = as_number(field)
        return number if math.isnan(number) else measure(number)

    return measured


def _of_text(measure: Callable[[str], float]) -> Callable[[Any], float]:
    return lambda field: measure(as_text(field))


PLAIN_MEASURES: dict[str, Callable[[Any], float]] = {
    "N": as_number,
    "ND": measures.digits,
    "NL": _of_number(measures.signed_log),
    "NMG": _of_number(measures.magnitude),
    **{tag: _of_text(measure) for tag, measure in measures.TEXT_MEASURES.items()},
}
"""The measures, of any field, that a plain threshold is compared with, by tag."""


def _threshold(tag: str) -> _Kind:
    measure = PLAIN_MEASURES[tag]
    return _Kind(lambda value: (measure, _bound(value)), operator.lt, operator.ge)


def _predicate(test: Callable[[str, str], bool]) -> _Kind:
    def read(value: Any) -> tuple[Callable[[Any], float], float]:
        wanted = _text(value)
        return lambda field: float(test(as_text(field), wanted)), _HALF

    return _Kind(read, operator.ge, operator.lt)


def _reference(tag: str, plain: Compare, negated: Compare) -> _Kind:
    measure = measures.REFERENCE_MEASURES[tag]

    def read(value: Any) -> tuple[Callable[[Any], float], float]:
        parts = _parts(value, "reference threshold")
        reference, threshold = _text(parts[0]), _bound(parts[1])
        return lambda field: measure(as_text(field), reference), threshold

    return _Kind(read, plain, negated)


def _read_standard_score(value: Any) -> tuple[Callable[[Any], float], float]:
    mean, deviation, threshold = standard_score(value)
    return lambda field: (as_number(field) - mean) / deviation, threshold


def _read_zero(value: Any) -> tuple[Callable[[Any], float], float]:
    return lambda field: abs(as_number(field)), 0.0


def _read_interval(value: Any) -> tuple[Callable[[Any], float], float]:
    low, high = interval(value)

    def inside(field: Any) -> float:
        number = as_number(field)
        return number if math.isnan(number) else float(low < number <= high)

    return inside, _HALF


def _read_frequencies(value: Any) -> tuple[Callable[[Any], float], float]:
    parts = _parts(value, "frequencies threshold")
    frequencies, threshold = _frequencies(parts[0]), _bound(parts[1])
    return lambda field: measures.chi_squared(as_text(field), frequencies), threshold


KINDS: dict[str, _Kind] = {
    **{tag: _threshold(tag) for tag in PLAIN_MEASURES},
    "NZ": _Kind(_read_standard_score, operator.lt, operator.ge),
    "NZR": _Kind(_read_zero, operator.le, operator.gt),
    "NRG": _Kind(_read_interval, operator.lt, operator.ge),
    "T": _predicate(lambda text, wanted: wanted in text),
    "TEQ": _predicate(lambda text, wanted: text == wanted),
    "TSW": _predicate(str.startswith),
    "TEW": _predicate(str.endswith),
    "LEV": _reference("LEV", operator.gt, operator.le),
    **{tag: _reference(tag, operator.lt, operator.ge) for tag in ("JAC", "SIM", "PFX", "SFX")},
    "CFC": _Kind(_read_frequencies, operator.ge, operator.lt),
}
"""Every tag there is. ``[c, 5.0, false, "N"]`` says x < 5: the value is greater than the field."""
