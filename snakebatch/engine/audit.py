"""The audit: why a row was answered as it was, layer by layer, in sentences that are true of the row.

A layer's *Routing AND* is the condition of the bucket that the row ends in. A *Lookalike AND* is a cond: all
of its clauses are false on the row, so the negation of each of their literals holds. Every line is printed as
it holds (the reference prints ``x < 5`` as ``"x" > 5``, the wrong way round).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.inference import Fields, Lookalike
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import test_of
from snakebatch.engine.model import Model, class_key
from snakebatch.engine.queries import ABSENT, Row

_MEASURED = {
    "N": "{0}",
    "ND": "digits in {0}",
    "NL": "signed log of {0}",
    "NMG": "magnitude of {0}",
    "TN": "length of {0}",
    "TLN": "distinct characters of {0}",
    "TWS": "words of {0}",
    "TPS": "comma-separated parts of {0}",
    "TSS": "dot-separated parts of {0}",
    "TUC": "uppercase characters of {0}",
    "TDC": "digits of {0}",
    "TSC": "special characters of {0}",
    "ENT": "entropy of {0}",
    "HEX": "share of hex digits of {0}",
    "REP": "repeat score of {0}",
    "TVR": "share of vowels of {0}",
}

_REFERRED = {
    "LEV": "edit distance of {0} to {1}",
    "JAC": "bigram similarity of {0} to {1}",
    "SIM": "in-order similarity of {0} to {1}",
    "PFX": "common prefix of {0} with {1}",
    "SFX": "common suffix of {0} with {1}",
    "CFC": "chi-squared of {0} against {1}",
}

_PREDICATES = {
    "T": ("contains", "does not contain"),
    "TEQ": ("is", "is not"),
    "TSW": ("starts with", "does not start with"),
    "TEW": ("ends with", "does not end with"),
}

_LISTED = 20
"""Most rows that a line names."""


def wording(literal: Literal, header: Sequence[str]) -> str:
    """What a literal says, in words: ``[1, 5.0, False, "N"]`` is ``"x" < 5.0``."""
    column, value, negat, tag = literal
    name = _quoted(header[column])
    if test_of(value, negat, tag) is None:
        return f"{name}: unknown literal {tag!r}, never true"
    if tag in _MEASURED:
        return f"{_MEASURED[tag].format(name)} {'>=' if negat else '<'} {value}"
    if tag in _PREDICATES:
        return f"{name} {_PREDICATES[tag][negat]} {_quoted(value)}"
    if tag in _REFERRED:
        # An edit distance or a chi-squared is far where a similarity is near.
        signs = {"LEV": (">", "<="), "CFC": (">=", "<")}.get(tag, ("<", ">="))
        return f"{_REFERRED[tag].format(name, _quoted(value[0]))} {signs[negat]} {value[1]}"
    if tag == "NZ":
        mean, deviation, threshold = value
        return f"z-score of {name} (mean {mean}, std {deviation}) {'>=' if negat else '<'} {threshold}"
    if tag == "NRG":
        return f"{name} {'in' if negat else 'not in'} ({value[0]}, {value[1]}]"
    return f"{name} {'!=' if negat else '=='} 0"


def audit(model: Model, row: Row) -> str:
    """The audit of one row, as text; raises StrippedModelError on a stripped model."""
    model.need_population("an audit")
    fields = model.fields(row)
    lookalikes = list(model.inference.lookalikes(fields))
    votes = [0] * len(model.classes)
    for lookalike in lookalikes:
        votes[int(model.codes[lookalike.row])] += 1
    lines = [f"Prediction: {_spelt(model.classes[votes.index(max(votes))])}", *_votes_lines(model, votes)]
    if model.datatypes[0] == "N":
        value, source, _ = model.regression(row)
        lines.append(f"Regression: {value} ({source})")
    by_layer = {number: list(found) for number, found in groupby(lookalikes, lambda found: found.layer)}
    for number, place in enumerate(model.inference.route(fields)):
        layer = model.layers[number]
        bucket = layer[place]
        lines += ["", f"Layer {number}: bucket {place} of {len(layer)}, {len(bucket.members)} members"]
        lines += _routing_lines(model, bucket, place, fields)
        lines += _lookalike_lines(model, bucket, by_layer.get(number, []), fields)
    return "\n".join(lines) + "\n"


def augmented(model: Model, row: Row) -> dict[str, Any]:
    """The row with its lookalikes, probability, prediction and audit; StrippedModelError on a stripped
    model.
    """
    model.need_population("an augmented row")
    found = model.lookalikes(row)
    votes = [0] * len(model.classes)
    for lookalike in found:
        votes[int(model.codes[lookalike.row])] += 1
    total = sum(votes)
    probability = {
        class_key(value): count / total if total else 1 / len(votes)
        for value, count in zip(model.classes, votes, strict=True)
    }
    regression = {"Regression": model.regression(row)._asdict()} if model.datatypes[0] == "N" else {}
    return {
        **row,
        **regression,
        "Lookalikes": [[one.row, model.targets[one.row], one.cond] for one in found],
        "Probability": probability,
        "Prediction": model.classes[votes.index(max(votes))],
        "Audit": audit(model, row),
    }


def _votes_lines(model: Model, votes: Sequence[int]) -> Iterator[str]:
    total = sum(votes)
    if not total:
        yield "No lookalike was found: every class is as likely as another"
        return
    ranked = sorted((-count, code) for code, count in enumerate(votes) if count)
    for count, code in ranked[:_LISTED]:
        yield f"  {_spelt(model.classes[code])}: {-count} of {total} votes, P = {-count / total:.4f}"


def _routing_lines(model: Model, bucket: Bucket, place: int, fields: Fields) -> Iterator[str]:
    condition = bucket.condition
    if condition is None:
        yield "  Routing AND: ELSE (no bucket before this one took the row)"
    elif all(model.inference.holds(literal, fields) for literal in condition):
        yield "  Routing AND:"
        for literal in condition:
            yield f"    {wording(literal, model.header)}"
    else:
        yield "  Routing AND: no condition of the layer holds, so the last bucket takes the row"


def _lookalike_lines(model: Model, bucket: Bucket, found: list[Lookalike], fields: Fields) -> Iterator[str]:
    if not found:
        yield "  Lookalike AND: none, no member of the bucket looks alike"
    by_cond: dict[tuple[int, ...], list[Lookalike]] = {}
    for lookalike in found:
        by_cond.setdefault(tuple(lookalike.cond), []).append(lookalike)
    for cond, alike in by_cond.items():
        literals = dict.fromkeys(
            _why_false(model, literal, fields) for clause in cond for literal in bucket.clauses[clause]
        )
        yield "  Lookalike AND:" if literals else "  Lookalike AND: always (every member votes)"
        for text in literals:
            yield f"    {text}"
        ranked = sorted((_code(model, one), one.row, bucket.origins[one.position]) for one in alike)
        for code, group in groupby(ranked, lambda entry: entry[0]):
            rows = [f"{row}{' (noise)' if origin == 'n' else ''}" for _, row, origin in group]
            more = f" and {len(rows) - _LISTED} more" if len(rows) > _LISTED else ""
            votes = f"{len(rows)} vote{'s' if len(rows) > 1 else ''}"
            yield f"    -> {_spelt(model.classes[code])}: {votes}, rows {', '.join(rows[:_LISTED])}{more}"


def _code(model: Model, lookalike: Lookalike) -> int:
    return int(model.codes[lookalike.row])


def _why_false(model: Model, literal: Literal, fields: Fields) -> str:
    """What is true of the row because the literal is false."""
    negation = Literal(*literal).negated()
    if model.inference.holds(negation, fields):
        return wording(negation, model.header)
    if fields[literal.column] is ABSENT:
        return f"{_quoted(model.header[literal.column])} is absent"
    return f"not {wording(literal, model.header)}"


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _spelt(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
