"""ResultWriter: the children's results as files in S3 with a manifest, or as the state's result.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dataflow import DataFlow
from .errors import RESULT_WRITER_FAILED, StateError
from .integrations import call_service
from .item_reader import s3
from .map_run import MapRun
from .naming import iso, text
from .visit import Visit

if TYPE_CHECKING:
    from .execution import Execution

FILE_BYTES = 100 * 1024 * 1024
"""A result file is closed once it holds this much. The service's own limit is 5 GB; ours bounds memory."""


@dataclass(frozen=True)
class Destination:
    """Where results go (no bucket: into the state's result), and their form."""

    bucket: str | None
    prefix: str
    transformation: str
    output_type: str


def destination(visit: Visit, data: DataFlow) -> Destination:
    """What the state's ResultWriter says; without one, COMPACT results as the state's result."""
    writer = visit.state.raw.get("ResultWriter")
    if writer is None:
        return Destination(None, "", "COMPACT", "JSON")
    config = writer.get("WriterConfig", {})
    output_type = config.get("OutputType", "JSON")
    if "Resource" not in writer:
        return Destination(None, "", config.get("Transformation", "COMPACT"), output_type)
    where = "ResultWriter/Arguments" if visit.state.jsonata else "ResultWriter/Parameters"
    parameters = data.fill(where, writer.get("Arguments", writer.get("Parameters", {})))
    prefix = str(parameters.get("Prefix", "")).strip("/")
    return Destination(
        str(parameters.get("Bucket")), prefix, config.get("Transformation", "NONE"), output_type
    )


async def write(visit: Visit, map_run: MapRun, to: Destination) -> Any:
    """Write the results; what the state's result then is. Failure to write is States.ResultWriterFailed."""
    if to.bucket is None:
        return _inline(map_run, to)
    runtime, client = visit.engine.runtime, visit.engine.client
    groups = _groups(map_run, to)
    folder = "/".join(part for part in (to.prefix, map_run.arn.rpartition(":")[2]) if part)
    try:
        await runtime.in_thread(lambda: _write_files(groups, folder, map_run.arn, to, client))
    except StateError as problem:
        raise StateError(RESULT_WRITER_FAILED, f"{problem.error}: {problem.cause or ''}") from problem
    map_run.results_written.update(
        {"executions": len(map_run.children), "items": sum(child.item_count for child in map_run.children)}
    )
    details = {"Bucket": to.bucket, "Key": f"{folder}/manifest.json"}
    return {"MapRunArn": map_run.arn, "ResultWriterDetails": details}


def _inline(map_run: MapRun, to: Destination) -> Any:
    results = list(_transformed(map_run.children, to.transformation))
    if to.output_type == "JSONL":
        return "\n".join(text(result) for result in results)
    return results


def _transformed(children: Iterable[Execution], transformation: str) -> Iterable[Any]:
    """NONE: output and metadata. COMPACT: outputs. FLATTEN: their elements. Failures keep metadata."""
    for child in children:
        if transformation == "NONE" or child.status != "SUCCEEDED":
            yield record(child)
            continue
        output = json.loads(child.output or "null")
        if transformation == "FLATTEN" and isinstance(output, list):
            yield from output
        else:
            yield output


def record(child: Execution) -> dict[str, Any]:
    """A child execution as a result file has it: input and output are JSON *texts*."""
    entry: dict[str, Any] = {
        "ExecutionArn": child.arn,
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "StartDate": iso(child.started),
        "StateMachineArn": child.machine.arn,
        "Status": child.status,
    }
    if child.output is not None:
        entry["Output"] = child.output
        entry["OutputDetails"] = {"Included": True}
    if child.stopped is not None:
        entry["StopDate"] = iso(child.stopped)
    if child.error is not None:
        entry["Error"] = child.error
    if child.cause is not None:
        entry["Cause"] = child.cause
    return entry


def _groups(map_run: MapRun, to: Destination) -> dict[str, list[Any]]:
    """Results by file name: succeeded; failed, timed out or aborted; those never started."""
    succeeded = [child for child in map_run.children if child.status == "SUCCEEDED"]
    unsuccessful = [child for child in map_run.children if child.status != "SUCCEEDED"]
    pending = [
        {"Input": given.text, "InputDetails": {"Included": True}, "Status": "PENDING"}
        for given in map_run.inputs[len(map_run.children) :]
    ]
    return {
        "FAILED": list(_transformed(unsuccessful, to.transformation)),
        "PENDING": pending,
        "SUCCEEDED": list(_transformed(succeeded, to.transformation)),
    }


def _write_files(
    groups: Mapping[str, list[Any]], folder: str, arn: str, to: Destination, client: Any
) -> None:
    files: dict[str, list[dict[str, Any]]] = {}
    for status, results in groups.items():
        files[status] = []
        for number, content in enumerate(_files(results, to.output_type)):
            key = f"{folder}/{status}_{number}.{to.output_type.lower()}"
            _put(str(to.bucket), key, content, client)
            files[status].append({"Key": key, "Size": len(content)})
    manifest = {"DestinationBucket": to.bucket, "MapRunArn": arn, "ResultFiles": files}
    _put(str(to.bucket), f"{folder}/manifest.json", text(manifest).encode(), client)


def _files(results: list[Any], output_type: str) -> Iterable[bytes]:
    """The contents of the files: JSON arrays, or JSON Lines."""
    lines: list[str] = []
    size = 0
    for result in results:
        lines.append(text(result))
        size += len(lines[-1])
        if size >= FILE_BYTES:
            yield _joined(lines, output_type)
            lines, size = [], 0
    if lines:
        yield _joined(lines, output_type)


def _joined(lines: list[str], output_type: str) -> bytes:
    return ("\n".join(lines) + "\n" if output_type == "JSONL" else "[" + ",".join(lines) + "]").encode()


def _put(bucket: str, key: str, content: bytes, client: Any) -> None:
    call_service(s3("PutObject"), {"Bucket": bucket, "Key": key, "Body": content}, client)
