"""Functions written on the spot, and a pool to run them in."""

from __future__ import annotations

import itertools
import json
import os
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from snakebatch.local.lambdas import Function, LambdaPool

Deploy = Callable[..., str]
_numbers = itertools.count()


def deployer(pool: LambdaPool, folder: Path) -> Deploy:
    """``deploy(source, **function_fields) -> name``: a function of its own code folder, in the pool."""

    def deploy(source: str, *, code: Path | None = None, **fields: Any) -> str:
        number = next(_numbers)
        if code is None:
            code = folder / f"code-{number}"
            code.mkdir()
            (code / "app.py").write_text(textwrap.dedent(source))
        name = fields.pop("name", f"function-{number}")
        pool.register(Function(name, code, **{"timeout": 30.0, **fields}))
        return str(name)

    return deploy


@pytest.fixture(scope="module")
def pool() -> Iterator[LambdaPool]:
    with LambdaPool(processes=2, environment={"GIVEN": "to all"}) as running:
        yield running


@pytest.fixture
def deploy(pool: LambdaPool, tmp_path: Path) -> Deploy:
    return deployer(pool, tmp_path)


def call(pool: LambdaPool, name: str, event: Any = None, **parameters: Any) -> Any:
    """Invoke, expect success, and return the result."""
    response = pool.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **parameters)
    assert "FunctionError" not in response, response["Payload"].read()
    return json.loads(response["Payload"].read())


def fail(pool: LambdaPool, name: str, event: Any = None) -> dict[str, Any]:
    """Invoke, expect a failed invocation as Lambda reports it, and return its payload."""
    response = pool.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    payload = json.loads(response["Payload"].read())
    assert isinstance(payload, dict)
    return payload


def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail if it never does."""
    never = threading.Event()
    for _ in range(3000):
        if condition():
            return
        never.wait(0.01)
    pytest.fail("what was waited for did not come about")


def gone(pid: int) -> bool:
    """Whether a process has ended; one that only nobody has reaped yet counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
