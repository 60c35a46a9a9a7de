"""What was deployed to the emulator, and our executor in place of its Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakebatch.clock import SystemClock
from snakebatch.local import StepFunctions
from tests.deploy.emulator import Emulator

POLL_SECONDS, MOST_SECONDS = 0.2, 420.0
SHARDS = tuple(f"{number:02d}" for number in range(100))


class Reached:
    """Clients that are known only once something was deployed; an executor wants them before."""

    def __init__(self) -> None:
        self.client: Callable[[str], Any] | None = None

    def __call__(self, service: str) -> Any:
        assert self.client is not None, "nothing was deployed yet"
        return self.client(service)


@dataclass
class Deployment:
    """A stack in the emulator; ``executor`` answers for its Step Functions, with the machine's role."""

    emulator: Emulator
    executor: StepFunctions
    reached: Reached
    stack: str
    prefix: str
    outputs: dict[str, str] = field(default_factory=dict)

    def read_outputs(self) -> None:
        """What the stack tells its user."""
        (found,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        self.outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in found["Outputs"]}

    def client(self, service: str) -> Any:
        """A client with all rights."""
        return self.emulator.client(service)

    def resource_types(self) -> list[str]:
        """The type of every resource of the stack."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return [
            resource["ResourceType"]
            for page in pages.paginate(StackName=self.stack)
            for resource in page["StackResourceSummaries"]
        ]

    def grant_batches(self) -> list[str]:
        """Let whoever may send a message send ten at once; returns the roles.

        To AWS the one right is the other; the emulator asks for an `sqs:SendMessageBatch`, which IAM has not.
        """
        iam, roles = self.client("iam"), []
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            sending = [
                {**statement, "Action": "sqs:SendMessageBatch"}
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"][
                    "Statement"
                ]
                if "sqs:SendMessage" in statement["Action"]
            ]
            if sending:
                roles.append(name)
                document = {"Version": "2012-10-17", "Statement": sending}
                iam.put_role_policy(
                    RoleName=name, PolicyName="emulator-batches", PolicyDocument=json.dumps(document)
                )
        return roles

    def take_the_machine_s_role(self, machine_arn: str) -> str:
        """Have the executor call with the rights of the machine's role; returns the deployed definition.

        Only states.amazonaws.com may take the role. We stand in for that, so the role is made to trust us.
        """
        machine = self.client("stepfunctions").describe_state_machine(stateMachineArn=machine_arn)
        account = machine_arn.split(":")[4]
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                 "Action": "sts:AssumeRole"}
            ],
        }  # fmt: skip
        name = machine["roleArn"].rpartition("/")[2]
        self.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        self.reached.client = self.emulator.clients_of(machine["roleArn"])
        return str(machine["definition"])

    def run(self, machine: str, definition: str, execution_input: dict[str, Any]) -> dict[str, Any]:
        """Run a definition to its end; returns the execution as described, its input and output read."""
        made = self.executor.create_state_machine(
            name=machine, definition=definition, roleArn="arn:aws:iam::123456789012:role/unused"
        )
        started = self.executor.start_execution(
            stateMachineArn=made["stateMachineArn"], input=json.dumps(execution_input)
        )
        clock = SystemClock()
        until = clock.time() + MOST_SECONDS
        while clock.time() < until:
            described = self.executor.describe_execution(executionArn=started["executionArn"])
            if described["status"] != "RUNNING":
                return dict(described)
            clock.sleep(POLL_SECONDS)
        raise AssertionError(f"no end after {MOST_SECONDS:g} s; the log ends:\n{self.emulator.log_tail()}")

    def live_versions(self) -> dict[str, int]:
        """The version that each shard's alias stands for."""
        alias = self.client("lambda").get_alias
        return {
            shard: int(alias(FunctionName=self.shard(shard), Name="live")["FunctionVersion"])
            for shard in SHARDS
        }

    def shard(self, number: str) -> str:
        """A shard's name."""
        return f"{self.prefix}-v9-worker-pipe-{number}"

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """What a function answers through its alias."""
        answer = self.client("lambda").invoke(
            FunctionName=f"{function}:live", Payload=json.dumps(event).encode()
        )
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result

    def read(self, uri: str) -> bytes:
        """An object by its URI."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        data: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def upload(self, path: Path) -> str:
        """Put a data set where the template says; returns its URI."""
        bucket = self.outputs["JobsBucketName"]
        self.client("s3").upload_file(str(path), bucket, f"datasets/{path.name}")
        return f"s3://{bucket}/datasets/{path.name}"

    def empty_the_bucket(self) -> None:
        """What a user does before `sam delete`: CloudFormation deletes no bucket that holds objects."""
        s3, bucket = self.client("s3"), self.outputs["JobsBucketName"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def left(self) -> list[str]:
        """Every thing of the account whose name has the prefix, and the stack if it is there."""
        aws = self.client
        sources = aws("lambda").list_event_source_mappings()["EventSourceMappings"]
        names: list[str] = [
            *(stack["StackName"] for stack in aws("cloudformation").describe_stacks()["Stacks"]),
            *(
                entry["FunctionName"]
                for page in aws("lambda").get_paginator("list_functions").paginate()
                for entry in page["Functions"]
            ),
            *(entry["LayerName"] for entry in aws("lambda").list_layers()["Layers"]),
            *(entry["FunctionArn"] for entry in sources),
            *(entry["name"] for entry in aws("stepfunctions").list_state_machines()["stateMachines"]),
            *(entry["RoleName"] for entry in aws("iam").list_roles()["Roles"]),
            *(entry["logGroupName"] for entry in aws("logs").describe_log_groups()["logGroups"]),
            *(entry["AlarmName"] for entry in aws("cloudwatch").describe_alarms()["MetricAlarms"]),
            *(entry["DashboardName"] for entry in aws("cloudwatch").list_dashboards()["DashboardEntries"]),
            *(entry["Name"] for entry in aws("events").list_rules()["Rules"]),
            *(entry["Name"] for entry in aws("scheduler").list_schedules()["Schedules"]),
            *(url.rpartition("/")[2] for url in aws("sqs").list_queues().get("QueueUrls", [])),
            *aws("dynamodb").list_tables()["TableNames"],
            *(bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]),
        ]  # fmt: skip
        return [name for name in names if self.prefix in name or name == self.stack]
