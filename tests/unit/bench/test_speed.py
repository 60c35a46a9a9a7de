"""`snakebatch bench speed`: what it measures and how it shows it; how long anything takes is not tested."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from snakebatch import cli
from snakebatch.bench import figures, large, large_child, speed
from snakebatch.bench.figures import Figure
from snakebatch.bench.matrices import ordinal_matrices
from snakebatch.bench.timing import alternating_medians
from snakebatch.errors import BenchError


def scripted(*moments: float) -> Callable[[], float]:
    """A timer that tells these moments, one after the other."""
    return iter(moments).__next__


def test_the_calls_take_turns_after_a_round_that_does_not_count() -> None:
    called: list[str] = []
    calls = {name: lambda name=name: called.append(name) for name in "ab"}
    timer = scripted(0, 1, 10, 12, 20, 25, 30, 34, 40, 43, 50, 56)

    medians = alternating_medians(calls, 3, timer)

    assert called == list("abababab")
    assert medians == {"a": 3, "b": 4}


def test_every_case_is_measured_from_dicts_and_from_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "speed", "--rows", "60", "--repeats", "1", "--json"]) == 0

    printed = capsys.readouterr()
    report = json.loads(printed.out)
    results = report["results"]
    assert [(one["set"], one["measure"], one["source"]) for one in results] == [
        (name, measure, source)
        for name in ("binary-gaussian", "three-class-mixed", "quadratic", "digits")
        for measure in ("fit", "predict")
        for source in ("dicts", "arrays")
    ]
    assert [one["goal"] for one in results if one["measure"] == "fit"] == [
        *(0.35, 0.25, 0.35, 0.25),
        *(0.45, 0.35, 1.0, 1.0),
    ]
    assert {one["goal"] for one in results if one["measure"] == "predict"} == {1.0}
    for one in results:
        assert one["value"] == one["snake_s"] / one["forest_s"]
        assert one["rows"] == 60
    assert {"processor", "cores", "python"} <= report["machine"].keys()
    assert {"engine", "scikit-learn"} <= report["versions"].keys()
    assert "digits" in printed.err


def test_the_table_has_the_goal_beside_each_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "speed", "--rows", "60", "--repeats", "1", "--sets", "quadratic"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["set", "measure", "from"]
    assert ["<= 0.45" in lines[1], "<= 0.35" in lines[2], "<= 1" in lines[3]] == [True] * 3
    assert all(line.endswith(("met", "MISSED")) for line in lines[1:5])


@pytest.mark.parametrize(("value", "judged"), [(0.3, "met"), (0.4, "MISSED")])
def test_a_goal_is_the_most_that_a_figure_may_be(value: float, judged: str) -> None:
    shown = figures.table([Figure("s", "fit", "dicts", 10, 2, value, "ratio", 0.35)])
    assert shown.splitlines()[1].split()[-1] == judged


def test_a_set_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "speed", "--sets", "moons"]) == cli.EXIT_BAD_INPUT
    assert "'moons'; choose among binary-gaussian" in capsys.readouterr().err


def test_texts_become_ranks_for_the_forest() -> None:
    taught, asked = (
        [{"y": 1, "t": "b", "n": 2.0}, {"y": 0, "t": "a", "n": 3.0}],
        [{"y": 0, "t": "c", "n": 4.0}],
    )
    here, there = ordinal_matrices(taught, asked, "y")
    assert here.tolist() == [[1, 2], [0, 3]]
    assert there.tolist() == [[2, 4]]


# --- large tables


def test_a_large_table_gives_seconds_peak_growth_and_the_ratio() -> None:
    seconds = {("snake", 100_000): 2.0, ("snake", 10_000): 0.25, ("forest", 100_000): 16.0}

    def train(model: str, kind: str, rows: int) -> dict[str, float]:
        return {"seconds": seconds[model, rows], "peak_mib": 280.0}

    found = large.measure_large(large.SIZES["large"], "overlap", lambda _: None, train)

    assert [(one.measure, one.value, one.unit, one.goal) for one in found] == [
        ("fit", 2.0, "s", 3),
        ("peak", 280.0, "MiB", 300),
        ("growth from 10,000", 8.0, "ratio", 10),
        ("fit", 0.125, "ratio", 0.2),
    ]
    assert all(one.met for one in found)


def test_a_million_rows_are_not_given_to_the_forest() -> None:
    asked: list[tuple[str, int]] = []

    def train(model: str, kind: str, rows: int) -> dict[str, float]:
        asked.append((model, rows))
        return {"seconds": 46.0, "peak_mib": 2000.0}

    found = large.measure_large(large.SIZES["huge"], "regression", lambda _: None, train)

    assert asked == [("snake", 1_000_000)]
    assert [(one.unit, one.goal, one.met) for one in found] == [("s", 45, False), ("MiB", 2048, True)]


@pytest.mark.parametrize("model", ["snake", "forest"])
def test_a_child_process_trains_and_tells_its_peak(model: str) -> None:
    found = large.train_in_child(model, "overlap", 200)
    assert found["peak_mib"] >= found["peak_before_mib"] > 1
    assert math.isfinite(found["seconds"])


def test_a_child_that_fails_is_an_error_that_says_why() -> None:
    with pytest.raises(BenchError, match="ended with code 1: KeyError: 'oak'"):
        large.train_in_child("oak", "overlap", 200)


@pytest.mark.parametrize("kind", large.KINDS)
def test_a_kind_is_the_same_table_each_time(kind: str) -> None:
    features, targets = large_child.make_table(kind, 300, large.COLUMNS)
    again, targets_again = large_child.make_table(kind, 300, large.COLUMNS)
    assert features.shape == (300, 20)
    assert np.array_equal(features, again)
    assert np.array_equal(targets, targets_again)
    assert (len(set(targets.tolist())) == 2) is (kind != "regression")


def test_only_the_large_tables_if_no_set_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def measure(size: large.Size, kind: str, *_: object) -> list[Figure]:
        asked.append(f"{size.name} {kind}")
        return []

    monkeypatch.setattr(large, "measure_large", measure)
    command = ["bench", "speed", "--sets", "-", "--large", "--huge", "--kinds", "separable,overlap"]
    assert cli.main([*command, "--json"]) == 0
    assert asked == ["large separable", "large overlap", "huge separable", "huge overlap"]
    assert json.loads(capsys.readouterr().out)["results"] == []


def test_digits_are_the_wide_case() -> None:
    case = speed.CASES["digits"](5000)
    assert (len(case.taught), len(case.taught[0]), len(case.asked)) == (1797, 65, 1000)
