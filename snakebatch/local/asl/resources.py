"""Task resources: what the ARN in `Resource` asks for, checked against botocore's service models.

Optimised integrations: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
AWS SDK integrations: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel

from snakebatch.local.isolation import isolated_session


class ResourceError(ValueError):
    """A resource that is not implemented or not there; the message names it."""


@dataclass(frozen=True)
class Resource:
    """What a Task calls.

    `kind` is function (a plain Lambda ARN), lambda, sqs, states or sdk; `pattern` is empty,
    waitForTaskToken, sync or sync:2; `service` a boto3 client's name and `operation` an API action of it.
    """

    arn: str
    kind: str
    resource_type: str
    resource: str
    pattern: str
    service: str
    operation: str

    @property
    def method(self) -> str:
        """The boto3 client's method."""
        return str(xform_name(self.operation))

    @property
    def waits_for_token(self) -> bool:
        """Whether the state goes on only when its task token comes back."""
        return self.pattern == "waitForTaskToken"


_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]*:\d*:function:[\w-]+(:[\w$-]+)?")
_OPTIMISED = {
    ("lambda", "invoke"): ("", "waitForTaskToken"),
    ("sqs", "sendMessage"): ("", "waitForTaskToken"),
    ("states", "startExecution"): ("", "waitForTaskToken", "sync", "sync:2"),
}
_BOTO_SERVICES = {
    "sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs", "cloudwatchevents": "events",
    "elasticloadbalancing": "elb", "elasticloadbalancingv2": "elbv2", "servicequotas": "service-quotas",
    "applicationautoscaling": "application-autoscaling", "cognitoidentityprovider": "cognito-idp",
}  # fmt: skip


def parse_resource(arn: Any) -> Resource:
    """Take a Task's Resource apart; raises ResourceError if it is not one the executor carries out."""
    if not isinstance(arn, str):
        raise ResourceError("Resource must be a string")
    if _FUNCTION.fullmatch(arn):
        return Resource(arn, "function", "", arn, "", "lambda", "Invoke")
    match = re.fullmatch(r"arn:aws[\w-]*:states:[\w-]*:\d*:(.+)", arn)
    if match is None:
        raise ResourceError(f"'{arn}' is no resource of Lambda or Step Functions")
    rest = match.group(1)
    if rest.startswith("aws-sdk:"):
        return _sdk(arn, rest)
    if rest.startswith("activity:"):
        raise ResourceError("activities are not implemented by this executor")
    service, _, action = rest.partition(":")
    action, _, pattern = action.partition(".")
    patterns = _OPTIMISED.get((service, action))
    if patterns is None:
        raise ResourceError(
            f"'{arn}' is not implemented by this executor; use an aws-sdk integration if there is one"
        )
    if pattern not in patterns:
        raise ResourceError(
            f"'{arn}': the integration pattern '{pattern}' is not implemented for {service}:{action}"
        )
    boto = "stepfunctions" if service == "states" else service
    return Resource(
        arn, service, service, rest.partition(":")[2], pattern, boto, action[0].upper() + action[1:]
    )


def _sdk(arn: str, rest: str) -> Resource:
    parts = rest.split(":", 2)
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise ResourceError(f"'{arn}' must end in aws-sdk:service:action")
    service, action = parts[1], parts[2]
    action, _, pattern = action.partition(".")
    if pattern not in ("", "waitForTaskToken"):
        raise ResourceError(
            f"'{arn}': the integration pattern '{pattern}' is not there for AWS SDK integrations"
        )
    boto = _BOTO_SERVICES.get(service, service)
    model = service_model(boto)
    if model is None:
        raise ResourceError(f"'{arn}': there is no service '{service}'")
    operation = action[:1].upper() + action[1:]
    if not action[:1].islower() or operation not in model.operation_names:
        raise ResourceError(f"'{arn}': the service {service} has no action '{action}' (written in camelCase)")
    return Resource(arn, "sdk", f"aws-sdk:{service}", parts[2], pattern, boto, operation)


@lru_cache(maxsize=1)
def _session() -> Any:
    return isolated_session()


@lru_cache(maxsize=64)
def service_model(service: str) -> ServiceModel | None:
    """botocore's model of a service, or None if there is no such service."""
    try:
        return _session().get_service_model(service)  # type: ignore[no-any-return]  # botocore's session is untyped here
    except UnknownServiceError:
        return None


def operation_model(resource: Resource) -> OperationModel:
    """botocore's model of the action a resource names."""
    model = service_model(resource.service)
    if model is None:
        raise ResourceError(f"there is no service '{resource.service}'")
    return model.operation_model(resource.operation)
