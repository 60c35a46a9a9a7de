"""``snakebatch deploy-check`` and ``teardown``: what they understand. Each is imported when it runs."""

from __future__ import annotations

import argparse
from typing import Any

from snakebatch.cli_parser import examples, whole


def add_operations(commands: Any) -> None:
    """Add both commands."""
    _add_deploy_check(commands)
    _add_teardown(commands)


def _add_deploy_check(commands: Any) -> None:
    check = commands.add_parser(
        "deploy-check",
        help="will the deployment fit into this AWS account, and what to set",
        description="Read the quotas of an AWS account and say what to set. Changes nothing. "
        "Ends with 2 where a deployment would fail.",
        epilog=examples("snakebatch deploy-check --region eu-west-3 --reserved 9"),
    )
    _add_region(check)
    check.add_argument(
        "--prefix", default="snakebatch", metavar="NAME", help="of the deployment (default snakebatch)"
    )
    check.add_argument(
        "--reserved",
        type=whole(0),
        default=0,
        metavar="N",
        help="the ShardReservedConcurrency that you want (default 0, none)",
    )
    check.add_argument(
        "--gatherer-mode",
        choices=("ec2", "lambda", "external"),
        default="ec2",
        help="the GathererMode that you want (default ec2)",
    )
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=_deploy_check)


def _add_teardown(commands: Any) -> None:
    teardown = commands.add_parser(
        "teardown",
        help="take a deployment down: executions, slots, data, stack, leftovers",
        description="Stop what runs, close the slots, empty the bucket, delete the stack and look for what "
        "is left. Asks first.",
        epilog=examples("snakebatch teardown --stack snakebatch-dev --keep-models"),
    )
    _add_region(teardown)
    teardown.add_argument("--stack", metavar="NAME", help="the stack (default: the prefix, or snakebatch)")
    teardown.add_argument("--prefix", metavar="NAME", help="of the deployment (default: the stack's)")
    teardown.add_argument("--yes", action="store_true", help="do not ask")
    teardown.add_argument(
        "--keep-models", action="store_true", help="keep the bucket, with models and receipts"
    )
    teardown.set_defaults(run=_teardown)


def _add_region(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", metavar="NAME", help="such as eu-west-3 (default: the profile's)")


def _deploy_check(arguments: argparse.Namespace) -> int:
    from snakebatch import cli_deploy_check

    return cli_deploy_check.run(arguments)


def _teardown(arguments: argparse.Namespace) -> int:
    from snakebatch import cli_teardown

    return cli_teardown.run(arguments)
