"""The wire, before a small service of a test: what passes, and what callers see of what does not."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from snakebatch.chaos.director import Director
from snakebatch.chaos.disturber import Disturber
from snakebatch.chaos.kinds import KINDS
from snakebatch.chaos.plan import Fault
from snakebatch.chaos.processes import Trap, Traps
from snakebatch.chaos.wire import Wire

CONTENT = b"0123456789" * 10
REPORT = "/bucket/jobs/x/f/leaf/reports/1.json.gz"


class Service(BaseHTTPRequestHandler):
    """Gives CONTENT, and keeps what it is given."""

    protocol_version = "HTTP/1.1"
    taken: list[tuple[str, bytes]]

    def do_GET(self) -> None:
        self.taken.append((self.command, self.rfile.read(int(self.headers.get("Content-Length") or 0))))
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(CONTENT)

    do_PUT = do_POST = do_HEAD = do_GET  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Not of interest."""


@dataclass
class Bench:
    """A service behind a wire."""

    director: Director = field(default_factory=Director)
    traps: Traps = field(default_factory=Traps)
    taken: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (Service,), {"taken": self.taken})
        self.service = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.service.daemon_threads = True
        self.thread = threading.Thread(target=self.service.serve_forever, args=(0.05,))
        self.thread.start()
        disturber = Disturber(self.director, self.traps, lambda who: None, lambda target, reason: None)
        self.wire = Wire(f"http://127.0.0.1:{self.service.server_address[1]}", disturber.carry)

    def close(self) -> None:
        self.wire.close()
        self.service.shutdown()
        self.service.server_close()
        self.thread.join()

    def ask(
        self, method: str = "GET", path: str = "/bucket/key", body: bytes = b"", who: str = ""
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.wire.url.removeprefix("http://"))
        try:
            connection.request(method, path, body=body or None, headers={"User-Agent": f"app/{who}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def meet(self, kind: str, times: int = 1) -> None:
        self.director.begin([Fault(1, KINDS[kind], 1, times, 0.5)])

    @property
    def struck(self) -> int:
        return len(self.director.strikes)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def test_without_faults_everything_passes(bench: Bench) -> None:
    assert bench.ask() == (200, CONTENT)
    assert bench.ask("PUT", body=b"hello") == (200, CONTENT)
    assert bench.ask("HEAD")[0] == 200
    assert bench.taken == [("GET", b""), ("PUT", b"hello"), ("HEAD", b"")]


def test_s3_says_slow_down_so_many_times_and_is_not_asked(bench: Bench) -> None:
    bench.meet("s3-503", times=2)
    assert [bench.ask()[0] for _ in range(3)] == [503, 503, 200]
    assert (bench.struck, len(bench.taken)) == (2, 1)


def test_a_slow_object_comes_whole(bench: Bench) -> None:
    bench.meet("s3-slow")
    assert bench.ask() == (200, CONTENT)
    assert bench.struck == 1


def test_a_cut_object_breaks_off_in_its_middle(bench: Bench) -> None:
    bench.meet("s3-cut")
    with pytest.raises(http.client.IncompleteRead) as caught:
        bench.ask()
    half = len(CONTENT) // 2
    assert len(caught.value.partial) == half
    (strike,) = bench.director.strikes
    assert f"IncompleteRead({half} bytes read" in strike.evidence


def test_half_an_upload_is_no_object(bench: Bench) -> None:
    bench.meet("partial-upload")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        bench.ask("PUT", body=b"x" * 1000)
    assert (bench.struck, bench.taken) == (1, [])


def test_an_answer_that_is_lost_is_of_a_request_that_was_done(bench: Bench) -> None:
    bench.meet("s3-answer-lost")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        bench.ask("PUT", body=b"hello")
    assert (bench.struck, bench.taken) == (1, [("PUT", b"hello")])


def test_a_corrupted_report_is_another_and_the_key_is_the_evidence(bench: Bench) -> None:
    bench.meet("report-corrupt")
    bench.ask("PUT", REPORT, b"hello")
    ((_, kept),) = bench.taken
    assert kept != b"hello"
    assert REPORT.removeprefix("/bucket/") in bench.director.strikes[0].evidence


def test_a_process_hangs_at_its_request_until_it_is_let_go(bench: Bench) -> None:
    trap = Trap(pid=0, left=2, how="hang")
    bench.traps.set("environment-1", trap)
    assert bench.ask(who="environment-1")[0] == 200
    ends: list[BaseException] = []

    def hang() -> None:
        try:
            bench.ask(who="environment-1")
        except (ConnectionError, http.client.HTTPException) as error:
            ends.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    assert bench.ask(who="environment-2")[0] == 200, "others go on"
    bench.traps.lift("environment-1")
    thread.join()
    assert trap.struck
    assert len(ends) == 1
    assert bench.ask(who="environment-1")[0] == 200


def test_a_trap_that_was_lifted_does_not_strike(bench: Bench) -> None:
    trap = Trap(pid=0, left=1, how="hang")
    bench.traps.set("environment-1", trap)
    assert bench.traps.lift("environment-1") is trap
    assert bench.traps.lift("environment-1") is None
    assert bench.ask(who="environment-1")[0] == 200
    assert not trap.struck


def test_every_kind_that_strikes_on_the_wire_is_one_that_it_can_do() -> None:
    elsewhere = {name for name, kind in KINDS.items() if kind.moment in ("invoke", "end")}
    assert KINDS.keys() - elsewhere == Disturber._DOES.keys()
