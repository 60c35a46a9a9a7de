"""``POST /v9/plan``: the plan that Stage would make, in the deployment that is asked."""

from __future__ import annotations

from dataclasses import replace

from snakebatch.planner import make_plan
from tests.support.api import ApiBench


def test_a_plan_is_of_the_functions_and_the_spawn_rate_that_are_deployed(api: ApiBench) -> None:
    asked = {"rows": 1_000_000}
    assert api.client().post("/v9/plan", json=asked).json() == make_plan(rows=1_000_000).to_dict()
    app = api.another()
    app.state.parts = replace(app.state.parts, memory_gb=10.0)
    larger = api.client(app).post("/v9/plan", json=asked).json()
    assert larger == make_plan(rows=1_000_000, memory_gb=10.0).to_dict()
    app.state.parts = replace(app.state.parts, rate=1.5)
    slower = api.client(app).post("/v9/plan", json=asked).json()
    assert slower == make_plan(rows=1_000_000, memory_gb=10.0, rate=1.5).to_dict()
    assert slower["seconds"] > larger["seconds"]
