"""The planner's form and the receipts: what was asked, what was wrong with it, what was spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gatherer.api.plan import PlanAsked, planned
from gatherer.pages.plan_form import FIELDS, Estimate, estimate, read_form
from gatherer.receipts import Compared, compared
from snakebatch.planner import make_plan
from snakebatch.planner.plan import MEMORY_GB
from snakebatch.planner.rate import SPAWN_RATE
from snakebatch.planner.seed_model import seed_plan
from snakebatch.planner.usd_parts import usd_parts
from tests.support.pages import PagesBench, check_page, said
from tests.unit.mesh_pages.test_activity_reader import do, staged


def estimated(typed: Mapping[str, str], memory_gb: float = MEMORY_GB, rate: float = SPAWN_RATE) -> Estimate:
    return estimate(read_form(typed), memory_gb=memory_gb, rate=rate)


def test_the_page_says_what_the_planner_says(pages: PagesBench) -> None:
    text = pages.text("/economics?rows=1000000&n_layers=5&tau=1000")
    plan, v9 = estimated({}).plan, seed_plan(1_000_000)
    assert f"Invocations {plan.invocations}" in text
    assert f"Slots 0 {v9.slots}" in text
    assert f"131.6/s Slots 0 {v9.slots}" in text
    assert "$1.75" in text
    assert "This training fits its limits" in text


def test_plans_of_the_pages_are_of_the_functions_that_are_deployed(pages: PagesBench) -> None:
    assert "Compute, functions of 4 GB" in pages.text("/economics")
    pages.app.state.parts = replace(pages.app.state.parts, memory_gb=10.0)
    found = estimated({}, memory_gb=10.0)
    cost = f"Compute, functions of 10 GB ${found.parts.compute:.4f}"
    for address in ("/economics", "/economics/plan"):
        assert cost in said(pages.ask("GET", address).text)
    assert "G is 10 GB, the stack's FunctionMemory" in pages.text("/math")


def test_plans_of_the_pages_keep_to_the_spawn_rate_that_is_deployed(pages: PagesBench) -> None:
    assert "paced below 16.67/s" in pages.text("/economics")
    pages.app.state.parts = replace(pages.app.state.parts, rate=1.5)
    plan = estimated({}, rate=1.5).plan
    for address in ("/economics", "/economics/plan"):
        text = said(pages.ask("GET", address).text)
        assert f"{plan.peak_rate:.1f}/s, paced below 1.50/s" in text
        assert f"Invocations {plan.invocations} At a time {plan.max_concurrency}" in text
    assert plan.seconds > estimated({}).plan.seconds


@pytest.mark.parametrize("slots", ["auto", 12])
@pytest.mark.parametrize(("rows", "layers", "classes"), [(1, 1, 2), (10**6, 5, 2), (10**9, 50, 5000)])
def test_the_page_and_the_api_have_one_planner(
    rows: int, layers: int, classes: int, slots: Literal["auto"] | int
) -> None:
    asked = PlanAsked(rows=rows, n_layers=layers, classes=classes, slots=slots)
    typed = {"rows": str(rows), "n_layers": str(layers), "classes": str(classes), "slots": str(slots)}
    assert estimated(typed).plan == planned(asked, memory_gb=MEMORY_GB, rate=SPAWN_RATE)


def test_a_plan_over_its_limit_is_refused_with_the_reason(pages: PagesBench) -> None:
    text = pages.text("/economics?rows=10000000&n_layers=50&max_usd=0.01")
    assert "Refused before anything is spent: the plan costs" in text


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("rows", "x", "not a whole number"),
        ("rows", "1.5", "not a whole number"),
        ("rows", "0", "from 1 to 10,000,000,000"),
        ("rows", "1e999", "not a whole number"),
        ("rows", "nan", "not a whole number"),
        ("n_layers", "-1", "from 1 to"),
        ("max_usd", "<b>", "not a number"),
        ("slots", "10001", "from 0 to 10,000"),
    ],
)
def test_a_wrong_field_is_named_and_the_default_stands_in(
    pages: PagesBench, name: str, value: str, says: str
) -> None:
    asked = read_form({name: value})
    assert says in asked.wrong[name]
    assert asked.values == read_form({}).values
    answer = pages.ask("GET", "/economics/plan", params={name: value})
    assert answer.status_code == 200
    check_page(answer.text)
    assert f'data-wrong="{name}"' in answer.text
    page = pages.ask("GET", "/economics", params={name: value}).text
    check_page(page)
    assert "<b>&" not in page.replace("</b>", "")
    assert 'aria-invalid="true"' in page


@settings(deadline=None, max_examples=30)
@given(some.dictionaries(some.sampled_from([field.name for field in FIELDS]), some.text(max_size=12)))
def test_any_text_gives_a_plan(given_texts: dict[str, str]) -> None:
    asked = read_form(given_texts)
    found = estimate(asked, memory_gb=MEMORY_GB, rate=SPAWN_RATE)
    assert found.plan.rows == found.v9.rows == int(asked.values["rows"] or 1)
    assert set(asked.wrong) <= set(given_texts)


@settings(deadline=None, max_examples=20)
@given(some.integers(1, 10**8), some.integers(1, 60), some.integers(0, 500))
def test_the_parts_add_up_to_the_cost(rows: int, layers: int, slots: int) -> None:
    plan = make_plan(rows=rows, n_layers=layers, slots=slots)
    parts = usd_parts(plan)
    assert parts.compute + parts.slots + parts.handing == pytest.approx(plan.usd)
    assert min(parts.compute, parts.handing) > 0
    assert (parts.slots > 0) == (slots > 0)


def receipt(**actual: float) -> dict[str, object]:
    plan = {"seconds": 40.0, "usd": 0.01, "invocations": 20, "leaves": 100}
    return {
        "plan": plan,
        "actual": plan | actual,
        "rows": {"kept": 344},
        "input": {"n_layers": 5},
    }


def test_a_deviation_is_a_part_of_what_was_planned() -> None:
    found = compared("run", 1.0, receipt(seconds=30.0, invocations=25))
    assert found.seconds == Compared(40.0, 30.0)
    assert found.seconds is not None
    assert found.invocations is not None
    assert found.seconds.deviation == -0.25
    assert found.invocations.deviation == 0.25
    assert Compared(0.0, 3.0).deviation is None


def test_receipts_stand_newest_first_and_are_read_once(pages: PagesBench) -> None:
    for name in ("one", "two"):
        staging, wave = staged(pages, name)
        do(pages, wave, pages.mesh.items(wave), name)
        keys = pages.mesh.keys(staging)
        uri = pages.mesh.store.put_receipt(keys, name, receipt(seconds=30.0))
        pages.workflow.end(name, output={"receipt": uri, "usd": 0.01})
        pages.clock.sleep(10)
    text = pages.text("/economics")
    assert text.index("two") < text.index("one ")
    assert text.count("344 × 5") == 2
    assert "40.0 s 30.0 s -25 % $0.0100 $0.0100 +0 % 20 20 +0 % 100 100 +0 %" in text
    asked = pages.workflow.calls["describe_execution"]
    assert pages.text("/economics") == text
    assert pages.workflow.calls["describe_execution"] == asked


def test_a_receipt_says_where_the_money_and_the_time_went(pages: PagesBench) -> None:
    """The latest run's, or the one that the address names."""
    for number, name in enumerate(("first", "second"), 1):
        staging, _ = staged(pages, name)
        said_by = receipt()
        plan, actual = said_by["plan"], said_by["actual"]
        assert isinstance(plan, dict)
        assert isinstance(actual, dict)
        plan |= {"usd_by_kind": {"gb_seconds": 0.004, "sqs": 0.0}, "seconds_by_state": {"Stage": 2.0}}
        shards = {f"0{number}": {"packets": 7, "seconds": 12.5, "cold": 3}}
        actual |= {"usd_by_kind": {"gb_seconds": 0.005, "s3": 0.001}, "shards": shards}
        actual |= {"seconds_by_state": {"Stage": 3.0}}
        uri = pages.mesh.store.put_receipt(pages.mesh.keys(staging), name, said_by)
        pages.workflow.end(name, output={"receipt": uri, "usd": 0.01})
        pages.clock.sleep(10)
    text = pages.text("/economics")
    assert "Receipt of second" in text
    assert "gb seconds $0.0040 $0.0050 +25 % sqs $0.00 $0.00 – s3 $0.00 $0.0010 –" in text
    assert "Stage 2.00 s 3.00 s +50 %" in text
    assert "02 7 12.5 s 3" in text
    other = pages.text("/economics?receipt=first")
    assert "Receipt of first" in other
    assert "01 7 12.5 s 3" in other
    assert "Receipt of second" in pages.text("/economics?receipt=nobody")


def test_a_run_without_a_receipt_says_why(pages: PagesBench) -> None:
    pages.workflow.start("bad")
    pages.workflow.end("bad", "FAILED", error="InputError", cause="no column 'nix'")
    pages.workflow.start("odd")
    pages.mesh.store.objects.put("odd.json", b'{"plan": 3}')
    pages.workflow.end("odd", output={"receipt": pages.mesh.store.objects.uri("odd.json")})
    pages.workflow.start("gone")
    pages.workflow.end("gone", output={"receipt": pages.mesh.store.objects.uri("nowhere.json")})
    text = pages.text("/economics")
    assert "InputError: no column 'nix'" in text
    assert text.count("its receipt can't be read") == 2


def test_an_account_without_runs_invites_to_the_first(pages: PagesBench) -> None:
    assert "No run has ended yet" in said(pages.get("/economics"))
