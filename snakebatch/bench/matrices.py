"""Rows of dicts as the other models want them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snakebatch.bench.synthetic import Row


def text_columns(rows: Sequence[Row], target: str) -> list[str]:
    """The feature columns that hold a text anywhere."""
    names = [name for name in rows[0] if name != target]
    return [name for name in names if any(isinstance(row[name], str) for row in rows)]


def feature_frame(rows: Sequence[Row], target: str, texts: Sequence[str]) -> Any:
    """A DataFrame without the target: ``texts`` as text, the rest as float64, NaN where a value is None."""
    frame = pd.DataFrame([{name: value for name, value in row.items() if name != target} for row in rows])
    return frame.astype({name: "float64" for name in frame.columns if name not in texts})


def ordinal_matrices(
    taught: Sequence[Row], asked: Sequence[Row], target: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two matrices of features; a text is its rank among all of its column's."""
    columns_of_taught, columns_of_asked = [], []
    texts = set(text_columns(taught, target))
    for name in taught[0]:
        if name == target:
            continue
        here, there = [row[name] for row in taught], [row[name] for row in asked]
        if name in texts:
            ranks = {text: rank for rank, text in enumerate(sorted({*here, *there}))}
            here, there = [ranks[text] for text in here], [ranks[text] for text in there]
        columns_of_taught.append(here)
        columns_of_asked.append(there)
    return np.array(columns_of_taught, float).T.copy(), np.array(columns_of_asked, float).T.copy()
