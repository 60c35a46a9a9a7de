"""The dashboard and the alarms: what they show is what somebody emits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.handlers import ROOT
from tests.support.template import PREFIX, physical_name, resolved, resources

BODY: dict[str, Any] = json.loads(resolved(resources()["Dashboard"]["Properties"]["DashboardBody"]))
WIDGETS: list[dict[str, Any]] = BODY["widgets"]
EMITTED = {
    name
    for path in [*ROOT.glob("functions/*/app.py"), *ROOT.glob("gatherer/*.py")]
    for name in re.findall(r'add_metric\(\s*"(\w+)"', path.read_text())
} | set(re.findall(r'"rename": "(\w+)"', (ROOT / "gatherer/machine/cloudwatch-agent.json").read_text()))


def metrics(widget: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Namespace, name and dimensions of a widget's metrics, the shorthands ``.`` and ``...`` spelt out."""
    found: list[tuple[str, str, list[str]]] = []
    before: list[str] = []
    for entry in widget["properties"].get("metrics", []):
        texts = [part for part in entry if isinstance(part, str)]
        if not texts:
            continue
        if texts[0] == "...":
            texts = [*before[: len(before) - len(texts) + 1], *texts[1:]]
        texts = [before[index] if text == "." else text for index, text in enumerate(texts)]
        before = texts
        found.append((texts[0], texts[1], texts[2:]))
    return found


ALL = [metric for widget in WIDGETS for metric in metrics(widget)]


def test_what_the_operator_wants_to_see_is_there() -> None:
    titles = " ".join(widget["properties"]["title"] for widget in WIDGETS).lower()
    for word in ("spawn rate", "throttles", "wave progress", "queue", "bracket", "cost per job", "errors"):
        assert word in titles


def test_no_widget_covers_another() -> None:
    cells = [
        (x, y)
        for widget in WIDGETS
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert all(0 <= x < 24 for x, _ in cells)


@pytest.mark.parametrize(("namespace", "name", "dimensions"), ALL)
def test_a_metric_of_ours_is_emitted_and_all_are_this_deployment_s(
    namespace: str, name: str, dimensions: list[str]
) -> None:
    if namespace == "SnakeBatch":
        assert name in EMITTED
        assert dimensions == ["service", PREFIX]
    elif dimensions:
        assert PREFIX in dimensions[1]


def test_shards_are_found_by_their_name() -> None:
    searches = re.findall(r"SEARCH\('(.*?)'", json.dumps(BODY))
    assert len(searches) == 3
    shard = physical_name("Shard00").rpartition("-")[0]
    assert all(search.endswith(f" {shard}") for search in searches)


def test_the_spawn_rate_is_to_ten_seconds_beside_the_ceiling() -> None:
    widget = next(w for w in WIDGETS if w["properties"]["title"].startswith("Spawn rate"))
    assert widget["properties"]["period"] == 10
    assert widget["properties"]["metrics"][-1] == [
        {"expression": "TIME_SERIES(1000 / 6)", "label": "Ceiling"}
    ]
    shard = (ROOT / "functions/shard/app.py").read_text()
    assert {name for _, name, _ in metrics(widget)} == {"Invocations", "Spawned"}
    assert (
        len(re.findall(r'add_metric\("(?:Invocations|Spawned)".*resolution=MetricResolution.High', shard))
        == 2
    )


def test_alarms_of_our_own_metrics_watch_what_is_emitted() -> None:
    for name, body in resources().items():
        properties = body["Properties"]
        if body["Type"] == "AWS::CloudWatch::Alarm" and properties["Namespace"] == "SnakeBatch":
            assert properties["MetricName"] in EMITTED, name
