"""Texts of plain numbers as floats, many at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.decimals import decimals

_CHARACTERS = b"+-.0123456789e"


def plain_numbers(text: str, marks: str) -> NDArray[np.float64] | None:
    """The numbers in ``text``, bit for bit what ``float`` gives; ``marks`` are what stands between them.

    None where one is no number, or has other characters than ``+-.0123456789e`` (a word like ``inf``, a
    blank, an underscore), or where other marks stand between them.
    """
    if not text.isascii():
        return None
    data = text.encode("ascii")
    expected = marks.encode("ascii")
    if data.translate(None, _CHARACTERS) != expected:
        return None
    for mark in set(expected) - set(b","):
        data = data.replace(bytes([mark]), b",")
    return decimals(data)


def plain_column(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The cells as numbers; None where one is not plainly a number."""
    return plain_numbers(",".join(cells), "," * (len(cells) - 1))
