"""The errors a state can end in, by the names Step Functions gives them.

Names: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT = "States.DataLimitExceeded"
EXCEED_TOLERATED = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
ITEM_READER_FAILED = "States.ItemReaderFailed"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
QUERY_EVALUATION = "States.QueryEvaluationError"
RESULT_PATH_MATCH = "States.ResultPathMatchFailure"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

KNOWN = frozenset(
    {
        ALL,
        BRANCH_FAILED,
        DATA_LIMIT,
        EXCEED_TOLERATED,
        HEARTBEAT_TIMEOUT,
        INTRINSIC_FAILURE,
        ITEM_READER_FAILED,
        NO_CHOICE_MATCHED,
        QUERY_EVALUATION,
        RESULT_PATH_MATCH,
        RESULT_WRITER_FAILED,
        RUNTIME,
        TASK_FAILED,
        TIMEOUT,
        "States.Http.Socket",
        "States.ParameterPathFailure",
        "States.Permissions",
    }
)


class StateError(Exception):
    """A state failed: `error` is the name that Retry and Catch match, `cause` the explanation.

    `heartbeat` marks a States.Timeout that a missing heartbeat brought about: Catch may name either.
    """

    def __init__(self, error: str, cause: str | None = None, *, heartbeat: bool = False) -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = error
        self.cause = cause
        self.heartbeat = heartbeat

    def output(self) -> dict[str, str]:
        """The Error and Cause object that a Catch hands on."""
        return {"Error": self.error, "Cause": self.cause or ""}


class EvaluationError(StateError):
    """A JSONata expression that failed; `location` is the field it stands in, such as `Arguments/Payload`."""

    def __init__(self, cause: str, location: str) -> None:
        super().__init__(QUERY_EVALUATION, cause)
        self.location = location


class PathError(StateError):
    """A JSONPath that found nothing: States.Runtime, as the service reports it."""

    def __init__(self, cause: str) -> None:
        super().__init__(RUNTIME, cause)


def matches(names: list[str], failure: StateError) -> bool:
    """Whether a Retry or Catch whose ErrorEquals is `names` takes this failure.

    States.ALL takes neither States.DataLimitExceeded nor States.Runtime; States.TaskFailed takes all but
    States.Timeout besides; States.Runtime can't be taken at all (concepts-error-handling, "Error names").
    """
    if failure.error == RUNTIME:
        return False
    for name in names:
        if name == failure.error or (name == HEARTBEAT_TIMEOUT and failure.heartbeat):
            return True
        if name == ALL and failure.error != DATA_LIMIT:
            return True
        if name == TASK_FAILED and failure.error not in (DATA_LIMIT, TIMEOUT):
            return True
    return False
