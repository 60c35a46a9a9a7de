"""Rows in, population out: header, datatypes, coercion, duplicates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import FeatureSniffer, as_text, finite, numbers
from snakebatch.engine.duplicates import fold
from snakebatch.engine.population import Column, NumberColumn, Population, TextColumn
from snakebatch.engine.tables import Cells, check_names, features_of
from snakebatch.engine.targets import classify, read_target
from snakebatch.errors import InputError, shown


@dataclass(frozen=True)
class Intake:
    """A population and what was done to the rows on the way.

    ``duplicates`` rows were folded into an equal one; ``contradictions`` of them had another target.
    """

    population: Population
    rows_read: int
    duplicates: int
    contradictions: int
    warnings: tuple[str, ...]
    kept: NDArray[np.intp]
    """For each row of the population its number among the rows read."""


def read_rows(
    rows: Sequence[Mapping[str, Any]] | Sequence[Sequence[Any]],
    target: int | str = 0,
    header: Sequence[str] | None = None,
) -> Intake:
    """Read dicts, or sequences with an optional header; raises InputError on what can't be trained on."""
    names, columns = features_of(rows, header)
    return read_columns(names, columns, target)


def read_columns(header: Sequence[str], columns: Sequence[Cells], target: int | str) -> Intake:
    """Read whole columns, parallel to ``header``, all of one length; arrays of numbers stay arrays."""
    place = check_header(header, target)
    if len(columns) != len(header):
        raise InputError(
            f"there are {len(columns)} columns and {len(header)} names; give one name for each column"
        )
    name = header[place]
    raw = columns[place]
    if not len(raw):
        raise InputError("there are no rows; give at least one")
    datatype, values = read_target(raw, name)
    warnings: list[str] = []
    features = [
        read_feature(cells, header[index], warnings) for index, cells in enumerate(columns) if index != place
    ]
    return finish(order_header(header, place), datatype, values, features, warnings)


def read_feature(cells: Cells, name: str, warnings: list[str]) -> Column:
    """One feature: what its cells say decides whether it is a column of numbers or of texts.

    An array of numbers is taken as it is. ``warnings`` gets a line for cells that can't be read; raises
    InputError on a number that is not finite.
    """
    if isinstance(cells, np.ndarray):
        return NumberColumn(finite(cells.astype(np.float64), name, 1))
    types = set(map(type, cells))
    if all(issubclass(kind, int | float | np.integer | np.floating) and kind is not bool for kind in types):
        return NumberColumn(finite(_floats(cells), name, 1))
    texts = cells if types == {str} else [as_text(cell) for cell in cells]
    sniffer = FeatureSniffer()
    sniffer.update(texts)
    if sniffer.datatype == "T":
        return text_column(texts)
    values, unreadable = numbers(texts, name, 1)
    if unreadable:
        warnings.append(unreadable_warning(name, unreadable))
    return NumberColumn(values)


def check_header(header: Sequence[str], target: int | str) -> int:
    """The place of the target; raises InputError for a header that can't be trained on."""
    check_names(header)
    if isinstance(target, str):
        if target not in header:
            known = ", ".join(map(shown, header[:20]))
            raise InputError(f"there is no column {shown(target)}; the columns are {known}")
        place = header.index(target)
    else:
        number = _column_number(target)
        if not -len(header) <= number < len(header):
            raise InputError(f"there is no column number {target}; there are {len(header)} columns")
        place = number % len(header)
    if len(header) < 2:
        raise InputError(
            "there is no feature column, only the target; give at least one column to learn from"
        )
    return place


def _column_number(target: Any) -> int:
    if isinstance(target, bool) or not isinstance(target, Integral):
        raise InputError(f"the target is {target!r}; give the name of a column, or its number")
    return int(target)


def order_header(header: Sequence[str], place: int) -> tuple[str, ...]:
    """The header with the target first."""
    return (header[place], *header[:place], *header[place + 1 :])


def finish(
    header: tuple[str, ...],
    datatype: str,
    values: Cells,
    features: Sequence[Column],
    warnings: list[str],
) -> Intake:
    """Fold duplicates and make the population."""
    classes, codes = classify(values, datatype)
    folding = fold(features, codes)
    kept = folding.kept
    if folding.duplicates:
        own = values[kept] if isinstance(values, np.ndarray) else [values[row] for row in kept.tolist()]
        classes, codes = classify(own, datatype)
    if len(classes) == 1:
        warnings.append(
            f"the target {shown(header[0])} has one class only; "
            f"the model will always answer {shown(str(classes[0]))}"
        )
    empty = sum(1 for value in values if value == "") if datatype == "T" else 0
    if empty:
        warnings.append(f"{empty} rows have an empty target; they form the class ''")
    population = Population(
        header=header,
        datatypes=(datatype, *("N" if isinstance(column, NumberColumn) else "T" for column in features)),
        features=tuple(_take(column, kept) for column in features),
        classes=classes,
        codes=codes,
    )
    return Intake(population, len(values), folding.duplicates, folding.contradictions, tuple(warnings), kept)


def text_column(cells: Sequence[str]) -> TextColumn:
    """Codes into a sorted vocabulary."""
    vocabulary = sorted(set(cells))
    code_of = {text: code for code, text in enumerate(vocabulary)}
    return TextColumn(
        np.fromiter(map(code_of.__getitem__, cells), dtype=np.int32, count=len(cells)), vocabulary
    )


def unreadable_warning(name: str, unreadable: int) -> str:
    """What to tell of cells in an N column that are no numbers."""
    return f"column {shown(name)}: {unreadable} cells are not numbers and count as 0.0"


def digest(population: Population) -> str:
    """32 hex digits of the content: equal exactly for equal populations, on every machine."""
    hasher = hashlib.blake2b(digest_size=16)

    def add(part: bytes | memoryview) -> None:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)

    add(
        json.dumps([population.header, population.datatypes, population.classes], sort_keys=True).encode(
            "ascii"
        )
    )
    add(population.codes.astype("<i4").tobytes())
    for column in population.features:
        if isinstance(column, NumberColumn):
            add(np.ascontiguousarray(column.values, dtype="<f8").data.cast("B"))
        else:
            add(json.dumps(list(column.vocabulary)).encode("ascii"))
            add(column.codes.astype("<i4").tobytes())
    return hasher.hexdigest()


def default_seed(content: str) -> int:
    """The seed of a job that names none: 53 bits of the content hash, so that JSON keeps it whole."""
    return int(content[:16], 16) >> 11


def _floats(cells: Sequence[Any]) -> NDArray[np.float64]:
    try:
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        return np.array([_float(cell) for cell in cells], dtype=np.float64)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _take(column: Column, rows: NDArray[np.intp]) -> Column:
    if len(rows) == len(column):
        return column
    if isinstance(column, NumberColumn):
        return NumberColumn(column.values[rows])
    return TextColumn(column.codes[rows], column.vocabulary)
