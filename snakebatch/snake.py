"""``Snake``: train, load and ask a model. The public face of the engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from numbers import Integral
from pathlib import Path
from typing import Any, TextIO

from snakebatch.engine import audit as audits
from snakebatch.engine.intake import Intake, default_seed, digest, read_columns, read_rows
from snakebatch.engine.model import Model, Regression, class_key
from snakebatch.engine.model_json import bucket_content
from snakebatch.engine.settings import MAX_LOOKAHEAD, PROFILES, Settings
from snakebatch.engine.tables import columns_of, is_frame, queries_of
from snakebatch.errors import InputError


class Snake:
    """An explainable classifier: chains of buckets, Boolean clauses, votes of lookalikes.

    Parameters
    ----------
    data
        What to train on: a list of dicts, sequences (with ``header``), a DataFrame, or the path of a CSV
        file. Or what to load: the path of a ``model.json``, its text or its parsed content; the parameters
        below are then unused.
    target_index
        The target's column, by position or name.
    n_layers, bucket, noise, oppose_profile, lookahead
        As in ``config`` of model.json. ``noise`` is the share of rows from outside that join a bucket.
    workers
        Processes to train with; the model does not depend on it. With more than one, a script needs ``if
        __name__ == "__main__":`` around what it does, as always with multiprocessing.
    seed
        A non-negative integer; None takes one from the content, so that the same data give the same model.
    tau
        Slices are divided until they have at most ``tau`` rows; None does not divide. With ``noise=0`` the
        model has the very bytes that the mesh gives.
    header
        Column names of ``data`` that comes as sequences.
    engine
        Who makes the leaves: ``"snakebatch"``, or ``"licensed"`` for ``algorithmeai.Snake`` where a version
        that has it is installed (``lookahead`` is then its own).

    Raises InputError on data or parameters that can't be used, ModelError on a model that can't be read.
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
        header: Sequence[str] | None = None,
        engine: str = "snakebatch",
    ) -> None:
        self.warnings: tuple[str, ...] = ()
        if _is_model(data):
            self._model = Model.read(data)
            return
        n_layers, bucket = _whole("n_layers", n_layers), _whole("bucket", bucket)
        lookahead, workers = _whole("lookahead", lookahead, MAX_LOOKAHEAD), _whole("workers", workers)
        tau = None if tau is None else _whole("tau", tau)
        seed = None if seed is None else _whole("seed", seed, least=0)
        _check(noise, oppose_profile)
        version = _engine_version(engine)
        intake = _intake(data, target_index, header)
        self.warnings = intake.warnings
        settings = Settings(n_layers, bucket, noise, oppose_profile, lookahead, seed or 0, tau, version)
        self._model = _train(intake, settings, seed, workers)

    # what it is made of

    @property
    def model(self) -> Model:
        """The model behind the questions."""
        return self._model

    @property
    def population(self) -> list[dict[str, Any]]:
        """The rows as dicts in header order; StrippedModelError where they were left out."""
        return self._model.population

    @property
    def targets(self) -> list[Any]:
        """The target of every row of the population."""
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
        """Datatypes, parallel to the header."""
        return list(self._model.datatypes)

    @property
    def classes(self) -> list[Any]:
        """The distinct targets, in the order of the probabilities."""
        return list(self._model.classes)

    @cached_property
    def layers(self) -> list[list[dict[str, Any]]]:
        """The layers as model.json has them: chains of buckets in test order (a copy)."""
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
    def stripped(self) -> bool:
        """True when the population was left out."""
        return self._model.stripped

    # questions: a row gives an answer, a list or a DataFrame a list of answers

    def get_prediction(self, rows: Any) -> Any:
        """The class with the most votes, the first of these in class order."""
        return self._answer(rows, self._prediction, self._model.predictions)

    def get_batch_prediction(self, rows: Any) -> list[Any]:
        """The predictions of a list or DataFrame, as a list."""
        return self._model.predictions(queries_of(rows, self._model.header)[0])

    def get_probability(self, rows: Any) -> Any:
        """P by class, a dict in class order; the key of an object target is its JSON text."""
        return self._answer(rows, self._probability, self._probabilities)

    def get_lookalikes(self, rows: Any) -> Any:
        """``[row, target, cond]`` of every member that votes, in layer, then position, order."""
        self._model.need_population("a list of lookalikes")
        return self._answer(rows, self._lookalikes)

    def get_lookalikes_labeled(self, rows: Any) -> Any:
        """``[row, target, cond, origin]``; origin is ``"c"`` (core) or ``"n"`` (noise)."""
        self._model.need_population("a list of lookalikes")
        return self._answer(rows, self._labeled)

    def get_audit(self, rows: Any) -> Any:
        """Why the row is answered so: Routing AND and Lookalike AND of every layer, as text."""
        return self._answer(rows, partial(audits.audit, self._model))

    def get_augmented(self, rows: Any) -> Any:
        """The row with Lookalikes, Probability, Prediction and Audit."""
        return self._answer(rows, partial(audits.augmented, self._model))

    def get_candle(self, rows: Any) -> Any:
        """high, q3, median, q1, low, mean, iqr_mean, std and n of the lookalikes' targets; None where n is
        0.
        """
        return self._answer(rows, self._model.candle, self._model.candles)

    def get_regression(self, rows: Any, *, explain: bool = False) -> Any:
        """``iqr_mean`` of the candle; where no lookalike is found, the mean of the buckets (never NaN).

        With ``explain`` a dict ``{"value", "source", "n"}``, whose source says ``"lookalikes"`` or ``"bucket
        mean"``.
        """

        def told(found: Regression) -> Any:
            return found._asdict() if explain else found.value

        return self._answer(
            rows,
            lambda row: told(self._model.regression(row)),
            lambda batch: [told(found) for found in self._model.regressions(batch)],
        )

    def to_json(self, path: str | Path, stripped: bool = False) -> None:
        """Write model.json, without the population if ``stripped``; the file appears whole or not at all."""
        self._model.write(path, stripped=bool(stripped))

    # inside

    def _answer(
        self,
        rows: Any,
        of_one: Callable[[Mapping[str, Any]], Any],
        of_many: Callable[[Sequence[Mapping[str, Any]]], list[Any]] | None = None,
    ) -> Any:
        if isinstance(rows, dict):
            return of_one(rows)
        queries, single = queries_of(rows, self._model.header)
        if single:
            return of_one(queries[0])
        return of_many(queries) if of_many else [of_one(row) for row in queries]

    def _prediction(self, row: Mapping[str, Any]) -> Any:
        votes = self._model.votes(row)
        return self._model.classes[votes.index(max(votes))]

    def _probability(self, row: Mapping[str, Any]) -> dict[Any, float]:
        votes = self._model.votes(row)
        total = sum(votes)
        shares = [count / total for count in votes] if total else [1 / len(votes)] * len(votes)
        return dict(zip(map(class_key, self._model.classes), shares, strict=True))

    def _probabilities(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[Any, float]]:
        keys = list(map(class_key, self._model.classes))
        return [dict(zip(keys, shares, strict=True)) for shares in self._model.probabilities(rows).tolist()]

    def _lookalikes(self, row: Mapping[str, Any]) -> list[list[Any]]:
        return [labeled[:3] for labeled in self._labeled(row)]

    def _labeled(self, row: Mapping[str, Any]) -> list[list[Any]]:
        model = self._model
        found = []
        for one in model.lookalikes(row):
            bucket = model.layers[one.layer][one.bucket]
            found.append([one.row, model.targets[one.row], list(one.cond), bucket.origins[one.position]])
        return found


def _is_model(data: Any) -> bool:
    if isinstance(data, Mapping):
        return True
    if isinstance(data, str) and data.lstrip()[:1] == "{":
        return True
    return isinstance(data, str | Path) and str(data).lower().endswith(".json")


def _intake(data: Any, target: int | str, header: Sequence[str] | None) -> Intake:
    if isinstance(data, str | Path):
        from snakebatch.engine.csv_table import read_csv

        try:
            return read_csv(partial(_open_text, Path(data)), target)
        except InputError as error:
            raise error if str(data) in str(error) else InputError(f"{data}: {error}") from error
    if is_frame(data):
        names, columns = columns_of(data)
        return read_columns(names, columns, target)
    if hasattr(data, "tolist"):
        data = data.tolist()
    if not isinstance(data, Iterable):
        raise InputError(
            f"the data are a {type(data).__name__}; give dicts, sequences, a DataFrame or a CSV path"
        )
    rows = data if isinstance(data, Sequence) else list(data)
    if len(rows) and not isinstance(rows[0], Mapping | list | tuple):
        kind = type(rows[0]).__name__
        raise InputError(f"row 1 is a {kind}; give dicts, sequences, a DataFrame or a CSV path")
    return read_rows(rows, target, header)


def _open_text(path: Path) -> AbstractContextManager[TextIO]:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path} can't be read: {reason}; give the path of a CSV file") from error


def _engine_version(name: str) -> str:
    from snakebatch.engine.leaf_engines import engine_version  # only training asks

    return engine_version(name)


def _whole(name: str, value: Any, most: int | None = None, least: int = 1) -> int:
    """A parameter as an int, whatever library's integer it is; raises InputError out of its range."""
    number = -1 if isinstance(value, bool) or not isinstance(value, Integral) else int(value)
    if number < least or (most is not None and number > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} is {value!r}; give an integer {wanted}")
    return number


def _check(noise: float, oppose_profile: str) -> None:
    """Refuse parameters out of range before anything is read."""
    is_number = isinstance(noise, int | float) and not isinstance(noise, bool)
    if not is_number or not math.isfinite(noise) or not 0 <= noise <= 1:
        raise InputError(f"noise is {noise!r}; give a share from 0 to 1")
    if oppose_profile not in PROFILES:
        raise InputError(f"oppose_profile is {oppose_profile!r}; give one of {', '.join(PROFILES)}")


def _train(intake: Intake, asked: Settings, seed: int | None, workers: int) -> Model:
    # The trainer is imported where it is needed, so that a process that only asks never loads it.
    from dataclasses import replace

    from snakebatch.engine.profiles import resolve_profile
    from snakebatch.engine.trainer import train_layers

    population = intake.population
    settings = replace(
        asked,
        oppose_profile=resolve_profile(asked.oppose_profile, population),
        seed=default_seed(digest(population)) if seed is None else seed,
    )
    return Model.trained(population, settings, train_layers(population, settings, workers))
