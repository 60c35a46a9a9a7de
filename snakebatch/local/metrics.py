"""Lambda's metrics in the embedded cloud's CloudWatch: what AWS/Lambda has, for who asks for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from snakebatch.clock import Clock
from snakebatch.local.lambdas.counts import ALL, Counted, Counts

NAMESPACE = "AWS/Lambda"

_EVERY = 5.0
_BATCH = 500
"""PutMetricData takes 1,000 at most; moto reads fewer faster."""

_LOG = logging.getLogger(__name__)


def metric_data(counted: Counted, moment: float) -> Iterator[dict[str, Any]]:
    """Entries of PutMetricData: a metric of each function that has news, and how many ran at a time in all.

    moto adds up the functions' where it is asked for none, as AWS does: sums of ours would count twice.
    """
    when = datetime.fromtimestamp(moment, UTC)
    for metric, values in (
        ("Invocations", counted.invocations),
        ("Throttles", counted.throttles),
        ("ConcurrentExecutions", counted.concurrent),
    ):
        for name, value in values.items():
            of = [] if name == ALL else [{"Name": "FunctionName", "Value": name}]
            yield {
                "MetricName": metric,
                "Dimensions": of,
                "Timestamp": when,
                "Value": float(value),
                "Unit": "Count",
            }


class Metrics:
    """Publishes a pool's counts every few seconds, until it is closed. ``client`` makes CloudWatch's."""

    def __init__(self, counts: Counts, client: Callable[[], Any], clock: Clock) -> None:
        self._counts = counts
        self._client = client
        self._clock = clock
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lambda-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, after what is being sent."""
        self._closed.set()
        self._thread.join()

    def publish(self) -> None:
        """Send what was counted since the last time."""
        entries = list(metric_data(self._counts.take(), self._clock.time()))
        for start in range(0, len(entries), _BATCH):
            self._client().put_metric_data(Namespace=NAMESPACE, MetricData=entries[start : start + _BATCH])

    def _run(self) -> None:
        while not self._closed.wait(_EVERY):
            try:
                self.publish()
            except (ClientError, BotoCoreError):
                # The services are stopping, or busy: metrics are of use to those who watch alone.
                _LOG.debug("metrics were not taken", exc_info=True)
