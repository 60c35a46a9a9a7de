"""``aws SERVICE OPERATION --name value ...`` as a call of botocore.

The AWS CLI is made of the same models: what they refuse, it refuses.
"""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel
from botocore.validate import ParamValidator

SESSION = botocore.session.Session()
SERVICES = {"stepfunctions": "stepfunctions", "s3api": "s3"}
"""Services that the CLI calls by another name, or has commands of its own for."""
OF_THE_CLI = {"--cli-binary-format", "--region", "--profile", "--output", "--query", "--endpoint-url"}
"""Options that are the CLI's and not the operation's; each takes a value."""
S3_COMMANDS = ("cp", "ls", "sync", "mv", "rm")


def operation(service: str, name: str) -> OperationModel:
    """The operation, by the names that the CLI gives; raises AssertionError where there is none."""
    model = SESSION.get_service_model(SERVICES.get(service, service))
    found = {xform_name(each, "-"): each for each in model.operation_names}
    assert name in found, f"aws {service} has no {name}"
    return model.operation_model(found[name])


def call_of(words: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Method and arguments for a client of boto3; raises AssertionError for what the service would refuse."""
    _, service, name, *rest = words
    wanted = operation(service, name)
    members = wanted.input_shape.members
    by_option = {"--" + xform_name(member, "-"): member for member in members}
    given: dict[str, Any] = {}
    while rest and rest[0].startswith("--"):
        option, value, *rest = rest
        if option in OF_THE_CLI:
            continue
        assert option in by_option, f"aws {service} {name} has no {option}"
        member = by_option[option]
        shape = members[member].type_name
        given[member] = value if shape in ("string", "blob") else json.loads(value)
    report = ParamValidator().validate(given, wanted.input_shape)
    assert not report.has_errors(), report.generate_report()
    return xform_name(wanted.name), given
