"""Dead letters: told apart, put back where they would be taken, and never lost on the way."""

from __future__ import annotations

import argparse
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from snakebatch import cli_dead_letters
from snakebatch.cli import build_parser
from snakebatch.errors import InputError
from snakebatch.mesh.dead_letters import DeadLetters
from tests.support.mesh import BUCKET, MeshBench
from tests.unit.mesh.test_gatherer import drain, trained
from tests.unit.mesh.test_messages import LEAF

OUTDATED = "FingerprintError"


@pytest.fixture
def letters(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> DeadLetters:
    # The mock has all messages at hand, and would really wait.
    monkeypatch.setattr("snakebatch.mesh.dead_letters.LONG_POLL_SECONDS", 0)
    return DeadLetters(mesh.sqs, mesh.dlq_url, mesh.queue_url, mesh.store)


def refuse(mesh: MeshBench, body: str, reason: str | None = "MeshError: as it was then") -> None:
    """Put a message where the gatherer, or SQS itself, would."""
    said: Any = {} if reason is None else {"reason": {"DataType": "String", "StringValue": reason}}
    mesh.sqs.send_message(QueueUrl=mesh.dlq_url, MessageBody=body, MessageAttributes=said)


def four_kinds(mesh: MeshBench) -> None:
    """A leaf and a token of a job that is there, a leaf of one that is not, and no message at all."""
    _, asked = trained(mesh)
    leaf = mesh.received()[0]
    refuse(mesh, leaf.sealed())
    refuse(mesh, json.dumps(asked.body()), reason=None)
    refuse(mesh, LEAF.sealed())
    refuse(mesh, "no message")


def ask(letters: DeadLetters, *words: str, capsys: pytest.CaptureFixture[str]) -> Any:
    arguments = build_parser().parse_args(["dead-letters", *words, "--json"])
    assert cli_dead_letters.run(arguments, letters) == 0
    return json.loads(capsys.readouterr().out)


def test_each_is_told_apart_with_its_reason(
    mesh: MeshBench, letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    four_kinds(mesh)
    for _ in range(2):  # looking takes nothing away, and hides nothing
        listed = ask(letters, "list", capsys=capsys)["dead_letters"]
        found = {(said["kind"], said["takes"]): said for said in listed}
        assert set(found) == {("leaf", True), ("gather", True), ("leaf", False), ("unreadable", False)}
    assert found["leaf", True]["reason"] == "MeshError: as it was then"
    assert "SQS moved it" in found["gather", True]["reason"]
    assert found["leaf", False]["why_not"].startswith(OUTDATED)
    assert found["unreadable", False]["why_not"].startswith("MeshError: the message is not JSON")


def test_more_than_a_batch_is_read_whole(mesh: MeshBench, letters: DeadLetters) -> None:
    for number in range(23):
        refuse(mesh, f"no message {number}")
    assert len({letter.id for letter in letters.read()}) == 23


def test_readmission_moves_what_would_be_taken_and_leaves_the_rest(
    mesh: MeshBench, letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    four_kinds(mesh)
    answer = ask(letters, "readmit", capsys=capsys)
    assert answer["readmitted"] == 2
    assert [said["kind"] for said in answer["left"]] == ["leaf", "unreadable"]
    drain(mesh)
    assert len(mesh.store.pending_keys()) == 1
    assert mesh.progress.totals() == {"asked": 1, "leaves": 1}
    assert {letter.said.takes for letter in letters.read()} == {False}


def test_a_message_lies_in_both_queues_rather_than_in_none(
    mesh: MeshBench, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    four_kinds(mesh)

    def broken(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "down"}}, "DeleteMessage")

    going = [letter for letter in letters.read() if letter.said.takes]
    with monkeypatch.context() as bad_moment:
        bad_moment.setattr(mesh.sqs, "delete_message", broken)
        with pytest.raises(ClientError):
            letters.readmit(going)
    letters.show_again(going)
    assert len(letters.read()) == 2  # the two that would be taken; the others are still hidden
    letters.readmit(going)
    drain(mesh)
    assert mesh.progress.totals()["leaves"] == 1


def test_a_token_of_an_execution_that_has_ended_is_not_taken(mesh: MeshBench, letters: DeadLetters) -> None:
    staged, asked = trained(mesh)
    mesh.store.put_receipt(mesh.keys(staged), "test", {"status": "TRAINED"})
    said = letters.judge(json.dumps(asked.body()))
    assert (said.kind, said.takes, said.job) == ("gather", False, "job")
    assert "has ended" in said.why


def test_a_job_of_other_data_under_that_name_is_another_job(mesh: MeshBench, letters: DeadLetters) -> None:
    trained(mesh)
    said = letters.judge(LEAF.model_copy(update={"job": "job", "fingerprint": "0" * 32}).sealed())
    assert not said.takes
    assert said.why.startswith(OUTDATED)


def test_discarding_wants_names_or_all_and_all_are_those_that_would_not_be_taken(
    mesh: MeshBench, letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    four_kinds(mesh)
    with pytest.raises(InputError, match="name the messages"):
        ask(letters, "discard", capsys=capsys)
    listed = ask(letters, "list", capsys=capsys)["dead_letters"]
    taken = next(said["id"] for said in listed if said["takes"])
    assert ask(letters, "discard", taken[:13], capsys=capsys) == {"discarded": 1, "left": 3}
    assert ask(letters, "discard", "--all", capsys=capsys) == {"discarded": 2, "left": 1}
    with pytest.raises(InputError, match="no dead letter"):
        ask(letters, "discard", taken, capsys=capsys)


def test_texts_for_people(mesh: MeshBench, letters: DeadLetters, capsys: pytest.CaptureFixture[str]) -> None:
    four_kinds(mesh)
    said = {}
    for action in ("list", "show", "readmit", "discard"):
        words = ["dead-letters", action, *(["--all"] if action == "discard" else [])]
        cli_dead_letters.run(build_parser().parse_args(words), letters)
        said[action] = capsys.readouterr().out
    assert said["list"].startswith("4 dead letters, 2 of which would be taken now\n")
    assert "would not be taken now: MeshError" in said["list"]
    assert "\n  no message\n" in said["show"]
    assert said["readmit"].startswith("2 put back, 2 left\n")
    assert said["discard"] == "2 thrown away, 0 left\n"


def test_a_stack_says_where_they_are(mesh: MeshBench) -> None:
    outputs = {
        "ReportsDeadLettersUrl": mesh.dlq_url,
        "ReportsQueueUrl": mesh.queue_url,
        "JobsBucketName": BUCKET,
    }
    stack(outputs)
    refuse(mesh, "no message")
    found = cli_dead_letters._deployed(place(stack="deployed", region="eu-west-3"))
    assert [letter.body for letter in found.read()] == ["no message"]


def test_a_stack_of_something_else_is_named(mesh: MeshBench) -> None:
    stack({"Other": "x"})
    with pytest.raises(InputError, match="JobsBucketName"):
        cli_dead_letters._deployed(place(stack="deployed", region="eu-west-3"))
    with pytest.raises(InputError, match="together"):
        cli_dead_letters._deployed(place(region="eu-west-3", bucket=BUCKET))


def place(**given: str) -> argparse.Namespace:
    names = ("stack", "region", "queue_url", "dead_letters_url", "bucket")
    return argparse.Namespace(**{name: given.get(name) for name in names})


def stack(outputs: dict[str, str]) -> None:
    """A stack of one topic, with these outputs."""
    body = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    boto3.client("cloudformation").create_stack(StackName="deployed", TemplateBody=json.dumps(body))
