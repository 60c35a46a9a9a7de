"""What fuzzing starts from: the hostile inputs, the events of the functions, and the words of our formats."""

from __future__ import annotations

import json
from collections.abc import Iterator

from snakebatch.mesh.canonical import canonical
from tests.support.handlers import ROOT
from tests.support.hostile_models import MODELS, small_model
from tests.support.hostile_tables import TABLES

CORPUS = ROOT / "tests/data/corpus"
"""What fuzzing has found worth keeping: a folder a target, small files."""

LONGEST = 4096
"""Bytes of a seed, and of what is made of it."""

_EVENTS = {
    "shard": "shard",
    "stage": "stage",
    "wave": "wave",
    "bracket": "bracket",
    "settle": "settle",
    "predict-input": "predict-input",
    "predict-batch-input": "predict-input",
    "predict": "predict",
    "train-input": "input",
}
_LEAF = {
    "version": 1,
    "kind": "leaf",
    "job": "job",
    "fingerprint": "f",
    "execution": "run",
    "packet": "p",
    "layer": 1,
    "node": "010",
    "k": None,
    "rows": 900,
    "buckets": 4,
    "shard": "07",
    "cold": True,
    "started": 1.5,
    "seconds": 0.25,
}
_TEXTS = {
    "queue": [
        '{"kind":"gather","job":"j","fingerprint":"f","execution":"e","token":"t"}',
        # Their checksums, so that what is behind the check is reached too.
        json.dumps(_LEAF | {"checksum": "0" * 32}),
    ],
    "gather": ['{"job":"j","fingerprint":"f","execution":"e","token":"t"}'],
    "content": ['{"a":[1,2.5,null,true,"\\u00e9"]}', "[[[]]]", "9007199254740993", "1e400", "NaN"],
    "sealed": ["x", '{"kind":"report"}\n{}'],
    "json-rows": ['{"x": 1.5, "t": "a"}\n{"x": null}\n', '{"x": "1e400"}', "[1]\n"],
    "csv-rows": ["x,t\n1,a\n", "t;x\n;\n"],
    "packet": [
        '{"engine":"e","job":"j","fingerprint":"f","role":"leaf","population":"p","training":{"bucket":1,'
        '"tau":1,"seed":1,"oppose_profile":"auto","lookahead":1},"slices":[{"layer":0,"node":"0",'
        '"path":[[1,0.1,false,"N"]],"n":3,"final":true}]}'
    ],
    "report": [
        '{"engine":"e","packet":"p","role":"leaf","evaluations":1,"leaves":[{"layer":0,"node":"","k":null,'
        '"rows":1,"buckets":["{}"]}]}'
    ],
}


def seeds(target: str) -> Iterator[bytes]:
    """Small inputs to start from, those that were kept among them."""
    yield from (path.read_bytes() for path in sorted((CORPUS / target).glob("*")))
    for data in _MADE[target]():
        if len(data) <= LONGEST:
            yield data


def _tables() -> Iterator[bytes]:
    yield from (table.data for table in TABLES.values())


def _models() -> Iterator[bytes]:
    yield from (model.text.encode(errors="replace") for model in MODELS.values())
    flat = {"header": ["y", "x"], "datatypes": ["T", "N"], "population": [{"y": "a", "x": 1}]}
    yield json.dumps(flat | {"clauses": [], "lookalikes": {"0": [[]]}}).encode()
    yield json.dumps(small_model() | {"stripped": True, "population": []}).encode()


def _messages() -> Iterator[bytes]:
    for name, parser in _EVENTS.items():
        for path in sorted((ROOT / "events").glob(f"{name}*.json")):
            yield f"{parser}\n{canonical(json.loads(path.read_text()))}".encode()
    for parser, texts in _TEXTS.items():
        yield from (f"{parser}\n{text}".encode() for text in texts)


_MADE = {"table": _tables, "model": _models, "message": _messages}

_WORDS = {
    "table": [
        '"',
        '""',
        ",",
        ";",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "NaN",
        "inf",
        "1e400",
        "-0.0",
        "True",
        "\ufeff",
        "\0",
    ],
    "model": [
        *small_model(),
        *small_model()["layers"][0][0],
        "N",
        "T",
        "LEV",
        "null",
        "true",
        "false",
        "[[",
        "{}",
    ],
    "message": [*_LEAF, *_TEXTS, *_EVENTS.values(), "null", "true", "s3://b/k", "1e400", "[]", "{}"],
}


def dictionary(target: str) -> str:
    """The words of a format, as libFuzzer reads them."""
    words = (word.encode() for word in _WORDS[target])
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words)
