"""The API does what its OpenAPI document says, on thousands of requests that schemathesis makes up.

Requests go through the real server, over a socket of loopback, to moto's S3 and scripted executions. Each
operation is asked with what the document allows and with what it forbids, about names that are made up and
about a job, a model and an upload that are there.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from gatherer.api.bodies import FORM
from gatherer.api.server import serving
from gatherer.api.settings import Rate
from tests.support.api import BEARER, ApiBench
from tests.support.handlers import ROOT
from tests.support.scale import scaled

LEAST_REQUESTS = scaled(250, 2_000)
"""Of all groups together: each must make its share."""

GROUPS = 3
EXAMPLES = scaled(6, 60)

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    allow_header_conformance,
    unsupported_method,
]
"""Not among them: positive_data_acceptance, since a schema can't say that a target must be a column of the
rows, or that a page's token must be one that was given out; such requests are rightly refused.
"""

FORM_CHECKS = [check for check in CHECKS if check is not negative_data_rejection]
"""A form's fields are texts: a name that became null, or a number, is the text of it on the wire."""

UNCOUNTED = Rate(1e9, 10**9)
KNOWN = f"m-{'0' * 32}"


def test_the_committed_document_is_the_application_s(api: ApiBench) -> None:
    committed = (ROOT / "docs/openapi.json").read_text(encoding="utf-8")
    message = "write it anew: python -m gatherer.api.openapi > docs/openapi.json"
    assert committed == f"{json.dumps(api.app.openapi(), indent=2, ensure_ascii=False)}\n", message


def test_every_operation_documents_what_the_gate_may_answer(api: ApiBench) -> None:
    for path, item in api.app.openapi()["paths"].items():
        for method, operation in item.items():
            if path == "/v9/health":
                assert operation["security"] == []
                continue
            assert "security" not in operation, "the document's own, for all"
            missing = {"401", "403", "405", "429", "503"} - operation["responses"].keys()
            assert not missing, f"{method} {path}"
            assert operation["description"]


@contextmanager
def served(api: ApiBench) -> Iterator[str]:
    """The API at a URL, without rates."""
    kinds = ("read", "write", "train", "predict", "upload", "failures")
    app = api.another(**dict.fromkeys(kinds, UNCOUNTED))
    listener = socket.create_server(("127.0.0.1", 0))
    with serving(app, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def seeded(api: ApiBench) -> dict[str, str]:
    """Ids of things that are there: a job's, which is a model's too, and an upload's."""
    client = api.client()
    rows = [{"y": "a", "x": 1}, {"y": "b", "x": 2}]
    client.post("/v9/train", json={"rows": rows, "target": "y"})
    for key in (f"models/{KNOWN}/model.json", f"models/{KNOWN}/model_stripped.json"):
        api.objects.put(key, b"{}")
    upload_id = client.post("/v9/uploads", json={}).json()["upload_id"]
    return {"model_id": KNOWN, "upload_id": upload_id}


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_no_request_is_answered_but_as_the_document_says(
    api: ApiBench, record_property: Callable[[str, object], None], group: int
) -> None:
    """Every GROUPS-th operation, so that several processes share the work."""
    known = seeded(api)
    statuses: Counter[int] = Counter()
    schema = schemathesis.openapi.from_dict(api.app.openapi())
    with served(api) as url, requests.Session() as session:
        session.headers.update(BEARER)

        def ask(case: Any) -> None:
            response = case.call(base_url=url, session=session)
            statuses[response.status_code] += 1
            case.validate_response(response, checks=FORM_CHECKS if case.media_type == FORM else CHECKS)

        for found in list(schema.get_all_operations())[group::GROUPS]:
            operation: Any = found.ok()
            names = [parameter.name for parameter in operation.path_parameters]
            fixed = {name: known[name] for name in names if name in known}
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if operation.path == "/v9/health" and mode is GenerationMode.NEGATIVE:
                    continue  # it takes nothing, so nothing of it can be wrong
                examine(operation.as_strategy(generation_mode=mode), ask)
            if fixed and len(fixed) == len(names):
                examine(operation.as_strategy(path_parameters=fixed), ask)

    told = f"{statuses.total():,} requests, {dict(sorted(statuses.items()))}"
    record_property("proof", f"schemathesis, group {group}: {told}")
    assert statuses.total() * GROUPS >= LEAST_REQUESTS, statuses
    assert any(status < 300 for status in statuses), "and some of them went well"
    assert {404, 422} <= statuses.keys()


@pytest.mark.slow
def test_authentication_is_not_ignored(api: ApiBench) -> None:
    """Schemathesis sends what it likes in the place of the key."""
    schema = schemathesis.openapi.from_dict(api.app.openapi())
    with served(api) as url:

        def ask(case: Any) -> None:
            case.call_and_validate(base_url=url, headers=dict(BEARER), checks=[ignored_auth])

        for found in schema.get_all_operations():
            operation: Any = found.ok()
            if operation.path != "/v9/health":
                examine(operation.as_strategy(), ask, examples=3)


def examine(strategy: Any, ask: Callable[[Any], None], examples: int = EXAMPLES) -> None:
    """Ask with so many examples, the same ones each time."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Any) -> None:
        ask(case)

    run()
