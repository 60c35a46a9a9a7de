"""A boto3 client for StartSyncExecution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

READ_SECONDS = 310.0
"""An Express execution lasts five minutes at most."""

_OF_AWS = "https://states."


def sync_client(session: Any) -> SFNClient:
    """A ``stepfunctions`` client of ``session`` (boto3 or a Session) that waits for executions.

    AWS answers StartSyncExecution at ``sync-states...``, and boto3 puts ``sync-`` before whatever host it
    has; the embedded cloud's has no such name. A call is not sent again: the first may still run.
    """
    endpoint = str(session.client("stepfunctions").meta.endpoint_url)
    config = Config(
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        inject_host_prefix=endpoint.startswith(_OF_AWS),
    )
    client: SFNClient = session.client("stepfunctions", config=config)
    return client
