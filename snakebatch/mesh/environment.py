"""The environment variables of functions and gatherer, read once and typed."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snakebatch.errors import MeshError


def read_arns(text: str) -> tuple[str, ...]:
    """The ARNs of a list with commas between."""
    return tuple(arn for arn in map(str.strip, text.split(",")) if arn)


@dataclass(frozen=True)
class Environment:
    """What the template sets. A function that lacks one says so at import, not at its first event."""

    values: Mapping[str, str]

    @classmethod
    def read(cls) -> Environment:
        return cls(dict(os.environ))

    def _get(self, name: str) -> str:
        try:
            return self.values[name]
        except KeyError:
            raise MeshError(f"the environment variable {name} is not set: deploy from the template") from None

    @property
    def jobs_bucket(self) -> str:
        return self._get("JOBS_BUCKET")

    @property
    def reports_queue_url(self) -> str:
        return self._get("REPORTS_QUEUE_URL")

    @property
    def reports_dlq_url(self) -> str:
        return self._get("REPORTS_DLQ_URL")

    @property
    def lease_table(self) -> str:
        return self._get("LEASE_TABLE")

    @property
    def shard_prefix(self) -> str:
        """What stands before a shard's number in its function's name."""
        return self._get("SHARD_PREFIX")

    @property
    def engine(self) -> str:
        """Who makes the leaves: ``snakebatch`` (default) or ``licensed``."""
        return self.values.get("SNAKEBATCH_ENGINE", "snakebatch")

    @property
    def spawn_rate(self) -> float:
        """New invocations a second that the account allows: the template's default if it is not told."""
        text = self.values.get("SPAWN_PER_MINUTE") or "1000"
        try:
            minute = float(text)
        except ValueError:
            minute = math.nan
        if not 0 < minute < math.inf:
            raise MeshError(
                f"SPAWN_PER_MINUTE is {text!r}: set it to the stack's SpawnRatePerMinute, starts a minute"
            )
        return minute / 60

    @property
    def dataset_objects(self) -> tuple[str, ...] | None:
        """ARNs of the objects of other buckets that may be trained on; None where it is not told."""
        text = self.values.get("DATASET_OBJECTS")
        return None if text is None else read_arns(text)

    @property
    def memory(self) -> int:
        """Bytes of memory of this function."""
        return int(self.values.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")) << 20

    @property
    def functions_gb(self) -> float:
        """GB of a shard, for who is none and has other memory: the template's default if it is not told."""
        text = self.values.get("FUNCTION_MEMORY") or "4096"
        if not text.isdecimal() or not int(text):
            raise MeshError(f"FUNCTION_MEMORY is {text!r}: set it to the stack's FunctionMemory, in MB")
        return int(text) / 1024

    @property
    def gatherer_threads(self) -> int:
        return int(self.values.get("GATHERER_THREADS", "4"))

    @property
    def gatherer_port(self) -> int | None:
        """Where the gatherer serves its HTTP API; None where nobody calls."""
        port = self.values.get("GATHERER_PORT")
        return int(port) if port else None

    @property
    def gatherer_socket(self) -> int | None:
        """A listening socket that the gatherer's parent has bound; None where it binds its own."""
        number = self.values.get("GATHERER_SOCKET")
        return int(number) if number else None

    @property
    def train_machine(self) -> str:
        """ARN of the training workflow."""
        return self._get("TRAIN_MACHINE_ARN")

    @property
    def predict_machine(self) -> str:
        """ARN of the workflow that answers small batches."""
        return self._get("PREDICT_MACHINE_ARN")

    @property
    def predict_batch_machine(self) -> str | None:
        """ARN of the workflow that answers files, whose runs the pages show; None where it is not told."""
        return self.values.get("PREDICT_BATCH_MACHINE_ARN") or None

    @property
    def cache_folder(self) -> Path:
        """Where populations are kept between invocations: /tmp on Lambda."""
        return Path(tempfile.gettempdir()) / "snakebatch-populations"
