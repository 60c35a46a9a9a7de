"""The login: a key in exchange for a cookie, as ``snakebatch serve`` prints the link."""

from __future__ import annotations

import pytest

from gatherer.api.gate import COOKIE
from tests.support.api import KEY, ApiBench, Caller


def test_a_link_with_the_key_logs_in(api: ApiBench) -> None:
    answer = api.anybody().get(f"/login?key={KEY}&next=/runs/a?b=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/a?b=1")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert KEY not in cookie
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_behind_tls_the_cookie_stays_there(api: ApiBench) -> None:
    answer = Caller(api.app, {"X-Forwarded-Proto": "https"}).get(f"/login?key={KEY}")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("kind", ["data", "files"])
def test_a_form_logs_in(api: ApiBench, kind: str) -> None:
    fields = {"key": KEY, "next": "/economics"}
    given = {"data": fields} if kind == "data" else {"files": {k: (None, v) for k, v in fields.items()}}
    answer = api.anybody().post("/login", **given)
    assert (answer.status_code, answer.headers["location"]) == (303, "/economics")
    assert COOKIE in answer.cookies


def test_the_form_has_the_headers_of_every_page(api: ApiBench) -> None:
    answer = api.anybody().get("/login")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_wrong_key_shows_the_form_again(api: ApiBench) -> None:
    answer = api.anybody().post("/login", data={"key": "sb_wrong", "next": "/runs"})
    assert answer.status_code == 401
    assert "unknown or revoked" in answer.text
    assert "/runs" in answer.text
    assert "set-cookie" not in answer.headers


def test_guesses_are_counted(api: ApiBench) -> None:
    answers = [api.anybody().get("/login?key=sb_wrong").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


@pytest.mark.parametrize(
    "goal", ["//evil", "https://evil/", "/\\evil", "/%09/evil", "\\\\evil", "evil", "/login?next=/login", ""]
)
def test_a_login_never_leads_to_another_site(api: ApiBench, goal: str) -> None:
    answer = api.anybody().get("/login", params={"key": KEY, "next": goal})
    assert answer.headers["location"] in ("/", "/%09/evil")


def test_what_a_page_is_asked_for_is_where_the_login_leads(api: ApiBench) -> None:
    answer = api.anybody().get("/some/page?a=b%26c")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fsome%2Fpage%3Fa%3Db%2526c"


def test_the_page_quotes_what_it_shows(api: ApiBench) -> None:
    answer = api.anybody().get("/login", params={"next": '/"><script>'})
    assert "<script>" not in answer.text


def test_a_logout_takes_the_cookie(api: ApiBench) -> None:
    answer = api.client().post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "Max-Age=0" in answer.headers["set-cookie"]
