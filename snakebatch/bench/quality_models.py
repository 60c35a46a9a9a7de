"""The models of the quality bench, each with its tables prepared as its users would.

Snake and the explainable boosting machine take text as it is. The forest gets a column for each text
(one-hot), histogram boosting its own kind of categorical columns. All run on one thread, with their defaults;
only the explainable boosting machine learns each column by itself. With the pairs of columns that are its
default it takes minutes for a training where others take a second; ``explainable-boosting-pairs`` is that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from snakebatch import Snake
from snakebatch.bench.matrices import feature_frame, text_columns
from snakebatch.bench.synthetic import TARGET, Row

MOST_CATEGORIES = 254
"""Histogram boosting has room for 255 values of a categorical column; one is for those that are missing."""


@dataclass(frozen=True)
class SnakeParameters:
    """With what Snake is trained."""

    n_layers: int = 15
    bucket: int = 250
    noise: float = 0.25


class Contestant(Protocol):
    """A model on one table; ``prepare`` does what is not its own work, before the clock runs."""

    def prepare(self, taught: Sequence[Row], asked: Sequence[Row]) -> None: ...

    def fit(self) -> None: ...

    def predict(self) -> Sequence[Any]:
        """An answer for each row asked."""
        ...

    def probabilities(self, classes: Sequence[Any]) -> NDArray[np.float64]:
        """[rows, classes], columns as in ``classes``."""
        ...


class SnakeContestant:
    """Snake, from lists of dicts."""

    def __init__(self, seed: int, regression: bool, parameters: SnakeParameters) -> None:
        self._seed, self._regression, self._parameters = seed, regression, parameters

    def prepare(self, taught: Sequence[Row], asked: Sequence[Row]) -> None:
        self._taught = list(taught)
        self._asked = [{name: value for name, value in row.items() if name != TARGET} for row in asked]

    def fit(self) -> None:
        with_what = self._parameters
        self._model = Snake(
            self._taught,
            TARGET,
            n_layers=with_what.n_layers,
            bucket=with_what.bucket,
            noise=with_what.noise,
            seed=self._seed,
        )

    def predict(self) -> Sequence[Any]:
        answers: Sequence[Any] = (
            self._model.get_regression(self._asked)
            if self._regression
            else self._model.get_batch_prediction(self._asked)
        )
        return answers

    def probabilities(self, classes: Sequence[Any]) -> NDArray[np.float64]:
        found = self._model.get_probability(self._asked)
        return np.array([[shares.get(label, 0.0) for label in classes] for shares in found])


@dataclass(frozen=True)
class Task:
    """What an estimator is built for; ``texts`` names the text columns."""

    seed: int
    texts: Sequence[str]


Make = Callable[[Task], Any]


class EstimatorContestant:
    """An estimator of scikit-learn's kind; ``make`` builds it."""

    def __init__(self, seed: int, make: Make) -> None:
        self._seed, self._make = seed, make

    def prepare(self, taught: Sequence[Row], asked: Sequence[Row]) -> None:
        texts = text_columns(taught, TARGET)
        self._frame = feature_frame(taught, TARGET, texts)
        self._asked = feature_frame(asked, TARGET, texts)
        self._targets = np.array([row[TARGET] for row in taught])
        self._model = self._make(Task(self._seed, texts))

    def fit(self) -> None:
        self._model.fit(self._frame, self._targets)

    def predict(self) -> Sequence[Any]:
        answers: Sequence[Any] = self._model.predict(self._asked).tolist()
        return answers

    def probabilities(self, classes: Sequence[Any]) -> NDArray[np.float64]:
        places = [list(self._model.classes_).index(label) for label in classes]
        found: NDArray[np.float64] = self._model.predict_proba(self._asked)[:, places]
        return found


def _forest(estimator: Callable[..., Any]) -> Make:
    def make(task: Task) -> Any:
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        columns = ColumnTransformer([("texts", one_hot, list(task.texts))], remainder="passthrough")
        return make_pipeline(columns, estimator(n_estimators=100, n_jobs=1, random_state=task.seed))

    return make


def _histogram_boosting(estimator: Callable[..., Any]) -> Make:
    def make(task: Task) -> Any:
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MOST_CATEGORIES
        )
        columns = ColumnTransformer([("texts", codes, list(task.texts))], remainder="passthrough")
        boosting = estimator(
            random_state=task.seed, categorical_features=list(range(len(task.texts))) or None
        )
        return make_pipeline(columns, boosting)

    return make


def _explainable_boosting(estimator: Callable[..., Any], **options: Any) -> Make:
    def make(task: Task) -> Any:
        return estimator(random_state=task.seed, n_jobs=1, **options)

    return make


_ESTIMATORS: Mapping[str, tuple[Make, Make]] = {
    "forest": (_forest(RandomForestClassifier), _forest(RandomForestRegressor)),
    "histogram-boosting": (
        _histogram_boosting(HistGradientBoostingClassifier),
        _histogram_boosting(HistGradientBoostingRegressor),
    ),
    "explainable-boosting": (
        _explainable_boosting(ExplainableBoostingClassifier, interactions=0),
        _explainable_boosting(ExplainableBoostingRegressor, interactions=0),
    ),
    "explainable-boosting-pairs": (
        _explainable_boosting(ExplainableBoostingClassifier),
        _explainable_boosting(ExplainableBoostingRegressor),
    ),
}

MODELS = ("snake", *_ESTIMATORS)
"""Names of the models, Snake first."""

USUAL_MODELS = tuple(model for model in MODELS if model != "explainable-boosting-pairs")
"""Those of a run that names none."""


def contestant(model: str, seed: int, regression: bool, parameters: SnakeParameters) -> Contestant:
    """The model of that name, for a number to be met or for classes."""
    if model == "snake":
        return SnakeContestant(seed, regression, parameters)
    classifier, regressor = _ESTIMATORS[model]
    return EstimatorContestant(seed, regressor if regression else classifier)
