"""The embedded cloud as a deployed stack: its clients, and a CloudFormation that tells its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.local.cloud import EmbeddedCloud

STACK = "snakebatch-test"


@dataclass(frozen=True)
class StackClients:
    """``clients("s3")`` and so on, for whoever looks for the stack STACK."""

    cloud: EmbeddedCloud

    def __call__(self, service: str) -> Any:
        return self if service == "cloudformation" else self.cloud.client(service)

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if StackName != STACK:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = {
            "TrainMachineArn": self.cloud.machines["train"],
            "PredictMachineArn": self.cloud.machines["predict"],
            "JobsBucketName": self.cloud.jobs_bucket,
        }
        told = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        return {"Stacks": [{"StackName": StackName, "StackStatus": "CREATE_COMPLETE", "Outputs": told}]}
