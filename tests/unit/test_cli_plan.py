"""``snakebatch plan`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snakebatch import cli
from snakebatch.planner.constants import constants
from tests.unit.mesh.test_receipts import receipt


def test_json_has_both_models_with_the_same_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--rows", "1000000", "--layers", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    keys = {"peak_rate", "slots", "wall_s", "compute_usd", "reservation_usd", "total_usd"}
    assert set(found["seed_model"]) == keys
    assert keys < set(found["plan"])
    assert {name: round(value, 2) for name, value in found["seed_model"].items()} == {
        "peak_rate": 131.58,
        "slots": 81,
        "wall_s": 392.61,
        "compute_usd": 1.13,
        "reservation_usd": 0.62,
        "total_usd": 1.75,
    }
    choices = {"where", "tau", "leaf_rows", "packets", "waves", "max_concurrency", "memory_gb"}
    assert choices < set(found["plan"])
    assert found["why"]


def test_the_table_says_why_and_draws(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("plan.png", "plan.svg"):
        chart = tmp_path / name
        assert cli.main(["plan", "--rows=50000", "--where=mesh", f"--chart={chart}"]) == 0
        assert chart.stat().st_size > 5_000
    text = capsys.readouterr().out
    assert "v9's model" in text
    assert "What takes the time" in text
    assert "█" in text


def test_a_goal_that_can_t_be_met_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--rows=1000000", "--deadline=3", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["feasible"] is False
    assert "the nearest takes" in found["plan"]["reason"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "--rows"),
        (["--rows=0"], "--rows"),
        (["--rows=10", "--chart=x.pdf"], ".png or .svg"),
        (["--rows=10", "--region=mars-1"], "mars-1"),
        (["--rows=10", "--constants=/none"], "/none"),
        (["--rows=10", "--deadline=-1"], "--deadline"),
        (["--rows=10", "--memory=99"], "--memory"),
        (["--rows=10", "--tau=x"], "--tau"),
        (["--rows=10", "--slots=5", "--where=machine"], "slots"),
        (["--rows=10", "--slots=5", "--where=lambda"], "slots"),
        (["--calibrate", "/none.json"], "/none.json"),
    ],
)
def test_bad_input_is_named_in_one_line(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", *argv]) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert shown.err.count("\n") == 1


def test_what_was_asked_for_is_not_told_as_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--rows=1000000", "--where=mesh", "--slots=60", "--levels-per-wave=3", "--json"]
    assert cli.main(["plan", *asked]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["levels_per_wave"] == 3
    assert "60 slots, as asked: others were not weighed." in found["why"]


def test_calibrated_constants_are_planned_with(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    written = tmp_path / "receipt.json"
    written.write_text(json.dumps(receipt(3.0)))
    assert cli.main(["plan", "--calibrate", str(written)]) == 0
    fitted = tmp_path / "constants.json"
    fitted.write_text(capsys.readouterr().out)
    assert json.loads(fitted.read_text())["constants"]["leaf_row"] == pytest.approx(
        3 * constants().leaf_row, rel=0.01
    )
    walls = []
    for more in ([], [f"--constants={fitted}"]):
        assert cli.main(["plan", "--rows=1000000", "--where=mesh", "--json", *more]) == 0
        walls.append(json.loads(capsys.readouterr().out)["plan"]["wall_s"])
    assert walls[1] > 1.2 * walls[0]


def test_the_figures_of_the_seeds_and_their_replays(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--figures"]) == 0
    text = capsys.readouterr().out
    assert "| does not follow |" in text
    assert "v9 at 7,500 x 25L" in text
    assert "$1,057" in text
    assert cli.main(["plan", "--figures", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"figures", "v9", "incident"} == set(found)
