"""Pictures say what the model says. Drawn into memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from sklearn.datasets import load_iris

from snakebatch.client import candle_figure, plots
from snakebatch.client.sklearn import SnakeClassifier, SnakeRegressor
from snakebatch.engine.model import Regression
from snakebatch.errors import MissingExtraError, SnakeBatchError


@pytest.fixture(autouse=True)
def in_memory() -> Iterator[None]:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def classifier() -> SnakeClassifier:
    X, y = load_iris(return_X_y=True, as_frame=True)
    return SnakeClassifier(n_layers=2, bucket=20, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def regressor() -> SnakeRegressor:
    X = np.random.default_rng(0).uniform(-3, 3, (200, 2))
    return SnakeRegressor(n_layers=2, bucket=30, random_state=0).fit(X, X[:, 0] * X[:, 1])


def drawn(ax: Axes) -> Axes:
    ax.figure.canvas.draw()
    return ax


def widths(ax: Axes) -> float:
    return sum(bar.get_width() for bar in ax.patches)


def test_a_chain_has_a_bar_a_bucket_that_add_up_to_all_rows(classifier: SnakeClassifier) -> None:
    ax = drawn(classifier.plot_chain(1))
    layer = classifier.snake_.layers[1]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(labels) == len(layer)
    assert labels[-1] == "ELSE"
    assert widths(ax) == len(classifier.training_rows_)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]


def test_a_chain_of_numbers_has_one_colour_and_a_last_bar_for_the_rest(
    regressor: SnakeRegressor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "_MOST_BUCKETS", 3)
    ax = drawn(regressor.plot_chain())
    assert len(ax.patches) == 3
    assert ax.get_yticklabels()[-1].get_text() == f"{len(regressor.snake_.layers[0]) - 2} more buckets"
    assert widths(ax) == 200


def test_a_layer_that_is_not_there_is_refused(classifier: SnakeClassifier) -> None:
    with pytest.raises(ValueError, match="no layer 2; give one from 0 to 1"):
        classifier.plot_chain(2)


def test_separation_counts_every_row_once(classifier: SnakeClassifier) -> None:
    X, _ = load_iris(return_X_y=True, as_frame=True)
    ax = drawn(classifier.plot_separation(X))
    assert sum(bar.get_height() for bar in ax.patches) == len(X)
    assert ax.get_xlim() == (0.0, 1.0)


def test_candles_stand_between_low_and_high(regressor: SnakeRegressor) -> None:
    rows = [[0.5, 0.5], [2.0, -1.0]]
    ax = drawn(regressor.plot_candle(rows))
    candles = regressor.snake_.get_candle(rows)
    assert [bar.get_y() for bar in ax.patches] == [candle["q1"] for candle in candles]
    assert [bar.get_y() + bar.get_height() for bar in ax.patches] == pytest.approx(
        [candle["q3"] for candle in candles]
    )
    assert ax.get_ylabel() == "target"


def test_a_candle_without_lookalikes_is_a_cross() -> None:
    empty = dict.fromkeys(("low", "q1", "median", "q3", "high"))
    ax = drawn(candle_figure.plot_candle("y", [empty], [Regression(2.5, "bucket mean", 0)]))
    (cross,) = ax.lines
    assert cross.get_marker() == "x"
    assert cross.get_ydata() == [2.5]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["bucket mean"]


def test_axes_that_are_given_are_drawn_into(classifier: SnakeClassifier, regressor: SnakeRegressor) -> None:
    from matplotlib.figure import Figure

    one, two, three = Figure().subplots(3)
    assert classifier.plot_chain(ax=one) is one
    assert classifier.plot_separation(load_iris(as_frame=True).data, ax=two) is two
    assert regressor.plot_candle([[0.0, 0.0]], ax=three) is three


def test_without_matplotlib_the_extra_is_named(
    classifier: SnakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'snakebatch\[plot\]'") as caught:
        classifier.plot_chain()
    assert isinstance(caught.value, SnakeBatchError)
    assert isinstance(caught.value, ImportError)
