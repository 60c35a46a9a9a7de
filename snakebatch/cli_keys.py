"""``snakebatch keys``: who may call the HTTP API of a deployment.

Keys are kept as hashes in the jobs bucket; gatherers read them every ten seconds. Who makes one needs the
right to read and write that one object, and for --stack to read the stack.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from snakebatch.cli_parser import examples
from snakebatch.clock import SystemClock
from snakebatch.errors import AccountError

if TYPE_CHECKING:
    from snakebatch.mesh.api_keys import ApiKey, KeyFile

_OUTPUT = "JobsBucketName"


def add_keys(commands: Any) -> None:
    """Add the command to the parser."""
    keys = commands.add_parser(
        "keys",
        help="make, list and revoke keys of the HTTP API",
        description="Make, list and revoke the keys of a deployment's HTTP API. A key is told once, when it "
        "is made; what is kept is a hash.",
        epilog=examples("snakebatch keys add laptop --stack snakebatch"),
    )
    actions = keys.add_subparsers(dest="action", metavar="ACTION", required=True)
    adding = actions.add_parser(
        "add",
        help="make a key, and print it",
        description="Make a key, and print it: once, since what is kept is a hash.",
        epilog=examples("snakebatch keys add laptop --stack snakebatch"),
    )
    adding.add_argument("name", metavar="NAME", help="whose it is, or what for")
    listing = actions.add_parser(
        "list",
        help="say which there are",
        description="Say which keys there are: id, whether it is valid, when it was made, and its name.",
        epilog=examples("snakebatch keys list --stack snakebatch"),
    )
    revoking = actions.add_parser(
        "revoke",
        help="let a key be valid no more, within ten seconds",
        description="Let a key be valid no more. Gatherers know within ten seconds.",
        epilog=examples("snakebatch keys revoke laptop --stack snakebatch"),
    )
    revoking.add_argument("key", metavar="ID", help="its id, or its name if one key alone has it")
    for action in (adding, listing, revoking):
        where = action.add_mutually_exclusive_group()
        where.add_argument("--bucket", metavar="NAME", help="the jobs bucket")
        where.add_argument(
            "--stack",
            default="snakebatch",
            metavar="NAME",
            help="the stack, whose jobs bucket it is (default snakebatch)",
        )
        action.add_argument("--region", metavar="NAME", help="such as eu-west-3 (default: the profile's)")
        action.add_argument("--json", action="store_true", help="print one JSON object")
        action.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; returns the exit code."""
    from snakebatch.operations.aws import asking, clients

    ask = clients(arguments.region)
    with asking(f"the bucket {arguments.bucket}" if arguments.bucket else f"the stack {arguments.stack}"):
        bucket = arguments.bucket or bucket_of(ask("cloudformation"), arguments.stack)
        from snakebatch.mesh.api_keys import KeyFile
        from snakebatch.mesh.objects import Objects

        _ACTIONS[arguments.action](KeyFile(Objects(ask("s3"), bucket)), arguments, SystemClock().time())
    return 0


def bucket_of(cloudformation: Any, stack: str) -> str:
    """The jobs bucket of a stack; raises AccountError where there is no such stack of ours."""
    from snakebatch.operations.aws import code_of

    try:
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except Exception as error:
        # CloudFormation has no code of its own for a stack that is not there.
        if code_of(error) == "ValidationError" and "does not exist" in str(error):
            raise AccountError(
                f"there is no stack {stack} here: name yours with --stack and --region, or its --bucket"
            ) from error
        raise
    for output in described.get("Outputs", []):
        if output["OutputKey"] == _OUTPUT:
            return str(output["OutputValue"])
    raise AccountError(f"the stack {stack} has no output {_OUTPUT}: is it one of SnakeBatch?")


def _add(keys: KeyFile, arguments: argparse.Namespace, now: float) -> None:
    record, key = keys.add(arguments.name, now)
    if arguments.json:
        print(json.dumps({"id": record.id, "name": record.name, "key": key, "created": record.created}))
        return
    print(key)
    print(f"key {record.id} of {record.name}: keep it, nobody can tell it again", file=sys.stderr)


def _list(keys: KeyFile, arguments: argparse.Namespace, now: float) -> None:
    found = keys.read()
    if arguments.json:
        print(json.dumps({"keys": [_told(key) for key in found]}))
        return
    for key in found:
        print(f"{key.id}  {_state(key):<24}  made {_moment(key.created)}  {key.name}")
    if not found:
        print("there is no key yet: snakebatch keys add NAME makes one", file=sys.stderr)


def _revoke(keys: KeyFile, arguments: argparse.Namespace, now: float) -> None:
    key = keys.revoke(arguments.key, now)
    print(json.dumps(_told(key)) if arguments.json else f"key {key.id} of {key.name} is {_state(key)}")


def _told(key: ApiKey) -> dict[str, object]:
    return {"id": key.id, "name": key.name, "created": key.created, "revoked": key.revoked}


def _state(key: ApiKey) -> str:
    return "valid" if key.revoked is None else f"revoked {_moment(key.revoked)}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


_ACTIONS = {"add": _add, "list": _list, "revoke": _revoke}
