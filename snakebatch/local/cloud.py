"""The embedded cloud: everything that the template deploys, on this machine, for as long as a ``with`` block.

S3, SQS and DynamoDB are moto's (``services``), Lambda is a pool of processes (``lambdas``), Step Functions is
our executor, and the gatherer is the very program that runs on EC2. The workflow and the handlers are those
of the bundle, unchanged: they find this cloud through the endpoint variables that every AWS SDK reads.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from snakebatch.clock import Clock, SystemClock
from snakebatch.errors import CloudError
from snakebatch.local import deployment
from snakebatch.local.bundle import bundle_root, is_bundle
from snakebatch.local.gatherers import Gatherer
from snakebatch.local.isolation import ACCOUNT
from snakebatch.local.lambda_server import LambdaServer
from snakebatch.local.lambdas import PRELOAD, Function, LambdaPool
from snakebatch.local.metrics import Metrics
from snakebatch.local.processes import Lifeline
from snakebatch.local.services import Services, endpoints
from snakebatch.local.starting import bound, check_extras, own_modules, undisturbed

if TYPE_CHECKING:
    from snakebatch.local import StepFunctions

_MAX_PROCESSES = 8


class EmbeddedCloud:
    """A whole deployment, started by ``with`` and gone after it, whatever happens inside.

    ``processes`` caps the Lambda environments at work at a time (default: as many as processors, 2 to 8);
    ``gatherers`` is how many gatherer processes run; ``clock`` is the executor's; ``root`` holds
    statemachine/, functions/ and gatherer/ (default: the checkout, or the wheel's copy); ``environment`` goes
    to every function and gatherer, over ours; ``gather_heartbeat`` is how many seconds all gatherers may be
    silent before the workflow assembles from S3 by itself; ``kept`` is how many ended executions of each
    workflow the executor remembers, the newest; ``http`` is the host and port (0: a free one) at
    which the gatherers serve their API and pages, ``url`` then says where.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        gatherers: int = 1,
        clock: Clock | None = None,
        root: Path | None = None,
        environment: Mapping[str, str] | None = None,
        gather_heartbeat: int = deployment.GATHER_HEARTBEAT_SECONDS,
        kept: int = deployment.EXECUTIONS_KEPT,
        http: tuple[str, int] | None = None,
    ) -> None:
        self.processes = (
            processes if processes is not None else min(_MAX_PROCESSES, max(2, os.cpu_count() or 2))
        )
        self.gatherers: list[Gatherer] = []
        self.jobs_bucket = deployment.BUCKET
        self.reports_queue_url = ""
        self.dlq_url = ""
        self.machines: dict[str, str] = {}
        self._wanted_gatherers = gatherers
        self._clock = clock
        self._root = root
        self._given = dict(environment or {})
        self._gather_heartbeat = gather_heartbeat
        self._kept = kept
        self._http = http
        self._listener: socket.socket | None = None
        self._exits = ExitStack()
        self.sfn: StepFunctions
        self.pool: LambdaPool

    def __enter__(self) -> EmbeddedCloud:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every process and remove every file; safe to call twice, and deaf to a second Ctrl-C."""
        with undisturbed():
            self._exits.close()

    # use

    @property
    def train_arn(self) -> str:
        """The ARN of the training workflow."""
        return self.machines["train"]

    @property
    def url(self) -> str:
        """Where the gatherers serve their API and pages."""
        if self._listener is None:
            raise CloudError("this cloud serves no pages: start it with http=(host, port)")
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def client(self, service: str) -> Any:
        """What boto3.client(service) would be: s3, sqs, dynamodb, lambda or stepfunctions."""
        if service == "lambda":
            return self.pool
        if service in ("stepfunctions", "sfn"):
            return self.sfn
        return self._services.client(service)

    def upload(self, path: Path) -> str:
        """Put a data file into the jobs bucket; returns its ``s3://`` URI."""
        # A file's name may hold line ends, or bytes that are no text; a key may not.
        name = path.name if path.name.isprintable() else quote(os.fsencode(path.name))
        key = f"datasets/{name}"
        self.client("s3").upload_file(str(path), self.jobs_bucket, key)
        return f"s3://{self.jobs_bucket}/{key}"

    def download(self, s3_uri: str, path: Path) -> None:
        """Fetch an object into a file; the file appears whole or not at all."""
        match = re.fullmatch(r"s3://([^/]+)/(.+)", s3_uri)
        if match is None:
            raise CloudError(f"{s3_uri} is not an address of the form s3://bucket/key")
        self.client("s3").download_file(match[1], match[2], str(path))

    def train(self, execution_input: dict[str, Any], *, name: str | None = None) -> str:
        """Start an execution of the training workflow; returns its ARN."""
        named = {} if name is None else {"name": name}
        started = self.sfn.start_execution(
            stateMachineArn=self.train_arn, input=json.dumps(execution_input), **named
        )
        return str(started["executionArn"])

    def start_gatherer(
        self, *, module: str = "gatherer", environment: Mapping[str, str] | None = None
    ) -> Gatherer:
        """Start one more gatherer; ``module`` runs in its place, and ``environment`` is its own, in tests."""
        gatherer = Gatherer(
            server=self.pool.server,
            root=self._bundle,
            environment={
                **self._environment,
                "TRAIN_MACHINE_ARN": self.machines["train"],
                "PREDICT_MACHINE_ARN": self.machines.get("predict", ""),
                "PREDICT_BATCH_MACHINE_ARN": self.machines.get("predict-batch", ""),
                "AWS_SDK_UA_APP_ID": f"gatherer-{len(self.gatherers)}",
                **(environment or {}),
            },
            log=self._scratch / f"gatherer-{len(self.gatherers)}.log",
            listener=self._listener,
            module=module,
        )
        self.gatherers.append(gatherer)
        # Killed, not asked to stop: a long poll may take seconds to end, and nothing of it is to survive.
        self._exits.callback(gatherer.kill)
        return gatherer

    def restart_executor(self) -> None:
        """Step Functions dies and is back: its machines are there, and nothing of what ran or waited."""
        self.sfn.close()
        self._open_executor()
        self._sfn_server.serve(self.sfn)
        self._create_machines()

    # what a cloud that is disturbed changes

    def front(self, service: str, url: str) -> str:
        """The address under which handlers and gatherers find ``services``, ``states`` or ``lambda``."""
        return url

    def service_settings(self) -> Mapping[str, str]:
        """Variables for the process that serves S3, SQS and DynamoDB."""
        return {}

    def executor_client(self, service: str) -> Any:
        """The client by which the executor calls a service."""
        return self.client(service)

    def deployed(self, function: Function) -> Function:
        """A function as it is deployed here."""
        return function

    def pids(self) -> list[int]:
        """Process ids of all that was started and still runs, handlers excepted."""
        living = [gatherer.pid for gatherer in self.gatherers if gatherer.alive]
        return [self._services.pid, self.pool.pid, *living]

    def logs(self) -> str:
        """What handlers, gatherers and services wrote, each under a heading."""
        files = sorted(self._scratch.glob("*.log"))
        return "".join(f"==> {file.name} <==\n{file.read_text(errors='replace')}\n" for file in files)

    # start-up

    def _start(self) -> None:
        check_extras()
        self._bundle = self._root if self._root is not None else bundle_root()
        if not is_bundle(self._bundle):
            raise CloudError(f"{self._bundle} lacks statemachine/train.asl.json, functions/ or gatherer/")
        self._scratch = Path(tempfile.mkdtemp(prefix="snakebatch-cloud-"))
        self._exits.callback(shutil.rmtree, self._scratch, ignore_errors=True)
        self._lifeline = Lifeline()
        self._exits.callback(self._lifeline.close)
        # Two processes load their libraries from here on, while we load ours and talk to the first as it
        # comes up.
        self._services = Services(
            lifeline=self._lifeline,
            log=self._scratch / "services.log",
            scratch=self._scratch,
            settings=self.service_settings(),
        )
        self._exits.callback(self._services.close)
        self.pool = LambdaPool(
            processes=self.processes,
            environment=endpoints(self._services.url),
            preload=(*PRELOAD, *own_modules()),
            scratch=self._scratch,
            orphaned_scratch=self._scratch,
            clock=self._clock,
        )
        self._exits.callback(self.pool.close)
        self._lambda_server = LambdaServer(self.pool)
        self._exits.callback(self._lambda_server.close)
        with ThreadPoolExecutor(3) as helpers:
            made = [
                helpers.submit(self._carefully, make) for make in (self._bucket, self._queues, self._table)
            ]
            self._start_step_functions()
        for result in made:
            result.result()
        if self._http is not None:
            # Bound here, inherited by each gatherer: while one is restarted, callers wait and do not fail.
            self._listener = bound(*self._http)
            self._exits.callback(self._listener.close)
            # Pages show throttles and concurrency as CloudWatch has them.
            metrics = Metrics(self.pool.counts, lambda: self.client("cloudwatch"), SystemClock())
            self._exits.callback(metrics.close)
        self._environment = self._deployed_environment()
        self._deploy()
        for _ in range(self._wanted_gatherers):
            self.start_gatherer()

    def _carefully(self, make: Callable[[], None]) -> None:
        try:
            make()
        except Exception:
            self._services.check()  # if the server has ended, that is what to say
            raise

    def _bucket(self) -> None:
        deployment.create_bucket(self.client("s3"))

    def _queues(self) -> None:
        self.reports_queue_url, self.dlq_url = deployment.create_queues(self.client("sqs"))

    def _table(self) -> None:
        deployment.create_lease_table(self.client("dynamodb"))

    def _start_step_functions(self) -> None:
        from snakebatch.local.sfn_server import serve  # imported while the children load

        self._open_executor()
        self._exits.callback(lambda: self.sfn.close())
        self._sfn_server = serve(self.sfn)
        self._exits.callback(self._sfn_server.close)

    def _open_executor(self) -> None:
        from snakebatch.local import StepFunctions

        self.sfn = StepFunctions(self.executor_client, clock=self._clock, kept=self._kept)

    def _deployed_environment(self) -> dict[str, str]:
        return {
            **endpoints(self.front("services", self._services.url)),
            "AWS_ENDPOINT_URL_SFN": self.front("states", self._sfn_server.url),
            "AWS_ENDPOINT_URL_LAMBDA": self.front("lambda", self._lambda_server.url),
            "JOBS_BUCKET": self.jobs_bucket,
            "REPORTS_QUEUE_URL": self.reports_queue_url,
            "REPORTS_DLQ_URL": self.dlq_url,
            "LEASE_TABLE": deployment.LEASE_TABLE,
            "SHARD_PREFIX": deployment.SHARD_PREFIX,
            "DATASET_OBJECTS": "",
            "POWERTOOLS_SERVICE_NAME": deployment.APP,
            "POWERTOOLS_METRICS_NAMESPACE": "SnakeBatch",
            **self._given,
        }

    def _deploy(self) -> None:
        for function in deployment.functions(self._bundle, self._environment):
            self.pool.register(self.deployed(function))
        self._create_machines()

    def _create_machines(self) -> None:
        values = {
            "JobsBucket": self.jobs_bucket,
            "ReportsQueueUrl": self.reports_queue_url,
            "GatherHeartbeatSeconds": str(self._gather_heartbeat),
        }
        for workflow in deployment.workflows(self._bundle):
            created = self.sfn.create_state_machine(
                name=f"{deployment.APP}-{workflow}",
                definition=deployment.definition(self._bundle, workflow, values),
                roleArn=f"arn:aws:iam::{ACCOUNT}:role/{deployment.APP}-{workflow}",
                type=deployment.MACHINES[workflow],
            )
            self.machines[workflow] = created["stateMachineArn"]
