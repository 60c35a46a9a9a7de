"""moto without its detours: what tests ask of S3 thousands of times is asked of moto's own store.

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

from tests.support.quick_s3 import OPERATIONS, RefusedError, metadata

_HOST = ".amazonaws.com"

_client: Any = BaseClient
_ask = _client._make_api_call
_addresses_of: Any = vars(BaseBackend)["urls"].fget
_addresses: dict[type, Any] = {}


def _quickly(client: Any, operation: str, params: dict[str, Any]) -> Any:
    """In place of what boto3 does for every call; parameters are checked, and hooks see them, as there."""
    known = OPERATIONS.get(operation)
    service = client.meta.service_model
    if (
        known is None
        or service.service_name != "s3"
        or not client.meta.endpoint_url.endswith(_HOST)
        or not params.keys() <= known.known
    ):
        return _ask(client, operation, params)
    model = service.operation_model(operation)
    validate_parameters(params, model.input_shape)
    doing = known.begin(**params)
    if doing is None:
        return _ask(client, operation, params)
    client.meta.events.emit(f"provide-client-params.s3.{operation}", params=params, model=model, context={})
    try:
        return doing()
    except RefusedError as refused:
        response = {"Error": refused.error, "ResponseMetadata": metadata(refused.status)}
        raise client.exceptions.from_code(refused.error["Code"])(response, operation) from None


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
