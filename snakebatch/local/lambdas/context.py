"""The second argument of a handler."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LambdaContext:
    """The attributes that AWS Lambda's Python runtime gives a handler's context.

    ``deadline`` is on this process's monotonic clock, in seconds.
    """

    aws_request_id: str
    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    client_context: Any = None
    identity: Any = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is killed; never negative."""
        return max(0, int(1000 * (self.deadline - time.monotonic())))

    def log(self, message: str) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))
