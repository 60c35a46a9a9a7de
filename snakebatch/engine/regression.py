"""The answers of a regression: from the targets of the lookalikes, or where there are none of the buckets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.candle import candle_of, mean_of
from snakebatch.engine.inference import Chunk
from snakebatch.engine.iqr_means import IqrMeans


class Regression(NamedTuple):
    """A regression's answer: ``source`` is ``"lookalikes"``, or ``"bucket mean"`` where there are none."""

    value: float
    source: str
    n: int


class Regressor:
    """Turns votes into answers; ``numbers`` are the classes as finite floats, ``codes`` the rows' classes."""

    def __init__(
        self, layers: Sequence[Sequence[Bucket]], numbers: NDArray[np.float64], codes: NDArray[np.int32]
    ) -> None:
        self._layers = layers
        self._numbers = numbers
        self._codes = codes
        self._iqr_means = IqrMeans(numbers)
        self._core_means: dict[tuple[int, int], float | None] = {}

    def of_one(self, votes: Sequence[int], places: Sequence[int]) -> Regression:
        """The answer to one row, from its votes by class and the buckets where it ended."""
        voted = np.repeat(self._numbers, votes).tolist()
        mean = candle_of(voted)["iqr_mean"]
        if mean is None:
            return self._bucket_mean(places)
        return Regression(float(mean), "lookalikes", len(voted))

    def of_many(self, chunks: Iterable[Chunk]) -> list[Regression]:
        """The answers to all rows."""
        answers = []
        for chunk in chunks:
            means, sizes = self._iqr_means.of(chunk.votes.pairs())
            for row, (mean, n) in enumerate(zip(means, sizes, strict=True)):
                if n:
                    answers.append(Regression(mean, "lookalikes", n))
                else:
                    answers.append(self._bucket_mean(chunk.places[:, row].tolist()))
        return answers

    def _bucket_mean(self, places: Sequence[int]) -> Regression:
        """What is answered without lookalikes: the mean of the means of the buckets, one a layer."""
        means = [self._core_mean(layer, place) for layer, place in enumerate(places)]
        found = [mean for mean in means if mean is not None]
        return Regression(mean_of(found or self._numbers[self._codes].tolist()), "bucket mean", 0)

    def _core_mean(self, layer: int, place: int) -> float | None:
        """The mean target of a bucket's core members, of all where it has no core, None where it is empty."""
        key = (layer, place)
        if key not in self._core_means:
            bucket = self._layers[layer][place]
            core = [row for row, origin in zip(bucket.members, bucket.origins, strict=True) if origin == "c"]
            members = core or bucket.members
            self._core_means[key] = mean_of(self._numbers[self._codes[members]].tolist()) if members else None
        return self._core_means[key]
