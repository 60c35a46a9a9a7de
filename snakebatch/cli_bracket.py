"""``snakebatch bracket``: provisioned slots for a session of work, through the deployed bracket function.

Who calls it needs the right to invoke that one function, and for --stack to read the stack; nothing else.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from snakebatch.cli_parser import examples, whole
from snakebatch.clock import Clock, SystemClock
from snakebatch.errors import BracketError, CloudError, InputError, PlanError
from snakebatch.operations.aws import asking, clients

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

MOST_SLOTS, MOST_MINUTES = 10_000, 24 * 60
"""As the deployed function has them."""

_CLOSING_TRIES, _CLOSING_PAUSE = 5, 10.0


def add_bracket(commands: Any) -> None:
    """Add the command to the parser."""
    bracket = commands.add_parser(
        "bracket",
        help="provisioned slots for a session of work on AWS",
        description="Open, list and close brackets of a deployed stack: provisioned slots, shared by all "
        "jobs that start while they are open and leave slots at auto.",
        epilog=examples("snakebatch bracket open --slots 12 --minutes 30"),
    )
    actions = bracket.add_subparsers(dest="action", metavar="ACTION", required=True)
    opening = actions.add_parser(
        "open",
        help="switch slots on, and wait until they are ready",
        description="Switch slots on, and wait until they are ready. They go off by themselves after so many "
        "minutes.",
        epilog=examples("snakebatch bracket open --slots 12 --minutes 30 --session afternoon"),
    )
    opening.add_argument("--slots", type=whole(1, MOST_SLOTS), required=True, metavar="N", help="how many")
    opening.add_argument(
        "--minutes",
        type=whole(1, MOST_MINUTES),
        default=60,
        metavar="N",
        help="how long; then they go off by themselves (default 60)",
    )
    closing = actions.add_parser(
        "close",
        help="switch a session's slots off",
        description="Switch a session's slots off, before its time is over.",
        epilog=examples("snakebatch bracket close --session afternoon"),
    )
    listing = actions.add_parser(
        "list",
        help="say what is open, and who uses it",
        description="Say which slots are open, until when, and who uses them.",
        epilog=examples("snakebatch bracket list --stack snakebatch"),
    )
    for action in (opening, closing):
        action.add_argument(
            "--session", default="default", metavar="NAME", help="the session's name (default: default)"
        )
    for action in (opening, listing, closing):
        where = action.add_mutually_exclusive_group()
        where.add_argument("--stack", metavar="NAME", help="the stack; its Prefix is looked up")
        where.add_argument(
            "--prefix", default="snakebatch", metavar="P", help="the stack's Prefix (default snakebatch)"
        )
        action.add_argument("--region", metavar="NAME", help="such as eu-west-3 (default: the profile's)")
        action.add_argument("--json", action="store_true", help="print one JSON object")
        action.set_defaults(run=run)


@dataclass
class BracketFunction:
    """The deployed function. ``lambda_client`` is a boto3 client."""

    lambda_client: LambdaClient
    prefix: str

    def __call__(self, action: str, **fields: object) -> dict[str, Any]:
        """Its answer; raises what it raised, by the same name."""
        name = f"{self.prefix}-bracket"
        payload = json.dumps({"action": action, **fields}).encode()
        try:
            answer = self.lambda_client.invoke(FunctionName=name, Qualifier="live", Payload=payload)
        except self.lambda_client.exceptions.ResourceNotFoundException as error:
            raise InputError(f"there is no function {name}: name the stack, or its Prefix") from error
        said = json.loads(answer["Payload"].read())
        if not answer.get("FunctionError"):
            return cast("dict[str, Any]", said)
        kind, message = said.get("errorType", "error"), said.get("errorMessage", "no message")
        if kind == "PlanError":
            raise PlanError(message)
        if kind == "MeshError":
            raise InputError(message)
        if kind == "BracketError":
            raise BracketError(message)
        raise CloudError(f"{name} failed: {kind}: {message}; its log group has more")


def run(
    arguments: argparse.Namespace, function: BracketFunction | None = None, clock: Clock | None = None
) -> int:
    """Carry out the command; prints what is so now, and returns the exit code."""
    function = function or deployed(arguments.prefix, arguments.stack, arguments.region)
    clock = clock or SystemClock()
    with asking("the brackets"):
        if arguments.action == "open":
            answer = _open(function, arguments, clock)
        elif arguments.action == "close":
            answer = _close(function, arguments.session, clock)
        else:
            answer = function("list")
    print(json.dumps(answer) if arguments.json else _TEXTS[arguments.action](answer))
    return 0


def deployed(prefix: str, stack: str | None, region: str | None) -> BracketFunction:
    """The function of a deployment, by its stack or its prefix; credentials are boto3's own."""
    ask = clients(region)
    with asking(f"the stack {stack}" if stack else "the brackets"):
        from botocore.config import Config

        if stack is not None:
            prefix = _prefix_of(ask("cloudformation"), stack)
        # The function may be at it for two minutes; a second invocation beside it would only wait for it.
        patient = Config(read_timeout=150, retries={"total_max_attempts": 1})
        return BracketFunction(ask.session.client("lambda", config=patient), prefix)


def _prefix_of(cloudformation: Any, stack: str) -> str:
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    for parameter in described.get("Parameters", []):
        if parameter.get("ParameterKey") == "Prefix":
            return str(parameter.get("ParameterValue"))
    raise InputError(f"the stack {stack} has no parameter Prefix: is it one of SnakeBatch?")


def _open(function: BracketFunction, arguments: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    """Open and wait; who stops waiting closes it again, since nobody would know that it is open."""
    session = {"session": arguments.session, "slots": arguments.slots}
    try:
        answer = function("open", **session, minutes=arguments.minutes)
        while not answer["ready"]:
            clock.sleep(answer["wait_seconds"])
            answer = function("ready", **session, tries=answer["tries"])
    except BaseException:
        function("close", session=arguments.session)
        raise
    return {
        **session,
        "ready": True,
        "expires": clock.time() + 60 * arguments.minutes,
        "usd": round(_usd(answer, arguments.slots, 60.0 * arguments.minutes), 4),
    }


def _close(function: BracketFunction, session: str, clock: Clock) -> dict[str, Any]:
    for _ in range(_CLOSING_TRIES - 1):
        try:
            return {"session": session, **function("close", session=session)}
        except BracketError:
            clock.sleep(_CLOSING_PAUSE)  # somebody else is switching slots just now
    return {"session": session, **function("close", session=session)}


def _usd(answer: dict[str, Any], slots: int, seconds: float) -> float:
    """What the slots cost for being on: the idle price, which their use comes on top of. How large they are
    the function's answer tells, if it is not of an older version.
    """
    from snakebatch.planner.plan import MEMORY_GB, cost_by_kind

    return cost_by_kind(
        invocations=0,
        compute_seconds=0.0,
        leaves=0,
        slots=slots,
        seconds=seconds,
        memory_gb=answer.get("memory_gb", MEMORY_GB),
    )["provisioned"]


def _opened_text(answer: dict[str, Any]) -> str:
    until = _moment(answer["expires"])
    return (
        f"{answer['slots']} slots are ready in session {answer['session']} until {until}; "
        f"for being on they cost ${answer['usd']:.2f} until then"
    )


def _closed_text(answer: dict[str, Any]) -> str:
    if not answer["slots"]:
        return f"session {answer['session']} was not open"
    usd = _usd(answer, answer["slots"], answer["open_seconds"])
    minutes = answer["open_seconds"] / 60
    return (
        f"session {answer['session']} is closed: {answer['slots']} slots, {minutes:.0f} minutes, ${usd:.2f}"
    )


def _listed_text(answer: dict[str, Any]) -> str:
    lines = []
    for entry in answer["brackets"]:
        until = "its execution's end" if entry["expiry"] is None else _moment(entry["expiry"])
        line = f"{entry['holder']}: {entry['slots']} slots, {entry['standing']}, until {until}"
        used = ", ".join(name.rpartition(":")[2] for name in entry["executions"])
        lines.append(f"{line}, used by {used}" if used else line)
    lines.append(f"{answer['leases']} executions hold the spawn budget, {answer['waiting']} wait")
    return "\n".join(lines)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


_TEXTS = {"open": _opened_text, "list": _listed_text, "close": _closed_text}
