"""What really went wrong: a shard's error, behind the Map that only says that too many children failed."""

from __future__ import annotations

import json
import re
from typing import Any

from snakebatch.mesh.objects import Objects
from snakebatch.mesh.requests import Failure

_LONGEST_CAUSE = 1_000
"""Bytes of a cause: with the rest of a state's output they stay under 4 KiB in any script."""

_MANIFEST = "manifest.json"
_MESSAGE = re.compile(r'"errorMessage"\s*:\s*"((?:[^"\\]|\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt]))*)')


def one_line(cause: str | None) -> str:
    """A cause as a person reads it: Lambda's JSON unpacked, in one line, of bounded length."""
    text = cause or ""
    # The workflow hands on the beginning of a cause only, so its JSON may end in the stack trace, or in the
    # message itself.
    message = _MESSAGE.search(text) if text.lstrip().startswith("{") else None
    if message is not None:
        text = str(json.loads(f'"{message[1]}"', strict=False))
    line = " ".join(text.split()) or "no cause was given; see the execution history"
    data = line.encode("utf-8", "backslashreplace")
    cut = "..." if len(data) > _LONGEST_CAUSE else ""
    return data[:_LONGEST_CAUSE].decode("utf-8", "ignore") + cut


def explain(objects: Objects, failure: Failure, results: str | None) -> Failure:
    """The failure with its true name and one line.

    A Map's own error hides its children's: the first failed child is found by the manifest that the Map's
    ResultWriter left under ``results``, whose file names are followed, never guessed.
    """
    if failure.error == "States.ExceedToleratedFailureThreshold" and results is not None:
        child = _first_failed_child(objects, results)
        if child is not None:
            failure = child
    return Failure(error=failure.error, cause=one_line(failure.cause))


def _first_failed_child(objects: Objects, results: str) -> Failure | None:
    manifests = [key for key in objects.keys(f"{results}/") if key.endswith(f"/{_MANIFEST}")]
    for manifest in manifests:
        for file in json.loads(objects.get(manifest)).get("ResultFiles", {}).get("FAILED", []):
            for entry in json.loads(objects.get(file["Key"])):
                error = _error_of(entry)
                if error is not None:
                    return error
    return None


def _error_of(entry: dict[str, Any]) -> Failure | None:
    if not entry.get("Error"):
        return None
    return Failure(error=str(entry["Error"]), cause=entry.get("Cause"))
