"""Names for the kinds of arrays that training works on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Positions = NDArray[np.signedinteger[Any]]
"""Sorted positions of rows: small integers, so wide that sums of two of them fit in."""
