"""What the parts of a training take: measured once, in one data file that says when and by which command.

Receipts of real runs correct them (``snakebatch plan --calibrate``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from snakebatch.errors import InputError, shown


@dataclass(frozen=True)
class Constants:
    """Seconds, bytes, and seconds a unit of work.

    Those of the processor are of one core at full speed, the dearest of few classes; a *cell* is a value of
    one row, the target's included. ``leaf_short`` is a leaf's row where the classes are far apart, the least
    that it takes: plans do not reckon with it, so easy data are done sooner.
    """

    read_cell: float
    """Stage: reading the CSV."""
    population_byte: float
    """Stage: hashing and packing the population."""
    load_byte: float
    """A cold shard: unpacking the population."""
    evaluation: float
    """Divide: a row-evaluation."""
    leaf_row: float
    """Leaf: a row of one layer, its report's JSON included."""
    leaf_short: float
    cover_row: float
    """Gather: a row of one layer, from a packet's report to the check that the layers are partitions."""
    row_text_byte: float
    """A shard, or the gatherer for small tables: a byte of the rows in model.json."""
    csv_cell_bytes: float
    population_cell_bytes: float
    row_cell_bytes: float
    """model.json: what a cell takes in its rows."""
    bucket_row_bytes: float
    """model.json: what a row of one layer takes in its buckets."""
    cover_row_bytes: float
    """Of a leaf packet's report, of one row of one layer."""
    slices: float
    """Slices of a layer, in rows / tau."""
    invocation: float
    """An invocation beside its work: the call, the packet, the report, the messages."""
    init: float
    """A new environment: start and imports."""
    state: float
    """A transition of the state machine."""
    function: float
    """A small function's work: lease, bracket, receipt."""
    map_start: float
    map_end: float
    """A Map Run beside its children."""
    wave_packet: float
    """NextWave and Stage: writing a packet."""
    gather: float
    """From the last report to the gatherer's first byte, and from its last to the task token."""
    s3_bytes_per_second: float
    """Between S3 and a function, either way."""
    upload_bytes_per_second: float
    """From the gatherer's machine to S3."""
    copy_bytes_per_second: float
    """Of what S3 copies by itself, 16 parts at a time."""
    opening: float
    """Until provisioned slots are ready."""

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    def with_values(self, values: dict[str, float]) -> Constants:
        """These, but for the given ones; raises InputError for an unknown name or no positive number."""
        known = {field.name for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise InputError(f"constants: {name!r} is none of {', '.join(sorted(known))}")
            if not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise InputError(f"constants: {name} is {value!r}, not a number of 0 or more")
        return replace(self, **values)


@cache
def _file() -> dict[str, Any]:
    text = files("snakebatch.planner").joinpath("constants.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def constants() -> Constants:
    """The measured ones that come with the package."""
    found = _file()
    return Constants(**found["processor"], **found["cloud"])


def measured() -> dict[str, str]:
    """When, where and by which command they were measured, and what the cloud's are taken from."""
    found: dict[str, str] = _file()["measured"]
    return found


def read_constants(path: Path) -> Constants:
    """Constants from a file that ``--calibrate`` wrote, over those of the package."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, RecursionError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"constants: {shown(str(path))} can't be read ({why}); --calibrate writes such a file"
        ) from error
    values = found.get("constants") if isinstance(found, dict) else None
    if not isinstance(values, dict):
        raise InputError(f"constants: {path} has no 'constants'; --calibrate writes such a file")
    return constants().with_values(values)
