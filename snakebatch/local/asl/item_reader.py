"""ItemReader: the items of a Distributed Map from S3: JSON, JSON Lines, CSV, or a listing of objects.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
Anything that keeps the items from being read is States.ItemReaderFailed.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError

from .dataflow import DataFlow
from .errors import ITEM_READER_FAILED, StateError
from .integrations import call_service, read_body
from .naming import parse_json
from .resources import Resource
from .shapes import to_task
from .visit import Visit

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
GET_OBJECT = "arn:aws:states:::s3:getObject"
_READS = 3
LIST_OBJECTS = "arn:aws:states:::s3:listObjectsV2"


def s3(operation: str) -> Resource:
    """An S3 action as a resource, for the call and its error names."""
    action = operation[0].lower() + operation[1:]
    return Resource(f"arn:aws:states:::s3:{action}", "sdk", "s3", action, "", "s3", operation)


async def read(
    visit: Visit, data: DataFlow, reader: Mapping[str, Any]
) -> tuple[list[Any], Mapping[str, Any]]:
    """The items, and what the context object says of their source (`Source`)."""
    template = reader.get("Arguments", reader.get("Parameters", {}))
    parameters = data.fill(
        "ItemReader/Arguments" if visit.state.jsonata else "ItemReader/Parameters", template
    )
    config = reader.get("ReaderConfig", {})
    limit = _max_items(data, config)
    client = visit.engine.client
    try:
        if reader["Resource"] == LIST_OBJECTS:
            items = await visit.engine.runtime.in_thread(lambda: _list(parameters, limit, client))
        else:
            items = await visit.engine.runtime.in_thread(lambda: _get(parameters, config, client))
    except StateError as problem:
        raise StateError(ITEM_READER_FAILED, f"{problem.error}: {problem.cause or ''}") from problem
    except (ValueError, LookupError, OSError, csv.Error) as problem:
        raise StateError(ITEM_READER_FAILED, f"The items can't be read: {problem}") from problem
    source = {"Source": f"S3://{parameters.get('Bucket')}/{parameters.get('Key', '')}"}
    return (items if limit is None else items[:limit]), source


def _max_items(data: DataFlow, config: Mapping[str, Any]) -> int | None:
    """MaxItems; 0 or absent is all."""
    if "MaxItemsPath" in config:
        value = data.fill("MaxItems", {"MaxItems.$": config["MaxItemsPath"]})["MaxItems"]
    else:
        value = data.fill("ItemReader/ReaderConfig/MaxItems", config.get("MaxItems"))
    if value is None or value == 0:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise StateError(ITEM_READER_FAILED, f"MaxItems must be a whole number of at least 0, not {value!r}")
    return value


def _list(parameters: Mapping[str, Any], limit: int | None, client: Any) -> list[Any]:
    """Every object under the prefix, as ListObjectsV2 describes them, page after page."""
    resource = s3("ListObjectsV2")
    found: list[Any] = []
    page = dict(parameters)
    while True:
        response = call_service(resource, page, client)
        found.extend(to_task(entry, None) for entry in response.get("Contents", []))
        if not response.get("IsTruncated") or (limit is not None and len(found) >= limit):
            return found
        page["ContinuationToken"] = response["NextContinuationToken"]


def _get(parameters: Mapping[str, Any], config: Mapping[str, Any], client: Any) -> list[Any]:
    body = _content(parameters, client)
    if str(parameters.get("Key", "")).endswith(".gz") and body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    kind = config.get("InputType", "JSON")
    content = body.decode("utf-8-sig")
    if kind == "CSV":
        return _csv(content, config)
    if kind == "JSONL":
        # Not splitlines: U+2028 and its like may stand inside a JSON string.
        return [parse_json(line) for line in content.split("\n") if line.strip()]
    return _json(content, config.get("ItemsPointer"))


def _content(parameters: Mapping[str, Any], client: Any) -> bytes:
    """The object's bytes; read again, as the service does, where the connection breaks in the middle."""
    broken: BotoCoreError | None = None
    for _ in range(_READS):
        try:
            return read_body(call_service(s3("GetObject"), parameters, client)["Body"])
        except BotoCoreError as problem:
            broken = problem
    raise StateError("S3.SdkClientException", str(broken)) from broken


def _json(content: str, pointer: str | None) -> list[Any]:
    value = parse_json(content)
    for name in _pointer(pointer):
        if not isinstance(value, (list, dict)):
            raise ValueError(f"there is nothing at {pointer}")
        value = value[int(name)] if isinstance(value, list) else value[name]
    if not isinstance(value, list):
        raise ValueError("Attempting to map over non-iterable node.")
    return value


def _pointer(pointer: str | None) -> list[str]:
    """The steps of a JSON pointer (RFC 6901)."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] if pointer else []


def _csv(content: str, config: Mapping[str, Any]) -> list[Any]:
    """Rows as objects of strings; missing values are empty, values beyond the header are dropped."""
    rows = csv.reader(io.StringIO(content), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    if config.get("CSVHeaderLocation") == "GIVEN":
        header = config["CSVHeaders"]
    else:
        header = next(rows, None)
        if header is None:
            raise ValueError("the CSV file is empty, so it has no header")
    return [dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False)) for row in rows if row]
