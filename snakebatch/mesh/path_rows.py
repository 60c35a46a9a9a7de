"""The rows of one path after another, where neighbours share most of their literals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.mesh.messages import Path

Truth = Callable[[Population, Literal, Rows], NDArray[np.bool_]]


@dataclass
class _Step:
    literal: Literal
    before: Rows
    holds: NDArray[np.bool_]

    @property
    def rows(self) -> Rows:
        return self.before[self.holds]


class PathRows:
    """A stack of literals with the rows that survived each.

    Asked for slices in tree order, it evaluates each literal of a shared beginning once; and since rows are
    total, a sibling (same literal, negated) takes the other half of the same mask. ``evaluations`` counts
    rows x literals.
    """

    def __init__(self, population: Population, truth: Truth) -> None:
        self.population = population
        self.truth = truth
        self.evaluations = 0
        self._steps: list[_Step] = []

    def rows(self, path: Path) -> Rows:
        """The ascending rows that satisfy every literal of ``path``."""
        shared = self._shared(path)
        turned = self._turned(path, shared)
        del self._steps[shared + turned :]
        rows = self._steps[-1].rows if self._steps else self.population.all_rows
        for literal in path[shared + turned :]:
            self.evaluations += len(rows)
            step = _Step(literal, rows, self.truth(self.population, literal, rows))
            self._steps.append(step)
            rows = step.rows
        return rows

    def _shared(self, path: Path) -> int:
        shared = 0
        for step, literal in zip(self._steps, path, strict=False):
            if step.literal != literal:
                break
            shared += 1
        return shared

    def _turned(self, path: Path, shared: int) -> int:
        """Turn the step after the shared ones to its other half if that is what ``path`` wants; 1 if so."""
        if shared == len(self._steps) or shared == len(path):
            return 0
        step = self._steps[shared]
        if step.literal.negated() != path[shared]:
            return 0
        self._steps[shared] = _Step(path[shared], step.before, ~step.holds)
        return 1
