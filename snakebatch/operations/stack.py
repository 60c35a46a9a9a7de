"""One deployed stack, as CloudFormation knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snakebatch.errors import AccountError
from snakebatch.operations.aws import asking, code_of

_DONE = "DELETE_COMPLETE"


@dataclass(frozen=True)
class Deployed:
    """A stack that is there: its id (names are used again, ids are not), and its resources by type."""

    identity: str
    status: str
    prefix: str
    resources: dict[str, list[str]]

    def of(self, kind: str) -> list[str]:
        """Physical ids of the resources of one type."""
        return self.resources.get(kind, [])


class Stack:
    """A stack by name; ``cloudformation`` is a boto3 client."""

    def __init__(self, cloudformation: Any, name: str) -> None:
        self.cloudformation = cloudformation
        self.name = name

    def find(self) -> Deployed | None:
        """The stack, or None where there is none of this name.

        Raises AccountError for a stack of others, and for one that is protected against deletion.
        """
        described = self._describe(self.name)
        if described is None:
            return None
        parameters = {
            entry["ParameterKey"]: entry["ParameterValue"] for entry in described.get("Parameters", [])
        }
        if "Prefix" not in parameters:
            raise AccountError(
                f"the stack {self.name} is no deployment of SnakeBatch: name yours with --stack"
            )
        if described.get("EnableTerminationProtection"):
            # CloudFormation would say so too, but only after the data is gone.
            raise AccountError(
                f"the stack {self.name} has termination protection: switch it off first (aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {self.name})"
            )
        return Deployed(
            identity=described["StackId"],
            status=described["StackStatus"],
            prefix=parameters["Prefix"],
            resources=self._resources(described["StackId"]),
        )

    def delete(self, identity: str, retain: list[str]) -> None:
        """Ask for the deletion; ``retain`` are logical ids of what could not be deleted before."""
        with asking(f"deleting the stack {self.name}"):
            extra = {"RetainResources": retain} if retain else {}
            self.cloudformation.delete_stack(StackName=identity, **extra)

    def status(self, identity: str) -> str:
        described = self._describe(identity)
        return _DONE if described is None else str(described["StackStatus"])

    def undeleted(self, identity: str) -> dict[str, str]:
        """Logical ids of what could not be deleted, each with CloudFormation's reason."""
        found = {}
        with asking(f"reading the resources of the stack {self.name}"):
            pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=identity)
            for page in pages:
                for entry in page["StackResourceSummaries"]:
                    if entry["ResourceStatus"] == "DELETE_FAILED":
                        reason = entry.get("ResourceStatusReason", "no reason was given")
                        found[entry["LogicalResourceId"]] = reason
        return found

    def _describe(self, name: str) -> dict[str, Any] | None:
        with asking(f"looking for the stack {self.name}"):
            try:
                (described,) = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
            except Exception as error:
                # CloudFormation has no code of its own for a stack that is not there.
                if code_of(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
        return None if described["StackStatus"] == _DONE else described

    def _resources(self, identity: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with asking(f"reading the resources of the stack {self.name}"):
            pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=identity)
            for page in pages:
                for entry in page["StackResourceSummaries"]:
                    physical = entry.get("PhysicalResourceId")
                    if physical and entry["ResourceStatus"] != _DONE:
                        found.setdefault(entry["ResourceType"], []).append(physical)
        return found
