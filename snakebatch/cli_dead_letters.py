"""``snakebatch dead-letters``: what the gatherer refused, why, and whether it would be taken now."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from snakebatch.cli_parser import examples
from snakebatch.errors import InputError, shown
from snakebatch.operations.aws import asking, clients

if TYPE_CHECKING:
    from snakebatch.mesh.dead_letters import DeadLetter, DeadLetters

OUTPUTS = {
    "dead_letters_url": "ReportsDeadLettersUrl",
    "queue_url": "ReportsQueueUrl",
    "bucket": "JobsBucketName",
}
"""Outputs of the stack, by the argument that may stand in its place."""


def add_dead_letters(commands: Any) -> None:
    """Add the command to the parser."""
    letters = commands.add_parser(
        "dead-letters",
        help="messages that the gatherer refused: look, put back, throw away",
        description="List, show, put back or throw away the dead letters of the report queue. Reports are in "
        "S3 whatever becomes of their messages: no training waits for a dead letter.",
        epilog=examples("snakebatch dead-letters readmit --stack snakebatch"),
    )
    actions = letters.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says, more in (
        ("list", "each message with its reason, and whether it would be taken now", ""),
        ("show", "messages in full", " 1f0c"),
        ("readmit", "put back what would be taken now; leave the rest", ""),
        ("discard", "throw messages away", " 1f0c"),
    ):
        action = actions.add_parser(
            name,
            help=says,
            description=says.capitalize() + ".",
            epilog=examples(f"snakebatch dead-letters {name}{more} --stack snakebatch"),
        )
        _add_place(action)
        if name != "list":
            action.add_argument("ids", nargs="*", metavar="ID", help="these only, as `list` names them")
        if name == "discard":
            action.add_argument("--all", action="store_true", help="all that would not be taken")
        action.add_argument("--json", action="store_true", help="print one JSON object")
        action.set_defaults(run=run)


def _add_place(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--stack", default="snakebatch", metavar="NAME", help="the stack (default snakebatch)"
    )
    action.add_argument("--region", metavar="NAME", help="such as eu-west-3 (default: the profile's)")
    action.add_argument("--queue-url", metavar="URL", help="the report queue; with the next two, no stack")
    action.add_argument("--dead-letters-url", metavar="URL", help="its dead letter queue")
    action.add_argument("--bucket", metavar="NAME", help="the jobs bucket")


def run(arguments: argparse.Namespace, letters: DeadLetters | None = None) -> int:
    """Carry the action out; ``letters`` is the queue, for tests."""
    with asking("the dead letters"):
        letters = letters or _deployed(arguments)
        found = letters.read()
        going: list[DeadLetter] = []
        try:
            chosen = _chosen(found, getattr(arguments, "ids", []))
            going = _going(arguments, chosen)
            if arguments.action == "readmit":
                letters.readmit(going)
            elif arguments.action == "discard":
                letters.discard(going)
        finally:
            letters.show_again(letter for letter in found if letter not in going)
    answer = _answer(arguments.action, chosen, going, len(found))
    print(json.dumps(answer) if arguments.json else _TEXTS[arguments.action](answer))
    return 0


def _going(arguments: argparse.Namespace, chosen: list[DeadLetter]) -> list[DeadLetter]:
    """Those that leave the dead letters."""
    if arguments.action == "readmit":
        return [letter for letter in chosen if letter.said.takes]
    if arguments.action != "discard":
        return []
    if not arguments.ids and not arguments.all:
        raise InputError("discard: name the messages (see `snakebatch dead-letters list`), or say --all")
    return chosen if arguments.ids else [letter for letter in chosen if not letter.said.takes]


def _answer(action: str, chosen: list[DeadLetter], going: list[DeadLetter], found: int) -> dict[str, Any]:
    if action == "readmit":
        left = [_said(letter, False) for letter in chosen if letter not in going]
        return {"readmitted": len(going), "left": left}
    if action == "discard":
        return {"discarded": len(going), "left": found - len(going)}
    return {"dead_letters": [_said(letter, action == "show") for letter in chosen]}


def _chosen(found: list[DeadLetter], ids: Sequence[str]) -> list[DeadLetter]:
    """Those that the ids name, each by its beginning; all of them without ids."""
    if not ids:
        return found
    chosen = []
    for wanted in ids:
        matching = [letter for letter in found if letter.id.startswith(wanted)]
        if len(matching) != 1:
            many = "more than one" if matching else "no"
            raise InputError(f"there is {many} dead letter whose id begins with {shown(wanted)}")
        chosen += matching
    return chosen


def _deployed(arguments: argparse.Namespace) -> DeadLetters:
    given = {name: getattr(arguments, name) for name in OUTPUTS}
    ask = clients(arguments.region)
    if any(value is None for value in given.values()):
        if any(given.values()):
            raise InputError("give --queue-url, --dead-letters-url and --bucket together, or a stack")
        given = _outputs(ask("cloudformation"), arguments.stack)
    from snakebatch.mesh.dead_letters import DeadLetters
    from snakebatch.mesh.objects import Objects
    from snakebatch.mesh.store import JobStore

    store = JobStore(Objects(ask("s3"), given["bucket"]))
    return DeadLetters(ask("sqs"), given["dead_letters_url"], given["queue_url"], store)


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in described.get("Outputs", [])}
    missing = sorted(set(OUTPUTS.values()) - outputs.keys())
    if missing:
        raise InputError(f"the stack {stack} has no output {', '.join(missing)}: is it one of SnakeBatch?")
    return {name: outputs[output] for name, output in OUTPUTS.items()}


def _said(letter: DeadLetter, whole: bool) -> dict[str, Any]:
    said = letter.said
    line = {
        "id": letter.id,
        "sent": letter.sent,
        "kind": said.kind,
        "job": said.job,
        "execution": said.execution,
        "reason": letter.reason,
        "takes": said.takes,
        "why_not": said.why,
    }
    return line | {"body": letter.body} if whole else line


def _line(said: dict[str, Any]) -> str:
    sent = datetime.fromtimestamp(said["sent"], UTC).strftime("%Y-%m-%d %H:%M UTC")
    now = "would be taken now" if said["takes"] else f"would not be taken now: {said['why_not']}"
    what = said["kind"] + (f" of job {said['job']}" if said["job"] else "")
    return f"{said['id']}  {sent}  {what}\n  refused: {said['reason']}\n  {now}"


def _listed(answer: dict[str, Any]) -> str:
    letters = answer["dead_letters"]
    takes = sum(letter["takes"] for letter in letters)
    head = f"{len(letters)} dead letters, {takes} of which would be taken now"
    return "\n".join([head, *(_line(letter) for letter in letters)])


def _shown(answer: dict[str, Any]) -> str:
    return "\n".join(f"{_line(letter)}\n  {letter['body']}" for letter in answer["dead_letters"])


def _readmitted(answer: dict[str, Any]) -> str:
    head = f"{answer['readmitted']} put back, {len(answer['left'])} left"
    return "\n".join([head, *(_line(letter) for letter in answer["left"])])


def _discarded(answer: dict[str, Any]) -> str:
    return f"{answer['discarded']} thrown away, {answer['left']} left"


_TEXTS = {"list": _listed, "show": _shown, "readmit": _readmitted, "discard": _discarded}
