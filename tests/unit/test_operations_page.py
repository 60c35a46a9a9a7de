"""docs/operations.md: its sums are right, and what alarms and README point at is there."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tests.support.template import PREFIX, resolved, resources

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
PRODUCT = re.compile(r"\| ([\d.,]+(?: x [\d.,]+)+) \| ([\d.,]+) \|$", re.MULTILINE)
ALARMS = {
    name: body["Properties"] for name, body in resources().items() if body["Type"] == "AWS::CloudWatch::Alarm"
}


def number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(("formula", "said"), PRODUCT.findall(PAGE))
def test_a_cost_is_its_formula(formula: str, said: str) -> None:
    assert math.prod(map(number, formula.split(" x "))) == pytest.approx(number(said), abs=0.0051)


def test_together_is_the_sum_of_what_stands_above_it() -> None:
    above, _, below = PAGE.partition("| together |")
    parts = [number(said) for _, said in PRODUCT.findall(above)]
    assert len(parts) == 4
    assert sum(parts) == pytest.approx(number(re.findall(r"[\d.]+", below)[0]), abs=0.0051)
    a_month = f"${sum(parts):.0f} a month"
    assert a_month in PAGE
    assert a_month in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_it_means_and_the_page_says_what_to_do(name: str) -> None:
    alarm = ALARMS[name]
    assert f"`PREFIX{resolved(alarm['AlarmName']).removeprefix(PREFIX)}`" in PAGE
    for anchor in re.findall(r"docs/operations\.md#(\S+)", alarm["AlarmDescription"]):
        assert f"### {anchor.replace('-', ' ').capitalize()}\n" in PAGE


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_whoever_is_to_be_told(name: str) -> None:
    told = {"Fn::If": ["HasAlarmEmail", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}]}
    actions = [{"Fn::If": ["HasAlarmTopicArn", {"Ref": "AlarmTopicArn"}, told]}]
    assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == actions
    if ALARMS[name]["TreatMissingData"] == "missing":
        # It then says nothing by itself when its data stay out.
        assert ALARMS[name]["InsufficientDataActions"] == actions
