"""What a deleted stack may leave behind: logs written after their group went, and layer versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from snakebatch.operations.aws import asking, code_of

FUNCTIONS = ("stage", "wave", "bracket", "settle", "predict", "gatherer")
"""What stands after the prefix in the names of functions, beside the shards."""

LAYERS = ("dependencies", "gatherer")

LOG_GROUPS = {
    "/aws/lambda/": ("functions", "v9-worker-pipe", *FUNCTIONS),
    "/aws/vendedlogs/states/": ("train", "predict"),
    "/snakebatch/": ("gatherer",),
}
"""What log groups begin with, and what stands after the prefix; some Lambda makes by itself."""

_GONE = frozenset({"ResourceNotFoundException"})


class Leftovers:
    """Everything that carries the prefix of a deployment; ``clients`` gives boto3 clients by service."""

    def __init__(self, clients: Callable[[str], Any], prefix: str) -> None:
        self.clients = clients
        self.prefix = prefix

    def sweep(self) -> list[str]:
        """Delete log groups and layer versions of the prefix; returns their names."""
        return [*self._sweep_logs(), *self._sweep_layers()]

    def rest(self, bucket: str | None) -> list[str]:
        """What is still there, by name: functions, queues, and the bucket unless it is None."""
        found = list(self._functions())
        queues = [f"{self.prefix}-v9-reports", f"{self.prefix}-v9-reports-dlq"]
        found += [f"queue {name}" for name in queues if self._queue_is_there(name)]
        if bucket is not None:
            found.append(f"bucket {bucket}")
        return found

    def log_groups(self) -> Iterator[str]:
        """Names of the log groups that are the deployment's."""
        logs = self.clients("logs")
        for start in LOG_GROUPS:
            with asking("listing log groups (logs:DescribeLogGroups)"):
                pages = logs.get_paginator("describe_log_groups")
                for page in pages.paginate(logGroupNamePrefix=f"{start}{self.prefix}-"):
                    yield from (
                        group["logGroupName"]
                        for group in page["logGroups"]
                        if self.is_ours(group["logGroupName"], start)
                    )

    def is_ours(self, group: str, start: str) -> bool:
        """Whether a log group is this deployment's: `dev` must not take those of the prefix `dev-two`."""
        rest = group.removeprefix(f"{start}{self.prefix}-")
        return rest != group and (rest in LOG_GROUPS[start] or rest.startswith("v9-worker-pipe-"))

    def _sweep_logs(self) -> Iterator[str]:
        for name in list(self.log_groups()):
            with asking(f"deleting the log group {name}"):
                self.clients("logs").delete_log_group(logGroupName=name)
            yield f"log group {name}"

    def _sweep_layers(self) -> Iterator[str]:
        lambdas = self.clients("lambda")
        for layer in (f"{self.prefix}-{name}" for name in LAYERS):
            for version in self._versions(lambdas, layer):
                with asking(f"deleting version {version} of the layer {layer}"):
                    lambdas.delete_layer_version(LayerName=layer, VersionNumber=version)
                yield f"layer {layer}:{version}"

    def _versions(self, lambdas: Any, layer: str) -> list[int]:
        with asking(f"listing the versions of the layer {layer}"):
            try:
                pages = lambdas.get_paginator("list_layer_versions").paginate(LayerName=layer)
                return [version["Version"] for page in pages for version in page["LayerVersions"]]
            except Exception as error:
                if code_of(error) not in _GONE:
                    raise
                return []

    def _functions(self) -> Iterator[str]:
        lambdas = self.clients("lambda")
        for name in (
            f"{self.prefix}-{kind}" for kind in (*FUNCTIONS, "v9-worker-pipe-00", "v9-worker-pipe-99")
        ):
            with asking(f"looking for the function {name}"):
                try:
                    lambdas.get_function(FunctionName=name)
                except Exception as error:
                    if code_of(error) not in _GONE:
                        raise
                    continue
            yield f"function {name}"

    def _queue_is_there(self, name: str) -> bool:
        with asking(f"looking for the queue {name}"):
            try:
                self.clients("sqs").get_queue_url(QueueName=name)
            except Exception as error:
                if code_of(error) not in ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
                    raise
                return False
        return True
