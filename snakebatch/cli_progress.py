"""How far an execution is: its waves and its states, read from the same API calls that AWS has."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

BAR_WIDTH = 24


@dataclass
class Wave:
    """One Map Run: the state that it belongs to, and its packets (items)."""

    state: str
    number: int
    total: int = 0
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    ended: bool = False

    @property
    def title(self) -> str:
        return f"{self.state}, wave {self.number}"


@dataclass
class Watch:
    """Follows one execution; ``sfn`` has the methods of boto3's ``stepfunctions`` client.

    ``seconds_by_state`` grows as states end; the top level runs one state at a time.
    """

    sfn: Any
    execution_arn: str
    waves: list[Wave] = field(default_factory=list)
    state: str = ""
    seconds_by_state: dict[str, float] = field(default_factory=dict)
    _runs: dict[str, Wave] = field(default_factory=dict)
    _entered: dict[str, Any] = field(default_factory=dict)
    _seen: int = 0

    def update(self) -> None:
        """Read what happened since the last call."""
        for event in self._new_events():
            self._read(event)
        for arn, wave in self._runs.items():
            if not wave.ended:
                _describe(wave, self.sfn.describe_map_run(mapRunArn=arn))

    def _new_events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self.sfn.get_execution_history(
                executionArn=self.execution_arn, maxResults=1000, includeExecutionData=False, **token
            )
            events += page["events"]
            if not page.get("nextToken"):
                break
            token = {"nextToken": page["nextToken"]}
        fresh = [event for event in events if event["id"] > self._seen]
        self._seen = max((event["id"] for event in events), default=self._seen)
        return fresh

    def _read(self, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            self.state = event["stateEnteredEventDetails"]["name"]
            self._entered[self.state] = event["timestamp"]
        elif kind.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            spent = (event["timestamp"] - self._entered.pop(name, event["timestamp"])).total_seconds()
            self.seconds_by_state[name] = self.seconds_by_state.get(name, 0.0) + spent
        elif kind == "MapRunStarted":
            number = 1 + sum(wave.state == self.state for wave in self.waves)
            wave = Wave(self.state, number)
            self.waves.append(wave)
            self._runs[event["mapRunStartedEventDetails"]["mapRunArn"]] = wave


def _describe(wave: Wave, run: Mapping[str, Any]) -> None:
    counts = run["itemCounts"]
    wave.total, wave.failed = counts["total"], counts["failed"]
    wave.done = counts["succeeded"] + counts["failed"] + counts["timedOut"] + counts["aborted"]
    wave.ended = run["status"] != "RUNNING"
    if "stopDate" in run:
        wave.seconds = (run["stopDate"] - run["startDate"]).total_seconds()


class Bars:
    """Shows a Watch: one bar a wave on a terminal, one plain line a wave elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._shown = 0
        self._line = ""

    def show(self, watch: Watch) -> None:
        """Bring the screen up to date."""
        while self._shown < len(watch.waves) and watch.waves[self._shown].ended:
            self._finish(watch.waves[self._shown])
            self._shown += 1
        if self._live:
            running = watch.waves[self._shown :]
            self._draw(_bar(running[0]) if running else f"{watch.state} ...")

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._live:
            self._draw("")

    def _finish(self, wave: Wave) -> None:
        if self._live:
            self._draw(_bar(wave))
            print(file=self._stream, flush=True)
            self._line = ""
        else:
            print(_plain(wave), file=self._stream, flush=True)

    def _draw(self, line: str) -> None:
        if line != self._line:
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
            self._line = line


def _bar(wave: Wave) -> str:
    full = BAR_WIDTH * wave.done // max(1, wave.total)
    return f"{wave.title:<18} [{'#' * full}{'.' * (BAR_WIDTH - full)}] {_counts(wave)}"


def _plain(wave: Wave) -> str:
    return f"{wave.title}: {_counts(wave)}"


def _counts(wave: Wave) -> str:
    text = f"{wave.done}/{wave.total} packets"
    if wave.failed:
        text += f", {wave.failed} failed"
    return f"{text}, {wave.seconds:.1f} s" if wave.ended else text
