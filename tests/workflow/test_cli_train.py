"""``snakebatch train`` as a user calls it, through the whole embedded cloud."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake, cli, files
from snakebatch.files import find_table
from tests.support.datasets import quadratic, three_class_mixed, write_csv
from tests.support.plugins import LICENSED, installed
from tests.support.signals import heeded_by_children

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "snakebatch", "train")
PARAMETERS = ("--bucket=40", "--tau=100", "--layers=3")


def environment(packages: tuple[Path, ...] = ()) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, *packages)))}


def run(folder: Path, *argv: str, packages: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *argv],
        cwd=folder,
        env=environment(packages),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def summary(finished: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)  # type: ignore[no-any-return]  # it is checked key by key


def test_penguins_train_to_the_bytes_of_one_process(tmp_path: Path) -> None:
    found = summary(
        run(
            tmp_path,
            "penguins",
            "--target=species",
            *PARAMETERS,
            "--out=new/p.json",
            "--graph=run.svg",
            "--json",
        )
    )
    assert found["training"] == {"metric": "accuracy", "value": 1.0, "rows": 344}
    assert (found["rows"], found["duplicates"], found["layers"]) == (344, 0, 3)
    assert found["leaves"] >= 3 * 344 / 100
    assert {"Stage", "Divide", "Leaf", "Gather", "Settle"} <= set(found["seconds_by_state"])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["p.json"]

    graph = (tmp_path / found["graph"]).read_text()
    for name in found["seconds_by_state"]:
        assert re.search(rf'class="state \w+ succeeded( holds)?" data-state="{re.escape(name)}"', graph), name

    table = str(find_table("penguins"))
    local = Snake(table, "species", n_layers=3, bucket=40, tau=100, noise=0, seed=found["seed"])
    local.to_json(tmp_path / "local.json")
    assert (tmp_path / "new/p.json").read_bytes() == (tmp_path / "local.json").read_bytes()


def test_the_licensed_engine_makes_the_leaves_of_the_whole_workflow(tmp_path: Path) -> None:
    write_csv(three_class_mixed(300), tmp_path / "data.csv")
    argv = ("data.csv", "--target=y", *PARAMETERS, "--engine=licensed", "--out=l.json", "--json")
    found = summary(run(tmp_path, *argv, packages=(LICENSED,)))
    assert found["training"]["value"] == 1.0
    with installed(LICENSED):
        local = Snake(
            str(tmp_path / "data.csv"), "y", n_layers=3, bucket=40, tau=100, noise=0, engine="licensed"
        )
    local.to_json(tmp_path / "local.json")
    assert (tmp_path / "l.json").read_bytes() == (tmp_path / "local.json").read_bytes()


def test_the_readme_shows_what_make_train_prints(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    (recipe,) = [line for line in makefile.splitlines() if "snakebatch train" in line]
    argv = recipe.split("snakebatch train ")[1].replace("$(ARGS)", "").split()
    finished = run(tmp_path, *argv)
    assert finished.returncode == 0, finished.stderr
    readme = (ROOT / "README.md").read_text()
    for line in finished.stdout.splitlines():
        title = line[:10].rstrip()
        if title in ("wall time", "on AWS"):  # they tell seconds
            assert f"\n{title} " in readme
        else:
            assert line in readme


def test_a_number_is_summed_up_by_r2_and_progress_goes_to_stderr(tmp_path: Path) -> None:
    write_csv(quadratic(300), tmp_path / "data.csv")
    finished = run(tmp_path, "data.csv", "--target=y", *PARAMETERS)
    assert finished.returncode == 0, finished.stderr
    assert "R2 1.0000 on 300 rows" in finished.stdout
    assert "Divide, wave 1: " in finished.stderr
    assert "Leaf, wave 1: " in finished.stderr
    assert (tmp_path / "model.json").exists()


@pytest.mark.parametrize("content", ["x,y\n1,a\n2,a\n3,a\n", "x,y\n1,a\n"])
def test_one_class_or_one_row_trains_with_a_warning(content: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(content)
    found = summary(run(tmp_path, "data.csv", "--target=y", "--json"))
    assert any("one class" in warning for warning in found["warnings"])
    assert Snake(str(tmp_path / "model.json")).get_prediction({"x": 9}) == "a"


def test_what_stage_refuses_ends_as_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "SMALL_TABLE", 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,y\n1,a\ninf,b\n")
    assert cli.main(["train", "data.csv", "--target", "y"]) == cli.EXIT_BAD_INPUT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "row 2, column 'x'" in printed.err
    assert printed.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupt_leaves_nothing_behind(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    write_csv(quadratic(2000), tmp_path / "data.csv")
    argv = [
        *COMMAND,
        "data.csv",
        "--target=y",
        "--layers=30",
        "--tau=50",
        "--bucket=10",
        "--levels-per-wave=1",
    ]
    with heeded_by_children():
        started = subprocess.Popen(
            argv, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    with started as command:
        assert command.stderr is not None
        assert command.stderr.readline().startswith("Divide, wave 1")
        os.killpg(command.pid, sent)
        rest = command.stderr.read()
        assert command.wait(timeout=120) == code, rest
    assert "Traceback" not in rest
    with pytest.raises(ProcessLookupError):
        os.killpg(command.pid, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]
