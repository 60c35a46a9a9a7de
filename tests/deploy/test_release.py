"""What a release consists of is the same bytes wherever and whenever it is made, and can be published."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from moto.server import ThreadedMotoServer

from snakebatch.version import VERSION
from tests.deploy.test_expanded import PYTHON, expand
from tests.support.handlers import ROOT
from tests.support.template import PATH
from tools import release

FOLDERS = ("snakebatch", "functions", "gatherer", "statemachine")
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md")
SECRETS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def tree_of(folder: Path, day: int) -> Path:
    """A copy of what a package is made of, its files as old as that day."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_bundle"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (day * 86_400, day * 86_400))
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_the_package_is_the_same_bytes_from_any_folder_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    made = []
    for number, folder in enumerate(("here", "some where/else")):
        (tmp_path / folder).mkdir(parents=True)
        made.append(release.build_package(tree_of(tmp_path / folder, 9_000 + number), tmp_path / f"{number}"))
    assert [path.name for path in made[0]] == [
        f"snakebatch-{VERSION}-py3-none-any.whl",
        f"snakebatch-{VERSION}.tar.gz",
    ]
    assert [*map(digest, made[0])] == [*map(digest, made[1])]
    with zipfile.ZipFile(made[0][0]) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(f"snakebatch-{VERSION}.dist-info/METADATA").decode()
    assert f"\nVersion: {VERSION}\n" in metadata
    assert "snakebatch/py.typed" in names
    assert "snakebatch/_bundle/statemachine/train.asl.json" in names
    assert f"snakebatch-{VERSION}.dist-info/licenses/LICENSE" in names


def test_an_archive_knows_no_clock_and_no_order(tmp_path: Path) -> None:
    for name, order in (("a", ("one", "two")), ("b", ("two", "one"))):
        (tmp_path / name / "deep").mkdir(parents=True)
        for file in order:
            path = tmp_path / name / "deep" / file
            path.write_text(file)
            os.utime(path, (1e9 + ord(name), 1e9))
        (tmp_path / name / "deep" / "two").chmod(0o755)
    first, second = (release.archive(tmp_path / name, tmp_path / f"{name}.zip") for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as packed:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in packed.infolist()}
    assert modes == {"deep/one": 0o644, "deep/two": 0o755}
    (tmp_path / "b" / "deep" / "one").write_text("other")
    assert release.archive(tmp_path / "b", tmp_path / "c.zip").read_bytes() != first.read_bytes()


def test_sums_are_what_sha256sum_reads(tmp_path: Path) -> None:
    files = [tmp_path / "b.whl", tmp_path / "a.zip"]
    for path in files:
        path.write_text(path.name)
    (tmp_path / "SHA256SUMS").write_text(release.sums(files))
    assert [line.split()[1] for line in release.sums(files).splitlines()] == ["a.zip", "b.whl"]
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)


class Repository(BaseHTTPRequestHandler):
    """The Serverless Application Repository, as far as `sam publish` talks to it: no emulator has it."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        """CreateApplication."""
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = json.dumps({"applicationId": "arn:aws:serverlessrepo:eu-west-3:1:applications/it"}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def account() -> Iterator[dict[str, str]]:
    """The environment of an account that has S3, with a bucket BUCKET, and the repository."""
    s3 = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    s3.start()
    url = "http://{}:{}".format(*s3.get_host_and_port())
    boto3.client("s3", endpoint_url=url, region_name="us-east-1", **SECRETS).create_bucket(Bucket="artefacts")
    repository = HTTPServer(("127.0.0.1", 0), Repository)
    thread = threading.Thread(target=repository.serve_forever)
    thread.start()
    try:
        yield {
            **os.environ,
            **{name.upper(): value for name, value in SECRETS.items()},
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY": f"http://127.0.0.1:{repository.server_port}",
            "SAM_CLI_TELEMETRY": "0",
        }
    finally:
        repository.shutdown()
        repository.server_close()
        thread.join()
        s3.stop()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make publishable` makes of the template, as it stands beside it."""
    template = tmp_path_factory.mktemp("built") / "template.yaml"
    shutil.copy(PATH, template)
    done = subprocess.run(
        [PYTHON, "-m", "tools.publishable", template], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "sam publish --template build/packaged.yaml" in done.stdout
    return template.with_name("publish.json")


@pytest.mark.skipif(not PYTHON.exists(), reason="SAM CLI is not here: make deploy-env")
def test_what_is_published_has_one_transform_and_is_the_same_deployment(published: Path) -> None:
    told: dict[str, Any] = json.loads(published.read_text())
    assert told["Transform"] == "AWS::Serverless-2016-10-31"
    assert "Fn::ForEach" not in published.read_text()
    assert sum(re.fullmatch(r"Shard\d\d", name) is not None for name in told["Resources"]) == 100
    assert told["Parameters"]["Prefix"]["Default"] == "snakebatch", "parameters stay parameters"
    assert told["Resources"]["Shard07"]["Properties"]["FunctionName"] == {
        "Fn::Sub": "${Prefix}-v9-worker-pipe-07"
    }
    assert told["Parameters"]["Architecture"]["AllowedValues"] == ["arm64"]
    # SAM CLI puts the parameters into what has the other transform: so has this one, for the comparison.
    again = published.with_name("again.json")
    again.write_text(json.dumps(told | {"Transform": ["AWS::LanguageExtensions", told["Transform"]]}))
    (ours,), (theirs,) = expand("a.zip"), expand("a.zip", path=again)
    assert theirs["Resources"] == ours["Resources"]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="SAM CLI is not here: make deploy-env")
def test_sam_packages_and_publishes_it(account: dict[str, str], published: Path, tmp_path: Path) -> None:
    tree = tree_of(tmp_path, 9_000)
    shutil.copytree(ROOT / "layer", tree / "layer")
    shutil.copy(published, tree / "publish.json")
    packaged = (
        "sam package --template-file publish.json --s3-bucket artefacts --output-template-file packaged.yaml"
    )
    for command in (packaged, "sam publish --template packaged.yaml --region us-east-1"):
        words = [str(PYTHON.with_name("sam")), *command.split()[1:]]
        done = subprocess.run(words, cwd=tree, env=account, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (told,) = Repository.asked
    assert (told["name"], told["semanticVersion"], told["spdxLicenseId"]) == ("snakebatch", VERSION, "MIT")
    assert told["licenseUrl"].startswith("s3://artefacts/")
    assert told["readmeUrl"].startswith("s3://artefacts/")
    assert "Fn::ForEach" not in told["templateBody"]
    assert len(told["templateBody"]) < 1 << 20


@pytest.mark.skipif(not PYTHON.exists(), reason="SAM CLI is not here: make deploy-env")
def test_nothing_is_published_that_was_not_built(tmp_path: Path) -> None:
    command = [PYTHON, "-m", "tools.publishable", tmp_path / "template.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "run `make build` first" in done.stderr) == (2, True)


def test_the_version_is_in_one_place() -> None:
    """What can't read it from there, like the template, is held to it by a test."""
    named = [
        path
        for path in ROOT.glob("*.toml")
        if re.search(rf'^version = "{re.escape(VERSION)}"', path.read_text(), re.MULTILINE)
    ]
    assert named == []
    assert f"## {VERSION} (" in (ROOT / "CHANGELOG.md").read_text()
    said = subprocess.run([sys.executable, "-m", "snakebatch", "--version"], capture_output=True, text=True)
    assert said.stdout.startswith(f"snakebatch {VERSION} ")
