"""`snakebatch bench quality`: sets, figures, the page, and going on where another run stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snakebatch import cli
from snakebatch.bench import quality, quality_table
from snakebatch.bench.quality_models import USUAL_MODELS, SnakeParameters
from snakebatch.bench.quality_sets import SETS
from snakebatch.bench.quality_store import Key, Result, read_results, write_results
from snakebatch.errors import InputError
from tests.support.scale import FULL, scaled

SIZES = {
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
    "breast-cancer": (569, 30, 2),
    "digits": (1797, 64, 10),
    "penguins": (344, 7, 3),
    "cars-origin": (406, 8, 3),
    "weather": (1461, 5, 5),
    "diabetes": (442, 10, 0),
    "cars-mpg": (398, 8, 0),
    "quadratic": (5000, 2, 0),
    "quadratic-noise-18": (5000, 20, 0),
}


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command with a page of its own; gives stdout and the lines of stderr."""

    def run(*options: str, expected: int = 0) -> tuple[str, list[str]]:
        page = ["--out", str(tmp_path / "page.md")]
        assert cli.main(["bench", "quality", "--rows", "60", *page, *options]) == expected
        printed = capsys.readouterr()
        return printed.out, printed.err.splitlines()

    return run


def result(name: str, model: str, seed: int = 0, **figures: float) -> Result:
    return Result(Key(name, 100, model, seed, "a"), figures | {"fit_s": 0.5, "predict_s": 0.25})


# --- sets


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_whole(name: str) -> None:
    rows, columns, classes = SIZES[name]
    table = SETS[name].load()
    targets = {row["y"] for row in table}
    assert (len(table), len(table[0]) - 1) == (rows, columns)
    assert all(list(row) == list(table[0]) for row in table)
    assert next(iter(table[0])) == "y"
    if SETS[name].regression:
        assert all(isinstance(target, float) for target in targets)
    else:
        assert len(targets) == classes
    numbers = [value for row in table for value in row.values() if isinstance(value, float)]
    assert all(map(math.isfinite, numbers))


def test_mixed_sets_hold_texts_and_numbers() -> None:
    for one in SETS.values():
        kinds = {type(value) for name, value in one.load()[0].items() if name != "y"}
        assert (str in kinds and float in kinds | {float}) is one.about.startswith("mixed")


# --- figures


# The boosting machine tells of what its own pictures can't show.
@pytest.mark.filterwarnings("ignore:Missing values detected:UserWarning")
@pytest.mark.parametrize("model", USUAL_MODELS)
@pytest.mark.parametrize("name", ["iris", "cars-origin", "cars-mpg"][scaled(1, 0) :])
def test_every_model_gives_its_figures(name: str, model: str) -> None:
    rows = SETS[name].load()[::8]
    # Numbers, numbers with gaps, and texts: the boosting machine takes its time for each column.
    kept = rows[0].keys() - {"Name"} if FULL else {"y", "Year", "Horsepower", "Origin"}
    rows = [{key: value for key, value in row.items() if key in kept} for row in rows]
    key = Key(name, len(rows), model, 3, "a")
    figures = quality.measure(SETS[name], rows, key, SnakeParameters(n_layers=3), lambda: 0.0).figures
    wanted = {"r2"} if SETS[name].regression else {"accuracy", "auroc"}
    assert figures.keys() == wanted | {"fit_s", "predict_s"}
    assert all(map(math.isfinite, figures.values()))


def test_the_seed_sets_the_split_which_keeps_the_shares_of_the_classes() -> None:
    rows = SETS["iris"].load()
    taught, asked = quality.split(rows, 1, regression=False)
    assert [sum(row["y"] == label for row in asked) for label in range(3)] == [10, 10, 10]
    assert len(taught) == 120
    assert asked == quality.split(rows, 1, regression=False)[1]
    assert asked != quality.split(rows, 2, regression=False)[1]


def test_auroc_of_more_classes_is_the_mean_of_each_against_the_rest() -> None:
    shares = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.5, 0.2, 0.3]])
    assert quality.auroc(list("abca"), shares, list("abc")) == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_a_figure_that_is_not_finite_ends_the_run(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Broken:
        def prepare(self, taught: Sequence[Any], asked: Sequence[Any]) -> None:
            self.answers = [math.nan] * len(asked)

        def fit(self) -> None: ...

        def predict(self) -> list[float]:
            return self.answers

    monkeypatch.setattr(quality, "contestant", lambda *_: Broken())
    out, lines = bench("--sets", "diabetes", "--models", "snake", expected=cli.EXIT_FAILED)
    assert "diabetes, snake, seed 0: r2 is nan" in lines[-1]
    assert out == ""
    assert not (tmp_path / "page.md").exists()


# --- the page, and going on


def test_a_run_writes_the_page_and_another_measures_only_what_is_new(bench: Any, tmp_path: Path) -> None:
    options = ["--sets", "iris,quadratic", "--models", "snake,forest", "--layers", "2"]
    out, lines = bench(*options, "--seeds", "2")
    page = (tmp_path / "page.md").read_text()
    assert out.strip() in page
    assert [line.partition(": ")[2] for line in lines[:-1]] == [
        *("snake, seed 0", "snake, seed 1", "forest, seed 0", "forest, seed 1") * 2
    ]
    assert "nan" not in page.lower()

    again, lines = bench(*options, "--seeds", "2")
    assert len(lines) == 1, "nothing is measured again"
    assert quality_results(again) == quality_results(out)

    _, lines = bench(*options, "--seeds", "3")
    assert [line for line in lines if "seed" in line and "seed 2" not in line] == []

    _, lines = bench(*options, "--seeds", "3", "--bucket", "100")
    assert [line for line in lines if "forest" in line] == []
    assert sum("snake" in line for line in lines) == 6


def quality_results(out: str) -> list[str]:
    return [line for line in out.splitlines() if line.startswith("| ")]


def test_json_has_a_line_for_each_run(bench: Any) -> None:
    out, _ = bench("--sets", "wine", "--models", "forest", "--seeds", "2", "--json")
    report = json.loads(out)
    assert [(one["set"], one["model"], one["seed"]) for one in report["results"]] == [
        ("wine", "forest", 0),
        ("wine", "forest", 1),
    ]
    assert {"machine", "versions", "parameters"} <= report.keys()


def test_what_stands_around_the_markers_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{quality_table.BEGIN}\nold\n{quality_table.END}\nafter\n")
    quality_table.put_between_markers(page, "new")
    assert page.read_text() == f"before\n{quality_table.BEGIN}\nnew\n{quality_table.END}\nafter\n"


def test_a_page_without_markers_is_refused_before_anything_is_measured(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("mine")
    _, lines = bench(expected=cli.EXIT_BAD_INPUT)
    assert len(lines) == 1
    assert "page.md has no" in lines[0]
    assert (tmp_path / "page.md").read_text() == "mine"


def test_results_are_read_back_as_written(tmp_path: Path) -> None:
    results = [result("iris", "snake", seed, accuracy=0.9, auroc=0.95) for seed in range(2)]
    write_results(tmp_path / "results.json", results, {"seeds": 2})
    assert read_results(tmp_path / "results.json") == {one.key: one for one in results}


@pytest.mark.parametrize("content", ["[]", "{", '{"results": [{"set": "iris"}]}'])
def test_a_file_that_holds_no_results_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match=r"results.json is no file of results"):
        read_results(tmp_path / "results.json")


def test_the_table_shows_mean_and_deviation_and_marks_the_best() -> None:
    results = [result("iris", "snake", seed, accuracy=value) for seed, value in enumerate([0.9, 1.0])]
    results += [result("iris", "forest", seed, accuracy=0.9) for seed in range(2)]
    lines = quality_table.results_table(results).splitlines()
    assert lines[2] == "| iris | 100 | snake | **0.9500** ± 0.0707 |  |  | 0.5 ± 0 | 0.25 ± 0 |"
    assert "| forest | 0.9000 ± 0.0000 |" in lines[3]


def test_goals_beside_the_forest_follow_it() -> None:
    results = [result("diabetes", "snake", r2=0.44), result("diabetes", "forest", r2=0.45)]
    results += [result("wine", "snake", accuracy=0.99), result("breast-cancer", "snake", auroc=0.99)]
    table = quality_table.goals_table(results)
    assert "| diabetes r2 (the forest's -0.02) | 0.4300 | 0.4400 | met |" in table
    assert "| wine accuracy | 1.0000 | 0.9900 | **missed** |" in table
    assert "breast-cancer" not in table, "the forest was not measured there"
