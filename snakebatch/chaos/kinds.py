"""The kinds of fault: what each is, at which moments it may strike, and how often in a row."""

from __future__ import annotations

from dataclasses import dataclass

INVOKE = "invoke"
"""The executor invokes a function."""

S3, S3_READ, S3_WRITE, S3_CHANGE = "s3", "s3-read", "s3-write", "s3-change"
REPORT_WRITE, TEXT_WRITE, DATA_WRITE = "report-write", "text-write", "data-write"
SEND, QUEUE, DELETE = "sqs-send", "sqs", "sqs-delete"
TABLE, SLOTS, SLOTS_PUT, TOKEN = "table", "slots", "slots-put", "token"
GATHERER = "gatherer"
"""A gatherer calls anything but ReceiveMessage: so it has work in hand."""

END = "end"
"""An execution has ended without success, and EventBridge is told."""


@dataclass(frozen=True)
class Kind:
    """``moment`` is where it strikes; ``latest`` the highest count of that moment at which a plan puts it;
    ``times`` how many calls in a row it takes at most; ``weight`` how often plans have it; ``hard`` ones may
    end an execution, so that a plan has one of them at most.
    """

    name: str
    moment: str
    says: str
    latest: int
    times: int = 1
    weight: int = 2
    hard: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("throttle", INVOKE, "Lambda refuses an invocation with 429", 14, times=3, weight=4),
        Kind("throttle-storm", INVOKE, "Lambda refuses until no retry is left", 10, times=12, hard=True),
        Kind("lambda-500", INVOKE, "Lambda fails an invocation with 500", 14, times=2),
        Kind("cold-start", INVOKE, "all idle environments end, so that handlers start cold", 14),
        Kind("kill", INVOKE, "the handler's process gets SIGKILL at one of its requests", 12, weight=3),
        Kind("timeout", INVOKE, "a request of the handler hangs until the function's time is over", 12),
        Kind("crash", INVOKE, "the handler raises, before its work or after it", 12, weight=1, hard=True),
        Kind("clock-jump", INVOKE, "the clock of the handler, or of Step Functions, jumps", 14, weight=3),
        Kind("abort", INVOKE, "the execution is stopped (StopExecution)", 14, weight=2, hard=True),
        Kind("executor-death", INVOKE, "Step Functions dies with all that it knew", 14, hard=True),
        Kind("s3-503", S3, "S3 answers 503 SlowDown", 90, times=4, weight=4),
        Kind("s3-slow", S3_READ, "S3 sends an object in small pieces with pauses", 40, weight=2),
        Kind("s3-cut", S3_READ, "the connection ends in the middle of an object", 40, weight=2),
        Kind("partial-upload", S3_WRITE, "the connection ends in the middle of an upload", 30, weight=3),
        Kind("s3-answer-lost", S3_CHANGE, "S3 does a write, and its answer is lost", 30, weight=3),
        Kind("report-corrupt", REPORT_WRITE, "a byte of a report changes on its way to S3", 5, hard=True),
        Kind("text-corrupt", TEXT_WRITE, "a byte of a model.s text changes on its way to S3", 4, hard=True),
        Kind("data-corrupt", DATA_WRITE, "a byte of a packet or a population changes so", 4, hard=True),
        Kind("message-twice", SEND, "SQS delivers messages twice", 3, weight=2),
        Kind("message-late", SEND, "SQS delivers messages a second late", 3, weight=2),
        Kind("message-order", SEND, "SQS delivers messages in another order", 3, weight=2),
        Kind("message-lost", SEND, "SQS takes messages and loses them", 3, weight=2),
        Kind("message-again", DELETE, "SQS says that messages are deleted, and delivers them again", 2),
        Kind("queue-500", QUEUE, "SQS answers 500", 5, times=2, weight=2),
        Kind("table-throttle", TABLE, "DynamoDB is over its throughput", 16, times=3, weight=3),
        Kind("table-answer-lost", TABLE, "DynamoDB does a request, and its answer is lost", 16, weight=2),
        Kind("token-500", TOKEN, "Step Functions fails the gatherer's answer", 2, times=2),
        Kind("token-answer-lost", TOKEN, "Step Functions takes the gatherer's answer and does not say so", 2),
        Kind("gatherer-kill", GATHERER, "the gatherer gets SIGKILL; another one starts", 12, weight=3),
        Kind("slots-429", SLOTS, "Lambda's control plane refuses with 429", 6, times=2),
        Kind("bracket-fails", SLOTS_PUT, "the allocation of a shard's slots fails", 2),
        Kind("event-lost", END, "the event of the end is lost: only the sweep is left", 1),
        Kind("event-twice", END, "the event of the end comes twice", 1),
    )
}
"""All of them by name, in the order of the table."""
