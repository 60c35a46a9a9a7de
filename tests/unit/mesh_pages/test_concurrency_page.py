"""The spawn panel: its figures are the reports', its trouble is told, its drawing is in proportion."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as some

from gatherer.account import Account
from gatherer.pages.brackets_view import TableReader, open_brackets
from gatherer.pages.concurrency import limits, look_at_spawn, percentile, spawn_fragments
from gatherer.pages.mesh_state import add_mesh_state
from gatherer.pages.spawn_chart import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, spawn_chart
from snakebatch.clock import SimulatedClock
from snakebatch.mesh.bracket_records import SESSION, Brackets, Record
from snakebatch.mesh.invocation import Invocation
from snakebatch.planner.rate import SPAWN_RATE
from snakebatch.planner.spawn_rate import MinutePeak, busiest_window, minute_peaks
from tests.support.mesh import TABLE
from tests.support.pages import PagesBench, check_page, said
from tests.unit.mesh_pages.test_activity_reader import do, look, staged


def test_an_hour_without_anything_says_so(pages: PagesBench) -> None:
    text = pages.text("/concurrency")
    assert "nothing was started within the last hour" in text
    assert "No bracket is open" in text


def test_bars_and_figures_are_of_the_reports_of_all_runs(pages: PagesBench) -> None:
    for name in ("one", "two"):
        _, wave = staged(pages, name)
        do(pages, wave, pages.mesh.items(wave), name)
        pages.workflow.end(name)
    made = [one for name in ("one", "two") for one in look(pages, name).invocations.values()]
    starts = [one.started for one in made]
    data = pages.ask("GET", "/live/concurrency").json()
    peaks = [peak for peak in minute_peaks(starts, pages.clock.time(), 60) if peak.invocations]
    assert [minute["rate"] for minute in data["minutes"]] == [peak.rate for peak in peaks]
    assert data["invocations"] == len(made)
    assert data["busiest_ten_seconds"] == busiest_window(starts)
    assert data["cold"] == sum(one.cold for one in made)
    page = pages.get("/concurrency")
    assert page.count('<g class="bar-') == len(peaks)
    assert f"Busiest 10 s {busiest_window(starts)} starts" in said(page)


def test_what_started_more_than_an_hour_ago_is_gone(pages: PagesBench) -> None:
    _, wave = staged(pages)
    do(pages, wave, pages.mesh.items(wave))
    pages.workflow.end("run")
    assert look_at_spawn(pages.state).invocations > 0
    pages.clock.sleep(3700)
    assert look_at_spawn(pages.state).invocations == 0


def test_the_ceiling_is_the_deployment_s_spawn_rate(pages: PagesBench) -> None:
    app = FastAPI()
    add_mesh_state(app, replace(pages.app.state.parts, rate=1.5))
    assert app.state.mesh.rate == 1.5
    seen = look_at_spawn(replace(pages.state, rate=app.state.mesh.rate))
    assert seen.ceiling == seen.chart.ceiling.value == 1.5
    assert "90 a minute = 1.50/s, as deployed" in [line.here for line in limits(seen)]


@settings(deadline=None)
@given(
    some.lists(some.integers(0, 400), min_size=1, max_size=60),
    some.sampled_from([SPAWN_RATE, 1.0, 100.0]),
)
def test_the_drawing_is_in_proportion(fullest: list[int], ceiling: float) -> None:
    peaks = [MinutePeak(60.0 * place, count, count) for place, count in enumerate(fullest)]
    chart = spawn_chart(peaks, ceiling)
    assert len(chart.bars) == sum(count > 0 for count in fullest)
    for bar in chart.bars:
        assert LEFT <= bar.x < bar.x + bar.width <= WIDTH
        assert bar.y + 0.1 >= TOP
        assert abs(bar.y + bar.height - (HEIGHT - BOTTOM)) < 0.2
        # A bar reaches the line of the ceiling exactly where its minute is over it.
        assert (bar.y <= chart.ceiling.at + 0.1) == (bar.peak.rate >= ceiling * 0.999)
        assert bar.level == bar.peak.level(ceiling)
    assert 2 <= len(chart.rates) <= 7


def denied(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Any")


class Refusing:
    """A client whose every call fails as it is told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def refuse(**asked: Any) -> None:
            raise self.error

        return refuse


def test_a_missing_right_is_a_line_and_no_error(pages: PagesBench) -> None:
    account = Account(lambda service: Refusing(denied("AccessDeniedException")), "p", pages.clock)
    account.read_metrics()
    account.read_limits()
    account.read_shard("07")
    told = account.known()
    for right in (
        "cloudwatch:GetMetricData",
        "lambda:GetAccountSettings",
        "lambda:GetFunctionConcurrency",
        "lambda:ListProvisionedConcurrencyConfigs",
    ):
        assert any(f"the right {right} is missing" in line for line in told.trouble)
    assert (told.throttles, told.concurrent, told.limits, told.shards_asked) == (None, None, None, 0)


def test_a_service_that_does_not_answer_is_a_line(pages: PagesBench) -> None:
    error = EndpointConnectionError(endpoint_url="http://nowhere")
    account = Account(lambda service: Refusing(error), "p", pages.clock)
    account.read_limits()
    (line,) = account.known().trouble
    assert "can't be reached" in line
    account = Account(lambda service: Refusing(denied("NotImplementedException")), "p", pages.clock)
    account.read_limits()
    (line,) = account.known().trouble
    assert "answers NotImplementedException" in line


def test_the_page_tells_of_trouble(pages: PagesBench) -> None:
    object.__setattr__(pages.state.table, "_table", None)
    assert "LEASE_TABLE is not set" in pages.text("/concurrency")


def test_open_brackets_are_listed(pages: PagesBench) -> None:
    reader = TableReader(pages.state.account._clients, TABLE, pages.clock)
    assert reader.seen().brackets == ()
    arn = "arn:aws:states:eu-west-3:123456789012:execution:snakebatch-train:job-1"
    brackets = Brackets(
        records={
            f"{SESSION}lab": Record(start=3, slots=12, opened=20.0, expiry=99.0),
            arn: Record(start=0, slots=2, opened=10.0),
        }
    )
    assert [(one.holder, one.slots, one.standing) for one in open_brackets(brackets)] == [
        ("job-1", 2, "allocating"),
        ("session/lab", 12, "allocating"),
    ]


def test_fragments_are_whole_and_have_their_places(pages: PagesBench) -> None:
    page = pages.get("/concurrency")
    for name, fragment in spawn_fragments(look_at_spawn(pages.state)).items():
        check_page(fragment)
        assert f'id="{name}"' in page


def test_percentiles_are_of_the_ordered_durations() -> None:
    made = [Invocation(str(n), "leaf", "00", False, 0.0, float(n)) for n in (5, 1, 4, 2, 3)]
    assert percentile(made, 0.1) == 1.0
    assert percentile(made, 0.5) == 3.0
    assert percentile(made, 0.95) == 5.0
    assert percentile([], 0.5) is None


def test_a_bar_says_its_minute_and_figures(pages: PagesBench) -> None:
    _, wave = staged(pages)
    do(pages, wave, pages.mesh.items(wave))
    page = pages.get("/concurrency")
    titles = re.findall(r"<title>(\d\d:\d\d UTC: [^<]*)</title>", page)
    assert titles
    assert all("in the minute" in title for title in titles)


class Lambda:
    """A Lambda client of an account where shard 07 has slots and a reservation."""

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:
        return {"ReservedConcurrentExecutions": 9} if FunctionName == "p-07" else {}

    def list_provisioned_concurrency_configs(self, *, FunctionName: str) -> dict[str, Any]:
        if FunctionName != "p-07":
            return {"ProvisionedConcurrencyConfigs": []}
        entry = {
            "FunctionArn": "arn:aws:lambda:eu-west-3:1:function:p-07:live",
            "RequestedProvisionedConcurrentExecutions": 3,
            "AvailableProvisionedConcurrentExecutions": 1,
            "Status": "IN_PROGRESS",
        }
        return {"ProvisionedConcurrencyConfigs": [entry]}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 991}}


def test_slots_and_limits_are_lambda_s() -> None:
    account = Account(lambda service: Lambda(), "p", SimulatedClock())
    account.read_limits()
    for shard in ("06", "07"):
        account.read_shard(shard)
    told = account.known()
    assert told.limits == {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 991}
    assert told.reserved == {"07": 9}
    assert [(one.shard, one.qualifier, one.requested, one.available) for one in told.slots] == [
        ("07", "live", 3, 1)
    ]
    assert (told.shards_asked, told.trouble) == (2, ())


def test_throttles_and_concurrency_are_cloudwatch_s(pages: PagesBench) -> None:
    from snakebatch.local.lambdas.counts import Counts
    from snakebatch.local.metrics import NAMESPACE, metric_data

    clients = pages.state.account._clients
    counts = Counts()
    counts.began("v9-worker-pipe-37", {"v9-worker-pipe-37": 2}, 5)
    for _ in range(3):
        counts.throttled("v9-worker-pipe-37")
    entries = list(metric_data(counts.take(), pages.clock.time()))
    clients("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=entries)
    assert list(metric_data(counts.take(), pages.clock.time())) == []

    account = Account(clients, "v9-worker-pipe", pages.clock)
    account.read_metrics()
    told = account.known()
    assert told.trouble == ()
    assert told.throttles is not None
    assert {shard: count for shard, count in told.throttles.items() if count} == {"37": 3}
    assert told.concurrent is not None
    assert [value for _, value in told.concurrent] == [5.0]
