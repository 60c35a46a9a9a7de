"""Hostile messages: of the queue, to the dead letters; of each function, refused by the field at fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from snakebatch.errors import ChecksumError, InputError, MeshError, SnakeBatchError
from snakebatch.mesh.jobs import new_model_id
from snakebatch.mesh.messages import EXECUTION_PATTERN, JOB_PATTERN, read_queue_message
from snakebatch.mesh.service_store import new_upload_id
from tests.support.handlers import Context, event, load
from tests.support.hostile_models import DEEP
from tests.support.mesh import MeshBench
from tests.unit.mesh.test_messages import GATHER, LEAF
from tests.unit.mesh.test_queue_events import FakeStepFunctions, gatherer


def gather(**change: Any) -> str:
    return json.dumps(GATHER.body() | change)


def leaf(**change: Any) -> str:
    """A leaf's message that was changed after it was sealed."""
    return json.dumps(json.loads(LEAF.sealed()) | change)


MESSAGES: dict[str, tuple[str, type[SnakeBatchError], str]] = {
    "a blank": (" ", MeshError, "not JSON"),
    "no JSON": ("<xml/>", MeshError, "not JSON"),
    "arrays nested 10,000 deep": ("[" * DEEP + "]" * DEEP, MeshError, "not JSON"),
    "objects nested 10,000 deep": ('{"kind":' * DEEP + "1" + "}" * DEEP, MeshError, "not JSON"),
    "a number of 5,000 digits": (f'{{"kind": "gather", "job": {"9" * 5000}}}', MeshError, "not JSON"),
    "a list": ("[]", MeshError, "not a JSON object"),
    "an infinite number in a leaf": (leaf(started=1e999), ChecksumError, "checksum"),
    "another leaf": (leaf(layer=2), ChecksumError, "checksum"),
    "another version": (leaf(version=2), ChecksumError, "checksum"),
    "no checksum": (json.dumps(LEAF.body()), ChecksumError, "checksum"),
    "a checksum that is a list": (leaf(checksum=[]), ChecksumError, "checksum"),
    "a job with a path": (gather(job="../../service"), MeshError, "job"),
    "a job with a line end": (gather(job="one\n"), MeshError, "job"),
    "a job of 65 letters": (gather(job="a" * 65), MeshError, "job"),
    "an execution with a path": (gather(execution="a/b"), MeshError, "execution"),
    "an execution with a NUL and a blank": (gather(execution="a \0"), MeshError, "execution"),
    "a fingerprint that is none": (gather(fingerprint="zz"), MeshError, "fingerprint"),
    "a token of 1 MB": (gather(token="t" * 1_000_000), MeshError, "token"),
    "a field too many": (gather(__class__="x"), MeshError, "__class__"),
    "a kind that is an object": (gather(kind={}), ChecksumError, "checksum"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_bad_message_is_refused_and_goes_to_the_dead_letters(name: str, account: MeshBench) -> None:
    text, error, says = MESSAGES[name]
    with pytest.raises(error, match=says) as caught:
        read_queue_message(text)
    assert len(str(caught.value)) < 600
    sfn = FakeStepFunctions()
    gatherer(account, sfn).run([(text, 1)])
    assert not sfn.calls, "nobody is answered"
    (dead,) = account.sqs.receive_message(QueueUrl=account.dlq_url)["Messages"]
    account.sqs.delete_message(QueueUrl=account.dlq_url, ReceiptHandle=dead["ReceiptHandle"])
    assert dead["Body"] == text


EVENTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "stage: no input": ("stage", {"input": None}, "input"),
    "stage: an execution with a path": ("stage", {"execution": "../x"}, "execution"),
    "wave: a job with a path": ("wave", {"job": "../x"}, "job"),
    "wave: a negative wave": ("wave", {"wave": -1}, "wave"),
    "wave: 2^53+1 as a text": ("wave", {"wave": "9007199254740993x"}, "wave"),
    "wave: an ARN of something else": ("wave", {"execution_arn": "arn:aws:iam::1:role/x"}, "execution_arn"),
    "bracket: an action that is none": ("bracket-admit", {"action": "format"}, "action"),
    "bracket: too many slots": ("bracket-open", {"slots": 10**18}, "slots"),
    "settle: a run that is a list": ("settle", {"run": []}, "run"),
    "shard: a role that is none": ("shard-leaf", {"role": "root"}, "role"),
    "shard: a number of three digits": ("shard-leaf", {"shard": "100"}, "shard"),
    "shard: digits of another script": ("shard-leaf", {"shard": "٠٠"}, "shard"),
    "predict: a step that is none": ("predict-divide", {"step": "rm"}, "step"),
    "predict: a model with a path": ("predict-gather", {"asked": {"model": "../x"}}, "asked"),
    "a field too many": ("wave", {"__proto__": {}}, "__proto__"),
}


@pytest.fixture(scope="module")
def handlers(account: MeshBench) -> Callable[[str], Any]:
    """The handler of a function, loaded once as an environment keeps it."""
    return cache(lambda function: load(function).handler)


@pytest.mark.parametrize("name", EVENTS)
def test_a_bad_event_is_refused_by_its_field(
    name: str, account: MeshBench, handlers: Callable[[str], Any]
) -> None:
    file, change, field = EVENTS[name]
    before = set(account.store.objects.keys(""))
    with pytest.raises((MeshError, InputError), match=re.escape(field)) as caught:
        handlers(file.partition("-")[0])(event(file) | change, Context())
    assert "\n" not in str(caught.value)
    assert set(account.store.objects.keys("")) == before


def test_ids_can_not_be_guessed(account: MeshBench) -> None:
    """128 bits at least, never twice, and of letters that are safe in keys, names and URLs."""
    staged = [
        account.stage(account.upload(f"a,y\n1,u\n2,v{number}\n"), execution=f"e{number}")["run"]["job"]
        for number in range(3)
    ]
    for made in (staged, [new_model_id() for _ in range(50)], [new_upload_id() for _ in range(50)]):
        assert len(set(made)) == len(made)
        assert all(re.fullmatch(r"[0-9a-f]{32}|[A-Za-z0-9_-]{22}", one) for one in made)
        assert all(re.fullmatch(JOB_PATTERN, one) and re.fullmatch(EXECUTION_PATTERN, one) for one in made)
