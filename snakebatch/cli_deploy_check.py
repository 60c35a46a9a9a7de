"""``snakebatch deploy-check``: will the deployment fit into this account, and what to set."""

from __future__ import annotations

import argparse
import json
import sys

from snakebatch.operations.account import read_account
from snakebatch.operations.aws import clients
from snakebatch.operations.limits import Advice, advise

EXIT_WOULD_FAIL = 2


def run(arguments: argparse.Namespace) -> int:
    """Returns 2 where a deployment would fail. Raises AccountError where AWS does not answer."""
    ask = clients(arguments.region)
    machine = arguments.gatherer_mode == "ec2"
    advice = advise(read_account(ask, ask.region, arguments.prefix, machine=machine), arguments.reserved)
    if arguments.json:
        print(json.dumps(advice.to_dict()))
    else:
        print("\n".join(lines(advice)))
    for problem in advice.problems:
        print(f"snakebatch deploy-check: error: {problem}", file=sys.stderr)
    return EXIT_WOULD_FAIL if advice.problems else 0


def lines(advice: Advice) -> list[str]:
    """The report as people read it."""
    account = advice.account
    used, allowed = account.code_bytes_used / 1e9, account.code_bytes_allowed / 1e9
    spawn = "not told" if account.spawn_per_minute is None else f"{account.spawn_per_minute:g} a minute"
    return [
        f"region                    {account.region}",
        f"concurrent executions     {account.concurrency} (L-B99A9384), {account.unreserved} unreserved",
        f"new invocations           {spawn} (L-A1AFA3CF)",
        f"code storage              {used:.2f} of {allowed:.0f} GB",
        "",
        f"ShardReservedConcurrency  {advice.reserved} (at most {advice.reserved_most})",
        f"SpawnRatePerMinute        {advice.rate * 60:.0f}: {advice.rate:.2f} a second, "
        f"{advice.children} packets at a time",
        f"slots                     up to {advice.slots_most}",
        *(f"note                      {note}" for note in advice.notes),
    ]
