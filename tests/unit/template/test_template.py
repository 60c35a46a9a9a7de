"""template.yaml: what must hold of a deployment before there is one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from snakebatch.local import deployment
from snakebatch.mesh.content_cache import ON_DISK
from snakebatch.version import VERSION
from tests.support.handlers import ROOT
from tests.support.scale import FULL
from tests.support.template import (
    FUNCTION,
    NAMES,
    PATH,
    PREFIX,
    functions,
    physical_name,
    resolved,
    resources,
    template,
)

MACHINE = (ROOT / "statemachine/train.asl.json").read_text()
STATES: dict[str, Any] = json.loads(MACHINE)["States"]
RESOURCES = resources()
FUNCTIONS = functions()
SHARDS = sorted(name for name in FUNCTIONS if name.startswith("Shard"))
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: body["Properties"] for name, body in RESOURCES.items() if body["Type"] == kind}


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    """In a template of three shards, unless all is tested: SAM's own looks at all 100, in tests/deploy."""
    path = tmp_path / PATH.name
    numbers = re.compile(r'\["00",[^]]*"99"\]')
    text, loops = numbers.subn('["00", "42", "99"]', PATH.read_text())
    assert loops == 1
    path.write_text(PATH.read_text() if FULL else text)
    lint = Path(sys.executable).with_name("cfn-lint")
    command = [lint, "--regions", "eu-west-3", "us-east-1", "--template", path]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_sam_validate_asks_the_same_linter() -> None:
    """`sam validate --lint` is SAM's own copy of it."""
    locks = [(ROOT / name).read_text() for name in ("requirements.lock", "requirements-deploy.lock")]
    mine, sams = (re.findall(r"^cfn-lint==\S+", lock, re.MULTILINE) for lock in locks)
    assert len(mine) == 1
    assert mine == sams


def test_the_loop_makes_100_shards_of_one_code() -> None:
    assert [physical_name(name) for name in SHARDS] == [
        f"{PREFIX}-v9-worker-pipe-{number:02d}" for number in range(100)
    ]
    for property_name in ("CodeUri", "Role", "LoggingConfig", "Environment"):
        assert len({json.dumps(FUNCTIONS[name][property_name]) for name in SHARDS}) == 1


def test_the_stack_stays_under_its_limits() -> None:
    # Each function brings its version and its alias; the gatherer's event source is one more.
    expanded = len(RESOURCES) + 2 * len(FUNCTIONS) + sum(len(f.get("Events", {})) for f in FUNCTIONS.values())
    assert expanded < 450
    # CloudFormation takes 1 MB from S3, where sam puts it, of what was written: it unrolls the loop itself.
    assert PATH.stat().st_size < 200_000


@pytest.mark.parametrize("name", [name for name, body in RESOURCES.items() if body["Type"] in NAMES])
def test_every_fixed_name_has_the_prefix(name: str) -> None:
    last = physical_name(name).rpartition("/")[2]
    assert last.startswith(f"{PREFIX}-")
    assert len(physical_name(name).replace(PREFIX, "p" * 20)) <= 64


def test_no_other_property_names_a_resource() -> None:
    named = {"RoleName", "PolicyName", "ManagedPolicyName", "AlarmName", "DashboardName", "GroupName"}
    for name, body in RESOURCES.items():
        assert body["Type"] in NAMES or not named & body["Properties"].keys(), name


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in SHARDS[1:]])
def test_a_change_of_the_layer_reaches_live(name: str) -> None:
    function = FUNCTIONS[name]
    layer = RESOURCES["DependencyLayer"]["Properties"]
    assert layer["PublishLambdaVersion"] is True
    assert function["AutoPublishAlias"] == "live"
    assert function["AutoPublishAliasAllProperties"] is True
    # SAM looks for the layer behind a plain Ref only: within an Fn::If it would not see the change.
    assert function["Layers"][0] == {"Ref": "DependencyLayer"}


def test_no_function_but_shard_and_stage_carries_the_licensed_engine() -> None:
    licensed = {name for name, function in FUNCTIONS.items() if len(function["Layers"]) > 1}
    assert licensed == {*SHARDS, "StageFunction"}
    for name in licensed:
        variables = FUNCTIONS[name]["Environment"]["Variables"]
        assert variables["SNAKEBATCH_ENGINE"] == {"Fn::If": ["HasLicensedEngine", "licensed", "snakebatch"]}


def test_every_placeholder_of_the_workflow_is_filled_and_no_other() -> None:
    machine = RESOURCES["TrainMachine"]["Properties"]
    assert set(machine["DefinitionSubstitutions"]) == set(PLACEHOLDER.findall(MACHINE))
    filled = PLACEHOLDER.sub(lambda m: str(resolved(machine["DefinitionSubstitutions"][m[1]])), MACHINE)
    definition = json.loads(filled)
    assert "${" not in filled
    invoked = [state["Arguments"]["FunctionName"] for state in definition["States"].values()
               if state.get("Resource") == "arn:aws:states:::lambda:invoke"]  # fmt: skip
    assert invoked
    assert all(name.endswith(":live") for name in invoked)


def test_a_function_ends_before_its_state_gives_up() -> None:
    waits: dict[str, list[int]] = {}
    for state in STATES.values():
        if "lambda" in state.get("Resource", ""):
            function = PLACEHOLDER.findall(state["Arguments"]["FunctionName"])[0].removesuffix("Arn")
            waits.setdefault(function, []).append(state["TimeoutSeconds"])
    assert {"StageFunction", "WaveFunction", "BracketFunction", "SettleFunction"} == waits.keys()
    for function, seconds in waits.items():
        assert FUNCTIONS[function]["Timeout"] <= min(seconds)
    packet = STATES["Divide"]["ItemProcessor"]["States"]["DividePacket"]
    assert FUNCTIONS[SHARDS[0]]["Timeout"] < packet["TimeoutSeconds"]


MOST_OF_A_YOUNG_ACCOUNT = 3008
"""MB of a function (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: "New AWS accounts have
reduced concurrency and memory quotas"; Lambda says the figure as it refuses).
"""


def test_shards_have_the_design_s_size_and_room_for_the_cache() -> None:
    shard = FUNCTIONS[SHARDS[0]]
    memory = template()["Parameters"][shard["MemorySize"]["Ref"]]
    assert (memory["Default"], shard["Timeout"]) == (4096, 300)
    assert memory["MinValue"] <= MOST_OF_A_YOUNG_ACCOUNT, "else it could not deploy at all"
    assert shard["EphemeralStorage"]["Size"] << 20 > ON_DISK


def test_all_functions_have_the_memory_that_stage_plans_with() -> None:
    """Stage takes its own for the shards'; the bracket function, which has less, is told theirs."""
    deployed = {name: function["MemorySize"] for name, function in FUNCTIONS.items()}
    assert isinstance(deployed.pop("BracketFunction"), int)
    assert all(size == {"Ref": "FunctionMemory"} for size in deployed.values())
    told = FUNCTIONS["BracketFunction"]["Environment"]["Variables"]["FUNCTION_MEMORY"]
    assert told == {"Ref": "FunctionMemory"}
    local = {function.memory_size for function in deployment.functions(ROOT, {})}
    assert local == {template()["Parameters"]["FunctionMemory"]["Default"]}


def test_the_jobs_bucket_is_closed() -> None:
    bucket = RESOURCES["JobsBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    (statement,) = RESOURCES["JobsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    assert resolved(statement["Resource"]) == [
        f"arn:aws:s3:::{physical_name('JobsBucket')}",
        f"arn:aws:s3:::{physical_name('JobsBucket')}/*",
    ]


def test_what_expires_is_what_no_later_run_reads() -> None:
    rules = {
        rule["Id"]: rule for rule in RESOURCES["JobsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    }
    expiring = {rule["Prefix"] for rule in rules.values() if "ExpirationInDays" in rule}
    noted = {"models/incoming/", "service/requests/", "service/uploads/"}  # by the HTTP API
    assert expiring == {"waves/", "predictions/", "gather/pending/"} | noted
    assert rules["abandoned-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_a_message_stays_hidden_while_the_gatherer_may_be_at_it() -> None:
    queue = RESOURCES["ReportsQueue"]["Properties"]
    assert queue["VisibilityTimeout"]["Fn::If"][1] > FUNCTIONS["GathererFunction"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_every_log_is_kept_for_a_stated_time() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    written = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in FUNCTIONS.values()}
    assert written == {"ShardLogGroup", "FunctionLogGroup"}
    assert {FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"] for name in SHARDS} == {"ShardLogGroup"}


def test_the_workflow_is_logged_and_traced() -> None:
    machine = RESOURCES["TrainMachine"]["Properties"]
    assert machine["Tracing"] == {"Enabled": True}
    assert machine["Logging"]["Destinations"]
    assert machine["Type"] == "STANDARD"


def test_every_parameter_is_used_and_has_a_default() -> None:
    text = json.dumps(
        {key: part for key, part in template().items() if key not in ("Parameters", "Metadata")}
    )
    for name, parameter in template()["Parameters"].items():
        assert "Default" in parameter
        assert len(parameter["Description"]) > 10
        assert f'"Ref": "{name}"' in text or f"${{{name}}}" in text, name


def test_no_other_function_of_the_repository_was_forgotten() -> None:
    deployed = {function["CodeUri"].rstrip("/") for function in FUNCTIONS.values()}
    assert deployed == {f"functions/{path.parent.name}" for path in (ROOT / "functions").glob("*/app.py")} | {
        "gatherer"
    }
    assert {body["Type"] for body in RESOURCES.values()} >= {FUNCTION}


@pytest.mark.parametrize("profile", ["default", "dev", "prod"])
def test_every_profile_unrolls_the_loop_and_has_names_of_its_own(profile: str) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    general = config[profile]["global"]["parameters"]
    assert general["language_extensions"] is True
    suffix = "" if profile == "default" else f"-{profile}"
    assert general["stack_name"] == f"snakebatch{suffix}"
    given = dict(entry.split("=", 1) for entry in general["parameter_overrides"])
    assert given["Prefix"] == f"snakebatch{suffix}"
    assert given.keys() <= template()["Parameters"].keys()
    assert re.fullmatch(template()["Parameters"]["Prefix"]["AllowedPattern"], given["Prefix"])
    assert config[profile]["deploy"]["parameters"]["capabilities"] == [
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]


APPLICATION_PATTERNS = {
    "Name": r"[a-zA-Z0-9\-]{1,140}",
    "Description": r".{1,256}",
    "Author": r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?",
    "SpdxLicenseId": "MIT",
    "SemanticVersion": re.escape(VERSION),
}
"""What the Serverless Application Repository takes:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-template-publishing-applications-metadata-properties.html
"""


def test_the_application_can_be_published() -> None:
    told = template()["Metadata"]["AWS::ServerlessRepo::Application"]
    for name, pattern in APPLICATION_PATTERNS.items():
        assert re.fullmatch(pattern, told[name]), name
    assert 1 <= len(told["Labels"]) <= 10
    assert all(re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label) for label in told["Labels"])
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert 0 < (PATH.parent / told[name]).stat().st_size <= 5 << 20
