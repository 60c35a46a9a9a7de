"""No secret gets into a log: a round of training, predictions and API calls, then a search for canaries.

Searched is all that handlers, gatherers and services wrote, the histories of the executions, and what
the API said of the jobs. Rows travel inline in the small predict workflow, by design: its history has no log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gatherer.api.gate import COOKIE
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.mesh.api_keys import hash_of
from tests.support.training import Ended, events, finish, reach, upload

pytestmark = pytest.mark.slow

KEY = "sb_CANARY-key-5d1f"
CELL, LABEL, ASKED = "CANARY-cell-81c2", "CANARY-label-77a0", "CANARY-asked-3be9"
WRONG_KEY, HEADER = "sb_CANARY-wrong-04aa", "CANARY-header-9e11"
TABLE = "x,word,y\n" + "".join(f"{n},{CELL}-{n % 7},{LABEL}-{n % 3}\n" for n in range(120))


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    """No gatherer yet: the first one starts when the token that it will use was seen."""
    settings = {"GATHERER_KEYS_SHA256": hash_of(KEY), "GATHERER_STREAM_BYTES": "1"}
    with EmbeddedCloud(
        processes=2, gatherers=0, gather_heartbeat=600, http=("127.0.0.1", 0), environment=settings
    ) as running:
        yield running


@pytest.fixture(scope="module")
def token(cloud: EmbeddedCloud) -> str:
    """The task token of a training that waits for its model."""
    asked = {"dataset": upload(cloud, TABLE), "target": "y", "n_layers": 2, "bucket": 20, "tau": 50}
    arn = cloud.train(asked, name="canary")
    reach(cloud, arn, "Gather")
    token = ""
    while not token:
        found = cloud.client("sqs").receive_message(
            QueueUrl=cloud.reports_queue_url, VisibilityTimeout=0, MaxNumberOfMessages=10
        )
        bodies = [json.loads(message["Body"]) for message in found.get("Messages", [])]
        token = next((body["token"] for body in bodies if body["kind"] == "gather"), "")
    return token


@pytest.fixture(scope="module")
def round_trip(cloud: EmbeddedCloud, token: str) -> dict[str, Any]:
    """Everything that a user does, with the secrets that come up on the way."""
    cloud.start_gatherer()
    arn = cloud.train_arn.replace(":stateMachine:", ":execution:") + ":canary"
    trained = finish(cloud, arn)
    assert trained.status == "SUCCEEDED", trained.described
    bearer = {"Authorization": f"Bearer {KEY}", "X-Note": HEADER}
    said = []
    with httpx.Client(base_url=cloud.url, headers=bearer, timeout=60) as client:
        link = client.get("/v9/model/canary")
        assert link.status_code == 307
        rows = [{"x": 1.5, "word": f"{ASKED}-{n}"} for n in range(3)]
        for mode in ("prediction", "audit"):
            asked = {"model_id": "canary", "mode": mode, "rows": rows}
            assert client.post("/v9/predict-sync", json=asked).status_code == 200
        started = client.post(
            "/v9/train", json={"rows": [{"y": f"{LABEL}-{n % 2}", "x": n} for n in range(9)], "target": "y"}
        )
        job = started.json()["model_id"]
        finish(cloud, arn.replace(":canary", f":{job}"))
        client.post("/v9/upload", files={"file": ("a.csv", TABLE.encode())}).raise_for_status()
        for path in ("/v9/status/canary", "/v9/jobs", "/v9/jobs/canary/receipt", "/v9/health"):
            said.append(client.get(path).raise_for_status().text)
        assert client.delete(f"/v9/jobs/{job}").status_code == 202
    with httpx.Client(base_url=cloud.url, timeout=60) as browser:
        assert browser.get(f"/login?key={KEY}&next=/runs").status_code == 303
        cookie = browser.cookies[COOKIE]
        assert browser.get("/runs/canary").status_code == 200
        assert browser.get(f"/login?key={WRONG_KEY}").status_code == 401
    refused = httpx.get(f"{cloud.url}/v9/jobs", headers={"Authorization": f"Bearer {WRONG_KEY}"})
    assert refused.status_code == 401
    signed = parse_qs(urlsplit(link.headers["location"]).query)
    signature = next(values[0] for name, values in signed.items() if name.lower().endswith("signature"))
    return {"said": said, "cookie": cookie, "signature": signature, "trained": trained}


def test_the_logs_hold_no_canary(cloud: EmbeddedCloud, token: str, round_trip: dict[str, Any]) -> None:
    logs = cloud.logs()
    assert "packet done" in logs, "the handlers' logs are among them"
    secrets = {
        "API key": KEY,
        "hash of a key": hash_of(KEY),
        "wrong key": WRONG_KEY,
        "task token": token,
        "session cookie": round_trip["cookie"],
        "signature of a link": round_trip["signature"],
        "cell": CELL,
        "label": LABEL,
        "row that was asked about": ASKED,
        "header of a request": HEADER,
    }
    found = [name for name, secret in secrets.items() if secret in logs]
    assert found == []
    assert all(len(secret) >= 10 for secret in secrets.values()), "each is one that nothing else spells"


def test_states_and_answers_hold_keys_and_counts_only(
    cloud: EmbeddedCloud, token: str, round_trip: dict[str, Any]
) -> None:
    trained: Ended = round_trip["trained"]
    told = json.dumps(list(events(cloud, trained.arn)), default=str)
    assert "packets" in told
    for secret in (CELL, LABEL, KEY, round_trip["signature"]):
        assert secret not in told
        assert all(secret not in answer for answer in round_trip["said"])
    assert all(token not in answer for answer in round_trip["said"])
