"""Reading model.json: everything that inference relies on is checked first, and an error names the place.

The file is data, never code: it is parsed as JSON, and no value of it is used before its type and range are
known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.flat_model import is_flat, unflatten
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import ready
from snakebatch.errors import ModelError

TARGET_TYPES = ("B", "I", "N", "T", "J")
FEATURE_TYPES = ("N", "T")
ORIGINS = ("c", "n")


@dataclass(frozen=True)
class ModelFile:
    """The checked contents of a model.json; the fields are its keys."""

    version: str
    stripped: bool
    population: list[dict[str, Any]]
    header: tuple[str, ...]
    targets: list[Any]
    datatypes: tuple[str, ...]
    config: dict[str, Any]
    layers: list[list[Bucket]]
    log: str


def read_model(source: str | Path | Mapping[str, Any]) -> ModelFile:
    """Read a path, the text of a model.json or its parsed content; raises ModelError naming the place."""
    if isinstance(source, Mapping):
        return _read(source)
    if isinstance(source, str) and source.lstrip()[:1] == "{":
        return _read(parse_json(source, "the text"))
    try:
        text = Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a null character
        name = str(source)[:200]
        why = error.strerror if isinstance(error, OSError) else error
        raise ModelError(f"model {name!r} can't be read: {why}; give the path of a model.json") from error
    content = parse_json(text, str(source))
    try:
        return _read(content)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error


def parse_json(text: str | bytes, name: str) -> Any:
    """What the text of a model.json holds; raises ModelError, which calls it ``name``, where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ModelError(f"{name} is not JSON: {reason}; is it a model.json, and whole?") from error


def read_layer(raw: Any, width: int, rows: int) -> list[Bucket]:
    """Check and read one layer over ``width`` columns and ``rows`` rows; raises ModelError."""
    return _Checker(width, rows).layer(raw, "layer")


def _fail(place: str, wanted: str) -> ModelError:
    return ModelError(f"model.json, {place}: {wanted}; train the model again or restore the file")


def _get(content: Mapping[str, Any], key: str, kind: type, default: Any = None) -> Any:
    value = content.get(key, default)
    if value is None:
        raise _fail(key, "is missing")
    if not isinstance(value, kind):
        raise _fail(key, f"is not a {kind.__name__}")
    return value


def _read(content: Any) -> ModelFile:
    if not isinstance(content, Mapping):
        raise ModelError("a model.json holds one JSON object; this holds something else")
    if is_flat(content):
        content = unflatten(content)
    header = _header(content)
    datatypes = _datatypes(content, len(header))
    targets = _get(content, "targets", list)
    _check_targets(targets, datatypes[0])
    population = _get(content, "population", list, [])
    stripped = _get(content, "stripped", bool, not population)
    if not stripped and len(population) != len(targets):
        raise _fail("population", f"has {len(population)} rows, targets {len(targets)}")
    for index, row in enumerate(population):
        if not isinstance(row, dict):
            raise _fail(f"population[{index}]", "is not an object")
    checker = _Checker(len(header), len(targets))
    chains = _get(content, "layers", list)
    layers = [checker.layer(layer, f"layers[{index}]") for index, layer in enumerate(chains)]
    return ModelFile(
        version=str(content.get("version", "")),
        stripped=stripped,
        population=population,
        header=header,
        targets=targets,
        datatypes=datatypes,
        config=_get(content, "config", dict, {}),
        layers=layers,
        log=_get(content, "log", str, ""),
    )


def _header(content: Mapping[str, Any]) -> tuple[str, ...]:
    header = _get(content, "header", list)
    if not header or not all(isinstance(name, str) for name in header):
        raise _fail("header", "is not a list of column names")
    if len(set(header)) != len(header):
        raise _fail("header", "names a column twice")
    if content.get("target", header[0]) != header[0]:
        raise _fail("target", "is not the first column of the header")
    return tuple(header)


def _datatypes(content: Mapping[str, Any], width: int) -> tuple[str, ...]:
    datatypes = _get(content, "datatypes", list)
    if len(datatypes) != width:
        raise _fail("datatypes", f"has {len(datatypes)} entries, the header {width}")
    for index, datatype in enumerate(datatypes):
        if datatype not in (TARGET_TYPES if index == 0 else FEATURE_TYPES):
            raise _fail(f"datatypes[{index}]", f"is unknown: {str(datatype)[:20]!r}")
    return tuple(datatypes)


def _check_targets(targets: list[Any], datatype: str) -> None:
    if not targets:
        raise _fail("targets", "is empty, so there is nothing to predict")
    numeric = datatype in ("B", "I", "N")
    for index, target in enumerate(targets):
        if numeric and (not isinstance(target, int | float) or target != target):
            raise _fail(f"targets[{index}]", f"is not a number, as the datatype {datatype} asks")
        if datatype == "T" and not isinstance(target, str):
            raise _fail(f"targets[{index}]", "is not a text, as the datatype T asks")


class _Checker:
    """Reads the layers of a model of ``width`` columns and ``rows`` rows."""

    def __init__(self, width: int, rows: int) -> None:
        self._width = width
        self._rows = rows

    def layer(self, raw: Any, place: str) -> list[Bucket]:
        if not isinstance(raw, list) or not raw:
            raise _fail(place, "is not a list of at least one bucket")
        return [self._bucket(bucket, f"{place}[{index}]") for index, bucket in enumerate(raw)]

    def _bucket(self, raw: Any, place: str) -> Bucket:
        if not isinstance(raw, dict):
            raise _fail(place, "is not an object")
        condition = raw.get("condition")
        members = self._indices(raw.get("members"), self._rows, f"{place}.members")
        origins = raw.get("origins", ["c"] * len(members))
        if not isinstance(origins, list) or len(origins) != len(members):
            raise _fail(f"{place}.origins", "is not a list parallel to members")
        if any(origin not in ORIGINS for origin in origins):
            raise _fail(f"{place}.origins", "holds something other than 'c' and 'n'")
        clauses = self._list(raw.get("clauses"), self._literals, f"{place}.clauses")
        lookalikes = self._lookalikes(
            raw.get("lookalikes"), len(members), len(clauses), f"{place}.lookalikes"
        )
        return Bucket(
            condition=None if condition is None else self._literals(condition, f"{place}.condition"),
            members=members,
            origins=origins,
            clauses=clauses,
            lookalikes=lookalikes,
        )

    def _lookalikes(self, raw: Any, members: int, clauses: int, place: str) -> list[list[list[int]]]:
        if not isinstance(raw, dict):
            raise _fail(place, "is not an object")
        conds: list[list[list[int]]] = [[] for _ in range(members)]
        for key, value in raw.items():
            short = isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= len(str(members))
            if not short or int(key) >= members:
                raise _fail(place, f"names {str(key)[:40]!r}, which is no position in members")
            own = f"{place}[{key!r}]"
            conds[int(key)] = self._list(value, lambda cond, at: self._indices(cond, clauses, at), own)
        return conds

    def _literals(self, raw: Any, place: str) -> tuple[Literal, ...]:
        return tuple(self._list(raw, self._literal, place))

    def _literal(self, raw: Any, place: str) -> Literal:
        if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) != 4:
            raise _fail(place, "is not a literal [column, value, negat, tag]")
        column, value, negat, tag = raw
        if type(column) is not int or not 1 <= column < self._width:
            raise _fail(place, f"has no feature column {str(column)[:20]!r}")
        if type(negat) is not bool:
            raise _fail(place, "has a negat that is neither true nor false")
        if not isinstance(tag, str):
            raise _fail(place, "has a tag that is not a text")
        try:
            ready(value, negat, tag)
        except ValueError as error:
            raise _fail(place, f"has a value that {tag} can't have: {error}") from error
        except KeyError:
            pass  # an unknown tag is false, by the format, so that later formats load
        return Literal(column, value, negat, tag)

    @staticmethod
    def _list(raw: Any, read: Callable[[Any, str], Any], place: str) -> list[Any]:
        if not isinstance(raw, list | tuple):
            raise _fail(place, "is not a list")
        return [read(item, f"{place}[{index}]") for index, item in enumerate(raw)]

    @staticmethod
    def _indices(raw: Any, limit: int, place: str) -> list[int]:
        if not isinstance(raw, list):
            raise _fail(place, "is not a list")
        for item in raw:
            if type(item) is not int or not 0 <= item < limit:
                raise _fail(place, f"holds {str(item)[:20]!r}; an index below {limit} is expected")
        return raw
