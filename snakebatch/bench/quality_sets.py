"""The tables of the quality bench: lists of row dicts, all of them on this machine.

Five come with scikit-learn, two files with vega-datasets, one with SnakeBatch itself, two are made. A number
that was not measured is None; rows whose target is missing are left out.
"""

from __future__ import annotations

import calendar
import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from sklearn import datasets

from snakebatch.bench.synthetic import TARGET, Row, quadratic, quadratic_with_noise_columns
from snakebatch.files import find_table, open_table


@dataclass(frozen=True)
class QualitySet:
    """A table by name: ``load`` gives its rows, the target in ``y``; ``regression`` if that is a number."""

    name: str
    load: Callable[[], list[Row]]
    regression: bool = False
    about: str = ""


def digits() -> list[Row]:
    """1,797 handwritten digits of 8 x 8 pixels: 64 columns of numbers, ten classes."""
    return _of_sklearn(datasets.load_digits())


def penguins() -> list[Row]:
    """344 penguins of three species; island and sex are texts."""
    with open_table(find_table("penguins")) as text:
        return _typed(csv.DictReader(text), "species", texts=("island", "sex"))


def cars_origin() -> list[Row]:
    """406 cars of three continents; the name (311 of them) is a text of words."""
    return _renamed(_cars(), "Origin")


def cars_mpg() -> list[Row]:
    """The same cars, of 398 of which the miles per gallon are known; name and origin are texts."""
    return _renamed([car for car in _cars() if car["Miles_per_Gallon"] is not None], "Miles_per_Gallon")


def weather() -> list[Row]:
    """1,461 days in Seattle: the kind of weather from four numbers and the name of the month."""
    from vega_datasets import local_data

    days = csv.DictReader(StringIO(local_data.seattle_weather.raw().decode("utf-8")))
    rows = _typed(days, "weather", texts=("date",))
    for row in rows:
        row["month"] = calendar.month_name[int(row.pop("date").split("/")[1])]
    return rows


def _cars() -> list[Row]:
    from vega_datasets import local_data

    cars: list[Row] = json.loads(local_data.cars.raw(), parse_int=float)
    return [car | {"Year": float(car["Year"][:4])} for car in cars]


def _of_sklearn(bunch: Any, as_number: bool = False) -> list[Row]:
    # Whole numbers among the targets would make classes of a regression: floats stay floats.
    target = float if as_number else int
    names = [str(name) for name in bunch.feature_names]
    return [
        {TARGET: target(label)} | dict(zip(names, values, strict=True))
        for label, values in zip(bunch.target, bunch.data.tolist(), strict=True)
    ]


def _typed(table: Any, target: str, texts: Sequence[str]) -> list[Row]:
    """CSV rows with their numbers as floats, None where a cell is empty."""
    return [
        {TARGET: row[target]}
        | {
            name: cell if name in texts else float(cell) if cell else None
            for name, cell in row.items()
            if name != target
        }
        for row in table
    ]


def _renamed(rows: Sequence[Row], target: str) -> list[Row]:
    return [
        {TARGET: row[target]} | {name: value for name, value in row.items() if name != target} for row in rows
    ]


_ALL = (
    QualitySet("iris", lambda: _of_sklearn(datasets.load_iris()), about="scikit-learn"),
    QualitySet("wine", lambda: _of_sklearn(datasets.load_wine()), about="scikit-learn"),
    QualitySet("breast-cancer", lambda: _of_sklearn(datasets.load_breast_cancer()), about="scikit-learn"),
    QualitySet("digits", digits, about="scikit-learn"),
    QualitySet("penguins", penguins, about="mixed; palmerpenguins, bundled with SnakeBatch"),
    QualitySet("cars-origin", cars_origin, about="mixed; cars of vega-datasets, free text"),
    QualitySet("weather", weather, about="mixed; seattle-weather of vega-datasets"),
    QualitySet("diabetes", lambda: _of_sklearn(datasets.load_diabetes(), True), True, "scikit-learn"),
    QualitySet("cars-mpg", cars_mpg, True, "mixed; cars of vega-datasets, free text"),
    QualitySet("quadratic", quadratic, True, "made: y = 2.5a + b² + noise"),
    QualitySet(
        "quadratic-noise-18", quadratic_with_noise_columns, True, "made: 18 noise columns beside a, b"
    ),
)
SETS: dict[str, QualitySet] = {one.name: one for one in _ALL}
