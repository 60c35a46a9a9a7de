"""``snakebatch teardown``: everything goes, in an account of moto's and past CloudFormation's refusals."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from snakebatch import cli, cli_teardown
from snakebatch.clock import SimulatedClock
from snakebatch.errors import AccountError
from snakebatch.mesh.bracket_records import Record
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.operations.bucket import Bucket, is_kept
from snakebatch.operations.leftovers import FUNCTIONS, LAYERS, LOG_GROUPS, Leftovers
from snakebatch.operations.running import Executions
from snakebatch.operations.teardown import Teardown
from tests.support import template
from tests.unit.operations.conftest import TestClients

PREFIX = "sb-test"
BUCKET = f"{PREFIX}-jobs"
LEASES = f"{PREFIX}-leases"
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


def shard(number: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"{PREFIX}-v9-worker-pipe-{number}",
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": "def handler(event, context): pass"},
        },
    }


TEMPLATE = {
    "Parameters": {"Prefix": {"Type": "String", "Default": PREFIX}},
    "Resources": {
        "Role": ROLE,
        "Shard00": shard("00"),
        "Shard01": shard("01"),
        "JobsBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}},
        "ReportsQueue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{PREFIX}-v9-reports"}},
        "LeaseTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": LEASES,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            },
        },
        "TrainMachine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": f"{PREFIX}-train",
                "DefinitionString": json.dumps(WAITS),
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
    },
}


@pytest.fixture
def deployed(account: TestClients) -> TestClients:
    """A stack with two shards, slots on both, a running execution, and a bucket that is full of all kinds."""
    account("cloudformation").create_stack(StackName="sb", TemplateBody=json.dumps(TEMPLATE))
    s3 = account("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in ("jobs/a/f/layers-5/model.json", "jobs/a/f/population.bin", "waves/a/items.json"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"2")
    s3.delete_object(Bucket=BUCKET, Key="waves/a/items.json")
    s3.create_multipart_upload(Bucket=BUCKET, Key="jobs/a/f/layers-5/model_stripped.json")
    account.lambdas.slots = {(f"{PREFIX}-v9-worker-pipe-{number}", "live"): 1 for number in ("00", "01")}
    sfn = account("stepfunctions")
    (machine,) = sfn.list_state_machines()["stateMachines"]
    sfn.start_execution(stateMachineArn=machine["stateMachineArn"], name="runs")
    for name in (
        f"/aws/lambda/{PREFIX}-v9-worker-pipe",
        f"/aws/lambda/{PREFIX}-two-stage",
        "/aws/lambda/other",
    ):
        account("logs").create_log_group(logGroupName=name)
    return account


def teardown(clients: Any, **changes: Any) -> Teardown:
    settings = {"region": "eu-west-3", "stack": "sb", "prefix": None, "say": lambda step: None}
    return Teardown(clients, clock=SimulatedClock(), **(settings | changes))


def test_everything_of_the_deployment_goes_and_nothing_else(deployed: TestClients) -> None:
    down = teardown(deployed)
    found = down.look()
    assert (found.prefix, found.running, found.objects, found.bytes) == (PREFIX, 1, 6, 6)
    gone = down.run(found)
    assert (gone.executions, gone.slots, gone.left, gone.kept) == (1, 2, [], None)
    assert gone.objects == 6 + 1 + 1, "versions, a delete marker, an upload"
    assert gone.swept == [f"log group /aws/lambda/{PREFIX}-v9-worker-pipe"]
    assert deployed.lambdas.slots == {}
    assert deployed("s3").list_buckets()["Buckets"] == []
    assert deployed("sqs").list_queues().get("QueueUrls", []) == []
    groups = {group["logGroupName"] for group in deployed("logs").describe_log_groups()["logGroups"]}
    assert groups == {f"/aws/lambda/{PREFIX}-two-stage", "/aws/lambda/other"}
    assert teardown(deployed).look().deployed is None


def test_an_open_session_is_forgotten_before_its_slots_go(deployed: TestClients) -> None:
    """The sweep runs until the stack is gone, and gives who is written down what it asked for."""
    table = BracketTable(deployed("dynamodb"), LEASES)
    record = Record(start=0, slots=2, opened=0.0, expiry=1e12)
    table.item.change(lambda brackets: brackets.records.update({"session/s": record}))
    seen: list[dict[str, Any]] = []
    delete = deployed.lambdas.delete_provisioned_concurrency_config

    def deleting(**arguments: Any) -> None:
        seen.append(table.read().wanted())
        delete(**arguments)

    deployed.lambdas.delete_provisioned_concurrency_config = deleting  # type: ignore[method-assign]  # a look
    down = teardown(deployed)
    down.run(down.look())
    assert seen == [{}, {}]


def test_executions_end_as_aborted_by_the_teardown(deployed: TestClients) -> None:
    sfn = deployed("stepfunctions")
    (machine,) = sfn.list_state_machines()["stateMachines"]
    arn = machine["stateMachineArn"]
    assert Executions(sfn, SimulatedClock()).stop([arn]) == 1
    (execution,) = sfn.list_executions(stateMachineArn=arn)["executions"]
    assert execution["status"] == "ABORTED"


def test_layer_versions_that_are_left_go_too(account: TestClients) -> None:
    for name in (f"{PREFIX}-gatherer", "other-gatherer"):
        for _ in range(2):
            account("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": b"zip"})
    down = teardown(account, prefix=PREFIX, stack="none")
    found = down.look()
    assert found.deployed is None
    gone = down.run(found)
    assert gone.swept == [f"layer {PREFIX}-gatherer:2", f"layer {PREFIX}-gatherer:1"]
    names = [layer["LayerName"] for layer in account("lambda").list_layers()["Layers"]]
    assert names == ["other-gatherer"]


def test_every_log_group_function_and_layer_of_the_template_is_looked_for() -> None:
    looked_for = Leftovers(dict, template.PREFIX)
    for name, body in template.resources().items():
        kind = body["Type"]
        if kind == "AWS::Logs::LogGroup":
            group = template.physical_name(name)
            assert any(looked_for.is_ours(group, start) for start in LOG_GROUPS), group
        elif kind == "AWS::Serverless::LayerVersion":
            assert template.physical_name(name).removeprefix(f"{template.PREFIX}-") in LAYERS
        elif kind == template.FUNCTION:
            suffix = template.physical_name(name).removeprefix(f"{template.PREFIX}-")
            assert suffix in FUNCTIONS or suffix.startswith("v9-worker-pipe-")


def test_a_stack_of_others_is_not_touched(account: TestClients) -> None:
    other = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    account("cloudformation").create_stack(StackName="sb", TemplateBody=json.dumps(other))
    with pytest.raises(AccountError, match="no deployment of SnakeBatch"):
        teardown(account).look()


def test_a_protected_stack_is_refused_before_anything_goes(deployed: TestClients) -> None:
    refusing(deployed, {}).protected = True
    with pytest.raises(AccountError, match="--no-enable-termination-protection"):
        teardown(deployed).look()


def test_a_prefix_that_is_not_the_stack_s_is_refused(deployed: TestClients) -> None:
    with pytest.raises(AccountError, match="has the prefix sb-test, not prod"):
        teardown(deployed, prefix="prod").look()


def test_kept_models_stay_with_their_versions_and_receipts(deployed: TestClients) -> None:
    s3 = deployed("s3")
    s3.put_object(Bucket=BUCKET, Key="jobs/a/f/executions/e/receipt.json", Body=b"{}")
    Bucket(s3, BUCKET).empty(keep_models=True)
    left = {entry["Key"] for entry in s3.list_object_versions(Bucket=BUCKET)["Versions"]}
    assert left == {"jobs/a/f/layers-5/model.json", "jobs/a/f/executions/e/receipt.json"}
    assert s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("jobs/a/f/layers-5/model_stripped.json", True),
        ("jobs/a/f/population-b.bin", False),
        ("waves/model.json", False),
        ("datasets/model.json", False),
    ],
)
def test_what_counts_as_a_model(key: str, kept: bool) -> None:
    assert is_kept(key) is kept


class Refusing:
    """CloudFormation that refuses to delete ``refuses``: until it may retain them, or ``times`` times."""

    def __init__(self, moto: Any, refuses: dict[str, str], times: int) -> None:
        self.moto = moto
        self.refuses = refuses
        self.times = times
        self.retained: list[list[str]] = []
        self.failed = False
        self.protected = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.moto, name)

    def delete_stack(self, StackName: str, RetainResources: list[str] | None = None) -> None:
        self.retained.append(RetainResources or [])
        self.failed = self.times > 0 and not set(self.refuses) <= set(RetainResources or [])
        self.times -= 1

    def describe_stacks(self, StackName: str) -> Any:
        answer = self.moto.describe_stacks(StackName=StackName)
        answer["Stacks"][0]["EnableTerminationProtection"] = self.protected
        if self.retained:
            answer["Stacks"][0]["StackStatus"] = "DELETE_FAILED" if self.failed else "DELETE_COMPLETE"
        return answer

    def get_paginator(self, operation: str) -> Any:
        pages = list(self.moto.get_paginator(operation).paginate(StackName="sb"))
        for page in pages:
            for entry in page["StackResourceSummaries"]:
                if self.failed and entry["LogicalResourceId"] in self.refuses:
                    reason = self.refuses[entry["LogicalResourceId"]]
                    entry |= {"ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": reason}
        return type("Pages", (), {"paginate": lambda self, StackName: pages})()


def refusing(clients: TestClients, refuses: dict[str, str], times: int = 99) -> Refusing:
    fake = Refusing(clients("cloudformation"), refuses, times)
    clients._made["cloudformation"] = fake
    return fake


def test_kept_models_keep_the_bucket_out_of_the_deletion(deployed: TestClients) -> None:
    stack = refusing(deployed, {"JobsBucket": "The bucket you tried to delete is not empty"})
    down = teardown(deployed)
    for queue in deployed("sqs").list_queues()["QueueUrls"]:
        deployed("sqs").delete_queue(QueueUrl=queue)  # which the stack would have done
    for number in ("00", "01"):
        deployed.lambdas.moto.delete_function(FunctionName=f"{PREFIX}-v9-worker-pipe-{number}")
    gone = down.run(down.look(), keep_models=True)
    assert stack.retained == [[], ["JobsBucket"]]
    assert (gone.kept, gone.left) == (BUCKET, [])


def test_kept_models_that_went_all_the_same_are_no_success(deployed: TestClients) -> None:
    refusing(deployed, {})  # as AWS never does: S3 deletes no bucket that holds objects
    down = teardown(deployed)
    found = down.look()
    Bucket(deployed("s3"), BUCKET).empty()
    deployed("s3").delete_bucket(Bucket=BUCKET)
    with pytest.raises(AccountError, match="went with the stack"):
        down.run(found, keep_models=True)


def test_a_bucket_that_was_written_to_meanwhile_is_emptied_again(deployed: TestClients) -> None:
    stack = refusing(deployed, {"JobsBucket": "not empty"}, times=1)
    down = teardown(deployed)
    found = down.look()
    gone = down.run(found)
    assert stack.retained == [[], []]
    # The fake deletes nothing, and what is left is said.
    assert f"bucket {BUCKET}" in gone.left
    assert f"function {PREFIX}-v9-worker-pipe-00" in gone.left
    assert f"queue {PREFIX}-v9-reports" in gone.left


def test_what_cloudformation_can_t_delete_is_named_with_its_reason(deployed: TestClients) -> None:
    refusing(deployed, {"ReportsQueue": "it is in use by somebody"})
    down = teardown(deployed)
    with pytest.raises(AccountError, match="ReportsQueue: it is in use by somebody"):
        down.run(down.look())


def command(monkeypatch: pytest.MonkeyPatch, clients: Any, *argv: str, typed: str | None = None) -> int:
    monkeypatch.setattr(cli_teardown, "clients", lambda region: clients)
    monkeypatch.setattr(cli_teardown, "SystemClock", SimulatedClock)
    answer = io.StringIO(f"{typed}\n" if typed else "")
    monkeypatch.setattr(answer, "isatty", lambda: typed is not None)
    monkeypatch.setattr("sys.stdin", answer)
    return cli.main(["teardown", "--stack", "sb", *argv])


def test_it_asks_and_takes_the_stack_s_name_for_a_yes(
    deployed: TestClients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, deployed, typed="yes") == 2
    assert "nothing was deleted" in capsys.readouterr().err
    assert teardown(deployed).look().deployed is not None

    assert command(monkeypatch, deployed, typed="sb") == 0
    out = capsys.readouterr().out
    assert "1 running; they will be stopped" in out
    assert "stopped 1 executions, closed 2 slots, deleted 8 objects" in out
    assert teardown(deployed).look().deployed is None


def test_nobody_there_to_ask_deletes_nothing(
    deployed: TestClients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, deployed) == 2
    assert "--yes" in capsys.readouterr().err
    assert teardown(deployed).look().deployed is not None


def test_yes_asks_nobody(deployed: TestClients, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, deployed, "--yes") == 0
    assert teardown(deployed).look().deployed is None


def test_a_second_time_finds_nothing(
    account: TestClients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, account, "--yes") == 0
    assert "no stack sb in eu-west-3" in capsys.readouterr().out
