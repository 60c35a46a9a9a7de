"""moto without its detours: what tests ask of it thousands of times is asked of its own store.

A call of boto3 to moto takes two milliseconds: it is signed, made a request, matched against the addresses of
every service, parsed, and its answer is written and parsed again. Here the usual calls go to the objects that
moto holds; all others (a bucket with versions, an argument that is not known here) go the long way, to the
same objects, so that a test sees one account. ``tests/unit/test_quick_moto.py`` asks both ways and compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import moto
from botocore.client import BaseClient
from botocore.validate import validate_parameters
from moto.core.base_backend import BaseBackend
from moto.s3 import urls
from moto.s3.models import S3Backend

from tests.support import quick_json, quick_s3
from tests.support.quick_answers import Answer, Quick, RefusedError

_HOST = ".amazonaws.com"
KNOWN = {**quick_s3.OPERATIONS, **quick_json.OPERATIONS}

_client: Any = BaseClient
_ask = _client._make_api_call
_addresses_of: Any = vars(BaseBackend)["urls"].fget
_addresses: dict[type, Any] = {}


def _quickly(client: Any, operation: str, params: dict[str, Any]) -> Any:
    """In place of what boto3 does for every call; parameters are checked, and hooks hear of it, as there."""
    service = client.meta.service_model
    known = KNOWN.get((service.service_name, operation))
    if known is None or not (params.keys() <= known.parameters and client.meta.endpoint_url.endswith(_HOST)):
        return _ask(client, operation, params)
    model = service.operation_model(operation)
    validate_parameters(params, model.input_shape)
    told = _told(known, client, params)
    if told is None:
        return _ask(client, operation, params)
    about = f"{service.service_id.hyphenize()}.{operation}"
    client.meta.events.emit(f"provide-client-params.{about}", params=params, model=model, context={})
    if isinstance(told, RefusedError):
        response = {"Error": told.error, "ResponseMetadata": _metadata(told.status)}
        raise client.exceptions.from_code(told.error["Code"])(response, operation)
    status, answer = told
    return {"ResponseMetadata": _metadata(status), **answer}


def _told(known: Quick, client: Any, params: dict[str, Any]) -> Answer | RefusedError | None:
    """The status and the answer, or what S3 says instead; None where only the long way knows."""
    try:
        return known.answer(client, **params)
    except RefusedError as refused:
        return refused


def _metadata(status: int) -> dict[str, Any]:
    """What boto3 says of the answer itself."""
    return {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}


def _urls(backend: BaseBackend) -> Any:
    """moto makes them anew for each call, and S3's after it has loaded their module again."""
    kind = type(backend)
    if kind not in _addresses:
        _addresses[kind] = _addresses_of(backend)
    return _addresses[kind]


@contextmanager
def mock_aws() -> Iterator[None]:
    """moto's ``mock_aws``; leaves boto3 and moto as they were."""
    with (
        moto.mock_aws(),
        patch.object(S3Backend, "_url_module", urls),
        patch.object(BaseBackend, "urls", property(_urls)),
        patch.object(BaseClient, "_make_api_call", _quickly),
    ):
        yield
