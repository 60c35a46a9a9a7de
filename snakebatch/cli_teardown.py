"""``snakebatch teardown``: asks, and then takes a deployment down."""

from __future__ import annotations

import argparse
import sys

from snakebatch.clock import SystemClock
from snakebatch.errors import AccountError, InputError
from snakebatch.operations.aws import clients
from snakebatch.operations.teardown import Gone, Inventory, Teardown


def run(arguments: argparse.Namespace) -> int:
    """Returns 1 where something is left, 0 otherwise; raises InputError where nobody says yes."""
    ask = clients(arguments.region)
    stack = arguments.stack or arguments.prefix or "snakebatch"
    teardown = Teardown(ask, ask.region, stack, arguments.prefix, SystemClock(), _say)
    found = teardown.look()
    print("\n".join(describe(found, arguments.keep_models)))
    if not arguments.yes:
        _ask(found)
    gone = teardown.run(found, arguments.keep_models)
    print("\n".join(report(gone)))
    if gone.left:
        raise AccountError(f"still there: {', '.join(gone.left)}; delete these by hand")
    return 0


def describe(found: Inventory, keep_models: bool) -> list[str]:
    """What will go, as people read it."""
    if found.deployed is None:
        return [
            f"no stack {found.stack} in {found.region}; looking for leftovers of the prefix "
            f"{found.prefix} only"
        ]
    data = f"{found.objects:,} objects, {found.bytes / 1e6:,.1f} MB"
    return [
        f"stack       {found.stack} in {found.region}, prefix {found.prefix}, {found.deployed.status}",
        f"executions  {found.running} running; they will be stopped",
        f"bucket      {found.bucket or 'none'}: {data}"
        + ("; models and receipts stay" if keep_models else ""),
        "There is no way back.",
    ]


def report(gone: Gone) -> list[str]:
    """What went, as people read it."""
    lines = [
        f"stopped {gone.executions} executions, closed {gone.slots} slots, deleted {gone.objects:,} objects"
    ]
    lines += [f"swept {name}" for name in gone.swept]
    if gone.kept:
        lines.append(
            f"kept {gone.kept}, which is no stack's any more: deploy again under another Prefix, or "
            "delete it first"
        )
    return lines


def _ask(found: Inventory) -> None:
    if not sys.stdin.isatty():
        raise InputError("nobody is here to say yes: pass --yes to take the deployment down without asking")
    print(f"Type {found.stack} to take it down: ", end="", flush=True)
    if sys.stdin.readline().strip() != found.stack:
        raise InputError("nothing was deleted: the name that was typed is not the stack's")


def _say(step: str) -> None:
    print(step, file=sys.stderr)
