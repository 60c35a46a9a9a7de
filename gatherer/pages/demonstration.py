"""The contradiction on demand: bounded, one at a time, and kept for who asks again."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable

from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.population import Population
from snakebatch.errors import InputError
from snakebatch.mesh.contradiction import Contradiction, contradiction, paper_population

MOST_BYTES = 300_000
MOST_ROWS = 2_000
MOST_CELLS = 12_000
MOST_CLASSES = 20
"""So that both designs are trained within a second or two, on the processor that the gatherer needs."""

_KEPT = 8
_PAPER = "the paper's table"


class BusyError(Exception):
    """Another one is trained right now."""


class Demonstrations:
    """Trains both designs on a table; the same table gives the same answer, and is trained once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Contradiction] = OrderedDict()
        self._lock = threading.Lock()
        self._busy = False

    def of_paper(self) -> Contradiction:
        """On the paper's thousand rows; raises BusyError."""
        return self._of(_PAPER, paper_population)

    def of_csv(self, text: str, target: str) -> Contradiction:
        """On a table of CSV; raises InputError where it is too large or can't be trained on, BusyError."""
        content = hashlib.sha256(f"{target}\n{text}".encode()).hexdigest()
        return self._of(content, lambda: read_small(text, target))

    def _of(self, name: str, rows: Callable[[], Population]) -> Contradiction:
        if name in self._kept:
            return self._kept[name]
        with self._lock:
            if self._busy:
                raise BusyError
            self._busy = True
        try:
            found = contradiction(rows())
            self._kept[name] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return found
        finally:
            self._busy = False


def read_small(text: str, target: str) -> Population:
    """The population of a small table; raises InputError that names the limit."""
    if not text.strip():
        raise InputError("paste a table of CSV with a header, or choose a file")
    if len(text.encode()) > MOST_BYTES:
        raise InputError(f"the table has more than {MOST_BYTES // 1000} kB: train it as a job instead")
    header = text.lstrip("\ufeff").lstrip().partition("\n")[0]
    name = target.strip() or header.split(",")[0].strip().strip('"')
    population = read_csv(lambda: io.StringIO(text, newline=""), name).population
    cells = len(population) * (len(population.header) - 1)
    if len(population) > MOST_ROWS or cells > MOST_CELLS:
        raise InputError(
            f"the table has {len(population):,} rows and {cells:,} cells, more than {MOST_ROWS:,} and "
            f"{MOST_CELLS:,}: train it as a job instead"
        )
    if not 2 <= len(population.classes) <= MOST_CLASSES:
        raise InputError(
            f"column {name!r} has {len(population.classes)} classes; this wants 2 to {MOST_CLASSES}"
        )
    return population
