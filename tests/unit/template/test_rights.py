"""Least privilege: each role may do what its code calls, where it calls it, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.calls import calls
from tests.support.handlers import ROOT
from tests.support.rights import ACTIONS, granted, may
from tests.support.template import (
    ACCOUNT,
    PREFIX,
    REGION,
    arn,
    functions,
    physical_name,
    resources,
    statements,
)

HANDLERS = {
    "ShardRole": ROOT / "functions/shard/app.py",
    "StageRole": ROOT / "functions/stage/app.py",
    "WaveRole": ROOT / "functions/wave/app.py",
    "BracketRole": ROOT / "functions/bracket/app.py",
    "SettleRole": ROOT / "functions/settle/app.py",
    "PredictRole": ROOT / "functions/predict/app.py",
    "GathererRole": ROOT / "gatherer/app.py",
}
"""The functions' roles, and the code of each."""
MACHINE = {"GathererMachineRole": ROOT / "gatherer/__main__.py"}
CODE = HANDLERS | MACHINE
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
BESIDE = {
    # The Lambda service writes a function's logs with the function's role.
    **dict.fromkeys(HANDLERS, LOGS),
    # To who may not list, S3 answers GetObject with 403, not 404: a shard looks for reports not yet there.
    "ShardRole": LOGS | {"s3:ListBucket"},
    # The event source mapping receives and deletes with the function's role.
    "GathererRole": LOGS | {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    "GathererMachineRole": LOGS  # the CloudWatch agent writes them, and the machine's metrics
    | {"cloudwatch:PutMetricData"}
    | {"lambda:GetLayerVersion"}  # the user data fetches the code
    | {"autoscaling:SetInstanceHealth"}  # the probe gives the machine up
    # Session Manager, in the place of SSH.
    | {"ssm:UpdateInstanceInformation"}
    | {f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")},
}
"""Rights that no call of ours needs, each with its reason."""
MACHINE_ROLES = {"TrainRole", "PredictMachineRole", "PredictBatchMachineRole"}


@pytest.mark.parametrize(("role", "handler"), CODE.items())
def test_a_role_has_the_rights_that_its_code_needs_and_no_other(role: str, handler: Path) -> None:
    needed = {ACTIONS[call] for call in calls(handler)}
    assert needed
    assert granted(role) == needed | BESIDE[role]


def test_every_function_has_its_kind_s_role() -> None:
    roles = {name: function["Role"]["Fn::GetAtt"][0] for name, function in functions().items()}
    assert {role for name, role in roles.items() if name.startswith("Shard")} == {"ShardRole"}
    others = {name: role for name, role in roles.items() if not name.startswith("Shard")}
    assert others == {name: f"{name.removesuffix('Function')}Role" for name in others}
    assert set(roles.values()) == HANDLERS.keys()


KNOW_NO_RESOURCES = {
    **{role: {"logs", "xray"} for role in MACHINE_ROLES},
    "GathererMachineRole": {"cloudwatch", "lambda", "ssm", "ssmmessages"},
}
"""Services whose actions can't be granted on a resource, by the role that needs them."""


@pytest.mark.parametrize("role", [*CODE, *sorted(MACHINE_ROLES)])
def test_no_right_is_wide(role: str) -> None:
    for statement in statements(role):
        assert not any("*" in action for action in statement["actions"])
        if "*" in statement["resources"]:
            services = {action.partition(":")[0] for action in statement["actions"]}
            assert services <= KNOW_NO_RESOURCES.get(role, set())
        for resource in statement["resources"]:
            assert resource == "*" or PREFIX in resource, f"{role}: {resource} is not this deployment's"


def test_no_role_is_anybody_else_s() -> None:
    for name, body in resources().items():
        if body["Type"] == "AWS::IAM::Role":
            assert "ManagedPolicyArns" not in body["Properties"]
            (statement,) = body["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            service = "states" if name in MACHINE_ROLES else "ec2" if name in MACHINE else "lambda"
            assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def test_the_workflow_may_do_what_its_states_do_and_no_more() -> None:
    machine = json.loads((ROOT / "statemachine/train.asl.json").read_text())
    all_states = dict(states(machine))
    services = {state["Resource"] for state in all_states.values() if state["Type"] == "Task"}
    needed = {
        "arn:aws:states:::lambda:invoke": {"lambda:InvokeFunction"},
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken": {"sqs:SendMessage"},
    }
    distributed = {
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "states:RedriveExecution",
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListMultipartUploadParts",
        "s3:AbortMultipartUpload",
    }
    observed = {action for action in granted("TrainRole") if action.partition(":")[0] in ("logs", "xray")}
    assert granted("TrainRole") == distributed.union(*(needed[service] for service in services)) | observed


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:InvokeFunction", f"{arn('Shard42')}:live"),
        ("lambda:InvokeFunction", f"{arn('StageFunction')}:live"),
        ("lambda:InvokeFunction", f"{arn('WaveFunction')}:live"),
        ("lambda:InvokeFunction", f"{arn('BracketFunction')}:live"),
        ("lambda:InvokeFunction", f"{arn('SettleFunction')}:live"),
        ("sqs:SendMessage", arn("ReportsQueue")),
        ("states:StartExecution", arn("TrainMachine")),
        *(
            (action, f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-train/{label}:some-id")
            for action in ("states:RedriveExecution", "states:DescribeExecution", "states:StopExecution")
            for label in ("Divide", "Conquer", "Leaf")
        ),
    ],
)
def test_the_workflow_reaches(action: str, resource: str) -> None:
    assert may("TrainRole", action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:InvokeFunction", arn("Shard42")),  # not by its alias: never another version
        ("lambda:InvokeFunction", f"{arn('GathererFunction')}:live"),
        ("sqs:SendMessage", arn("ReportsDeadLetters")),
        ("s3:GetObject", f"arn:aws:s3:::{physical_name('JobsBucket')}/jobs/a/population-b.bin"),
        ("states:StartExecution", f"{arn('TrainMachine')}-other"),
    ],
)
def test_the_workflow_does_not_reach(action: str, resource: str) -> None:
    assert not may("TrainRole", action, resource)
