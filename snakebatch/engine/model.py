"""A model: layers of buckets over the targets of a population, and the questions it answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine import model_json
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.candle import as_numbers, candle_of
from snakebatch.engine.inference import Fields, Inference, Lookalike
from snakebatch.engine.model_reader import read_model
from snakebatch.engine.population import Population
from snakebatch.engine.queries import ready_fields
from snakebatch.engine.settings import Settings
from snakebatch.engine.targets import classify
from snakebatch.errors import ModelError, StrippedModelError

Row = Mapping[str, Any]


class Regression(NamedTuple):
    """A regression's answer: ``source`` is ``"lookalikes"``, or ``"bucket mean"`` where there are none."""

    value: float
    source: str
    n: int


class Model:
    """A Snake model that was read (``Model.read``) or trained (``Model.trained``).

    Attributes are named as the keys of model.json; ``classes`` are the distinct targets in the order of the
    probabilities, ``codes`` each row's index among them.
    """

    def __init__(
        self,
        *,
        header: Sequence[str],
        datatypes: Sequence[str],
        classes: Sequence[Any],
        codes: NDArray[np.int32],
        layers: list[list[Bucket]],
        config: Mapping[str, Any],
        log: str,
        stripped: bool = False,
        population: Population | list[dict[str, Any]],
        targets: list[Any] | None = None,
    ) -> None:
        self.header = tuple(header)
        self.datatypes = tuple(datatypes)
        self.classes = tuple(classes)
        self.codes = codes
        self.layers = layers
        self.config = dict(config)
        self.log = log
        self.stripped = stripped
        self._rows = population
        self._targets = targets

    @classmethod
    def read(cls, source: str | Path | Mapping[str, Any]) -> Model:
        """Read the path, the text or the parsed content of a model.json; raises ModelError naming the
        place.
        """
        file = read_model(source)
        try:
            classes, codes = classify(file.targets, file.datatypes[0])
        except (TypeError, RecursionError) as error:
            raise ModelError(f"model.json, targets: can't be sorted into classes: {error}") from error
        return cls(
            header=file.header,
            datatypes=file.datatypes,
            classes=classes,
            codes=codes,
            layers=file.layers,
            config=file.config,
            log=file.log,
            stripped=file.stripped,
            population=file.population,
            targets=file.targets,
        )

    @classmethod
    def trained(cls, population: Population, settings: Settings, layers: list[list[Bucket]]) -> Model:
        """The model of a training."""
        return cls(
            header=population.header,
            datatypes=population.datatypes,
            classes=population.classes,
            codes=population.codes,
            layers=layers,
            config=model_json.config_of(settings),
            log=model_json.log_of(settings),
            population=population,
        )

    def with_layers(self, numbers: Sequence[int], log: str | None = None) -> Model:
        """The model of these layers alone; rows and buckets are shared, not copied."""
        return Model(
            header=self.header,
            datatypes=self.datatypes,
            classes=self.classes,
            codes=self.codes,
            layers=[self.layers[number] for number in numbers],
            config={**self.config, "n_layers": len(numbers)},
            log=self.log if log is None else log,
            stripped=self.stripped,
            population=self._rows,
            targets=self._targets,
        )

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.header[0]

    @cached_property
    def targets(self) -> list[Any]:
        """The target of every row."""
        if self._targets is not None:
            return self._targets
        return [self.classes[code] for code in self.codes.tolist()]

    @cached_property
    def population(self) -> list[dict[str, Any]]:
        """The rows as dicts in header order; raises StrippedModelError if they were left out."""
        self.need_population("the population")
        rows = self._rows
        return list(model_json.row_dicts(rows)) if isinstance(rows, Population) else rows

    def need_population(self, what: str) -> None:
        """Raise StrippedModelError if the model was saved without its population."""
        if self.stripped:
            raise StrippedModelError(
                f"{what} needs the population, and this model is stripped; load the full model.json instead"
            )

    # one row

    def fields(self, row: Row) -> list[Any]:
        """A query made ready: see ``queries.ready_fields``."""
        return ready_fields(row, self.header, self.datatypes)

    def route(self, row: Row) -> list[int]:
        """The bucket of every layer that the row ends in."""
        return self.inference.route(self.fields(row))

    def lookalikes(self, row: Row) -> list[Lookalike]:
        """Every member that votes for the row, in layer, then position, then cond order."""
        return list(self.inference.lookalikes(self.fields(row)))

    def votes(self, row: Row) -> list[int]:
        """Votes by class."""
        return self.inference.votes(self.fields(row))

    def candle(self, row: Row) -> dict[str, float | int | None]:
        """The candle of the lookalikes' targets; all None with ``n`` 0 where there is no number to draw."""
        return self._candle(self.votes(row))

    def regression(self, row: Row) -> Regression:
        """``iqr_mean`` of the candle, else the mean of the buckets that the row ends in."""
        fields = self.fields(row)
        return self._regression(self.inference.votes(fields), fields)

    # many rows

    def batch_votes(self, rows: Sequence[Row]) -> Iterator[NDArray[np.int64]]:
        """Votes as arrays (rows of a chunk, classes), in order of the rows."""
        return self.inference.batch_votes([self.fields(row) for row in rows], self.header, self.datatypes)

    def predictions(self, rows: Sequence[Row]) -> list[Any]:
        """The prediction of every row."""
        classes = self.classes
        return [classes[code] for votes in self.batch_votes(rows) for code in votes.argmax(axis=1).tolist()]

    def probabilities(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """P(class) as an array (rows, classes); a row without votes is uniform."""
        found = np.empty((len(rows), len(self.classes)), dtype=np.float64)
        start = 0
        for votes in self.batch_votes(rows):
            total = votes.sum(axis=1, keepdims=True)
            part = found[start : start + len(votes)]
            np.divide(votes, np.maximum(total, 1), out=part)
            part[total[:, 0] == 0] = 1.0 / len(self.classes)
            start += len(votes)
        return found

    def candles(self, rows: Sequence[Row]) -> list[dict[str, float | int | None]]:
        """The candle of every row."""
        return [self._candle(votes) for chunk in self.batch_votes(rows) for votes in chunk]

    def regressions(self, rows: Sequence[Row]) -> list[Regression]:
        """The regression of every row."""
        every = [self.fields(row) for row in rows]
        chunks = self.inference.batch_votes(every, self.header, self.datatypes)
        votes = (row for chunk in chunks for row in chunk)
        return [self._regression(found, fields) for found, fields in zip(votes, every, strict=True)]

    # writing

    def pieces(self, *, stripped: bool = False) -> Iterator[str]:
        """The text of model.json in pieces; a stripped model can only be written stripped."""
        if not stripped:
            self.need_population("a full model.json")
        rows = self._rows
        return model_json.file_pieces(
            stripped=stripped,
            rows=() if stripped else model_json.row_dicts(rows) if isinstance(rows, Population) else rows,
            header=self.header,
            targets=self.targets,
            datatypes=self.datatypes,
            config=self.config,
            layers=(map(model_json.bucket_text, layer) for layer in self.layers),
            log=self.log,
        )

    def write(self, path: str | Path, *, stripped: bool = False) -> None:
        """Write model.json; the file appears whole or not at all."""
        pieces = self.pieces(stripped=stripped)
        whole = Path(path)
        partial = whole.with_name(f".{whole.name}.{os.getpid()}.partial")
        try:
            with partial.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
            partial.replace(whole)
        finally:
            partial.unlink(missing_ok=True)

    # inside

    @cached_property
    def inference(self) -> Inference:
        """The layers made ready; built at the first question."""
        return Inference(self.layers, self.codes, len(self.classes))

    @cached_property
    def _class_numbers(self) -> NDArray[np.float64] | None:
        """The classes as floats; None where one is no finite number."""
        numbers = as_numbers(self.classes)
        return np.array(numbers, dtype=np.float64) if numbers else None

    def _candle(self, votes: Sequence[int] | NDArray[np.int64]) -> dict[str, float | int | None]:
        if self._class_numbers is not None:
            return candle_of(np.repeat(self._class_numbers, votes).tolist())
        voted = (self.classes[code] for code in np.flatnonzero(votes).tolist())
        numbers = as_numbers(voted)
        return candle_of(np.repeat(numbers, [count for count in votes if count]).tolist() if numbers else ())

    def _regression(self, votes: Sequence[int] | NDArray[np.int64], fields: Fields) -> Regression:
        numbers = self._class_numbers
        if numbers is None:
            raise ModelError(f"the target {self.target!r} is not numeric; ask for a prediction instead")
        candle = self._candle(votes)
        if candle["iqr_mean"] is not None:
            return Regression(float(candle["iqr_mean"]), "lookalikes", int(candle["n"] or 0))
        means = []
        for layer, place in zip(self.layers, self.inference.route(fields), strict=True):
            bucket = layer[place]
            core = [row for row, origin in zip(bucket.members, bucket.origins, strict=True) if origin == "c"]
            if members := core or bucket.members:
                means.append(candle_of(numbers[self.codes[members]].tolist())["mean"])
        if not means:
            means = [candle_of(numbers[self.codes].tolist())["mean"]]
        value = candle_of(float(mean) for mean in means if mean is not None)["mean"]
        return Regression(float(value or 0.0), "bucket mean", 0)


def class_key(value: Any) -> Any:
    """A class as the key of a dict: itself, or its JSON text where it is an object."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
