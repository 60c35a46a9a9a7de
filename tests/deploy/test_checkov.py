"""checkov over the template as CloudFormation gets to see it, since it does not know Fn::ForEach."""

from __future__ import annotations

import json
import subprocess
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.test_expanded import PYTHON, expand
from tests.support.handlers import ROOT

CHECKOV = ROOT / "build/venv-checks/bin/checkov"
SKIPS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/deploy/checkov-skips.toml").read_text())

pytestmark = [
    pytest.mark.skipif(not CHECKOV.exists(), reason="checkov is not here: make checks-env"),
    pytest.mark.skipif(not PYTHON.exists(), reason="SAM CLI is not here: make deploy-env"),
]

Failed = set[tuple[str, str]]


def check(template: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What checkov says of a template. It asks nobody: neither for guidelines nor for severities."""
    path = folder / "expanded.json"
    path.write_text(json.dumps(template))
    command = [
        CHECKOV,
        "--file",
        path,
        "--framework",
        "cloudformation",
        "--skip-download",
        "--output",
        "json",
    ]
    done = subprocess.run([*command, "--compact"], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("{"), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    template = expand("a.zip")
    for body in template["Resources"].values():
        # Else checkov leaves out what the default parameters do not deploy.
        body.pop("Condition", None)
    return check(template, tmp_path_factory.mktemp("checkov"))


def failures(report: dict[str, Any]) -> Failed:
    """Pairs of check and logical id."""
    return {
        (found["check_id"], found["resource"].rpartition(".")[2])
        for found in report["results"]["failed_checks"]
    }


def skipped(check: str, resource: str) -> bool:
    return check in SKIPS and any(fnmatchcase(resource, pattern) for pattern in SKIPS[check]["resources"])


def test_checkov_finds_nothing_but_what_is_skipped_by_name(report: dict[str, Any]) -> None:
    names = {found["check_id"]: found["check_name"] for found in report["results"]["failed_checks"]}
    new = {
        (check, resource, names[check])
        for check, resource in failures(report)
        if not skipped(check, resource)
    }
    assert new == set()


def test_every_skip_is_needed_and_has_its_reason(report: dict[str, Any]) -> None:
    found = failures(report)
    for check, skip in SKIPS.items():
        assert len(skip["reason"].split()) >= 8
        for pattern in skip["resources"]:
            needed = any(which == check and fnmatchcase(resource, pattern) for which, resource in found)
            assert needed, f"{check} passes on {pattern}: remove the skip"


def test_checkov_saw_the_whole_template(report: dict[str, Any]) -> None:
    assert report["results"]["parsing_errors"] == []
    seen = {found["resource"] for found in report["results"]["passed_checks"]}
    for resource in (
        "GathererFunction",
        "GathererMachineRole",
        "GathererLoadBalancer",
        "JobsBucket",
        "Shard99",
    ):
        assert any(name.endswith(f".{resource}") for name in seen), resource


def test_an_open_bucket_would_be_found(tmp_path: Path) -> None:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"Open": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}},
    }
    assert ("CKV_AWS_20", "Open") in failures(check(template, tmp_path))
