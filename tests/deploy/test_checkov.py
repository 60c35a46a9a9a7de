"""checkov over the template as CloudFormation gets to see it, since it does not know Fn::ForEach."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.test_expanded import PYTHON, expand
from tests.support.handlers import ROOT
from tests.support.scale import scaled

CHECKOV = ROOT / "build/venv-checks/bin/checkov"
SKIPS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/deploy/checkov-skips.toml").read_text())

pytestmark = [
    pytest.mark.skipif(not CHECKOV.exists(), reason="checkov is not here: make checks-env"),
    pytest.mark.skipif(not PYTHON.exists(), reason="SAM CLI is not here: make deploy-env"),
]

JUDGED = ("passed_checks", "failed_checks")
Failed = set[tuple[str, str]]


OPEN = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Resources": {"Open": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}},
}
SHARD = re.compile(r"Shard\d\d")


def check(folder: Path, **templates: dict[str, Any]) -> dict[str, Any]:
    """What checkov says of templates. It asks nobody: neither for guidelines nor for severities."""
    command = [CHECKOV, "--framework", "cloudformation", "--skip-download", "--output", "json", "--compact"]
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template))
        command += ["--file", folder / f"{name}.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("{"), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)["results"]
    return said


def shards(template: dict[str, Any], count: int) -> dict[str, Any]:
    """The template with the last shards only: all are made of one text (tests/unit/template)."""
    names = [name for name in template["Resources"] if SHARD.match(name)]
    gone = sorted({name[:7] for name in names})[:-count]
    assert len(gone) == 100 - count
    kept = {name: body for name, body in template["Resources"].items() if name[:7] not in gone}
    return template | {"Resources": kept}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results for our template and for that of an open bucket."""
    (whole,) = expand("a.zip")
    template = shards(whole, scaled(3, 100))
    for body in template["Resources"].values():
        # Else checkov leaves out what the default parameters do not deploy.
        body.pop("Condition", None)
    return check(tmp_path_factory.mktemp("checkov"), expanded=template, open=OPEN)


@pytest.fixture
def report(said: dict[str, Any]) -> dict[str, Any]:
    """The results for our template."""
    return {kind: [found for found in said[kind] if of(found, "expanded")] for kind in JUDGED}


def of(found: dict[str, Any], template: str) -> bool:
    return Path(found["file_path"]).stem == template


def failures(report: dict[str, Any]) -> Failed:
    """Pairs of check and logical id."""
    return {(found["check_id"], found["resource"].rpartition(".")[2]) for found in report["failed_checks"]}


def skipped(check: str, resource: str) -> bool:
    return check in SKIPS and any(fnmatchcase(resource, pattern) for pattern in SKIPS[check]["resources"])


def test_checkov_finds_nothing_but_what_is_skipped_by_name(report: dict[str, Any]) -> None:
    names = {found["check_id"]: found["check_name"] for found in report["failed_checks"]}
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


def test_checkov_saw_the_whole_template(report: dict[str, Any], said: dict[str, Any]) -> None:
    assert said["parsing_errors"] == []
    seen = {found["resource"] for found in report["passed_checks"]}
    for resource in (
        "GathererFunction",
        "GathererMachineRole",
        "GathererLoadBalancer",
        "JobsBucket",
        "Shard99",
    ):
        assert any(name.endswith(f".{resource}") for name in seen), resource


def test_an_open_bucket_would_be_found(said: dict[str, Any]) -> None:
    found = [one for one in said["failed_checks"] if of(one, "open")]
    assert ("CKV_AWS_20", "Open") in failures({"failed_checks": found})
