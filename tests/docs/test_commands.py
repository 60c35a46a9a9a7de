"""Every command of the pages is run: here, or by the test that claims it (see tests/docs/ways.py)."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import boto3
import matplotlib
import pytest

from snakebatch import Snake
from snakebatch.local.sfn_server import serve
from tests.docs import aws_lines
from tests.docs.pages import Block, Command, commands, commands_of, spoken
from tests.docs.snippets import unclaimed, usual_names
from tests.docs.spoken import missing
from tests.docs.stage import Mesh, Stage, filled, make_stack, mesh, prepare
from tests.docs.ways import WAYS, Claimed, Runs, faults, pattern_of, way_of
from tests.support.api import KEY
from tests.support.credentials import TEST_ACCOUNT
from tests.support.handlers import ROOT
from tests.support.quick_moto import mock_aws

MAKE = sorted({shlex.join(command.words) for command in commands() if command.words[0] == "make"})


def running(on: str) -> list[tuple[Command, Runs]]:
    """The commands that are run in one place, each text once, in the order of the pages."""
    found = {command.text: command for command in reversed(commands())}
    ways = [(command, way_of(command)) for command in reversed(found.values())]
    return [(command, way) for command, way in ways if isinstance(way, Runs) and way.on == on]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of whoever follows the pages."""
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_has_somebody_who_runs_it() -> None:
    assert len(commands()) > 50
    assert [str(command) for command in commands() if way_of(command) is None] == []


def test_every_way_is_gone() -> None:
    assert WAYS.keys() - {pattern_of(command) for command in commands()} == set()


@pytest.mark.parametrize("claim", {way: None for way in WAYS.values() if isinstance(way, Claimed)}, ids=str)
def test_a_claim_is_true(claim: Claimed) -> None:
    assert faults(claim) == []


def test_a_claim_that_is_not_true_is_found() -> None:
    assert faults(Claimed("tests/none.py", ("x",))) == ["there is no tests/none.py"]
    (no_test, no_text) = faults(Claimed(".ci/run::test_x", ("make what is not there",)))
    assert "has no test test_x" in no_test
    assert "does not say" in no_text


def test_what_is_spoken_of_in_passing_is_there() -> None:
    assert len(spoken()) > 50
    assert [problem for command in spoken() if (problem := missing(command))] == []


@pytest.mark.slow
def test_commands_of_this_machine(folder: Path) -> None:
    stage = Stage(folder)
    for command, way in running("machine"):
        stage.run(command, way.small)
    assert Snake("y.model.json").targets
    assert "<svg" in (folder / "train.svg").read_text()
    assert (folder / "predict-batch.mermaid").read_text().startswith("flowchart")


def test_commands_of_an_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stack, and a message that no gatherer would take."""
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    told: dict[str, str] = {}
    stage = Stage(folder)
    with mock_aws():
        queue = make_stack("snakebatch")["ReportsDeadLettersUrl"]
        stage.known["ID"] = boto3.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")["MessageId"]
        for command, way in running("account"):
            told[" ".join(command.words[:3])] = stage.run(command, way.small)
    assert "laptop" in told["snakebatch keys list"]
    assert "revoked" in told["snakebatch keys revoke"]
    assert told["snakebatch dead-letters list"].startswith("1 dead letters")
    assert stage.known["ID"] in told["snakebatch dead-letters show"]


@pytest.mark.slow
def test_commands_and_python_of_a_mesh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAKEBATCH_KEY", KEY)
    with mesh(folder) as stage:
        for command, way in running("mesh"):
            {"snakebatch": stage.run, "aws": stage.ask_aws, "curl": stage.curl}[command.words[0]](
                command, way.small
            )
        with serve(stage.cloud.sfn) as states:
            for name, value in stage.variables(states.url).items():
                monkeypatch.setenv(name, value)
            run_snippets(stage)
    assert Snake("model.json").targets


def run_snippets(stage: Mesh) -> None:
    """Run the Python of the pages, each page's blocks one after the other."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    for page in {block.page: None for block in unclaimed()}:
        names = usual_names()
        for block in (block for block in unclaimed() if block.page == page):
            text = filled(block.text, stage.known | {"http://127.0.0.1:8100": stage.known["URL"]})
            exec(compile(text, block.where, "exec"), names)
    pyplot.close("all")


@pytest.mark.parametrize("words", MAKE, ids=str)
def test_make_hands_on_to_a_command(words: str) -> None:
    """``make -n`` says what would be run; what it hands ARGS to gets them."""
    command = ["make", "-n", *shlex.split(words.partition(" ")[2])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    given = [word.partition("=")[2] for word in command if word.startswith("ARGS=")]
    assert all(text in done.stdout for text in given)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("snakebatch trian", "there is no snakebatch trian"),
        ("snakebatch bracket open --slot 3", "snakebatch bracket open has no --slot"),
        ("make tset", "make has no tset"),
        ("sam launch x", "sam has no launch"),
        ("aws stepfunctions begin", "aws stepfunctions has no begin"),
        ("pip install 'snakebatch[plots]'", "there is no extra plots"),
        ("python -m gatherers", "there is no module gatherers"),
    ],
)
def test_what_is_not_there_is_found(line: str, problem: str) -> None:
    assert missing(Command("page", 1, tuple(line.split()))) == f"page:1: {line}: {problem}"


def test_a_call_that_the_service_would_refuse_is_found() -> None:
    start = ("aws", "stepfunctions", "start-execution")
    with pytest.raises(AssertionError, match="has no --arn"):
        aws_lines.call_of((*start, "--arn", "a"))
    with pytest.raises(AssertionError, match="stateMachineArn"):
        aws_lines.call_of((*start, "--input", "{}"))


def test_blocks_are_told_apart() -> None:
    def texts(language: str, text: str) -> list[str]:
        return [command.text for command in commands_of(Block("page", 1, language, text))]

    assert texts("", "rows --stage--> population\n") == []
    assert texts("", ".venv/bin/snakebatch serve  # why\nwhat is this\n") == [
        "snakebatch serve",
        "what is this",
    ]
    assert texts("text", "make test\n") == []
    assert texts("sh", "a \\\n  'b c' && d # e\n") == ["a b c", "d"]
    assert texts("console", "$ make train\nrows 344\n$ make test\n") == ["make train", "make test"]
