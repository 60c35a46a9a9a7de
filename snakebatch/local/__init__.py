"""The cloud on this machine: a Step Functions executor, a Lambda pool, S3, SQS and DynamoDB on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stepfunctions import StepFunctions

__all__ = ["StepFunctions"]


def __getattr__(name: str) -> Any:
    """Import the executor only when asked for: handler processes import this package and must start fast."""
    if name == "StepFunctions":
        from .stepfunctions import StepFunctions

        return StepFunctions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
