"""Execution environments: what a handler sees, cold and warm, the cap, the queue, concurrency limits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from snakebatch.local.lambdas import LambdaPool
from tests.service.conftest import Deploy, call, deployer, fail, until

COUNT = """
import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    return {"pid": os.getpid(), "calls": calls, "name": context.function_name}
"""

# Opening a named pipe blocks until the other end is opened too: a rendezvous without a clock.
MEET = """
def handler(event, context):
    with open(event["path"], event["mode"]) as pipe:
        return pipe.read() if event["mode"] == "r" else pipe.write("hello")
"""


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as executor:
        yield executor


def test_the_first_call_is_cold_and_the_next_is_warm(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy(COUNT)
    before = pool.cold_starts

    first, second = call(pool, name), call(pool, name)

    assert pool.cold_starts == before + 1
    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"] != os.getpid()


def test_functions_of_one_code_share_environments_and_know_their_names(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path
) -> None:
    names = [deploy("", code=_folder(tmp_path, COUNT), name=f"pipe-{n:02d}") for n in range(3)]
    before = pool.cold_starts

    answers = [call(pool, f"{name}:live") for name in names]

    assert [answer["name"] for answer in answers] == names
    assert [answer["calls"] for answer in answers] == [1, 2, 3]
    assert pool.cold_starts == before + 1


def test_functions_with_other_variables_do_not_share(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path
) -> None:
    folder = _folder(tmp_path, COUNT)
    one = deploy("", code=folder, environment={"COLOUR": "blue"})
    other = deploy("", code=folder, environment={"COLOUR": "green"})
    assert call(pool, one)["pid"] != call(pool, other)["pid"]


def test_the_handlers_environment_is_lambdas_and_not_ours(
    pool: LambdaPool, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("SECRET_OF_MINE", "x")
    name = deploy(
        "import os\ndef handler(event, context):\n    return dict(os.environ) | {'cwd': os.getcwd()}",
        memory_size=512,
        environment={"DECLARED": "yes"},
    )

    seen = call(pool, f"{name}:live")

    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert seen["AWS_LAMBDA_FUNCTION_VERSION"] == "1"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-3"
    assert seen["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert (seen["DECLARED"], seen["GIVEN"]) == ("yes", "to all")
    assert not {"AWS_PROFILE", "SECRET_OF_MINE", "HOME"} & set(seen)
    assert seen["AWS_ACCESS_KEY_ID"] == "embedded"


def test_boto3_in_a_handler_finds_nothing_of_the_users(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = us-east-1\naws_access_key_id = AKIAREAL\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "config"))
    name = deploy("""
        import boto3
        def handler(event, context):
            session = boto3.session.Session()
            default = boto3.client("sqs")
            keys = [session.get_credentials().access_key, default._get_credentials().access_key]
            return [session.available_profiles, default.meta.region_name, *keys]
    """)
    assert call(pool, name) == [[], "eu-west-3", "embedded", "embedded"]


def test_a_handler_knows_its_function_while_it_loads(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy("""
        import os
        LOADED_AS = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        def handler(event, context):
            return LOADED_AS
    """)
    assert call(pool, name) == name


def test_an_environment_has_a_tmp_of_its_own_that_goes_with_it(pool: LambdaPool, deploy: Deploy) -> None:
    source = """
        import tempfile
        def handler(event, context):
            with tempfile.NamedTemporaryFile(delete=False) as file:
                return file.name
    """
    first, second, *more = (deploy(source) for _ in range(pool.most_alive + 1))
    one, other = Path(call(pool, first)), Path(call(pool, second))
    assert one.parent != other.parent
    assert one.exists()
    for name in more:
        call(pool, name)  # first has to go
    assert not one.parent.exists()
    assert other.exists()


def test_the_context_is_lambdas(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy(
        """
        def handler(event, context):
            left = context.get_remaining_time_in_millis()
            names = ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
                     "log_group_name", "client_context", "identity")
            return [left, context.aws_request_id, *(getattr(context, name) for name in names)]
        """,
        timeout=300,
        memory_size=4096,
    )
    left, request_id, *rest = call(pool, f"{name}:live")
    assert 0 < left <= 300_000
    assert len(request_id) == 36
    arn = f"arn:aws:lambda:eu-west-3:123456789012:function:{name}:live"
    assert rest == [name, "1", arn, "4096", f"/aws/lambda/{name}", None, None]


def test_each_environment_draws_its_own_random_numbers(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path
) -> None:
    source = """
        import random, numpy
        def handler(event, context):
            return [random.random(), numpy.random.rand()]
    """
    one, other = (call(pool, deploy(source)) for _ in range(2))
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_what_handlers_write_goes_to_the_log(
    pool: LambdaPool, deploy: Deploy, capfd: pytest.CaptureFixture[str]
) -> None:
    name = deploy("""
        import sys
        from aws_lambda_powertools import Logger, Metrics
        from aws_lambda_powertools.metrics import MetricUnit
        logger, metrics = Logger(), Metrics(namespace="Test", service="testing")
        @metrics.log_metrics
        @logger.inject_lambda_context
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logger.info("structured")
            metrics.add_metric(name="Leaves", unit=MetricUnit.Count, value=3)
    """)

    call(pool, name)

    log = pool.logs()
    assert "to stdout\n" in log
    assert "to stderr\n" in log
    records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    logged = next(record for record in records if record.get("message") == "structured")
    assert logged["function_name"] == name
    assert logged["cold_start"] is True
    assert any(record.get("Leaves") == [3.0] for record in records)
    assert f"REPORT RequestId: {logged['function_request_id']}" in log
    assert capfd.readouterr() == ("", "")


def test_invocations_run_side_by_side(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    name = deploy(MEET)
    os.mkfifo(tmp_path / "pipe")
    reader = threads.submit(call, pool, name, {"path": str(tmp_path / "pipe"), "mode": "r"})
    writer = threads.submit(call, pool, name, {"path": str(tmp_path / "pipe"), "mode": "w"})
    assert (reader.result(), writer.result()) == ("hello", 5)


def test_no_more_processes_than_the_cap(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    source = """
        import os, pathlib
        def handler(event, context):
            mine = pathlib.Path(event) / context.aws_request_id
            mine.touch()
            running = len(os.listdir(event))
            mine.unlink()
            return running
    """
    names = [deploy(source) for _ in range(4)]
    (tmp_path / "running").mkdir()

    counts = list(threads.map(lambda n: call(pool, names[n % 4], str(tmp_path / "running")), range(40)))

    assert max(counts) <= 2


def test_the_least_recently_used_environment_makes_room(pool: LambdaPool, deploy: Deploy) -> None:
    first, second, *more = (deploy(COUNT) for _ in range(pool.most_alive + 1))
    call(pool, first)
    call(pool, second)
    call(pool, first)
    for name in more:
        call(pool, name)  # second has to go
    assert call(pool, first)["calls"] == 3
    assert call(pool, second)["calls"] == 1


def test_functions_that_are_called_in_turn_stay_warm(pool: LambdaPool, deploy: Deploy) -> None:
    """As a workflow calls them: more functions than may work at a time, one after the other."""
    names = [deploy(COUNT) for _ in range(pool.most_alive)]
    before = pool.cold_starts
    counts = [[call(pool, name)["calls"] for name in names] for _ in range(2)]
    assert counts == [[1] * len(names), [2] * len(names)]
    assert pool.cold_starts == before + len(names)


def test_who_waits_is_served_in_order(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    os.mkfifo(tmp_path / "gate")
    with LambdaPool(processes=1, preload=()) as pool:
        deploy = deployer(pool, tmp_path)
        gate = deploy("def handler(event, context):\n    return open(event).read()")
        source = (
            "def handler(event, context):\n    with open(event[0], 'a') as log: print(event[1], file=log)"
        )
        names = [deploy(source) for _ in range(2)]
        held = threads.submit(call, pool, gate, str(tmp_path / "gate"))
        until(lambda: pool.cold_starts == 1)
        queue: list[Future[Any]] = []
        for turn in range(6):
            queue.append(threads.submit(call, pool, names[turn % 2], [str(tmp_path / "order"), turn]))
            until(lambda: pool.waiting == len(queue))

        (tmp_path / "gate").write_text("open")

        assert held.result() == "open"
        for waiter in queue:
            waiter.result()
    assert (tmp_path / "order").read_text().split() == ["0", "1", "2", "3", "4", "5"]


def test_reserved_concurrency_throttles(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    name = deploy(MEET)
    os.mkfifo(tmp_path / "pipe")
    pool.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert pool.get_function_concurrency(FunctionName=name) == {"ReservedConcurrentExecutions": 1}
    reader = threads.submit(call, pool, name, {"path": str(tmp_path / "pipe"), "mode": "r"})
    until(lambda: pool.in_flight(name) == 1)

    with pytest.raises(ClientError) as caught:
        pool.invoke(FunctionName=name, Payload=b"{}")

    assert isinstance(caught.value, pool.exceptions.TooManyRequestsException)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    pool.delete_function_concurrency(FunctionName=name)
    assert call(pool, name, {"path": str(tmp_path / "pipe"), "mode": "w"}) == 5
    assert reader.result() == "hello"


def test_the_accounts_limit_throttles(tmp_path: Path) -> None:
    with LambdaPool(processes=1, preload=(), concurrency_limit=0) as pool:
        name = deployer(pool, tmp_path)(COUNT)
        with pytest.raises(ClientError, match="Rate Exceeded"):
            pool.invoke(FunctionName=name)


def test_an_event_is_answered_at_once_and_runs_behind(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path
) -> None:
    name = deploy("def handler(event, context):\n    open(event, 'w').close()")
    response = pool.invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(str(tmp_path / "done"))
    )
    assert response["StatusCode"] == 202
    assert response["Payload"].read() == b""
    until((tmp_path / "done").exists)


def test_a_failing_event_is_tried_three_times(pool: LambdaPool, deploy: Deploy, tmp_path: Path) -> None:
    name = deploy("""
        def handler(event, context):
            with open(event, "a") as log:
                print(context.aws_request_id, file=log)
            raise ValueError
    """)
    pool.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(str(tmp_path / "tries")))
    until(lambda: pool.in_flight(name) == 0)
    tries = (tmp_path / "tries").read_text().split()
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_a_thousand_invocations_over_a_hundred_names(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    folder = _folder(tmp_path, COUNT)
    names = [deploy("", code=folder, name=f"v9-worker-pipe-{n:02d}") for n in range(100)]

    answers = list(threads.map(lambda n: call(pool, f"{names[n % 100]}:live"), range(1000)))

    assert [answer["name"] for answer in answers] == [names[n % 100] for n in range(1000)]
    processes = {answer["pid"] for answer in answers}
    assert len(processes) <= 2
    last_calls = [max(a["calls"] for a in answers if a["pid"] == pid) for pid in processes]
    assert sum(last_calls) == 1000


def test_a_timeout_frees_the_place(pool: LambdaPool, deploy: Deploy) -> None:
    stuck = deploy("def handler(event, context):\n    while True: pass", timeout=0.05)
    for _ in range(3):  # more often than there are places
        assert fail(pool, stuck)["errorType"] == "Sandbox.Timedout"
    assert call(pool, deploy(COUNT))["calls"] == 1


def _folder(parent: Path, source: str) -> Path:
    folder = parent / "shared"
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(source)
    return folder
