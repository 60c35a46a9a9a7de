"""Features of the estimators are cells as ``Snake`` reads them, but for Booleans."""

from __future__ import annotations

import numpy as np

from snakebatch.client.sklearn import SnakeClassifier


def test_dates_of_an_array_are_texts_as_snake_has_them() -> None:
    days = np.array([["2026-01-01"], ["2026-01-02"]], dtype="datetime64[ns]")
    classifier = SnakeClassifier(n_layers=1).fit(days, [0, 1])
    assert classifier.snake_.datatypes == ["B", "T"]
    assert classifier.predict(days).tolist() == [0, 1]


def test_booleans_and_numbers_mean_the_same() -> None:
    X = np.random.default_rng(0).integers(0, 2, (60, 6)).astype(bool)
    y = X[:, 0] ^ X[:, 1]
    estimator = SnakeClassifier(n_layers=2, bucket=20).fit(X, y)
    assert estimator.classes_.tolist() == [False, True]
    np.testing.assert_array_equal(estimator.predict(X), estimator.predict(X.astype(float)))
