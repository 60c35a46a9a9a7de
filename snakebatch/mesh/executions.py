"""Whether an execution still runs: Step Functions is asked, since who died can't say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_NO_SUCH = {"ExecutionDoesNotExist", "InvalidArn"}


class Executions:
    """Executions by their ARNs. ``sfn`` is a boto3 client."""

    def __init__(self, sfn: SFNClient) -> None:
        self.sfn = sfn

    def running(self, arn: str) -> bool | None:
        """Whether it runs; False where there is none of that ARN, None where that could not be asked.

        DescribeExecution is eventually consistent: ask of one that is older than some seconds only.
        """
        status = self._status(arn)
        return None if status is None else status in ("RUNNING", "PENDING_REDRIVE")

    def ended(self, arn: str) -> bool:
        """Whether it surely has ended: Step Functions knows it, and says so."""
        return self._status(arn) not in (None, "", "RUNNING", "PENDING_REDRIVE")

    def _status(self, arn: str) -> str | None:
        try:
            return str(self.sfn.describe_execution(executionArn=arn)["status"])
        except ClientError as error:
            return "" if error.response["Error"]["Code"] in _NO_SUCH else None
        except BotoCoreError:
            return None
