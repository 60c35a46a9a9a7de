"""What damage in S3 does to a gatherer: it fails the run that it concerns, by name, and nobody else."""

from __future__ import annotations

import json

import pytest

from tests.support.mesh import MeshBench
from tests.support.tables import overlapping
from tests.unit.mesh.test_gatherer import SMALL, FakeStepFunctions, answerer, trained


@pytest.mark.parametrize("name", ["jobs/job/job.json", "manifest.json", "assembled.json"])
@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_record_fails_its_workflow_by_name_and_nobody_else(
    mesh: MeshBench, name: str, damaged: bytes
) -> None:
    staged, message = trained(mesh)
    key = name if "/" in name else mesh.keys(staged).execution("test", name)
    mesh.store.objects.put(key, damaged)
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer_all()
    last, arguments = sfn.calls[-1]
    assert (last, arguments["error"]) == ("failure", "MeshError")
    assert key in arguments["cause"]
    assert mesh.store.pending_keys() == []


def test_a_token_that_cannot_be_read_stays_and_keeps_nobody_waiting(mesh: MeshBench) -> None:
    _, message = trained(mesh)
    mesh.store.keep_pending(message)
    newer = json.dumps({**message.body(), "version": 2}).encode()
    mesh.store.objects.put("gather/pending/0.json", newer)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer_all()
    assert sfn.calls[-1][0] == "success"
    assert list(mesh.store.objects.keys("gather/pending/")) == ["gather/pending/0.json"]


def test_a_report_under_another_packets_name_is_refused(mesh: MeshBench) -> None:
    staged, message = trained(mesh)
    keys = mesh.keys(staged)
    one, other = sorted(mesh.store.reported(keys, "leaf"))[:2]
    mesh.store.objects.put(keys.report("leaf", one), mesh.store.objects.get(keys.report("leaf", other)))
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer_all()
    name, arguments = sfn.calls[-1]
    assert (name, arguments["error"]) == ("failure", "ChecksumError")
    assert other in arguments["cause"]


def test_a_name_that_is_used_again_with_other_layers_gets_its_own_model(mesh: MeshBench) -> None:
    """Step Functions frees the names of executions after 90 days; the job's folder stays."""
    table = mesh.upload(overlapping(300))
    mesh.train(table, job="job", **SMALL)
    _, model = mesh.train(table, job="job", **{**SMALL, "n_layers": 3})
    assert len(json.loads(model)["layers"]) == 3
