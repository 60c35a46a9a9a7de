"""``snakebatch train`` over a fake cloud: what it asks for, follows, prints and leaves behind."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from snakebatch import cli, cli_train
from snakebatch.cli_progress import Bars, Watch
from snakebatch.cli_train import TrainingFailedError
from snakebatch.clock import SimulatedClock
from snakebatch.errors import InputError, PlanError
from tests.support.fake_cloud import ARN, FakeCloud, failing, succeeding
from tests.support.plugins import LICENSED, installed

MODEL_TEXT = json.dumps(
    {
        "version": "5.4.8",
        "stripped": False,
        "population": [{"y": "a", "x": 1.0}, {"y": "b", "x": 2.0}],
        "header": ["y", "x"],
        "target": "y",
        "targets": ["a", "b"],
        "datatypes": ["T", "N"],
        "config": {"n_layers": 1, "bucket": 250},
        "layers": [
            [
                {
                    "condition": None,
                    "members": [0, 1],
                    "origins": ["c", "c"],
                    "clauses": [[[1, 1.5, True, "N"]], [[1, 1.5, False, "N"]]],
                    "lookalikes": {"0": [[0]], "1": [[1]]},
                }
            ]
        ],
        "log": "",
    }
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("x,y\n1,a\n2,b\n")
    return tmp_path


def arguments(*more: str) -> argparse.Namespace:
    return cli.build_parser().parse_args(
        ["train", "table.csv", "--target", "y", "--out", "new/m.json", *more]
    )


def run(cloud: FakeCloud, *more: str) -> int:
    return cli_train.run(arguments(*more), cloud.opener(), SimulatedClock())


def test_the_engine_is_the_clouds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = succeeding(MODEL_TEXT)
    monkeypatch.setattr(cli_train, "open_embedded_cloud", cloud.opener())
    for name in ("snakebatch", "licensed"):
        with installed(LICENSED):
            assert cli_train.run(arguments("--engine", name), clock=SimulatedClock()) == 0
        assert cloud.engine == name


def test_arguments_become_the_execution_input(folder: Path) -> None:
    cloud = succeeding(MODEL_TEXT)
    run(
        cloud,
        "--layers=3",
        "--bucket=9",
        "--tau=99",
        "--seed=4",
        "--leaf-grain=bucket",
        "--levels-per-wave=1",
        "--slots=12",
        "--slots-required",
    )
    assert cloud.uploaded == [Path("table.csv")]
    assert cloud.inputs == [
        {
            "dataset": "s3://jobs/datasets/table.csv",
            "target": "y",
            "n_layers": 3,
            "bucket": 9,
            "tau": 99,
            "seed": 4,
            "oppose_profile": "auto",
            "lookahead": 5,
            "leaf_grain": "bucket",
            "levels_per_wave": 1,
            "slots": 12,
            "slots_required": True,
        }
    ]


def test_the_model_is_whole_and_alone_in_its_folder(folder: Path) -> None:
    cloud = succeeding(MODEL_TEXT)
    assert run(cloud) == 0
    assert cloud.closed
    assert [path.name for path in (folder / "new").iterdir()] == ["m.json"]
    assert (folder / "new/m.json").read_text() == MODEL_TEXT


def test_the_summary_says_what_came_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(succeeding(MODEL_TEXT, warnings=["one class only"]))
    printed = capsys.readouterr()
    for expected in (
        "8 (2 duplicates dropped, 1 of them with another target)",
        "accuracy 100.00 % on 2 rows",
        "Stage 0.5, Divide 2.5, Leaf 2.0, Gather 0.2",
        "new/m.json",
        "warning: one class only",
    ):
        assert expected in printed.out
    assert printed.err.splitlines() == [
        "Divide, wave 1: 2/2 packets, 1.5 s",
        "Divide, wave 2: 4/4 packets, 1.5 s",
        "Leaf, wave 1: 3/3 packets, 1.5 s",
    ]


def test_json_is_one_object_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(succeeding(MODEL_TEXT), "--json")
    summary = json.loads(capsys.readouterr().out)
    assert summary["model"] == "new/m.json"
    assert summary["training"] == {"metric": "accuracy", "value": 1.0, "rows": 2}
    assert summary["seconds_by_state"] == {"Stage": 0.5, "Divide": 2.5, "Leaf": 2.0, "Gather": 0.25}
    assert [(wave["state"], wave["wave"], wave["packets"]) for wave in summary["waves"]] == [
        ("Divide", 1, 2),
        ("Divide", 2, 4),
        ("Leaf", 1, 3),
    ]


@pytest.mark.parametrize(("name", "kind"), [("InputError", InputError), ("PlanError", PlanError)])
def test_what_the_workflow_refuses_is_the_callers_to_mend(
    name: str, kind: type[Exception], folder: Path
) -> None:
    with pytest.raises(kind, match="row 3"):
        run(failing(name, "row 3 is odd"))
    assert not (folder / "new").exists()


def test_what_is_wrong_with_a_large_table_names_its_file(folder: Path) -> None:
    with pytest.raises(InputError, match=r"table\.csv: row 3"):
        run(failing("InputError", "row 3 is odd"))


def test_a_failure_inside_ends_with_one_line_and_a_log(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = failing("MeshError", "a packet is lost\nand more")
    monkeypatch.setattr(cli.tempfile, "tempdir", str(folder))
    monkeypatch.setattr(cli_train, "open_embedded_cloud", cloud.opener())
    assert cli.main(["train", "table.csv", "--target", "y", "--out", "new/m.json"]) == cli.EXIT_FAILED
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "MeshError: a packet is lost and more" in line
    log = next(folder.glob("snakebatch-*.log"))
    assert str(log) in line
    assert "a packet is lost" in log.read_text()
    assert not (folder / "new").exists()


def test_the_graph_of_a_training_is_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(succeeding(MODEL_TEXT), "--graph", "new/run.svg") == 0
    assert "graph      new/run.svg" in capsys.readouterr().out
    assert 'class="state map succeeded holds" data-state="Leaf"' in (folder / "new/run.svg").read_text()


def test_the_graph_of_a_failure_is_drawn_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingFailedError):
        run(failing("MeshError", "a packet is lost"), "--graph", "run.html")
    assert "what the workflow did is drawn in run.html" in capsys.readouterr().err
    page = (folder / "run.html").read_text()
    assert 'class="state task failed" data-state="Stage"' in page
    assert "MeshError: a packet is lost" in page


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("run.bmp", "tells no kind of picture"),
        ("/dev/null/run.svg", "can't be written"),
        ("table.csv/", "kind"),
    ],
)
def test_a_picture_that_can_not_be_is_refused_before_the_training(name: str, says: str, folder: Path) -> None:
    cloud = succeeding(MODEL_TEXT)
    with pytest.raises(InputError, match=says):
        run(cloud, "--graph", name)
    assert not cloud.uploaded


class _Interrupting(SimulatedClock):
    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_stops_the_execution_and_the_cloud(folder: Path) -> None:
    cloud = succeeding(MODEL_TEXT)
    with pytest.raises(KeyboardInterrupt):
        cli_train.run(arguments(), cloud.opener(), _Interrupting())
    assert [stop["executionArn"] for stop in cloud.sfn.stopped] == [ARN]
    assert cloud.closed
    assert not (folder / "new").exists()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_bar_a_wave() -> None:
    cloud, screen = succeeding(MODEL_TEXT), _Terminal()
    watch, bars = Watch(cloud.sfn, ARN), Bars(screen)
    while True:
        status = cloud.sfn.describe_execution(executionArn=ARN)["status"]
        watch.update()
        bars.show(watch)
        if status != "RUNNING":
            break
    bars.close()
    frames = screen.getvalue().split("\r\x1b[K")
    assert "Stage ..." in frames
    assert any("############............] 1/2 packets" in frame for frame in frames)
    assert sum(frame.endswith("\n") for frame in frames) == 3
