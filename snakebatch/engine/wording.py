"""Literals in words: what one says, and what is true of a row on which it is false.

Every comparison is printed as it holds (the reference prints ``x < 5`` as ``"x" > 5``, the wrong way round).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from snakebatch.engine.inference import Fields
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import test_of
from snakebatch.engine.model import Model
from snakebatch.engine.queries import ABSENT

_DIGITS = 15
"""Significant digits that every double keeps (IEEE 754, DBL_DIG)."""

_WHOLE = 2.0**53
"""Up to here a double holds every whole number."""

_MEASURED = {
    "N": "{0}",
    "ND": "digits in {0}",
    "NL": "signed log of {0}",
    "NMG": "magnitude of {0}",
    "TN": "length of {0}",
    "TLN": "distinct characters of {0}",
    "TWS": "words of {0}",
    "TPS": "comma-separated parts of {0}",
    "TSS": "dot-separated parts of {0}",
    "TUC": "uppercase characters of {0}",
    "TDC": "digits of {0}",
    "TSC": "special characters of {0}",
    "ENT": "entropy of {0}",
    "HEX": "share of hex digits of {0}",
    "REP": "repeat score of {0}",
    "TVR": "share of vowels of {0}",
}

_REFERRED = {
    "LEV": "edit distance of {0} to {1}",
    "JAC": "bigram similarity of {0} to {1}",
    "SIM": "in-order similarity of {0} to {1}",
    "PFX": "common prefix of {0} with {1}",
    "SFX": "common suffix of {0} with {1}",
    "CFC": "chi-squared of {0} against {1}",
}

_PREDICATES = {
    "T": ("contains", "does not contain"),
    "TEQ": ("is", "is not"),
    "TSW": ("starts with", "does not start with"),
    "TEW": ("ends with", "does not end with"),
}


def wording(literal: Literal, header: Sequence[str]) -> str:
    """What a literal says, in words: ``[1, 5.0, False, "N"]`` is ``"x" < 5.0``."""
    column, value, negat, tag = literal
    name = _quoted(header[column])
    if test_of(value, negat, tag) is None:
        return f"{name}: unknown literal {tag!r}, never true"
    if tag in _MEASURED:
        return f"{_MEASURED[tag].format(name)} {'>=' if negat else '<'} {value}"
    if tag in _PREDICATES:
        return f"{name} {_PREDICATES[tag][negat]} {_quoted(value)}"
    if tag in _REFERRED:
        # An edit distance or a chi-squared is far where a similarity is near.
        signs = {"LEV": (">", "<="), "CFC": (">=", "<")}.get(tag, ("<", ">="))
        return f"{_REFERRED[tag].format(name, _quoted(value[0]))} {signs[negat]} {value[1]}"
    if tag == "NZ":
        mean, deviation, threshold = value
        return f"z-score of {name} (mean {mean}, std {deviation}) {'>=' if negat else '<'} {threshold}"
    if tag == "NRG":
        return f"{name} {'in' if negat else 'not in'} ({value[0]}, {value[1]}]"
    return f"{name} {'!=' if negat else '=='} 0"


def legible(value: Any) -> Any:
    """A literal's value with its numbers as a person writes them: 46.15, and not 46.150000000000006.

    A double keeps any number of 15 digits; what it has beyond them is mostly noise of arithmetic. Whole
    numbers that it holds exactly stay as they are: they may be somebody's key. So does what would become
    infinite.
    """
    if isinstance(value, float):
        short = float(f"{value:.{_DIGITS}g}")
        exact = value.is_integer() and abs(value) <= _WHOLE
        return value if exact or math.isinf(short) else short
    if isinstance(value, list | tuple):
        return [legible(one) for one in value]
    if isinstance(value, dict):
        return {name: legible(one) for name, one in value.items()}
    return value


def why_true(model: Model, literal: Literal, fields: Fields) -> str:
    """A literal that holds on the row, in words that are true of it as they stand.

    Digits beyond those that people write are left out, unless the row lies between the two numbers.
    """
    short = Literal(*literal)._replace(value=legible(literal[1]))
    return wording(short if model.inference.holds(short, fields) else literal, model.header)


def why_false(model: Model, literal: Literal, fields: Fields) -> str:
    """What is true of the row because the literal is false."""
    negation = Literal(*literal).negated()
    if model.inference.holds(negation, fields):
        return why_true(model, negation, fields)
    if fields[literal.column] is ABSENT:
        return f"{_quoted(model.header[literal.column])} is absent"
    return f"not {wording(literal, model.header)}"


def spelt(value: Any) -> str:
    """A target as a line names it: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
