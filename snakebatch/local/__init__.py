"""The cloud on this machine: a Step Functions executor, a Lambda pool, S3, SQS and DynamoDB on loopback."""

from __future__ import annotations

from .stepfunctions import StepFunctions

__all__ = ["StepFunctions"]
