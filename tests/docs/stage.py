"""What the pages take for granted: a table, a model, a mesh, an account; and who runs commands in it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx

from snakebatch import Snake, cli
from snakebatch.files import DATA_FOLDER
from snakebatch.local.cloud import EmbeddedCloud
from tests.docs import aws_lines
from tests.docs.pages import Command
from tests.support.api import KEY, KEY_VARIABLES
from tests.support.credentials import TEST_ACCOUNT
from tests.support.handlers import ROOT
from tests.support.training import finish

ROWS = [
    {"y": ["a", "b"][n % 3 == 0], "x": round(n % 3 * 4 + n / 40, 3), "word": f"w{n % 9}"} for n in range(120)
]
PARAMETERS: dict[str, Any] = {"n_layers": 2, "bucket": 20, "tau": 40, "seed": 7}
OUTPUTS = {
    "JobsBucketName": ("Jobs", "AWS::S3::Bucket"),
    "ReportsQueueUrl": ("Reports", "AWS::SQS::Queue"),
    "ReportsDeadLettersUrl": ("Dead", "AWS::SQS::Queue"),
}


def prepare(folder: Path) -> None:
    """Write what the pages speak of: tables, models, a definition."""
    (folder / "data.csv").write_text(_csv(ROWS, ("y", "x", "word")))
    (folder / "new.csv").write_text(_csv(ROWS[:5], ("x", "word")))
    Snake(ROWS, target_index="y", **PARAMETERS).to_json(folder / "y.model.json")
    (folder / "out").mkdir(exist_ok=True)
    penguins = Snake(str(DATA_FOLDER / "penguins.csv"), target_index="species", **PARAMETERS)
    penguins.to_json(folder / "out/penguins.model.json")
    (folder / "my.asl.json").write_text((ROOT / "statemachine/train.asl.json").read_text())


def _csv(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in rows)]
    return "\n".join(lines) + "\n"


@dataclass
class Stage:
    """A folder to run in; ``known`` is what stands for the names in capitals."""

    folder: Path
    known: dict[str, str] = field(default_factory=dict)

    def run(self, command: Command, small: tuple[str, ...] = ()) -> str:
        """Run ``snakebatch ...`` in this process, in the current folder; returns what it printed.

        Raises AssertionError with the command where it does not end with 0.
        """
        words = [filled(word, self.known) for word in command.words[1:]]
        words, file = _redirected(words)
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as out:
            code = cli.main(_made_small(words, small))
            out.seek(0)
            told = out.read()
        assert code == 0, f"{command} ended with {code}: {told}"
        if file:
            (self.folder / file).write_text(told)
        return told


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with ``NAME`` or ``$NAME`` replaced where NAME is known."""
    for name, value in known.items():
        text = re.sub(rf"\$?(?<![\w-]){re.escape(name)}(?![\w-])", lambda _, value=value: value, text)
    return text


def _redirected(words: list[str]) -> tuple[list[str], str | None]:
    """The words without ``> FILE``, and FILE."""
    if ">" not in words:
        return words, None
    place = words.index(">")
    return words[:place], words[place + 1]


def _made_small(words: list[str], small: tuple[str, ...]) -> list[str]:
    """The words with pairs of option and value added, in place of the page's own value where there is one."""
    made = [*words]
    for option, value in zip(small[::2], small[1::2], strict=True):
        if option in made:
            made[made.index(option) + 1] = value
        else:
            made += [option, value]
    return made


@dataclass
class Mesh(Stage):
    """A stage with a served cloud and a job that it has trained, whose names are known."""

    cloud: EmbeddedCloud = field(kw_only=True)

    def train(self) -> None:
        """Train data.csv there, by the command; ID is known from then on."""
        words = "snakebatch train data.csv --target y --layers 2 --url URL --json --out model.json"
        told = json.loads(self.run(Command("tests/docs", 0, tuple(words.split()))))
        self.known["ID"] = told["model_id"]
        page = self.cloud.client("s3").list_objects_v2(Bucket=self.known["BUCKET"], Prefix="jobs/")
        (model,) = (entry["Key"] for entry in page["Contents"] if entry["Key"].endswith("/model.json"))
        self.known["jobs/..."] = model.removesuffix("/model.json")

    def ask_aws(self, command: Command, small: tuple[str, ...] = ()) -> None:
        """Carry out ``aws ...`` on the cloud, and wait for the execution that it starts."""
        words = tuple(filled(word, self.known) for word in command.words)
        if words[1:3] == ("s3", "cp"):
            return self._copy(*words[3:])
        method, given = aws_lines.call_of(words)
        client = self.cloud.sfn if words[1] == "stepfunctions" else self.cloud.client(words[1])
        told = getattr(client, method)(**given)
        if method == "start_execution":
            told = finish(self.cloud, told["executionArn"]).described
        assert told.get("status", "SUCCEEDED") == "SUCCEEDED", (str(command), told)

    def curl(self, command: Command, small: tuple[str, ...] = ()) -> None:
        """Open the stream that ``curl -N`` asks for, and read its first event."""
        *options, url = [filled(word, self.known) for word in command.words[1:]]
        header, _, value = options[options.index("-H") + 1].partition(": ")
        path = "/" + url.split("/", 3)[3]
        with httpx.stream("GET", self.known["URL"] + path, headers={header: value}, timeout=30) as answer:
            assert answer.status_code == 200, str(command)
            assert next(line for line in answer.iter_lines() if line.startswith(("data:", "event:")))

    def variables(self, states: str) -> dict[str, str]:
        """What leads boto3 to the cloud; ``states`` is where Step Functions is served."""
        address = self.cloud.client("s3").meta.endpoint_url
        return {"AWS_ENDPOINT_URL": address, "AWS_ENDPOINT_URL_SFN": states, **TEST_ACCOUNT}

    def _copy(self, source: str, target: str) -> None:
        bucket, _, key = target.removeprefix("s3://").partition("/")
        name = key + Path(source).name if key.endswith("/") or not key else key
        self.cloud.client("s3").upload_file(source, bucket, name)


@contextmanager
def mesh(folder: Path) -> Iterator[Mesh]:
    """A mesh with a trained job, and new.csv where files for predictions lie."""
    with EmbeddedCloud(processes=2, http=("127.0.0.1", 0), environment=KEY_VARIABLES) as cloud:
        known = {
            "URL": cloud.url,
            "BUCKET": cloud.jobs_bucket,
            "KEY": KEY,
            "TrainMachineArn": cloud.machines["train"],
            "PredictMachineArn": cloud.machines["predict"],
            "PredictBatchMachineArn": cloud.machines["predict-batch"],
        }
        stage = Mesh(folder, known, cloud=cloud)
        cloud.upload(folder / "new.csv")
        stage.train()
        yield stage


def make_stack(name: str) -> dict[str, str]:
    """A stack of moto's with the outputs that commands read; returns them. Use within ``mock_aws``."""
    cloudformation = boto3.client("cloudformation")
    template = {
        "Resources": {resource: {"Type": kind} for resource, kind in OUTPUTS.values()},
        "Outputs": {output: {"Value": {"Ref": resource}} for output, (resource, _) in OUTPUTS.items()},
    }
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
