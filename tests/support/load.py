"""``python -m tests.support.load URL KEY JOBS POLLERS``: many jobs at once, and many who ask.

A process of its own, so that the callers take no time from the cloud that they call. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 1.0
CALL_SECONDS = 60.0
ROWS = 60
PARAMETERS: dict[str, Any] = {"target": "y", "n_layers": 1, "bucket": 20, "tau": 60, "seed": 7}


@dataclass
class Load:
    """What callers saw. Times are seconds; ``errors`` has everything that was no 200 or 202."""

    seconds: float = 0.0
    calls: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """Of the status call."""
        return statistics.median(self.calls)

    @property
    def p95(self) -> float:
        """Of the status call."""
        return statistics.quantiles(self.calls, n=20)[-1]

    @property
    def jobs_per_minute(self) -> float:
        return 60 * len(self.ends) / self.seconds


def rows() -> list[dict[str, Any]]:
    """A tiny table, which takes the workflow's every step all the same."""
    return [{"x": n % 7 + n / 100, "word": f"w{n % 5}", "y": n % 2} for n in range(ROWS)]


def run(url: str, key: str, jobs: int, pollers: int) -> Load:
    """The whole load, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.load", url, key, str(jobs), str(pollers)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the callers ended with {done.returncode}: {done.stderr}")
    return Load(**json.loads(done.stdout))


async def call(url: str, key: str, jobs: int, pollers: int) -> Load:
    """Start every job at once, and let every poller ask for one of them until it has ended."""
    load, began = Load(), time.perf_counter()
    connections = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=CALL_SECONDS,
        limits=connections,
        trust_env=False,
    ) as client:
        ids = await asyncio.gather(*(_start(client, load) for _ in range(jobs)))
        known = [found for found in ids if found]
        if known:
            await asyncio.gather(*(_poll(client, load, known[n % len(known)]) for n in range(pollers)))
    load.seconds = time.perf_counter() - began
    return load


async def _start(client: httpx.AsyncClient, load: Load) -> str | None:
    body = {"rows": rows(), **PARAMETERS}
    answer = await _timed(load, load.starts, client.post("/v9/train", json=body), 202)
    return None if answer is None else str(answer["model_id"])


async def _poll(client: httpx.AsyncClient, load: Load, model_id: str) -> None:
    while True:
        answer = await _timed(load, load.calls, client.get(f"/v9/status/{model_id}"), 200)
        if answer is not None and answer["status"] != "RUNNING":
            load.ends[model_id] = answer["status"]
            return
        await asyncio.sleep(POLL_SECONDS)


async def _timed(load: Load, times: list[float], asked: Any, expected: int) -> Any:
    began = time.perf_counter()
    try:
        answer = await asked
    except httpx.HTTPError as error:
        load.errors.append(f"{type(error).__name__}: {error}")
        return None
    times.append(time.perf_counter() - began)
    if answer.status_code != expected:
        load.errors.append(f"{answer.status_code}: {answer.text[:300]}")
        return None
    return answer.json()


if __name__ == "__main__":
    address, secret, *numbers = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(call(address, secret, *map(int, numbers))))))
