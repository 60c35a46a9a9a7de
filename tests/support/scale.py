"""How much the long tests do: enough for every change, or all of it (`make test-full`).

The usual size still meets each kind of what is tested (every point of a kill, each side of a boundary);
the full one repeats it with more draws, more jobs, larger tables.
"""

from __future__ import annotations

import os

SIZES = ("usual", "full")
SIZE = os.environ.get("SNAKEBATCH_TESTS", "usual")
if SIZE not in SIZES:
    raise ValueError(f"SNAKEBATCH_TESTS is {SIZE!r}: one of {', '.join(SIZES)}")
FULL = SIZE == "full"


def scaled(usual: int, full: int) -> int:
    """A count or a size: ``usual`` in ``make test`` and CI, ``full`` in ``make test-full``."""
    return full if FULL else usual
