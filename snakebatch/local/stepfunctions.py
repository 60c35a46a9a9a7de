"""Step Functions without an account: boto3's ``stepfunctions`` methods over the executor in ``asl``.

    sfn = StepFunctions(boto3.client)
    machine = sfn.create_state_machine(name="train", definition=text, roleArn=role)
    run = sfn.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")

Keyword arguments, results and exceptions are those of boto3's client. What a definition asks for and the
executor does not do is refused by ``create_state_machine`` with InvalidDefinition, every finding named by its
JSON path.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from snakebatch.clock import Clock, SystemClock
from snakebatch.errors import CloudError

from .asl.api_errors import exceptions
from .asl.api_executions import Executions
from .asl.api_machines import Machines
from .asl.api_map_runs import MapRuns
from .asl.api_tokens import TaskTokens
from .asl.engine import Engine
from .asl.naming import Names
from .asl.runtime import Runtime
from .deployment import EXECUTIONS_KEPT


class StepFunctions(Machines, Executions, MapRuns, TaskTokens):
    """Step Functions on this machine; close it, or use it as a context manager.

    Keyword arguments, results and exceptions are those of boto3's ``stepfunctions`` client; what is not done
    here is refused by name. It may be called from any thread.

    Parameters
    ----------
    client
        ``client(service_name)`` gives an object with a boto3 client's methods, such as ``boto3.client``; they
        are called from many threads.
    clock
        What waits, time-outs and timestamps go by; the system's if None. With a ``SimulatedClock`` they
        take no time.
    region, account
        What ARNs contain.
    max_threads
        Service calls under way at once; more queue up, as Lambda's concurrency would throttle them.
    kept
        Ended executions of each machine that are remembered, at least 1: the newest. Step Functions forgets
        by age instead, 90 days after the end; either way DescribeExecution then knows none of that ARN, its
        map runs and children are gone with it, and its name is free again.
    seed
        Of the jitter and of children's names; None draws one.

    Raises
    ------
    CloudError
        Where ``kept`` is less than 1.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        *,
        clock: Clock | None = None,
        region: str = "eu-west-3",
        account: str = "123456789012",
        max_threads: int = 1000,
        kept: int = EXECUTIONS_KEPT,
        seed: int | None = None,
    ) -> None:
        if kept < 1:
            raise CloudError(f"kept must be at least 1, not {kept}: else nobody could learn how one ended")
        runtime = Runtime(clock or SystemClock(), max_threads)
        super().__init__(Engine(runtime, client, Names(region, account), seed, kept))

    @property
    def exceptions(self) -> Any:
        """The exception classes, as on a boto3 client, such as ``exceptions.ExecutionAlreadyExists``."""
        return exceptions()

    def close(self) -> None:
        """Stop whatever runs and end the threads."""
        self._runtime.close()

    def __enter__(self) -> StepFunctions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
