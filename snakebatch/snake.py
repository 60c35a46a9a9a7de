"""``Snake``: train, load and ask a model. The public face of the engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from snakebatch.engine import answers, gaps, pruning
from snakebatch.engine import audit as audits
from snakebatch.engine.model import Model, Rows, class_key
from snakebatch.engine.model_json import bucket_content
from snakebatch.engine.regression import Regression
from snakebatch.engine.tables import queries_of, query_columns_of
from snakebatch.engine.training import check_parameters, train
from snakebatch.errors import PartialModelWarning
from snakebatch.snake_input import is_model, read_table, validation_targets


class Snake:
    """An explainable classifier: chains of buckets, Boolean clauses, votes of lookalikes.

    Parameters
    ----------
    data
        What to train on: a list of dicts, sequences (with ``header``), a DataFrame, a NumPy array (2-D, or
        structured), or the path of a CSV file. Or what to load: the path of a ``model.json``, its text or
        its parsed content, or a Model; the parameters below are then unused.
    target_index
        The target's column, by position or name; with ``y``, a text is the target's name.
    n_layers
        Layers, that is chains of buckets; each sees all rows, and all vote.
    bucket
        Rows of a bucket, about.
    noise
        Rows from outside that join a bucket, as a share of its own (0 to 1).
    oppose_profile
        Which kinds of literals are drawn; ``"auto"`` looks at the data.
    lookahead
        Literals tried a draw; the one that covers most is kept.
    workers
        Processes to train with, at most one a layer; the model does not depend on it, and a script needs no
        ``__main__`` guard.
    seed
        A non-negative integer; None takes one from the content, so that the same data give the same model.
    tau
        Slices are divided until they have at most ``tau`` rows; None does not divide. With ``noise=0`` the
        model has the very bytes that the mesh gives.
    y
        The targets, one a row, where ``data`` holds the features only: a list, an array or a Series.
    header
        Column names of ``data`` that comes as sequences or as a plain array.
    engine
        Who makes the leaves: ``"snakebatch"``, or ``"licensed"`` for ``algorithmeai.Snake`` where a version
        that has it is installed (``lookahead`` is then its own).

    Raises
    ------
    InputError
        On data or parameters that can't be used, or rows that can't be asked about: it names the place.
    ModelError
        On a model that can't be read; StrippedModelError where a question needs rows that were left out.

    Warns
    -----
    PartialModelWarning
        Of a model with missing leaves, which ``coverage`` and ``gaps`` tell of.
    """

    def __init__(
        self,
        data: Any,
        target_index: int | str = 0,
        n_layers: int = 5,
        bucket: int = 250,
        noise: float = 0.25,
        oppose_profile: str = "auto",
        lookahead: int = 5,
        workers: int = 1,
        seed: int | None = None,
        tau: int | None = None,
        *,
        y: Any = None,
        header: Sequence[str] | None = None,
        engine: str = "snakebatch",
    ) -> None:
        self.warnings: tuple[str, ...] = ()
        if is_model(data) and y is None:
            self._model = data if isinstance(data, Model) else Model.read(data)
            partly = gaps.warning_of(self._model)
            if partly is not None:
                self.warnings = (partly,)
                warnings.warn(partly, PartialModelWarning, stacklevel=2)
            return
        settings = check_parameters(
            n_layers=n_layers,
            bucket=bucket,
            noise=noise,
            oppose_profile=oppose_profile,
            lookahead=lookahead,
            tau=tau,
            seed=seed,
            workers=workers,
            engine=engine,
        )
        intake = read_table(data, target_index, header, y)
        self.warnings = intake.warnings
        self._model = train(intake, settings, seed, workers)

    # what it is made of

    @property
    def model(self) -> Model:
        """The model behind the questions."""
        return self._model

    @property
    def population(self) -> list[dict[str, Any]]:
        """The rows that were trained on, as dicts in header order; raises StrippedModelError without them."""
        return self._model.population

    @property
    def targets(self) -> list[Any]:
        """The target of every row of the population; there in a stripped model too."""
        return self._model.targets

    @property
    def target(self) -> str:
        """The name of the target."""
        return self._model.target

    @property
    def header(self) -> list[str]:
        """Column names, the target first."""
        return list(self._model.header)

    @property
    def datatypes(self) -> list[str]:
        """Datatypes, parallel to the header; of the target B, I, N, T or J, of features N or T."""
        return list(self._model.datatypes)

    @property
    def classes(self) -> list[Any]:
        """The distinct targets, in the order of the probabilities."""
        return list(self._model.classes)

    @cached_property
    def layers(self) -> list[list[dict[str, Any]]]:
        """The layers as model.json has them, that is chains of buckets in test order (a copy)."""
        return [[bucket_content(bucket) for bucket in layer] for layer in self._model.layers]

    @property
    def config(self) -> dict[str, Any]:
        """The parameters of the training, as model.json names them."""
        return dict(self._model.config)

    @property
    def log(self) -> str:
        """What made the model."""
        return self._model.log

    @property
    def coverage(self) -> float:
        """The part of rows x layers whose bucket is there; 1.0 unless the model is partial."""
        return gaps.coverage(self._model)

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Layer by layer how many rows are covered, and which leaves are ``missing``, by their conditions."""
        return gaps.told(gaps.cover_of_layers(self._model))

    @property
    def stripped(self) -> bool:
        """True when the population was left out."""
        return self._model.stripped

    # questions: a row gives an answer, a list or a DataFrame a list of answers

    def get_prediction(self, rows: Any) -> Any:
        """The class with the most votes, the first of these in class order."""
        return self._answer(rows, self._prediction, self._model.predictions)

    def get_batch_prediction(self, rows: Any) -> list[Any]:
        """The predictions of a list, an array or a DataFrame, as a list, also of one row."""
        columns = query_columns_of(rows, self._model.header)
        return self._model.predictions(
            queries_of(rows, self._model.header)[0] if columns is None else columns
        )

    def get_probability(self, rows: Any) -> Any:
        """Each class with its share of the votes (0 to 1), a dict in class order.

        Without votes all are equal. The key of a target that is a dict or a list is its JSON text.
        """
        return self._answer(rows, self._probability, partial(answers.probabilities, self._model))

    def get_lookalikes(self, rows: Any) -> Any:
        """``[row, target, cond]`` of every member that votes, in layer, then position, order.

        ``row`` is its number in ``population``, ``cond`` the clauses that are false on the row that asks.
        """
        self._model.need_population("a list of lookalikes")
        return self._answer(rows, partial(answers.lookalikes, self._model))

    def get_lookalikes_labeled(self, rows: Any) -> Any:
        """``[row, target, cond, origin]``; origin is ``"c"`` (core) or ``"n"`` (noise)."""
        self._model.need_population("a list of lookalikes")
        return self._answer(rows, partial(answers.labeled, self._model))

    def get_audit(self, rows: Any) -> Any:
        """Why the row is answered so, as text of some lines: Routing AND and Lookalike AND of every layer."""
        return self._answer(rows, partial(audits.audit, self._model))

    def get_augmented(self, rows: Any) -> Any:
        """A copy of the row with the keys Lookalikes, Probability, Prediction and Audit."""
        return self._answer(rows, partial(audits.augmented, self._model))

    def get_candle(self, rows: Any) -> Any:
        """A dict of the lookalikes' targets as numbers: high, q3, median, q1, low, mean, iqr_mean, std, n.

        In the target's unit. Where ``n`` is 0, so that nobody looks alike, all others are None.
        """
        return self._answer(rows, self._model.candle, self._model.candles)

    def get_regression(self, rows: Any, *, explain: bool = False) -> Any:
        """``iqr_mean`` of the candle, in the target's unit; where nobody looks alike, the buckets' mean.

        Never NaN. With ``explain`` a dict ``{"value", "source", "n"}``, whose source says ``"lookalikes"`` or
        ``"bucket mean"``.
        """

        def told(found: Regression) -> Any:
            return found._asdict() if explain else found.value

        return self._answer(
            rows,
            lambda row: told(self._model.regression(row)),
            lambda batch: [told(found) for found in self._model.regressions(batch)],
        )

    # layers

    def get_layer_scores(self, rows: Any, y: Any = None) -> list[float]:
        """How well each layer alone answers validation rows: accuracy, or R2 for a target of datatype N.

        The rows hold their targets, or these come as ``y``. Raises InputError where they don't go together.
        """
        return pruning.layer_scores(self._model, *self._validation(rows, y))

    def prune(self, rows: Any, y: Any = None, *, keep: float | int = 0.5) -> Snake:
        """A new Snake of the layers that answer validation rows best; this one stays as it is.

        ``keep`` is how many layers stay (an int), or their share (a float). Raises InputError on another.
        """
        snake = Snake.__new__(Snake)
        snake.warnings = self.warnings
        snake._model = pruning.pruned(self._model, *self._validation(rows, y), keep)
        return snake

    def to_json(self, path: str | Path, stripped: bool = False) -> None:
        """Write model.json, without the population if ``stripped``; the file appears whole or not at all."""
        self._model.write(path, stripped=bool(stripped))

    # inside

    def _answer(
        self,
        rows: Any,
        of_one: Callable[[Mapping[str, Any]], Any],
        of_many: Callable[[Rows], list[Any]] | None = None,
    ) -> Any:
        if isinstance(rows, dict):
            return of_one(rows)
        if of_many and (columns := query_columns_of(rows, self._model.header)) is not None:
            return of_many(columns)
        queries, single = queries_of(rows, self._model.header)
        if single:
            return of_one(queries[0])
        return of_many(queries) if of_many else [of_one(row) for row in queries]

    def _validation(self, rows: Any, y: Any) -> tuple[list[Mapping[str, Any]], list[Any]]:
        """Rows and their targets."""
        queries, _ = queries_of(rows, self._model.header)
        return queries, validation_targets(queries, self._model.target, y)

    def _prediction(self, row: Mapping[str, Any]) -> Any:
        votes = self._model.votes(row)
        return self._model.classes[votes.index(max(votes))]

    def _probability(self, row: Mapping[str, Any]) -> dict[Any, float]:
        votes = self._model.votes(row)
        total = sum(votes)
        shares = [count / total for count in votes] if total else [1 / len(votes)] * len(votes)
        return dict(zip(map(class_key, self._model.classes), shares, strict=True))
