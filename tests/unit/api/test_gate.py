"""Nobody comes in without a key: every route in turn, and every way to bring a key that is none."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest
from starlette.routing import Mount

from gatherer.api.gate import COOKIE
from gatherer.api.keys import KEPT_SECONDS, SESSION_SECONDS
from gatherer.api.problems import API
from gatherer.api.routes import routes_of
from gatherer.api.settings import Rate
from snakebatch.mesh.api_keys import hash_of
from tests.support.api import BEARER, KEY, ApiBench, Caller

OPEN = {"/v9/health", "/login", "/static/app.css"}
"""By name, so that a new open route fails this test until somebody has thought about it."""

UNCOUNTED = Rate(1e9, 10**9)
"""Of failed attempts: who fails too often is told so instead."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND")
UNKNOWN = ("/v9/unknown", "/v9/healthy", "/unknown", "/statics", "//v9/health", "/v9/health/", "/LOGIN")


def paths(api: ApiBench) -> set[str]:
    """Every path that the application knows, its parameters filled in."""
    found = set()
    for route in routes_of(api.app):
        path = str(getattr(route, "path", ""))
        path = re.sub(r"\{(\w+)\}", lambda name: "1" if name[1] == "number" else "a", path)
        assert "{" not in path, f"fill in the parameters of {path}"
        found.add(f"{path}/app.css" if isinstance(route, Mount) else path)
    return found


def test_the_walk_sees_the_routes(api: ApiBench) -> None:
    assert {
        "/v9/train",
        "/v9/status/a",
        "/v9/model/a",
        "/v9/model/a/stripped",
        "/v9/models",
        "/v9/predict-sync",
        "/v9/upload",
        "/v9/uploads/a/parts/1",
        "/v9/jobs/a",
        "/v9/plan",
        "/v9/openapi.json",
        "/login",
    } <= paths(api)


def refused(answer_status: int, path: str, method: str) -> bool:
    """A program is told 401; somebody who opens a page is sent to the login."""
    page = not path.startswith(API) and method in ("GET", "HEAD", "OPTIONS")
    return answer_status == (303 if page else 401)


WRONG = {
    "no key": {},
    "a wrong key": {"Authorization": "Bearer sb_wrong"},
    "an empty key": {"Authorization": "Bearer "},
    "another scheme": {"Authorization": f"Basic {KEY}"},
    "the key alone": {"Authorization": KEY},
    "a key in another header": {"X-Api-Key": KEY, "X-Authorization": f"Bearer {KEY}"},
    "a key as the cookie": {"Cookie": f"{COOKIE}={KEY}"},
    "a session that is none": {"Cookie": f"{COOKIE}=9999999999.{'0' * 64}.{'0' * 64}"},
    "a wrong key beside a good session": {"Authorization": "Bearer sb_wrong", "Cookie": ""},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_no_route_is_open_but_those_that_are_named(api: ApiBench, wrong: str) -> None:
    app = api.another(failures=UNCOUNTED)
    session = app.state.keys.session(KEY)
    for path in sorted((paths(api) | set(UNKNOWN)) - OPEN):
        for method in METHODS:
            headers = dict(WRONG[wrong])
            if headers.get("Cookie") == "":
                headers["Cookie"] = f"{COOKIE}={session}"
            answer = Caller(app, headers).request(method, f"{path}?key={KEY}&token={KEY}")
            assert refused(answer.status_code, path, method), (method, path, answer.status_code)
            assert method != "GET" or answer.status_code == 303 or "WWW-Authenticate" in answer.headers
    assert api.sfn.calls.total() == 0, "nothing was asked of AWS for any of them"


def test_open_routes_answer_everybody(api: ApiBench) -> None:
    for path in OPEN & paths(api):
        assert api.anybody().get(path).status_code in (200, 404), path


def test_a_key_of_the_file_opens_until_it_is_revoked(api: ApiBench) -> None:
    record, key = api.keys.add("laptop", api.clock.time())
    caller = Caller(api.another(failures=UNCOUNTED), {"Authorization": f"Bearer {key}"})
    assert caller.get("/v9/jobs").status_code == 200

    api.keys.revoke(record.id, api.clock.time())
    api.clock.sleep(KEPT_SECONDS)

    for path in sorted(paths(api) - OPEN):
        assert caller.get(path).status_code in (401, 303), path


def test_a_revoked_key_ends_its_sessions(api: ApiBench) -> None:
    record, key = api.keys.add("browser", api.clock.time())
    cookie = api.anybody().get(f"/login?key={key}").cookies[COOKIE]
    browser = Caller(api.another(), {"Cookie": f"{COOKIE}={cookie}"})
    assert browser.get("/v9/jobs").status_code == 200, "another gatherer accepts it too"

    api.keys.revoke(record.name, api.clock.time())
    api.clock.sleep(KEPT_SECONDS)
    assert browser.get("/v9/jobs").status_code == 401


def test_a_session_ends_by_itself(api: ApiBench) -> None:
    cookie = api.anybody().get(f"/login?key={KEY}").cookies[COOKIE]
    browser = Caller(api.app, {"Cookie": f"{COOKIE}={cookie}"})
    api.clock.sleep(SESSION_SECONDS - 1)
    assert browser.get("/v9/jobs").status_code == 200
    api.clock.sleep(1)
    assert browser.get("/v9/jobs").status_code == 401


def test_a_session_can_not_be_made_longer_nor_from_what_is_kept(api: ApiBench) -> None:
    expiry, proof, seal = api.anybody().get(f"/login?key={KEY}").cookies[COOKIE].split(".")
    kept = hash_of(KEY)
    forgeries = [
        f"{int(expiry) + 1}.{proof}.{seal}",
        f"{expiry}.{proof}.é",
        f"²{expiry}.{proof}.{seal}",
        f"{expiry}.{proof}",
        f"{expiry}.{kept}.{hmac.new(kept.encode(), expiry.encode(), hashlib.sha256).hexdigest()}",
    ]
    for forged in forgeries:
        cookie = [("Cookie", f"{COOKIE}={forged}".encode("latin-1"))]
        assert api.anybody().get("/v9/jobs", headers=cookie).status_code == 401, forged
    for guess in (proof, kept, seal):
        assert api.anybody().get("/v9/jobs", headers={"Authorization": f"Bearer {guess}"}).status_code == 401


SITES = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Origin": "http://gatherer"}, True),
    ({}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://gatherer"}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Origin": "http://evil"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://[x"}, False),
]


@pytest.mark.parametrize(("headers", "ours"), SITES)
def test_a_session_changes_things_from_our_own_pages_only(
    api: ApiBench, headers: dict[str, str], ours: bool
) -> None:
    cookie = api.anybody().get(f"/login?key={KEY}").cookies[COOKIE]
    browser = Caller(api.app, {"Cookie": f"{COOKIE}={cookie}", **headers})
    assert browser.delete("/v9/jobs/a").status_code == (404 if ours else 403)
    assert browser.get("/v9/jobs").status_code == 200, "to read is harmless"


def test_a_key_needs_no_origin(api: ApiBench) -> None:
    caller = Caller(api.app, {**BEARER, "Origin": "http://evil", "Sec-Fetch-Site": "cross-site"})
    assert caller.delete("/v9/jobs/a").status_code == 404


def test_wrong_keys_are_counted_by_address_and_right_ones_still_pass(api: ApiBench) -> None:
    app = api.another(proxies=1)
    here = {"X-Forwarded-For": "6.6.6.6, 10.0.0.1"}
    guess = {**here, "Authorization": "Bearer sb_guess"}
    answers = [Caller(app, guess).get("/v9/jobs").status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
    last = Caller(app, guess).get("/v9/jobs")
    assert int(last.headers["Retry-After"]) >= 1
    assert Caller(app, {**here, **BEARER}).get("/v9/jobs").status_code == 200
    elsewhere = {**guess, "X-Forwarded-For": "10.0.0.1, 10.0.0.2"}
    assert Caller(app, elsewhere).get("/v9/jobs").status_code == 401
    api.clock.sleep(6)
    assert Caller(app, guess).get("/v9/jobs").status_code == 401


def test_keys_that_can_not_be_read_let_nobody_in(api: ApiBench) -> None:
    api.objects.put("service/keys.json", b"{")
    answer = api.client().get("/v9/jobs")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
