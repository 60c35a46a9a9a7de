"""Results of the quality bench as a file, so that a run goes on where another one stopped.

A result is used again only for the same set, rows, model and seed, and only if what made it is the same: for
Snake its parameters and the engine's source, for the others the version of their package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import snakebatch
from snakebatch.bench.quality_models import MODELS, SnakeParameters
from snakebatch.errors import InputError
from snakebatch.files import whole_file
from snakebatch.version import ENGINE


@dataclass(frozen=True)
class Key:
    """What a result is of; ``made_by`` is the fingerprint of the model's code."""

    set: str
    rows: int
    model: str
    seed: int
    made_by: str


@dataclass(frozen=True)
class Result:
    """Figures by name: accuracy and auroc, or r2; fit_s and predict_s."""

    key: Key
    figures: Mapping[str, float]


def fingerprints(parameters: SnakeParameters) -> dict[str, str]:
    """By model what its results depend on beside set and seed."""
    boosting = f"interpret-core {version('interpret-core')}"
    found = dict.fromkeys(MODELS, f"scikit-learn {version('scikit-learn')}")
    with_what = " ".join(f"{name}={value:g}" for name, value in asdict(parameters).items())
    return found | {
        "snake": f"engine {ENGINE} ({_engine_digest()}) {with_what}",
        "explainable-boosting": f"{boosting}, no pairs",
        "explainable-boosting-pairs": boosting,
    }


def read_results(path: Path) -> dict[Key, Result]:
    """The results at ``path``, none if there is no such file; InputError if it is no file of results."""
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["results"]
        results = [_result(entry) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no file of results ({error}); remove it or give another --out"
        ) from error
    return {result.key: result for result in results}


def write_results(path: Path, results: Iterable[Result], about: Mapping[str, Any]) -> None:
    """Write the results, a line each; the file appears whole or not at all."""
    lines = ",\n".join(json.dumps(asdict(result.key) | dict(result.figures)) for result in results)
    head = json.dumps(dict(about), indent=1)[:-2]
    with whole_file(path) as temporary:
        temporary.write_text(f'{head},\n "results": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def _result(entry: Mapping[str, Any]) -> Result:
    names = Key.__dataclass_fields__
    figures = {name: float(value) for name, value in entry.items() if name not in names}
    return Result(Key(**{name: entry[name] for name in names}), figures)


def _engine_digest() -> str:
    """8 hex digits of the engine's source: a change of a constant may change every answer."""
    package = Path(snakebatch.__file__).parent
    hasher = hashlib.blake2b(digest_size=4)
    for path in sorted([*(package / "engine").glob("*.py"), package / "snake.py"]):
        hasher.update(path.name.encode() + path.read_bytes())
    return hasher.hexdigest()
