"""Serving: a gatherer is up at any time, and what can't be served is said in one line."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from snakebatch import cli
from snakebatch.cli_serve import KEY_VARIABLE, ServingFailedError, keep_up, run
from snakebatch.clock import SimulatedClock
from snakebatch.errors import InputError
from snakebatch.local.starting import bound


@dataclass
class Gatherer:
    alive: bool = True


@dataclass
class Cloud:
    """A cloud whose gatherers live for some looks each, and whose user presses Ctrl-C after some more."""

    lives: list[int]
    url: str = ""
    gatherers: list[Gatherer] = field(default_factory=lambda: [Gatherer()])
    looks: int = 0

    def start_gatherer(self) -> Gatherer:
        self.looks = 0
        self.gatherers.append(Gatherer())
        return self.gatherers[-1]

    def logs(self) -> str:
        return "what it wrote"


class LookingClock(SimulatedClock):
    """Each sleep is a look of the supervisor."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud = cloud

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.cloud.looks += 1
        number = len(self.cloud.gatherers) - 1
        if number == len(self.cloud.lives):
            raise KeyboardInterrupt
        if self.cloud.looks == self.cloud.lives[number]:
            self.cloud.gatherers[-1].alive = False


def watched(*lives: int) -> Cloud:
    cloud = Cloud([*lives])
    with pytest.raises(KeyboardInterrupt):
        keep_up(cloud, LookingClock(cloud))
    return cloud


def test_a_gatherer_that_dies_is_started_again(capsys: pytest.CaptureFixture[str]) -> None:
    cloud = watched(3, 400)
    assert [gatherer.alive for gatherer in cloud.gatherers] == [False, False, True]
    assert capsys.readouterr().err.count("starting it again") == 2


def test_one_that_dies_now_and_then_is_started_for_ever() -> None:
    assert len(watched(*[100] * 40).gatherers) == 41


def test_one_that_dies_at_once_again_and_again_ends_the_command_with_its_log() -> None:
    cloud = Cloud([1] * 10)
    with pytest.raises(ServingFailedError, match="6 times in a minute") as failed:
        keep_up(cloud, LookingClock(cloud))
    assert failed.value.log == "what it wrote"
    assert len(cloud.gatherers) == 6


class Alive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v9/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def answering() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Alive)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_json_names_the_link_that_logs_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a-key-of-my-own-that-is-long")
    arguments = cli.build_parser().parse_args(["serve", "--json", "--port", "0"])
    with answering() as url:
        cloud = Cloud([], url=url)

        @contextmanager
        def opened(_: object, key: str) -> Iterator[Cloud]:
            yield cloud

        with pytest.raises(KeyboardInterrupt):
            run(arguments, opened, LookingClock(cloud))
    key = "a-key-of-my-own-that-is-long"
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"url": url, "login": f"{url}/login?key={key}", "key": key}
    assert printed.err == ""


@pytest.mark.parametrize("key", ["short", "spaces are no good in links", "", "naïve-naïve-naïve"])
def test_a_bad_key_is_refused_before_anything_starts(
    key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    assert cli.main(["serve"]) == cli.EXIT_BAD_INPUT
    assert KEY_VARIABLE in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["serve", "--port", str(port)]) == cli.EXIT_BAD_INPUT
    assert f"127.0.0.1:{port} can't be listened on" in capsys.readouterr().err


def test_an_address_of_another_machine_is_not_blamed_on_the_port(capsys: pytest.CaptureFixture[str]) -> None:
    # 192.0.2.0/24 is kept for documentation (RFC 5737): no machine has it.
    assert cli.main(["serve", "--host", "192.0.2.1", "--port", "0"]) == cli.EXIT_BAD_INPUT
    assert "name an address of this machine" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["a..b", "x\udcff", "x" * 300])
def test_what_is_no_host_is_told_to_be_named_anew(host: str) -> None:
    with pytest.raises(InputError, match="name an address"):
        bound(host, 0)
