"""A model: layers of buckets over the targets of a population, and the questions it answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine import model_json
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.bucket_votes import CELLS
from snakebatch.engine.candle import as_numbers, candle_of
from snakebatch.engine.inference import Chunk, Inference, Lookalike
from snakebatch.engine.model_reader import read_model
from snakebatch.engine.population import Population
from snakebatch.engine.queries import Columns, Row, query_table, ready_fields
from snakebatch.engine.regression import Regression, Regressor
from snakebatch.engine.settings import Settings
from snakebatch.engine.targets import classify
from snakebatch.errors import ModelError, StrippedModelError

Rows = Sequence[Row] | Columns
"""Many rows: mappings, or columns by name (arrays or sequences)."""


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
    def is_partial(self) -> bool:
        """Whether leaves are missing: see ``gaps``."""
        return any(bucket.is_empty for layer in self.layers for bucket in layer)

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
        return self._candle(*_voted(self.votes(row)))

    def regression(self, row: Row) -> Regression:
        """``iqr_mean`` of the candle, else the mean of the buckets that the row ends in; raises ModelError
        where the target is no number.
        """
        fields = self.fields(row)
        return self._regressor.of_one(self.inference.votes(fields), self.inference.route(fields))

    # many rows

    def batch_votes(self, rows: Rows) -> Iterator[NDArray[np.int64]]:
        """Votes as arrays (rows of a chunk, classes), in order of the rows."""
        return (chunk.votes.table() for chunk in self._ask_for_tables(rows))

    def predictions(self, rows: Rows) -> list[Any]:
        """The prediction of every row."""
        classes = self.classes
        return [classes[code] for chunk in self._ask(rows) for code in chunk.votes.best().tolist()]

    def probabilities(self, rows: Rows) -> NDArray[np.float64]:
        """P(class) as an array (rows, classes); a row without votes is uniform."""
        shares = []
        for votes in self.batch_votes(rows):
            total = votes.sum(axis=1, keepdims=True)
            part = votes / np.maximum(total, 1)
            part[total[:, 0] == 0] = 1.0 / len(self.classes)
            shares.append(part)
        return np.concatenate(shares) if shares else np.empty((0, len(self.classes)))

    def candles(self, rows: Rows) -> list[dict[str, float | int | None]]:
        """The candle of every row."""
        found = []
        for chunk in self._ask(rows):
            starts, code, count = chunk.votes.pairs()
            for start, stop in pairwise(starts.tolist()):
                found.append(self._candle(code[start:stop].tolist(), count[start:stop].tolist()))
        return found

    def regressions(self, rows: Rows) -> list[Regression]:
        """The regression of every row; raises ModelError where the target is no number."""
        return self._regressor.of_many(self._ask(rows))

    def _ask(self, rows: Rows) -> Iterator[Chunk]:
        return self.inference.ask(query_table(rows, self.header, self.datatypes))

    def _ask_for_tables(self, rows: Rows) -> Iterator[Chunk]:
        table = query_table(rows, self.header, self.datatypes)
        return self.inference.ask(table, max(1, CELLS // len(self.classes)))

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

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle keeps: all but the layers made ready, which hold functions and are made again."""
        return {name: value for name, value in self.__dict__.items() if name != "inference"}

    # inside

    @cached_property
    def inference(self) -> Inference:
        """The layers made ready; built at the first question."""
        return Inference(self.layers, self.codes, len(self.classes), len(self.header))

    @cached_property
    def _class_numbers(self) -> NDArray[np.float64] | None:
        """The classes as floats; None where one is no finite number."""
        numbers = as_numbers(self.classes)
        return np.array(numbers, dtype=np.float64) if numbers else None

    @cached_property
    def _regressor(self) -> Regressor:
        if self._class_numbers is None:
            raise ModelError(f"the target {self.target!r} is not numeric; ask for a prediction instead")
        return Regressor(self.layers, self._class_numbers, self.codes)

    def _candle(self, codes: Sequence[int], counts: Sequence[int]) -> dict[str, float | int | None]:
        """The candle of the classes ``codes``, each voted for ``counts`` times."""
        if self._class_numbers is not None:
            numbers = self._class_numbers[codes].tolist() if codes else []
        else:
            numbers = as_numbers(self.classes[code] for code in codes)
        votes = zip(numbers, counts, strict=True) if numbers else ()
        return candle_of(number for number, count in votes for _ in range(count))


def _voted(votes: Sequence[int]) -> tuple[list[int], list[int]]:
    """The classes with votes, and how many."""
    codes = [code for code, count in enumerate(votes) if count]
    return codes, [votes[code] for code in codes]


def class_key(value: Any) -> Any:
    """A class as the key of a dict: itself, or its JSON text where it is an object."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
