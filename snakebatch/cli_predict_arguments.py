"""``snakebatch predict`` and ``audit``: what they understand. What answers is imported when it is asked."""

from __future__ import annotations

import argparse
from typing import Any

from snakebatch.cli_parser import examples, whole
from snakebatch.cli_place import add_place


def add_predict(commands: Any) -> None:
    """Add the command to the parser."""
    predict = commands.add_parser(
        "predict",
        help="ask a model about the rows of a CSV table",
        description="Ask a model about every row of a CSV table; if the target is there, answers are scored.",
        epilog=examples("snakebatch predict model.json new.csv --probability --out predictions.csv"),
    )
    _add_question(predict)
    predict.add_argument(
        "--out", metavar="FILE", help="write the answers to FILE, as CSV (default: to stdout)"
    )
    predict.add_argument("--probability", action="store_true", help="add the probability of every class")
    add_place(predict)
    predict.add_argument("--json", action="store_true", help="print one JSON object")
    predict.set_defaults(run=_predict)


def add_audit(commands: Any) -> None:
    """Add the command to the parser."""
    audit = commands.add_parser(
        "audit",
        help="why a model answers rows of a CSV table as it does",
        description="Explain a model's answers: for each row its votes and probabilities, the bucket that it "
        "ends in and why, layer by layer, and the members that look alike and why, by their place in "
        "the model's population, from 0. Needs the full model, not a stripped one.",
        epilog=examples(
            "snakebatch audit model.json new.csv --row 3 --row 7",
            "snakebatch audit model.json new.csv --json --out audit.json",
        ),
    )
    _add_question(audit)
    audit.add_argument(
        "--row",
        type=whole(1),
        action="append",
        metavar="N",
        help="the row's number, from 1, without the header; may be given again (default: the first row)",
    )
    audit.add_argument("--out", metavar="FILE", help="write the audits to FILE (default: to stdout)")
    add_place(audit)
    audit.add_argument("--json", action="store_true", help="print one JSON object")
    audit.set_defaults(run=_audit)


def _add_question(parser: argparse.ArgumentParser) -> None:
    """Add who is asked, and about what."""
    parser.add_argument("model", metavar="MODEL", help="a model.json; with --url or --stack a model's id")
    parser.add_argument(
        "data", metavar="DATA", help="a CSV file with a header, or the name of a bundled table"
    )


def _predict(arguments: argparse.Namespace) -> int:
    from snakebatch import cli_predict

    return cli_predict.run(arguments)


def _audit(arguments: argparse.Namespace) -> int:
    from snakebatch import cli_audit

    return cli_audit.run(arguments)
