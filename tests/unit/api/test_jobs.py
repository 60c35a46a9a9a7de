"""Jobs over HTTP: one look a second however many ask, the list, the receipt, and how one is deleted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gatherer.api.status_cache import ENDED_SECONDS, FRESH_SECONDS
from snakebatch.errors import UnknownJobError
from snakebatch.graph.record import read_record
from snakebatch.mesh.deleting import LONGEST_INVOCATION, REMEMBERED, Deleting
from tests.support.api import ApiBench, Caller

ASKED = {"rows": [{"y": "a", "x": 1}, {"y": "b", "x": 2}], "target": "y"}


def start(client: Caller, **asked: Any) -> str:
    model_id: str = client.post("/v9/train", json={**ASKED, **asked}).json()["model_id"]
    return model_id


def test_two_hundred_pollers_cost_one_look_a_second(api: ApiBench, client: Caller) -> None:
    model_id = start(client)

    async def poll() -> list[Any]:
        asked = [client._ask("GET", f"/v9/status/{model_id}", {}) for _ in range(200)]
        return await asyncio.gather(*asked)

    for second in range(3):
        answers = asyncio.run(poll())
        assert {answer.status_code for answer in answers} == {200}
        assert api.sfn.calls["describe_execution"] == second + 1
        api.clock.sleep(FRESH_SECONDS)


def test_a_job_that_has_ended_is_not_looked_at_again(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    api.sfn.fail(model_id, "InputError", "row 1 is odd")
    said = client.get(f"/v9/status/{model_id}").json()
    assert (said["status"], said["error"], said["cause"]) == ("FAILED", "InputError", "row 1 is odd")
    for _ in range(5):
        api.clock.sleep(100)
        assert client.get(f"/v9/status/{model_id}").json() == said
    assert api.sfn.calls["describe_execution"] == 1


def test_statuses_are_forgotten_where_there_are_too_many(api: ApiBench, client: Caller) -> None:
    cache = api.app.state.statuses
    cache._most = 2
    first, *_ = ids = [start(client) for _ in range(3)]
    for model_id in ids:
        client.get(f"/v9/status/{model_id}")
    assert len(cache._entries) == 2
    client.get(f"/v9/status/{first}")
    assert api.sfn.calls["describe_execution"] == 4


def test_a_job_that_another_gatherer_deleted_is_soon_unknown(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    api.sfn.succeed(model_id, model=None)
    assert client.get(f"/v9/status/{model_id}").status_code == 200
    assert api.client(api.another()).delete(f"/v9/jobs/{model_id}").status_code == 202
    api.clock.sleep(ENDED_SECONDS)
    assert client.get(f"/v9/status/{model_id}").status_code == 404
    assert client.get(f"/v9/status/{model_id}").status_code == 404


@pytest.mark.parametrize("model_id", ["nobody", "a b", "é", "x" * 200, "a:b", "%00", "m-1", "..", "a%2Fb"])
def test_an_unknown_job_is_a_problem_of_status_404(client: Caller, model_id: str) -> None:
    for path in ("status", "model", "jobs"):
        url = f"/v9/{path}/{model_id}"
        answer = client.delete(url) if path == "jobs" else client.get(url)
        assert answer.status_code in (404, 405), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_list_has_pages_and_leaves_deleted_jobs_out(api: ApiBench, client: Caller) -> None:
    ids = [start(client) for _ in range(5)]
    api.sfn.succeed(ids[1], model=None)
    client.delete(f"/v9/jobs/{ids[3]}")
    first = client.get("/v9/jobs?limit=2").json()
    assert [job["model_id"] for job in first["jobs"]] == [ids[4]]
    second = client.get("/v9/jobs", params={"limit": 2, "after": first["next"]}).json()
    assert [job["model_id"] for job in second["jobs"]] == [ids[2], ids[1]]
    done = client.get("/v9/jobs?status=SUCCEEDED").json()
    assert [job["model_id"] for job in done["jobs"]] == [ids[1]]
    assert done["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("status=DONE", "status"), ("after=x", "after")],
)
def test_a_bad_query_is_named(client: Caller, query: str, field: str) -> None:
    answer = client.get(f"/v9/jobs?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_method_that_is_not_known_names_those_that_are(client: Caller) -> None:
    answer = client.post("/v9/jobs/a")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE"
    assert client.request("PATCH", "/v9/uploads/a").headers["allow"] == "DELETE, GET"


def write(api: ApiBench, *keys: str) -> None:
    for key in keys:
        api.objects.put(key, b"{}")


def objects_of(name: str, job: str) -> tuple[str, ...]:
    return (
        f"jobs/{job}/job.json",
        f"jobs/{job}/{'f' * 12}/leaf/reports/{name}.json.gz",
        f"jobs/{job}/{'f' * 12}/executions/{name}/run.json",
        f"waves/{job}/{'f' * 12}/{name}/0/items.json",
        f"failed/{name}/receipt.json",
        f"runs/{name}.json",
    )


def stage(api: ApiBench, name: str, job: str) -> None:
    """What a training writes, as far as deleting is concerned."""
    write(api, *objects_of(name, job))
    run = f'{{"job":"{job}","fingerprint":"{"f" * 32}"}}'
    api.objects.put(f"runs/{name}.json", run.encode())


def test_a_job_is_stopped_and_all_of_it_goes_and_nothing_else(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    stage(api, model_id, model_id)
    others = (*objects_of(f"{model_id}b", f"{model_id}b"), f"datasets/{model_id}b.csv", "models/m/model.json")
    write(api, *others)

    answer = client.delete(f"/v9/jobs/{model_id}")

    assert (answer.status_code, answer.json()) == (202, {"model_id": model_id})
    assert api.sfn.of(model_id)["status"] == "ABORTED"
    left = set(api.objects.keys(""))
    assert left == {*others, f"deleted/{model_id}.json", f"deleting/{model_id}.json"}
    for path in (f"/v9/status/{model_id}", f"/v9/model/{model_id}", f"/v9/jobs/{model_id}/receipt"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/v9/jobs/{model_id}").status_code == 404


def test_what_comes_after_a_deletion_is_swept(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    stage(api, model_id, model_id)
    client.delete(f"/v9/jobs/{model_id}")
    deleting = Deleting(api.jobs)

    api.clock.sleep(LONGEST_INVOCATION - 1)
    write(api, f"jobs/{model_id}/{'f' * 12}/leaf/reports/late.json.gz")
    assert deleting.sweep() == 1, "more may come"
    assert list(api.objects.keys("jobs/")) == []

    api.clock.sleep(300)
    write(api, f"jobs/{model_id}/{'f' * 12}/leaf/reports/later.json.gz")
    assert deleting.sweep() == 0
    assert list(api.objects.keys("")) == [f"deleted/{model_id}.json"]
    assert deleting.sweep() == 0
    assert client.get(f"/v9/status/{model_id}").status_code == 404, "Step Functions remembers it still"


def test_a_job_that_is_staged_while_it_is_deleted_is_swept(api: ApiBench, client: Caller) -> None:
    """The id of the job says nothing of where its objects will lie: only its run does, later."""
    name = start(client, job="shared")
    client.delete(f"/v9/jobs/{name}")
    stage(api, name, "shared")
    Deleting(api.jobs).sweep()
    assert set(api.objects.keys("")) == {f"deleted/{name}.json", f"deleting/{name}.json"}


def test_what_a_job_shares_stays_until_its_last_execution_goes(api: ApiBench, client: Caller) -> None:
    one, two = start(client, job="shared"), start(client, job="shared")
    for name in (one, two):
        stage(api, name, "shared")
    client.delete(f"/v9/jobs/{one}")
    left = set(api.objects.keys("jobs/")) | set(api.objects.keys("waves/"))
    assert f"jobs/shared/{'f' * 12}/leaf/reports/{one}.json.gz" in left
    assert {key for key in left if f"/{one}/" in key} == set()
    assert {key for key in objects_of(two, "shared") if key.startswith(("jobs/", "waves/"))} <= left
    client.delete(f"/v9/jobs/{two}")
    assert list(api.objects.keys("jobs/")) + list(api.objects.keys("waves/")) == []


def test_tombstones_go_once_step_functions_has_forgotten_the_job(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    client.delete(f"/v9/jobs/{model_id}")
    (written,) = (when for _, when in api.objects.written("deleted/"))
    assert api.jobs.service.forget_deleted(written) == 0
    assert api.jobs.service.forget_deleted(written + 1) == 1
    assert REMEMBERED > 90 * 24 * 3600


def test_who_deletes_what_is_not_there_changes_nothing(api: ApiBench) -> None:
    with pytest.raises(UnknownJobError):
        Deleting(api.jobs).delete("nobody")
    assert list(api.objects.keys("")) == []


def test_a_trace_says_what_each_state_did(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    machine, run = read_record(client.get(f"/v9/jobs/{model_id}/trace").json())
    assert (run.status, run.state("Stage").outcome, run.arn) == ("RUNNING", "running", api.jobs.arn(model_id))
    assert "Divide" in {state.name for state in machine.states}
    client.delete(f"/v9/jobs/{model_id}")
    for gone in (model_id, "nobody"):
        assert client.get(f"/v9/jobs/{gone}/trace").status_code == 404


def test_a_receipt_is_there_when_the_job_has_ended(api: ApiBench, client: Caller) -> None:
    model_id = start(client)
    assert client.get(f"/v9/jobs/{model_id}/receipt").status_code == 409
    api.store.put_receipt(None, model_id, {"status": "FAILED", "usd": 0.1})
    assert client.get(f"/v9/jobs/{model_id}/receipt").json() == {"status": "FAILED", "usd": 0.1}
