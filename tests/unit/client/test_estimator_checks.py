"""scikit-learn's own checks of estimators. None is skipped and none expected to fail.

What scikit-learn leaves out by itself: sample weights (``fit`` takes none: votes of rows are counted, not
weighed), sparse matrices (refused, which is checked), class weights and warm starts (there are none). Two
checks of input from other array libraries skip themselves unless SCIPY_ARRAY_API is set; set, they pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from snakebatch.client.sklearn import SnakeClassifier, SnakeRegressor

ESTIMATORS = [SnakeClassifier(n_layers=3, random_state=0), SnakeRegressor(n_layers=3, random_state=0)]


@parametrize_with_checks(ESTIMATORS)
def test_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
