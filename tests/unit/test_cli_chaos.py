"""``snakebatch chaos``: its arguments, its output and its exit code; the runs themselves are replaced."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from snakebatch import cli
from snakebatch.chaos import campaign as campaigns
from snakebatch.chaos.campaign import Campaign, Tell, no_new_threads
from snakebatch.chaos.plan import plan
from snakebatch.chaos.verdict import TRAINED, Ended, Outcome

MODEL = b"{}"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the command asks for; run 3 of each campaign makes another model."""
    calls: list[Any] = []

    def campaign(seed: str, numbers: Sequence[int], lanes: int, tell: Tell) -> Campaign:
        calls.append((seed, list(numbers), lanes))
        done = Campaign(seed)
        for number in numbers:
            ended = Ended(TRAINED, model=b"[]" if number == 3 else MODEL)
            done.outcomes[number] = Outcome(plan(seed, number), [ended], [], MODEL)
            tell(done.outcomes[number])
        return done

    monkeypatch.setattr(campaigns, "campaign", campaign)
    return calls


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ("1", list(range(1, 201)), 2)),
        (["--seed", "x", "--runs", "2"], ("x", [1, 2], 2)),
        (["--seed", "x_2-y", "--run", "17", "--lanes", "1"], ("x_2-y", [17], 1)),
    ],
)
def test_what_is_run(asked: list[Any], arguments: list[str], expected: Any) -> None:
    cli.main(["chaos", *arguments])
    assert asked == [expected]


@pytest.mark.parametrize(
    "arguments",
    [["--seed", ""], ["--seed", "a b"], ["--seed", "é"], ["--runs", "0"], ["--runs", "1", "--run", "1"]],
)
def test_bad_arguments_are_named(asked: list[Any], arguments: list[str]) -> None:
    assert cli.main(["chaos", *arguments]) == 2
    assert asked == []


def test_all_well_is_code_0_and_a_table(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chaos", "--seed", "s", "--runs", "2"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("kind ")
    assert "2 runs of seed s" in out
    assert "run 1: 0 faults, SUCCEEDED: ok" in err


def test_a_run_that_failed_is_code_1_and_named_with_its_command(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["chaos", "--seed", "s", "--runs", "4"]) == 1
    assert "run 3 FAILED; again: snakebatch chaos --seed s --run 3" in capsys.readouterr().out


def test_machines_get_json(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chaos", "--seed", "s", "--runs", "4", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["runs"], said["wrong_models"], said["lost_leaves"]) == (4, 1, 0)
    assert [failed["run"] for failed in said["failed"]] == [3]


def test_a_thread_that_is_left_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "_POLLS", 1)
    left: list[str] = []
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="forgotten")
    with no_new_threads(left):
        thread.start()
    over.set()
    thread.join()
    assert left == ["thread forgotten"]
