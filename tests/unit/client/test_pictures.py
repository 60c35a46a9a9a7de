"""Audits, candles and maps say what the model says. Drawn into memory."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from snakebatch.client.candle_figure import coverage, plot_candle
from snakebatch.client.class_map import colours_of, plot_class_map
from snakebatch.client.drawing import PALETTE, ink_on
from snakebatch.client.sklearn import SnakeClassifier, SnakeRegressor
from snakebatch.engine.regression import Regression
from snakebatch.errors import InputError

CANDLE = {"low": 0.0, "q1": 1.0, "median": 2.0, "q3": 3.0, "high": 4.0}
NONE = dict.fromkeys(CANDLE)


@pytest.fixture(autouse=True)
def in_memory() -> Iterator[None]:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def iris() -> tuple[pd.DataFrame, pd.Series]:
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X.set_axis(["sepal_length", "sepal_width", "length", "width"], axis=1), y.map(
        load_iris().target_names.__getitem__
    )


@pytest.fixture(scope="module")
def classifier(iris: tuple[pd.DataFrame, pd.Series]) -> SnakeClassifier:
    return SnakeClassifier(n_layers=2, bucket=30, random_state=0).fit(*iris)


def texts(ax: Axes) -> list[str]:
    ax.figure.canvas.draw()
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def test_an_audit_shows_path_reasons_votes_and_voters(
    classifier: SnakeClassifier, iris: tuple[pd.DataFrame, pd.Series]
) -> None:
    row = iris[0].iloc[[77]]
    why = classifier.explain(row)[0]
    ax = classifier.plot_audit(row, name_of=lambda number: f"flower {number}", most=100)
    shown = texts(ax)
    for layer in why.layers:
        assert f"Layer {layer.layer}" in shown
        assert f"bucket {layer.bucket}, {layer.members} members" in shown
        for line in layer.condition:
            assert any(line in text for text in shown)
    assert any(text.startswith("flower ") for text in shown)
    votes = [text.split() for text in shown if text.partition(" ")[0].isdigit()]
    assert sum(int(number) for number, _ in votes) == why.votes
    bars = [bar for bar in ax.patches if bar.get_height() == 1.5]
    assert [bar.get_width() for bar in bars] == [share.probability for share in why.probabilities]
    assert ax.get_title(loc="left") == f"Prediction: {why.prediction}, by {why.votes} votes"


def test_votes_that_are_not_drawn_are_counted(
    classifier: SnakeClassifier, iris: tuple[pd.DataFrame, pd.Series]
) -> None:
    row = iris[0].iloc[[77]]
    ax = classifier.plot_audit(row, most=1, title="Why?")
    shown = texts(ax)
    drawn = sum(int(text.split()[0]) for text in shown if text.partition(" ")[0].isdigit())
    others = sum(int(text.split()[1]) for text in shown if text.startswith("and "))
    assert others > 0
    assert drawn + others == classifier.explain(row)[0].votes
    assert ax.get_title(loc="left") == "Why?"


def test_a_layer_without_votes_says_so() -> None:
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "word": ["a", "b", "c", "d"]})
    model = SnakeClassifier(n_layers=40, bucket=4, noise=0.0, random_state=3).fit(X, ["n", "y", "n", "y"])
    ax = model.plot_audit(pd.DataFrame({"x": [99.0], "word": ["zz"]}))
    why = model.explain(pd.DataFrame({"x": [99.0], "word": ["zz"]}))[0]
    silent = sum(not layer.reasons for layer in why.layers)
    assert silent > 0
    assert texts(ax).count("no member of the bucket looks alike: this layer does not vote") == silent


def test_an_audit_is_of_one_row(classifier: SnakeClassifier, iris: tuple[pd.DataFrame, pd.Series]) -> None:
    with pytest.raises(ValueError, match=r"an audit is of one row, not 2; give X\[\[i\]\]"):
        classifier.plot_audit(iris[0].iloc[:2])
    with pytest.raises(ValueError, match="most is 0"):
        classifier.plot_audit(iris[0].iloc[:1], most=0)


def test_coverage_counts_edges_in_and_rows_without_a_candle_out() -> None:
    found = coverage([CANDLE] * 4 + [NONE], [1.0, 3.5, 4.0, 4.1, 2.0])
    assert (found.rows, found.in_body, found.in_candle, found.without) == (5, 1, 3, 1)
    assert (found.body, found.candle) == (0.2, 0.6)


@pytest.mark.parametrize("truth", [[], [1.0], [1.0, 2.0, 3.0]])
def test_there_is_one_truth_a_candle(truth: list[float]) -> None:
    with pytest.raises(InputError, match=f"there are 2 candles and {len(truth)} truths"):
        coverage([CANDLE, CANDLE], truth)


def test_a_truth_is_coloured_by_where_it_stands() -> None:
    answers = [Regression(2.0, "lookalikes", 5)] * 4
    ax = plot_candle("y", [CANDLE, CANDLE, CANDLE, NONE], answers, truth=[2.0, 0.5, 9.0, 2.0], labels="abcd")
    told = {line.get_label(): list(line.get_xdata()) for line in ax.lines}
    assert told == {
        "truth in the body: 1 of 4": [0],
        "truth in the candle: 1 of 4": [1],
        "truth outside: 2 of 4": [2, 3],
    }
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abcd")
    with pytest.raises(InputError, match="4 candles and 3 labels"):
        plot_candle("y", [CANDLE] * 4, answers, labels="abc")


def test_a_regressor_counts_and_draws_its_own_candles() -> None:
    X = np.linspace(-3, 3, 120).reshape(-1, 1)
    regressor = SnakeRegressor(n_layers=2, bucket=30, random_state=0).fit(X, X[:, 0] ** 2)
    asked, truth = X[5:60:5] + 0.01, X[5:60:5, 0] ** 2
    found = regressor.coverage(asked, truth)
    ax = regressor.plot_candle(asked, truth, ax=Figure().subplots())
    body = next(line for line in ax.lines if line.get_label().startswith("truth in the body"))
    assert (found.rows, found.in_body) == (11, len(body.get_xdata()))
    with pytest.raises(ValueError, match="11 candles and 2 truths"):
        regressor.coverage(asked, [1.0, 2.0])


def test_a_map_shows_who_wins_where(iris: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = iris
    model = make_pipeline(GaussianNB()).fit(X, y)
    at = {"sepal_length": 5.8, "sepal_width": 3.0}
    ax = plot_class_map(model, X, "length", "width", at=at, cells=40, ax=Figure().subplots())
    (image,) = ax.images
    west, east, south, north = image.get_extent()
    painted = np.asarray(image.get_array())
    assert painted.shape == (40, 40, 3)
    for row, column in ((3, 5), (20, 20), (36, 34)):
        place = {"length": west + (east - west) * column / 39, "width": south + (north - south) * row / 39}
        shares = model.predict_proba(pd.DataFrame([{**at, **place}])[list(X.columns)])[0]
        colour = np.array(to_rgb(PALETTE[shares.argmax()]))
        assert painted[row, column] == pytest.approx(1 + (colour - 1) * shares.max())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["setosa", "versicolor", "virginica"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length", "width")


def test_many_classes_are_named_where_they_win_and_neighbours_differ() -> None:
    places = pd.DataFrame([{"x": float(n % 4), "y": float(n // 4)} for n in range(12) for _ in range(3)])
    names = [f"class {n}" for n in range(12) for _ in range(3)]
    model = GaussianNB(var_smoothing=1e-2).fit(places, names)
    ax = plot_class_map(model, places, "x", "y", cells=60)
    where = {text.get_text(): text.xy for text in ax.texts}
    assert where.keys() == set(names)
    for name, (x, y) in where.items():
        assert model.predict(pd.DataFrame({"x": [x], "y": [y]})) == [name]
    assert ax.get_legend() is None


def test_regions_that_touch_have_other_colours() -> None:
    board = np.kron(np.arange(12).reshape(3, 4), np.ones((5, 5), dtype=int))
    colours = colours_of(board, 12)
    shown = np.array(colours)[board]
    border = board[:, :-1] != board[:, 1:]
    assert (shown[:, :-1][border] != shown[:, 1:][border]).all()
    border = board[:-1] != board[1:]
    assert (shown[:-1][border] != shown[1:][border]).all()
    assert colours_of(board % 3, 3) == list(PALETTE[:3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "length", "y": "length"}, "both 'length'; give two columns"),
        ({"x": "length", "y": "widht"}, "there is no column 'widht'; the columns are 'sepal_length'"),
        ({"x": "length", "y": "width", "at": {"colour": 1}}, "there is no column 'colour'"),
        ({"x": "length", "y": "width", "at": {"sepal_width": 3}}, "give the others a value: .*sepal_length"),
        ({"x": "length", "y": "width", "cells": 1}, "cells is 1; give 2 or more"),
    ],
)
def test_a_map_of_what_is_not_there_is_refused(
    iris: tuple[pd.DataFrame, pd.Series], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plot_class_map(GaussianNB().fit(*iris), iris[0], **arguments)


def test_ink_is_read_on_every_colour() -> None:
    inks = {colour: ink_on(colour) for colour in ("#000000", "#ffffff", *PALETTE)}
    assert (inks["#000000"], inks["#ffffff"]) == ("white", "black")
    assert inks["#0072B2"] == "white"
    assert inks["#F0E442"] == "black"
