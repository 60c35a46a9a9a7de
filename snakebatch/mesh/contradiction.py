"""The Bayesian contradiction: v9's broken leaf beside the right one, on the same rows.

v9 once cut every slice into chunks of ``bucket`` rows and made a leaf of each, all under the slice's one
condition. A row stops at the first bucket whose condition holds, so of all buckets under one condition only
the first is ever asked: the members of the others are dead weight, and the few that are left to vote confuse
classes that the slice's own buckets never do. What the paper calls phantom probability mass is their doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket, Condition
from snakebatch.engine.chain import Link
from snakebatch.engine.divide import Slice
from snakebatch.engine.intake import read_rows
from snakebatch.engine.leaf import build_bucket
from snakebatch.engine.model import Model
from snakebatch.engine.population import Population
from snakebatch.engine.settings import Settings
from snakebatch.engine.trainer import whole_slices
from snakebatch.mesh.canonical import canonical
from snakebatch.mesh.engines import Engine, SnakeEngine

SURE = 0.99
"""A probability from which the paper counts an answer as sure."""

PAPER = Settings(n_layers=5, bucket=32, noise=0, seed=1, tau=250)
"""What gives the paper's sizes: chunks of 32 rows, some 166 leaves a job."""

_CENTRES = ((0.0, 8.0, 16.0), (8.0, 16.0, 0.0), (16.0, 0.0, 8.0))


class ChunkedEngine(SnakeEngine):
    """v9's broken leaf, on purpose: cuts a slice into chunks of ``bucket`` rows, all under its path."""

    def leaves(
        self, population: Population, slices: Sequence[Slice], settings: Settings
    ) -> list[list[Bucket]]:
        return [self._leaf(population, one, settings) for one in slices]

    def _leaf(self, population: Population, one: Slice, settings: Settings) -> list[Bucket]:
        rows, size = one.rows, settings.bucket
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        return [
            build_bucket(population, Link((), chunk), k, settings.seed, one.layer, one.path, settings)
            for k, chunk in enumerate(chunks)
        ]


@dataclass(frozen=True)
class Group:
    """Buckets of one layer that share a condition, in the order of the chain. ``condition`` None is ELSE;
    ``members`` are the core members of each bucket, by class.
    """

    condition: Condition | None
    members: tuple[dict[Any, int], ...]

    @property
    def rows(self) -> int:
        return sum(sum(bucket.values()) for bucket in self.members)

    @property
    def dead(self) -> int:
        """Members that no row ever meets: those of all buckets but the first."""
        return self.rows - sum(self.members[0].values())


@dataclass(frozen=True)
class Answer:
    """What a design says of one row: votes and probabilities by class."""

    votes: dict[Any, int]
    probabilities: dict[Any, float]


@dataclass(frozen=True)
class Design:
    """One way to make leaves, judged on the rows that it was trained on.

    ``fit`` is the share of rows whose likeliest class is their own; ``mean`` and ``least`` are of the
    likeliest class's probability; ``sure`` counts rows where it is 0.99 or more; ``dead`` counts members,
    over all layers, that can never vote.
    """

    buckets: int
    conditions: int
    fit: float
    mean: float
    least: float
    sure: int
    dead: int
    members: int
    first_layer: tuple[Group, ...]


@dataclass(frozen=True)
class Contradiction:
    """Both designs, and the row on which the broken one is least sure."""

    rows: int
    layers: int
    settings: Settings
    header: tuple[str, ...]
    chunked: Design
    right: Design
    row: dict[str, Any]
    target: Any
    chunked_says: Answer
    right_says: Answer


def three_gaussians(rows: int = 1000, seed: int = 3) -> list[dict[str, Any]]:
    """The paper's set: three classes, three numbers, sigma 1, centres 8 sigma or more apart.

    The table of the same name that ``snakebatch bench`` measures, which no gatherer has at hand; a test holds
    the two to each other.
    """
    draw = np.random.default_rng(seed)
    table = []
    for _ in range(rows):
        label = int(draw.integers(3))
        around = {f"x{axis}": round(place + draw.normal(), 6) for axis, place in enumerate(_CENTRES[label])}
        table.append({"y": "ABC"[label]} | around)
    return table


def paper_population() -> Population:
    """The thousand rows of the paper's before and after table."""
    return read_rows(three_gaussians(), "y").population


def contradiction(population: Population, settings: Settings = PAPER) -> Contradiction:
    """Train both designs on the same slices of the same rows, and ask each about every row."""
    rows = [_features(population, number) for number in range(len(population))]
    broken = _model(ChunkedEngine(), population, settings)
    right = _model(SnakeEngine(), population, settings)
    of_broken, of_right = broken.probabilities(rows), right.probabilities(rows)
    worst = int(of_broken.max(axis=1).argmin())
    return Contradiction(
        rows=len(rows),
        layers=settings.n_layers,
        settings=settings,
        header=tuple(population.header),
        chunked=_design(broken, of_broken, population),
        right=_design(right, of_right, population),
        row=rows[worst],
        target=population.target(worst),
        chunked_says=_answer(broken, rows[worst], of_broken[worst]),
        right_says=_answer(right, rows[worst], of_right[worst]),
    )


def _features(population: Population, number: int) -> dict[str, Any]:
    row = population.row(number)
    return {name: row[name] for name in population.header[1:]}


def _model(engine: Engine, population: Population, settings: Settings) -> Model:
    layers: list[list[Bucket]] = [[] for _ in range(settings.n_layers)]
    slices = list(whole_slices(population, settings, range(settings.n_layers)))
    for one, buckets in zip(slices, engine.leaves(population, slices, settings), strict=True):
        layers[one.layer] += buckets
    return Model.trained(population, settings, layers)


def _answer(model: Model, row: dict[str, Any], probabilities: NDArray[np.float64]) -> Answer:
    votes, classes = model.votes(row), model.classes
    return Answer(
        {name: count for name, count in zip(classes, votes, strict=True) if count},
        {name: float(share) for name, share in zip(classes, probabilities, strict=True) if share > 0},
    )


def _design(model: Model, probabilities: NDArray[np.float64], population: Population) -> Design:
    likeliest = probabilities.max(axis=1)
    groups = [_groups(layer, population) for layer in model.layers]
    return Design(
        buckets=sum(len(layer) for layer in model.layers),
        conditions=sum(len(layer) for layer in groups),
        fit=float((probabilities.argmax(axis=1) == population.codes).mean()),
        mean=float(likeliest.mean()),
        least=float(likeliest.min()),
        sure=int((likeliest >= SURE).sum()),
        dead=sum(group.dead for layer in groups for group in layer),
        members=sum(group.rows for layer in groups for group in layer),
        first_layer=tuple(groups[0]),
    )


def _groups(layer: Sequence[Bucket], population: Population) -> list[Group]:
    # A literal may hold a list, so that a condition can't be a key itself.
    found: dict[str, tuple[Condition | None, list[dict[Any, int]]]] = {}
    for bucket in layer:
        counts = Counter(population.classes[population.codes[row]] for row in bucket.members)
        ordered = dict(sorted(counts.items(), key=lambda one: str(one[0])))
        found.setdefault(canonical(bucket.condition), (bucket.condition, []))[1].append(ordered)
    return [Group(condition, tuple(members)) for condition, members in found.values()]
