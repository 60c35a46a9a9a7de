"""The target: its datatype, its classes, and the class of every row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import (
    INFINITE_WORDS,
    MISSING_WORDS,
    NUMBER_CHARACTERS,
    all_parse,
    as_text,
    characters_of,
)
from snakebatch.errors import InputError, shown

_NO_NUMBERS = MISSING_WORDS | INFINITE_WORDS
"""Among numbers these are a missing or an infinite one, which is refused; among labels they are labels."""

_DIGITS = frozenset("0123456789")
_BOOLEANS = {"True": 1, "TRUE": 1, "1": 1, "False": 0, "FALSE": 0, "0": 0}
_MEANINGS = {"B": "a target of 0 and 1", "I": "a whole number", "N": "a number"}

_BOOLEAN_PAIRS = ({"0", "1"}, {"True", "False"}, {"TRUE", "FALSE"})


class TargetSniffer:
    """Finds the datatype of the target (B I N T) from its texts, which come in chunks; J is seen by the
    caller."""

    def __init__(self) -> None:
        self._few: set[str] = set()
        self._characters: set[str] = set()
        self._all_parse = True
        self._odd = False

    def update(self, texts: Iterable[str]) -> None:
        """Look at one more chunk."""
        distinct = set(texts)
        self._odd = self._odd or not distinct.isdisjoint(_NO_NUMBERS)
        distinct -= _NO_NUMBERS
        self._characters |= characters_of(distinct)
        if len(self._few) < 3:
            self._few |= distinct
        if self._all_parse:
            self._all_parse = all_parse(filter(None, distinct))

    @property
    def datatype(self) -> str:
        """``"B"``, ``"I"``, ``"N"`` or ``"T"``; N only if all values are numbers (labels like + and - are
        text), but for the words of a missing or infinite one."""
        if any(self._few == pair for pair in _BOOLEAN_PAIRS):
            return "B" if not self._odd or self._few == _BOOLEAN_PAIRS[0] else "T"
        if self._characters and self._characters <= _DIGITS:
            return "I"
        return "N" if self._characters and self._characters <= NUMBER_CHARACTERS and self._all_parse else "T"


def target_datatype(values: Sequence[Any]) -> str:
    """Datatype of target values that are all at hand."""
    if any(isinstance(value, dict | list) for value in values):
        return "J"
    sniffer = TargetSniffer()
    sniffer.update(as_text(value) for value in values)
    return sniffer.datatype


def coerce_target(value: Any, datatype: str, column: str, row: int) -> Any:
    """One target value; ``row`` is its 1-based number for the message of InputError."""
    if datatype == "J":
        return _as_json(value, column, row)
    text = as_text(value)
    if datatype == "T":
        return text
    if not text or text in MISSING_WORDS:
        raise InputError(
            f"row {row}: the target column {shown(column)} is empty; fill the cell or leave the row out"
        )
    if text in INFINITE_WORDS:
        raise _not_finite(row, column)
    try:
        if datatype == "B":
            return _BOOLEANS[text]
        if datatype == "I":
            return int(text)
        number = float(text) + 0.0
    except (KeyError, ValueError) as error:  # ValueError also where int() refuses thousands of digits
        raise InputError(
            f"row {row}, column {shown(column)}: {shown(text)} can't be read as {_MEANINGS[datatype]}; "
            "mend the cell"
        ) from error
    if not np.isfinite(number):
        raise _not_finite(row, column)
    return number


def _as_json(value: Any, column: str, row: int) -> Any:
    """An object as model.json gives it back, so that a model answers alike before and after it is saved."""
    try:
        return json.loads(json.dumps(value, default=_plain, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"row {row}, column {column!r}: the object can't be kept as JSON ({error}); "
            "make it of dicts, lists, texts and finite numbers"
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, date):
        return str(value)
    raise TypeError(f"it holds a {type(value).__name__}")


def _not_finite(row: int, column: str) -> InputError:
    return InputError(
        f"row {row}, column {shown(column)}: not a finite number; give the target a finite value"
    )


def sort_classes(values: Iterable[Any]) -> list[Any]:
    """Sorted targets, by their JSON text where they can't be sorted (snake-format, Inference)."""
    found = list(values)
    try:
        return sorted(found)
    except TypeError:
        return sorted(found, key=lambda value: json.dumps(value, default=str))


def read_target(
    values: Sequence[Any] | NDArray[Any], column: str
) -> tuple[str, Sequence[Any] | NDArray[Any]]:
    """Datatype and coerced values of a whole target; an array of numbers stays one.

    Raises InputError naming the row of a value that can't be one.
    """
    if isinstance(values, np.ndarray):
        if bool(np.isfinite(values).all()):
            return _number_target(values)
        return read_target(values.tolist(), column)  # which says where the value that is none stands
    if set(map(type, values)) == {str}:
        return _text_target(values, column)
    datatype = target_datatype(values)
    return datatype, [coerce_target(value, datatype, column, row) for row, value in enumerate(values, 1)]


def _text_target(values: Sequence[str], column: str) -> tuple[str, Sequence[Any]]:
    """Each distinct text is read once, where it stands first."""
    first = dict(zip(reversed(values), range(len(values), 0, -1), strict=True))
    datatype = target_datatype(list(first))
    found = {
        text: coerce_target(text, datatype, column, row)
        for text, row in sorted(first.items(), key=itemgetter(1))
    }
    return datatype, list(map(found.__getitem__, values))


def _number_target(values: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """What the texts of these numbers would be taken for: whole ones are B or I, others N."""
    if values.dtype.kind == "f" or int(values.min()) < 0:
        return "N", values.astype(np.float64) + 0.0
    return ("B" if np.array_equal(np.unique(values), [0, 1]) else "I"), values


def classify(
    values: Sequence[Any] | NDArray[Any], datatype: str
) -> tuple[tuple[Any, ...], NDArray[np.int32]]:
    """The classes in order, and each value's index among them."""
    if isinstance(values, np.ndarray):
        distinct_numbers, places = np.unique(values, return_inverse=True)
        return tuple(distinct_numbers.tolist()), places.astype(np.int32)
    # Objects can't be keys of a dict: their JSON text stands for them.
    keys = values if datatype != "J" else [_json(value) for value in values]
    first = dict(zip(reversed(keys), reversed(values), strict=True))
    classes = sort_classes(first.values())
    code_of = {_json(value) if datatype == "J" else value: code for code, value in enumerate(classes)}
    codes = np.fromiter(map(code_of.__getitem__, keys), dtype=np.int32, count=len(values))
    return tuple(classes), codes


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
