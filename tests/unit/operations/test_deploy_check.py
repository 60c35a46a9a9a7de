"""``snakebatch deploy-check`` against an account that answers, refuses, and is not there."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from snakebatch import cli, cli_deploy_check
from snakebatch.operations.account import read_account
from tests.unit.operations.conftest import TestClients


@pytest.fixture
def quotas(account: TestClients, monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """Service Quotas, by what a test adds; any other call fails."""
    client = boto3.client("service-quotas")
    monkeypatch.setitem(account._made, "service-quotas", client)
    monkeypatch.setattr(cli_deploy_check, "clients", lambda region: account)
    stubber = Stubber(client)
    stubber.activate()
    return stubber


def tells(quotas: Stubber, code: str, value: float | None, *, default: bool = False) -> None:
    """One quota as the account has it, or as AWS's default only, or not at all."""
    asked = {"ServiceCode": "ec2" if code == "L-1216C47A" else "lambda", "QuotaCode": code}
    if value is None or default:
        quotas.add_client_error("get_service_quota", "NoSuchResourceException", expected_params=asked)
        if value is None:
            quotas.add_client_error(
                "get_aws_default_service_quota", "NoSuchResourceException", expected_params=asked
            )
        else:
            quotas.add_response("get_aws_default_service_quota", {"Quota": {"Value": value}}, asked)
    else:
        quotas.add_response("get_service_quota", {"Quota": {"Value": value}}, asked)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Of a deployment with no machine, unless ``argv`` says otherwise."""
    code = cli.main(["deploy-check", "--region", "eu-west-3", "--gatherer-mode", "lambda", *argv])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_an_account_that_fits(quotas: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    tells(quotas, "L-B99A9384", 1000)
    tells(quotas, "L-A1AFA3CF", 1000, default=True)
    code, out, err = run(capsys, "--json")
    assert (code, err) == (0, "")
    said: dict[str, Any] = json.loads(out)
    assert said["ok"] is True
    assert said["set"] == {"ShardReservedConcurrency": 0, "SpawnRatePerMinute": 1000, "slots": 900}
    assert said["account"]["spawn_per_minute"] == 1000


def test_a_reservation_that_does_not_fit_ends_with_2(
    quotas: Stubber, account: TestClients, capsys: pytest.CaptureFixture[str]
) -> None:
    account.lambdas.limit = account.lambdas.unreserved = 10
    tells(quotas, "L-B99A9384", 10)
    tells(quotas, "L-A1AFA3CF", None)
    code, out, err = run(capsys, "--reserved", "9")
    assert code == 2
    assert err.count("\n") == 1
    assert "set ShardReservedConcurrency=0" in err
    assert "concurrent executions     10 (L-B99A9384), 10 unreserved" in out
    assert "new invocations           not told" in out


def test_a_machine_wants_vcpus(quotas: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    for code, value in (("L-B99A9384", 1000), ("L-A1AFA3CF", 1000), ("L-1216C47A", 1)):
        tells(quotas, code, value)
    code, _, err = run(capsys, "--gatherer-mode", "ec2")
    assert code == 2
    assert "L-1216C47A" in err


def test_a_bucket_that_was_kept_stands_in_the_way_of_its_own_name(
    quotas: Stubber, account: TestClients, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "dev-jobs-123456789012-eu-west-3"
    account("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    tells(quotas, "L-B99A9384", 1000)
    tells(quotas, "L-A1AFA3CF", 1000)
    code, _, err = run(capsys, "--prefix", "dev")
    assert code == 2
    assert name in err


def test_a_raise_that_lambda_has_not_got_yet_does_not_count(quotas: Stubber, account: TestClients) -> None:
    tells(quotas, "L-B99A9384", 5000)
    tells(quotas, "L-A1AFA3CF", 1000)
    assert read_account(account, "eu-west-3", "snakebatch", machine=False).concurrency == 1000


def test_refused_credentials_are_named_with_the_call(
    quotas: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    quotas.add_client_error("get_service_quota", "AccessDeniedException", "no identity-based policy")
    code, _, err = run(capsys)
    assert code == 1
    assert "servicequotas:GetServiceQuota" in err
    assert "may not do this" in err
    assert "log:" not in err


def without_credentials(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere"}
    for name, value in (nowhere | {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere"} | variables).items():
        monkeypatch.setenv(name, value)


def test_without_credentials_it_says_how_to_get_some(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_credentials(monkeypatch)
    code, out, err = run(capsys)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "aws configure" in err


def test_without_a_region_it_asks_for_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_credentials(monkeypatch)
    assert cli.main(["deploy-check"]) == 1
    assert "--region" in capsys.readouterr().err


def test_what_can_be_no_region_is_a_bad_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["deploy-check", "--region", "eu west"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "'eu west' is no region's name" in line


def test_an_unknown_profile_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_credentials(monkeypatch, AWS_PROFILE="no-such-profile")
    assert cli.main(["deploy-check"]) == 1
    assert "no-such-profile" in capsys.readouterr().err
