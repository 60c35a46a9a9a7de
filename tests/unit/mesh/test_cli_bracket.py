"""``snakebatch bracket``: what it asks of the deployed function, and what it says of the answers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from snakebatch import cli, cli_bracket
from snakebatch.clock import SimulatedClock
from snakebatch.errors import BracketError, CloudError, InputError, PlanError
from snakebatch.local.lambdas.errors import EXCEPTIONS, client_error
from tests.support.brackets import BracketBench


class FakeLambda:
    """Answers invocations with what a function of the event returns or raises, as Lambda reports it."""

    exceptions = EXCEPTIONS

    def __init__(self, handler: Callable[..., dict[str, Any]], name: str = "snakebatch-bracket") -> None:
        self.handler = handler
        self.name = name
        self.events: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:
        if (FunctionName, Qualifier) != (self.name, "live"):
            raise client_error("ResourceNotFoundException", 404, f"Function not found: {FunctionName}")
        event = json.loads(Payload)
        self.events.append(event)
        try:
            answer, failed = self.handler(**event), {}
        except Exception as error:
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
            failed = {"FunctionError": "Unhandled"}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}


Command = Callable[..., dict[str, Any]]


@pytest.fixture
def fake(bench: BracketBench, monkeypatch: pytest.MonkeyPatch) -> FakeLambda:
    """The bracket function behind the command's client; its waits are simulated."""
    client: Any = FakeLambda(bench.run)

    def deployed(prefix: str, stack: str | None, region: str | None) -> cli_bracket.BracketFunction:
        return cli_bracket.BracketFunction(client, prefix if stack is None else f"of-{stack}")

    monkeypatch.setattr(cli_bracket, "deployed", deployed)
    monkeypatch.setattr(cli_bracket, "SystemClock", lambda: bench.clock)
    fake: FakeLambda = client
    return fake


def test_a_session_is_opened_listed_and_closed(
    fake: FakeLambda, bench: BracketBench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bracket", "open", "--slots", "12", "--minutes", "30", "--session", "noon"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("12 slots are ready in session noon until 20")
    assert "$0.42" in printed.out, "12 slots x 4 GB x 1,800 s x $0.0000048673"
    assert len(bench.on) == 12
    assert [event["action"] for event in fake.events] == ["open", *["ready"] * 6]

    bench.run("admit", execution="a", packets=1000, joins_session=True)
    assert cli.main(["bracket", "list"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("session/noon: 12 slots, ready, until 20")
    assert first.endswith("used by a")
    assert last == "1 executions hold the spawn budget, 0 wait"

    assert cli.main(["bracket", "close", "--session", "noon"]) == 0
    assert capsys.readouterr().out.startswith("session noon is closed: 12 slots, 2 minutes, $0.")
    assert bench.on == {}
    assert cli.main(["bracket", "close", "--session", "noon"]) == 0
    assert capsys.readouterr().out == "session noon was not open\n"


@pytest.mark.parametrize(("told", "usd"), [({"memory_gb": 10.0}, "$1.05"), ({}, "$0.42")])
def test_slots_cost_by_the_memory_of_the_shards(
    fake: FakeLambda, capsys: pytest.CaptureFixture[str], told: dict[str, float], usd: str
) -> None:
    """As the deployed function tells it; one of an older version does not."""
    answers = fake.handler

    def deployed(**event: Any) -> dict[str, Any]:
        answer = {name: value for name, value in answers(**event).items() if name != "memory_gb"}
        return answer | told

    fake.handler = deployed
    assert cli.main(["bracket", "open", "--slots", "12", "--minutes", "30"]) == 0
    assert usd in capsys.readouterr().out


def test_json_is_one_object(fake: FakeLambda, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bracket", "open", "--slots", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["session"], answer["slots"], answer["ready"]) == ("default", 2, True)
    assert cli.main(["bracket", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["brackets"][0]["holder"] == "session/default"


def test_slots_that_can_not_be_had_are_refused_in_one_line(
    fake: FakeLambda, bench: BracketBench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.provisioned.account_limit = 10
    assert cli.main(["bracket", "open", "--slots", "12"]) == cli.EXIT_BAD_INPUT
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "12 provisioned slots can't be had" in printed.err
    assert bench.on == {}


def test_who_stops_waiting_leaves_nothing_on(
    fake: FakeLambda, bench: BracketBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli_bracket, "SystemClock", Impatient)
    assert cli.main(["bracket", "open", "--slots", "3"]) == cli.EXIT_INTERRUPTED
    assert bench.on == {}


def test_closing_is_repeated_while_another_switches(
    fake: FakeLambda, bench: BracketBench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.open_until_ready(session="default", slots=3)
    assert bench.function().switching._take("another")
    assert cli.main(["bracket", "close"]) == 0
    assert bench.on == {}


def test_a_stack_that_is_not_there_is_named(fake: FakeLambda, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bracket", "list", "--prefix", "other"]) == cli.EXIT_BAD_INPUT
    assert "there is no function other-bracket" in capsys.readouterr().err
    assert cli.main(["bracket", "list", "--stack", "mine"]) == cli.EXIT_BAD_INPUT
    assert "of-mine-bracket" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [["open"], ["open", "--slots", "0"], ["open", "--slots", "1", "--minutes", "0"], []]
)
def test_what_it_does_not_understand_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bracket", *argv]) == cli.EXIT_BAD_INPUT
    assert capsys.readouterr().err.count("\n") == 1


class Stacks:
    """CloudFormation's client, with one stack."""

    def __init__(self, parameters: list[dict[str, str]]) -> None:
        self.parameters = parameters

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": StackName, "Parameters": self.parameters}]}


def test_a_stack_s_prefix_is_its_parameter() -> None:
    stack = Stacks([{"ParameterKey": "Prefix", "ParameterValue": "mine"}])
    assert cli_bracket._prefix_of(stack, "any") == "mine"
    with pytest.raises(InputError, match="no parameter Prefix"):
        cli_bracket._prefix_of(Stacks([]), "any")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (PlanError("no"), PlanError),
        (BracketError("later"), BracketError),
        (ValueError("surprise"), CloudError),
    ],
)
def test_the_function_s_errors_keep_their_names(raised: Exception, expected: type[Exception]) -> None:
    def handler(**event: object) -> dict[str, Any]:
        raise raised

    client: Any = FakeLambda(handler)
    with pytest.raises(expected, match=str(raised)):
        cli_bracket.BracketFunction(client, "snakebatch")("list")
