"""The gatherer sweeps after deleted jobs by itself, and goes on where AWS has a bad moment."""

from __future__ import annotations

import threading

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from gatherer.sweeping import sweep_once, sweeping
from snakebatch.errors import MeshError
from snakebatch.mesh.deleting import Deleting
from tests.support.api import ApiBench

LONG = 30.0


def test_a_gatherer_sweeps_as_it_starts_and_ends_at_once(api: ApiBench) -> None:
    """What an earlier one left is not kept for minutes more."""
    asked = {"rows": [{"y": "a", "x": 1}, {"y": "b", "x": 2}], "target": "y"}
    model_id = api.client().post("/v9/train", json=asked).json()["model_id"]
    api.client().delete(f"/v9/jobs/{model_id}")
    api.objects.put(f"jobs/{model_id}/late.json", b"{}")
    swept = threading.Event()

    class Telling(Deleting):
        def sweep(self) -> int:
            left = super().sweep()
            swept.set()
            return left

    with sweeping(Telling(api.jobs), Logger("test")):
        assert swept.wait(LONG)
    assert list(api.objects.keys("jobs/")) == []


@pytest.mark.parametrize("error", [MeshError("odd"), ClientError({"Error": {"Code": "SlowDown"}}, "List")])
def test_what_fails_is_told_and_left_to_the_next_sweep(
    api: ApiBench, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Deleting) -> int:
        raise error

    monkeypatch.setattr(Deleting, "sweep", fail)
    told: list[str] = []
    logger = Logger("test")
    monkeypatch.setattr(logger, "warning", lambda message, **_: told.append(message))
    sweep_once(Deleting(api.jobs), logger)
    assert len(told) == 1
