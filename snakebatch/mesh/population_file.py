"""The population as one file of sections, by column: what a cold shard reads before it can train.

A number column is its float64 values; a text column its codes, in the narrowest width that holds them, and
its vocabulary as UTF-8 with the byte offset of each text. The header has names, datatypes and classes.
"""

from __future__ import annotations

import numpy as np

from snakebatch.engine.population import Column, NumberColumn, Population, TextColumn
from snakebatch.mesh.sections import Array, narrow, pack, text_arrays, texts_of, unpack

MAGIC = b"SNAKEPO2"
# Staging never writes over a file of that name, so a damaged one has to go first.
REMEDY = "delete it from the job's folder and start the job again"


def to_bytes(population: Population) -> bytes:
    """The file of a population; the same population gives the same bytes."""
    sections: list[Array] = []
    columns = [_describe(column, sections) for column in population.features]
    codes = _keep(narrow(population.codes), sections)
    header = {
        "header": population.header,
        "datatypes": population.datatypes,
        "classes": population.classes,
        "codes": codes,
        "columns": columns,
    }
    return pack(MAGIC, header, sections)


def from_bytes(data: bytes) -> Population:
    """Read what ``to_bytes`` wrote; raises ChecksumError on damage."""
    header, sections = unpack(MAGIC, data, "population file", REMEDY)
    return Population(
        header=tuple(header["header"]),
        datatypes=tuple(header["datatypes"]),
        features=tuple(_column(column, sections) for column in header["columns"]),
        classes=tuple(header["classes"]),
        codes=sections[header["codes"]].astype(np.int32),
    )


def _describe(column: Column, sections: list[Array]) -> dict[str, int]:
    if isinstance(column, NumberColumn):
        return {"values": _keep(column.values.astype("<f8", copy=False), sections)}
    ends, texts = text_arrays(column.vocabulary)
    return {
        "codes": _keep(narrow(column.codes), sections),
        "ends": _keep(ends, sections),
        "texts": _keep(texts, sections),
    }


def _column(described: dict[str, int], sections: list[Array]) -> Column:
    if "values" in described:
        return NumberColumn(values=sections[described["values"]])
    vocabulary = texts_of(sections[described["ends"]], sections[described["texts"]])
    return TextColumn(codes=sections[described["codes"]].astype(np.int32), vocabulary=vocabulary)


def _keep(array: Array, sections: list[Array]) -> int:
    sections.append(array)
    return len(sections) - 1
