"""The home page and those of runs, asked in process over scripted executions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from gatherer.pages.advice import advice
from gatherer.pages.rendering import HEADERS, NAVIGATION
from snakebatch import errors
from snakebatch.clock import SimulatedClock
from tests.support.api import BEARER, ApiBench, Caller
from tests.support.credentials import TEST_ACCOUNT
from tests.support.executions import MACHINE, FakeExecutions
from tests.support.mesh import BUCKET
from tests.support.quick_moto import mock_aws

NAME = "0123456789abcdef"
STAGED = '{"said": "<script>alert(1)</script>"}'


class SeenExecutions(FakeExecutions):
    """Executions that are in Stage, or that Stage ended."""

    def get_execution_history(self, executionArn: str, **_: Any) -> dict[str, Any]:
        found = self._of(executionArn, "GetExecutionHistory")
        at = {"timestamp": found["startDate"]}
        details = {"name": "Stage", "input": STAGED}
        entered = {"id": 1, "type": "TaskStateEntered", "stateEnteredEventDetails": details, **at}
        if found["status"] == "RUNNING":
            return {"events": [entered]}
        why = {"error": found.get("error"), "cause": found.get("cause")}
        failed = {"id": 2, "previousEventId": 1, "type": "LambdaFunctionFailed", **at}
        return {"events": [{**failed, "lambdaFunctionFailedEventDetails": why}, entered]}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiBench]:
    """A gatherer's application whose executions have a history."""
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        bench = ApiBench(s3, BUCKET, SimulatedClock())
        bench.sfn = SeenExecutions(bench.clock)
        bench.jobs.sfn = bench.sfn  # type: ignore[assignment]  # a fake
        bench.app = bench.another()
        yield bench


@pytest.fixture
def reader(api: ApiBench) -> Caller:
    return api.client()


def start(api: ApiBench, name: str = NAME) -> str:
    api.sfn.start_execution(stateMachineArn=MACHINE, name=name, input="{}")
    return name


def form(fields: Mapping[str, str], file: str | None = "x,y\n1,a\n2,b\n") -> dict[str, Any]:
    files = {} if file is None else {"file": ("t.csv", file.encode(), "text/csv")}
    return {"files": {name: (None, value) for name, value in fields.items()} | files}


@pytest.mark.parametrize("path", ["/", "/runs", "/runs?status=FAILED", "/runs?kind=batch", f"/runs/{NAME}"])
def test_a_page_is_whole_and_may_load_nothing_from_elsewhere(
    path: str, api: ApiBench, reader: Caller
) -> None:
    start(api)
    page = reader.get(path)
    assert page.status_code == 200
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    assert page.text.endswith("</html>")
    for name, address in NAVIGATION:
        assert f'<a href="{address}"' in page.text, name
    assert not re.search(r"<script>|\son\w+=|\sstyle=|<style|javascript:", page.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


def test_all_pages_want_a_key(api: ApiBench) -> None:
    start(api)
    for path in ("/", "/runs", f"/runs/{NAME}", f"/runs/{NAME}/states/Stage/input", "/samples/penguins.csv"):
        answer = api.anybody().get(path)
        assert (answer.status_code, answer.headers["location"][:7]) == (303, "/login?"), path
    for path in ("/live/runs", f"/live/runs/{NAME}"):
        assert api.anybody().get(path).status_code == 401
    assert api.anybody().post("/start", **form({"target": "y"})).status_code == 401


def test_a_run_shows_its_graph_and_what_its_states_were_given(api: ApiBench, reader: Caller) -> None:
    page = reader.get(f"/runs/{start(api)}").text
    assert 'class="state task running" data-state="Stage"' in page
    assert 'class="state task idle" data-state="Settle"' in page
    assert "&lt;script&gt;alert(1)" in page
    whole = reader.get(f"/runs/{NAME}/states/Stage/input")
    assert whole.headers["content-type"].startswith("text/plain")
    assert json.loads(whole.text) == json.loads(STAGED)
    assert reader.get(f"/runs/{NAME}/states/Stage/output").status_code == 404


def test_a_run_that_failed_says_why_and_what_to_do(api: ApiBench, reader: Caller) -> None:
    api.sfn.fail(start(api), "InputError", "row 7: column <b> holds an infinite number")
    page = reader.get(f"/runs/{NAME}").text
    assert "row 7: column &lt;b&gt; holds" in page
    assert "mend what the cause names" in page
    said = reader.get(f"/live/runs/{NAME}").json()
    assert (said["status"], said["states"][0]["outcome"], said["states"][0]["error"]) == (
        "FAILED",
        "failed",
        "InputError",
    )


def test_a_stream_ends_with_the_run(api: ApiBench, reader: Caller) -> None:
    api.sfn.fail(start(api), "InputError", "no")
    events = reader.get(f"/live/runs/{NAME}?stream=1").text
    kinds = re.findall(r"^event: (\w+)$", events, re.MULTILINE)
    assert kinds == ["fragments", "data", "end"]
    fragments = json.loads(events.split("\n")[1].removeprefix("data: "))
    assert {"run-head", "run-graph", "run-failure", "run-result", "state-0"} <= fragments.keys()
    page = reader.get(f"/runs/{NAME}").text
    assert all(f'id="{name}"' in page for name in fragments)


@pytest.mark.parametrize(
    "path", ["/runs/nothing", "/runs/a:b", "/runs/batch/nothing", "/runs/nothing/states/Stage/input"]
)
def test_what_is_not_there_is_said(path: str, reader: Caller) -> None:
    answer = reader.get(path)
    assert answer.status_code == 404


def test_a_job_that_was_deleted_shows_nothing_more(api: ApiBench, reader: Caller) -> None:
    start(api)
    assert reader.get(f"/runs/{NAME}").status_code == 200
    assert reader.delete(f"/v9/jobs/{NAME}").status_code == 202
    for path in (f"/runs/{NAME}", f"/runs/{NAME}/states/Stage/input", f"/live/runs/{NAME}"):
        assert reader.get(path).status_code == 404, path


def test_runs_are_listed_by_status_and_page_by_page(api: ApiBench, reader: Caller) -> None:
    for number in range(30):
        start(api, f"{number:016x}")
    api.sfn.fail(f"{3:016x}", "InputError", "no")
    failed = reader.get("/runs?status=FAILED").text
    assert re.findall(r'href="/runs/([0-9a-f]{16})"', failed) == [f"{3:016x}"]
    first = reader.get("/runs").text
    assert len(re.findall(r'href="/runs/([0-9a-f]{16})"', first)) == 25
    older = re.search(r'href="(/runs\?[^"]*after=[^"]*)" rel="next"', first)
    assert older is not None
    second = reader.get(older[1].replace("&amp;", "&")).text
    assert len(re.findall(r'href="/runs/([0-9a-f]{16})"', second)) == 5
    assert len(reader.get("/live/runs").json()["jobs"]) == 25


def test_a_form_that_a_browser_sends_starts_a_training(api: ApiBench, reader: Caller) -> None:
    empty = {"dataset": "", "n_layers": "", "seed": "", "levels_per_wave": "auto", "oppose_profile": "auto"}
    answer = reader.post("/start", **form({"target": "y", "bucket": "40", **empty}))
    assert answer.status_code == 303
    name = answer.headers["location"].removeprefix("/runs/")
    asked = json.loads(api.sfn.of(name)["input"])
    assert (asked["target"], asked["bucket"]) == ("y", 40)
    assert "seed" not in asked
    key = asked["dataset"].removeprefix(api.objects.uri(""))
    assert api.objects.get(key) == b"x,y\n1,a\n2,b\n"


@pytest.mark.parametrize(
    ("fields", "file", "wrong", "said"),
    [
        ({"bucket": "4"}, "x,y\n1,a\n", "target", "Field required"),
        ({"target": "y", "n_layers": "0"}, "x,y\n1,a\n", "n_layers", "greater than or equal to 1"),
        ({"target": "y"}, None, "file", "choose a file that has rows"),
        ({"target": "y"}, "", "file", "choose a file that has rows"),
        ({"target": "y", "dataset": "s3://b/k.csv"}, "x,y\n1,a\n", "file", "not both"),
        ({"target": "y", "max_usd": "<b>"}, "x,y\n1,a\n", "max_usd", "valid number"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_started(
    fields: dict[str, str], file: str | None, wrong: str, said: str, api: ApiBench, reader: Caller
) -> None:
    answer = reader.post("/start", **form(fields, file))
    assert answer.status_code == 422
    place = re.search(rf'id="{wrong}-wrong">([^<]*)<', answer.text)
    assert place is not None
    assert said in place[1]
    for name, value in fields.items():
        if name != wrong:
            assert f'value="{value}"' in answer.text
    assert "<b>" not in answer.text
    assert api.sfn.calls["start_execution"] == 0
    assert [*api.objects.keys("")] == []


def test_another_site_s_form_starts_nothing(api: ApiBench) -> None:
    login = api.anybody().get("/login", params={"key": BEARER["Authorization"].split()[1]})
    cookie = login.headers["set-cookie"].split(";")[0]
    foreign = api.client(Cookie=cookie, **{"Sec-Fetch-Site": "cross-site"})
    assert foreign.post("/start", **form({"target": "y"})).status_code == 403
    own = api.client(Cookie=cookie, **{"Sec-Fetch-Site": "same-origin"})
    assert own.post("/start", **form({"target": "y"})).status_code == 303


def test_every_error_that_may_end_a_run_has_its_advice() -> None:
    ours = ("InputError", "PlanError", "ModelError", "FingerprintError", "EngineMismatchError")
    ours += ("BracketError", "ChecksumError", "InvariantError")
    said = {advice(name, "FAILED") for name in ours}
    assert len(said) == len(ours)
    assert all(hasattr(errors, name) for name in ours)
    assert advice(None, "ABORTED") != advice(None, "TIMED_OUT") != advice("Unknown", "FAILED")


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nothing", 404, "there is nothing at this path"),
        ("/runs?status=%3Cscript%3E", 422, "status"),
        ("/runs?after=%3Cscript%3E", 422, "no page follows this token"),
    ],
)
def test_people_read_what_is_wrong_on_a_page_and_programs_as_json(
    api: ApiBench, path: str, status: int, says: str
) -> None:
    people = Caller(api.app, {**BEARER, "Accept": "text/html,*/*;q=0.8"}).get(path)
    assert (people.status_code, people.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert says in people.text
    assert "<script>" not in people.text
    assert people.headers.items() >= {n.lower(): v for n, v in HEADERS.items()}.items()
    program = Caller(api.app, BEARER).get(path)
    assert (program.status_code, program.headers["content-type"]) == (status, "application/problem+json")
