"""template.yaml as CloudFormation sees it: the loop unrolled, the Globals merged in."""

from __future__ import annotations

import copy
import functools
import json
from typing import Any

from cfnlint.decode import decode

from tests.support.handlers import ROOT

PATH = ROOT / "template.yaml"
LOOP = "Fn::ForEach::"
FUNCTION = "AWS::Serverless::Function"
ACCOUNT, REGION, PREFIX = "123456789012", "eu-west-3", "snakebatch-test"


@functools.cache
def template() -> dict[str, Any]:
    """The template as written, intrinsics in their long form."""
    decoded, problems = decode(str(PATH))
    assert not problems
    plain: dict[str, Any] = json.loads(json.dumps(decoded))
    return plain


@functools.cache
def resources() -> dict[str, dict[str, Any]]:
    """Every resource by its logical id, loops unrolled."""
    found: dict[str, dict[str, Any]] = {}
    for name, body in template()["Resources"].items():
        if not name.startswith(LOOP):
            found[name] = body
            continue
        variable, values, pattern = body
        for value in values:
            text = json.dumps(pattern).replace(f"${{{variable}}}", value)
            found |= json.loads(text)
    return found


@functools.cache
def functions() -> dict[str, dict[str, Any]]:
    """The properties of every function, with what Globals say."""
    general = template()["Globals"]["Function"]
    return {
        name: _merged(general, body["Properties"])
        for name, body in resources().items()
        if body["Type"] == FUNCTION
    }


def _merged(general: Any, own: Any) -> Any:
    """As SAM merges: maps by key, lists one after the other, all else is the function's own."""
    if isinstance(general, dict) and isinstance(own, dict):
        both = copy.deepcopy(general)
        for key, value in own.items():
            both[key] = _merged(general[key], value) if key in general else value
        return both
    if isinstance(general, list) and isinstance(own, list):
        return general + own
    return own


def resolved(value: Any) -> Any:
    """``value`` with Refs, GetAtts and Subs replaced as a deployment to ACCOUNT and REGION would."""
    if isinstance(value, list):
        return [resolved(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return _ref(value["Ref"])
    if "Fn::GetAtt" in value:
        name, attribute = value["Fn::GetAtt"]
        return _attribute(name, attribute)
    if "Fn::Sub" in value:
        given = value["Fn::Sub"]
        text, named = (given, {}) if isinstance(given, str) else given
        return _substituted(text, {name: str(resolved(entry)) for name, entry in named.items()})
    if "Fn::If" in value:
        # Conditions of the defaults: there is no load balancer, nor anything else that a parameter names.
        return resolved(value["Fn::If"][2])
    return {key: resolved(entry) for key, entry in value.items()}


def _substituted(text: str, named: dict[str, str]) -> str:
    for name in set(_placeholders(text)):
        resource, _, attribute = name.partition(".")
        if name in named:
            value = named[name]
        else:
            value = _attribute(resource, attribute) if attribute else str(_ref(name))
        text = text.replace(f"${{{name}}}", value)
    return text


def _attribute(name: str, attribute: str) -> str:
    """Of GetAtt and Sub: an ARN, or the name of a queue."""
    if attribute == "QueueName":
        return physical_name(name)
    assert attribute == "Arn", f"{name}.{attribute}"
    return arn(name)


def _placeholders(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("${")[1:]]


def _ref(name: str) -> Any:
    fixed = {
        "AWS::Partition": "aws",
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": REGION,
        "AWS::StackName": PREFIX,
        "Prefix": PREFIX,
    }
    if name in fixed:
        return fixed[name]
    if name in template()["Parameters"]:
        return template()["Parameters"][name]["Default"]
    kind = resources()[name]["Type"]
    if kind in REFERRED_BY_NAME:
        return physical_name(name)
    if kind == "AWS::SQS::Queue":
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{physical_name(name)}"
    return arn(name)


REFERRED_BY_NAME = (
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
)
"""Types whose Ref is the name; a queue's is its URL, that of most others the ARN."""

NAMES = {
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{}"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{region}:{account}:{}"),
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:{region}:{account}:table/{}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{region}:{account}:log-group:{}:*"),
    "AWS::Serverless::StateMachine": ("Name", "arn:aws:states:{region}:{account}:stateMachine:{}"),
    "AWS::Events::Rule": ("Name", "arn:aws:events:{region}:{account}:rule/{}"),
    "AWS::Serverless::LayerVersion": ("LayerName", "arn:aws:lambda:{region}:{account}:layer:{}:1"),
    "AWS::AutoScaling::AutoScalingGroup": (
        "AutoScalingGroupName",
        "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:some-id:autoScalingGroupName/{}",
    ),
    "AWS::CloudWatch::Alarm": ("AlarmName", "arn:aws:cloudwatch:{region}:{account}:alarm:{}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "arn:aws:cloudwatch::{account}:dashboard/{}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{region}:{account}:{}"),
    FUNCTION: ("FunctionName", "arn:aws:lambda:{region}:{account}:function:{}"),
}
"""Of each type that has a fixed name: its property, and the ARN that follows from it."""


def physical_name(name: str) -> str:
    body = resources()[name]
    return str(resolved(body["Properties"][NAMES[body["Type"]][0]]))


def arn(name: str) -> str:
    """The ARN of a named resource; roles have no name, so theirs is its logical id's."""
    kind = resources()[name]["Type"]
    if kind == "AWS::IAM::Role":
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return NAMES[kind][1].format(physical_name(name), region=REGION, account=ACCOUNT)


def statements(role: str) -> list[dict[str, Any]]:
    """A role's statements by default: lists of actions and of resources."""
    found = []
    for policy in resources()[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in statement:
                continue  # what a parameter adds that is empty by default
            where = resolved(statement["Resource"])
            what = statement["Action"]
            found.append(
                {
                    "actions": [what] if isinstance(what, str) else what,
                    "resources": where if isinstance(where, list) else [where],
                }
            )
    return found
