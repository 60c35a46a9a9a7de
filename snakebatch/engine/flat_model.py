"""The flat form of early model files: clauses and lookalikes at the top, no layers and no buckets.

It is a model of one bucket: every row is a member, in the order of ``targets``, and no condition stands
before it. So it is read as one layer of one ELSE bucket, and written as such from then on (docs/format.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEYS = ("clauses", "lookalikes")


def is_flat(content: Mapping[str, Any]) -> bool:
    """Whether the content has clauses and lookalikes of its own instead of layers."""
    return "layers" not in content and all(key in content for key in _KEYS)


def unflatten(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same model with layers; what early files left out is derived from what they have.

    ``targets`` come from the population; everything else is checked by the reader, as of any file.
    """
    layered = {key: value for key, value in content.items() if key not in _KEYS}
    header, population = content.get("header"), content.get("population")
    if "targets" not in layered and isinstance(header, list) and header and isinstance(population, list):
        layered["targets"] = [row.get(header[0]) for row in population if isinstance(row, Mapping)]
    targets = layered.get("targets")
    rows = len(targets) if isinstance(targets, list) else 0
    bucket = {"condition": None, "members": list(range(rows)), **{key: content[key] for key in _KEYS}}
    layered["layers"] = [[bucket]]
    return layered
