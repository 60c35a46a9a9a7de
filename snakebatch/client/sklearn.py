"""Snake as estimators of scikit-learn: ``SnakeClassifier`` and ``SnakeRegressor``.

The one place that imports scikit-learn. What differs from ``Snake`` are words only:
``random_state`` is its ``seed``, ``n_jobs`` its ``workers``. See docs/scikit-learn.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from snakebatch.client import audit_figure, candle_figure, plots
from snakebatch.client.arguments import seed_of, series_name, value_errors
from snakebatch.client.extras import missing
from snakebatch.client.features import Features, of_frame, of_matrix
from snakebatch.client.labels import labels_of
from snakebatch.engine.explanation import Explanation, explain
from snakebatch.engine.intake import Intake
from snakebatch.engine.queries import Columns
from snakebatch.engine.tables import is_frame
from snakebatch.engine.training import check_parameters, train
from snakebatch.snake import Snake

try:
    from joblib import effective_n_jobs
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import assert_all_finite, check_consistent_length
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise missing("scikit-learn 1.6 or newer", "sklearn") from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SnakeClassifier", "SnakeRegressor"]


class _SnakeEstimator(BaseEstimator):
    """What the classifier and the regressor share: parameters, features, training, explanations."""

    def __init__(
        self,
        n_layers: int = 5,
        bucket: int = 250,
        noise: float = 0.25,
        oppose_profile: str = "auto",
        lookahead: int = 5,
        tau: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_layers = n_layers
        self.bucket = bucket
        self.noise = noise
        self.oppose_profile = oppose_profile
        self.lookahead = lookahead
        self.tau = tau
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def explain(self, X: Any) -> list[Explanation]:
        """Why each row of ``X`` is answered as it is: an ``Explanation`` a row.

        Rows of the training are called by their number in the ``X`` of ``fit``, classes as in ``classes_``.
        """
        asked, names = self._asked(X), self._class_names()
        model, numbers = self.snake_.model, self.training_rows_.tolist()
        return [explain(model, row, labels=names, rows=numbers) for row in asked.rows(self.snake_.header[1:])]

    def plot_chain(self, layer: int = 0, *, ax: Axes | None = None) -> Axes:
        """Draw a layer's chain: a bar a bucket, in the order in which they are asked, with its condition."""
        check_is_fitted(self)
        with value_errors():
            return plots.plot_chain(self.snake_.model, layer, self._class_names(), ax)

    # inside

    def _train(self, features: Features, target: str | None, datatype: str, values: Sequence[Any]) -> Intake:
        """Train ``snake_`` on checked features; the parameters are refused before anything is counted."""
        with value_errors():
            seed = seed_of(self.random_state)
            workers = effective_n_jobs(self.n_jobs)
            settings = check_parameters(
                n_layers=self.n_layers,
                bucket=self.bucket,
                noise=self.noise,
                oppose_profile=self.oppose_profile,
                lookahead=self.lookahead,
                tau=self.tau,
                seed=seed,
                workers=workers,
            )
            noticed: list[str] = []
            intake = features.intake(target, datatype, values, noticed)
        # A target of one class is no reason to warn here: folds often have one, and no estimator does.
        for line in noticed:
            warnings.warn(line, UserWarning, stacklevel=3)
        self.snake_ = Snake(train(intake, settings, seed, workers))
        self.snake_.warnings = intake.warnings
        self.training_rows_ = intake.kept
        return intake

    def _features(self, X: Any, *, reset: bool) -> Features:
        """Columns of ``X``; names and number of the features are noted (``reset``) or checked."""
        if not is_frame(X):
            return of_matrix(validate_data(self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan"))
        validate_data(self, X, reset=reset, skip_check_array=True)
        with value_errors():
            features = of_frame(X)
        for what, count in (("sample", len(X)), ("feature", len(features.names))):
            if not count:
                raise ValueError(f"Found a DataFrame with 0 {what}(s); a minimum of 1 is required.")
        for cells in features.columns:
            if isinstance(cells, np.ndarray):
                assert_all_finite(cells, allow_nan=True, input_name="X")
        return features

    def _asked(self, X: Any) -> Features:
        """The rows of ``X``, checked; columns are told apart by their place."""
        check_is_fitted(self)
        return self._features(X, reset=False)

    def _questions(self, X: Any) -> Columns:
        """The rows of ``X``, ready to be asked together."""
        return self._asked(X).questions(self.snake_.header[1:])

    def _class_names(self) -> list[Any]:
        """The classes of the model, as the user knows them."""
        return self.snake_.classes


class SnakeClassifier(ClassifierMixin, _SnakeEstimator):
    """An explainable classifier: chains of buckets, Boolean clauses, votes of lookalikes.

    Parameters
    ----------
    n_layers
        Chains; a row is routed through each, and votes are summed.
    bucket
        Rows of a bucket, about.
    noise
        Share of rows from outside that join a bucket, 0 to 1.
    oppose_profile
        Which kinds of literals are drawn; ``"auto"`` looks at the data.
    lookahead
        Literals tried a draw; the one that covers most is kept.
    tau
        Slices are divided until they have at most ``tau`` rows; None does not divide.
    random_state
        An int is the seed itself. None takes the seed from the content: the same data give the same model. A
        RandomState is drawn from.
    n_jobs
        Processes to train with, as in scikit-learn (None is 1, -1 all); the model does not depend on it, and
        a script needs no ``__main__`` guard.

    Attributes
    ----------
    classes_
        The labels, sorted.
    n_features_in_, feature_names_in_
        Number and (from a DataFrame) names of the features.
    snake_
        The trained ``Snake``.
    training_rows_
        For each row of ``snake_.population`` its number in the ``X`` of ``fit``: of rows with equal features
        only one is kept, that of the commonest target.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on features ``X`` (array or DataFrame) and labels ``y``, one a row.

        Raises ValueError on what can't be trained on, with the place.
        """
        features = self._features(X, reset=True)
        name = series_name(y)
        y = column_or_1d(y, warn=True)
        check_consistent_length(features, y)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        labels = labels_of(y)
        intake = self._train(features, name, labels.datatype, labels.values())
        self.classes_ = labels.classes
        self._places = labels.places(intake.population.classes)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The label with the most votes, the first of these in ``classes_``; an array (rows,)."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]  # type: ignore[no-any-return]  # classes_ is of any kind

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The share of votes of each of ``classes_``; an array (rows, classes).

        A row without votes has equal shares for the classes of the model; a class whose rows were all folded
        into others of equal features has 0.
        """
        questions = self._questions(X)
        shares = self.snake_.model.probabilities(questions)
        found = np.zeros((len(shares), len(self.classes_)), dtype=np.float64)
        found[:, self._places] = shares
        return found

    def plot_separation(self, X: Any, *, ax: Axes | None = None) -> Axes:
        """Draw how sure the answers to ``X`` are: for each winning class a histogram of its probability."""
        shares = self.predict_proba(X)
        return plots.plot_separation(shares, self.classes_.tolist(), ax)

    def plot_audit(
        self,
        X: Any,
        *,
        title: str | None = None,
        name_of: Callable[[int], str] | None = None,
        most: int = 4,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw why the one row of ``X`` is answered as it is: its path through each layer, and the votes.

        ``name_of`` names a row of the ``X`` of ``fit`` by its number; ``most`` reasons a layer are drawn, and
        the first one of each class that is not among them. Raises ValueError if ``X`` has not one row.
        """
        explanations = self.explain(X)
        if len(explanations) != 1:
            raise ValueError(f"an audit is of one row, not {len(explanations)}; give X[[i]] or X.iloc[[i]]")
        with value_errors():
            return audit_figure.plot_audit(
                explanations[0], self._class_names(), title=title, name_of=name_of, most=most, ax=ax
            )

    def _class_names(self) -> list[Any]:
        return self.classes_[self._places].tolist()  # type: ignore[no-any-return]  # an array of any kind


class SnakeRegressor(RegressorMixin, _SnakeEstimator):
    """An explainable regressor: every target is a class of its own, and the answer is the lookalikes' mean
    within their quartiles.

    Parameters and attributes are those of ``SnakeClassifier`` but for ``classes_``.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on features ``X`` (array or DataFrame) and finite numbers ``y``, one a row.

        Raises ValueError on what can't be trained on, with the place.
        """
        features = self._features(X, reset=True)
        name = series_name(y)
        y = column_or_1d(y, dtype=np.float64, warn=True)
        check_consistent_length(features, y)
        assert_all_finite(y, input_name="y")
        self._train(features, name, "N", (y + 0.0).tolist())
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The mean of the lookalikes' targets within their quartiles, else that of the buckets that the row
        ends in; never NaN. An array (rows,).
        """
        questions = self._questions(X)
        found = self.snake_.model.regressions(questions)
        return np.array([one.value for one in found], dtype=np.float64)

    def explain(self, X: Any) -> list[Explanation]:
        """Why each row of ``X`` is answered as it is; ``prediction`` is the number that ``predict`` gives."""
        return [
            replace(one, prediction=one.regression.value if one.regression else one.prediction)
            for one in super().explain(X)
        ]

    def plot_candle(
        self, X: Any, y: Any = None, *, labels: Sequence[Any] | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw the candle of each row of ``X``: the spread of its lookalikes' targets, and the answer.

        With ``y`` the truth stands for the answer, coloured by where it is. ``labels`` name the rows.
        """
        rows = self._questions(X)
        model = self.snake_.model
        with value_errors():
            return candle_figure.plot_candle(
                model.target, model.candles(rows), model.regressions(rows), truth=y, labels=labels, ax=ax
            )

    def coverage(self, X: Any, y: Any) -> candle_figure.Coverage:
        """How many of the truths ``y`` stand in the candles of ``X``: in the bodies, and anywhere in them."""
        candles = self.snake_.model.candles(self._questions(X))
        with value_errors():
            return candle_figure.coverage(candles, y)
