"""The pages over a mesh in one process, asked without a server; what stands before them is not here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

import boto3
import httpx
from fastapi import FastAPI

from gatherer.account import Account
from gatherer.api.parts import Parts
from gatherer.health import Pulse
from gatherer.pages import add_pages
from gatherer.pages.live import Watchers
from gatherer.pages.mesh_state import MeshState
from snakebatch.clock import SimulatedClock
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.divide import Slice
from snakebatch.engine.population import Population
from snakebatch.engine.settings import Settings
from snakebatch.mesh.engines import SnakeEngine
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.predicting import PredictClient
from snakebatch.mesh.prediction_store import PredictionStore
from tests.support.mesh import MeshBench
from tests.support.scripted_workflow import MACHINE, ScriptedWorkflow

SHARD_PREFIX = "v9-worker-pipe"

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class SlowEngine(SnakeEngine):
    """Takes a second and a half of the clock for each leaf, so that invocations have a length."""

    clock: SimulatedClock

    def leaves(
        self, population: Population, slices: Sequence[Slice], settings: Settings
    ) -> list[list[Bucket]]:
        self.clock.sleep(1.5 * len(slices))
        return super().leaves(population, slices, settings)


@dataclass
class PagesBench:
    """``mesh`` trains, ``workflow`` says what Step Functions would."""

    mesh: MeshBench
    clock: SimulatedClock = field(init=False)

    def __post_init__(self) -> None:
        assert isinstance(self.mesh.clock, SimulatedClock)
        self.clock = self.mesh.clock
        self.workflow = ScriptedWorkflow(self.clock)
        fake: Any = self.workflow
        jobs = Jobs(self.mesh.store, fake, MACHINE, self.clock)
        predictions = PredictionStore(self.mesh.store.objects)
        app = FastAPI()
        app.state.parts = parts = Parts(
            jobs=jobs,
            predict=PredictClient(fake, "predict", predictions),
            pulse=Pulse(self.clock),
            clock=self.clock,
            clients=boto3.client,
        )
        add_pages(app, parts)
        # Nothing is asked behind a test's back, by threads that would outlive it.
        account = Account(boto3.client, SHARD_PREFIX, self.clock, watch=False)
        app.state.mesh = replace(app.state.mesh, account=account)
        self.app = app

    @property
    def state(self) -> MeshState:
        """What the pages read with."""
        state: MeshState = self.app.state.mesh
        return state

    def ask(self, method: str, address: str, **given: Any) -> httpx.Response:
        """One request, without a socket, with nothing remembered of the one before."""
        self.app.state.watchers = Watchers()
        return asyncio.run(self._ask(method, address, given))

    async def _ask(self, method: str, address: str, given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gatherer") as client:
            return await client.request(method, address, **given)

    def get(self, address: str, status: int = 200) -> str:
        """A page's text, once it is found to be whole."""
        answer = self.ask("GET", address)
        assert answer.status_code == status, answer.text
        check_page(answer.text)
        return answer.text

    def text(self, address: str, status: int = 200) -> str:
        """What a page says, without its marks."""
        return said(self.get(address, status))


class _Checker(HTMLParser):
    """Every element is closed in turn, every id is unique, nothing is scripted or styled in place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.said: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert "style" not in names, f"<{tag}> has a style of its own"
        assert not any(name.startswith("on") for name in names), f"<{tag}> has a script of its own"
        assert len(names) == len(set(names)), f"<{tag}> names an attribute twice"
        given = dict(attrs)
        if given.get("id"):
            assert given["id"] not in self.ids, f"two elements are {given['id']}"
            self.ids.add(str(given["id"]))
        if tag == "script":
            assert given.get("src") or given.get("type") == "application/json"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag, f"</{tag}> does not end what was begun"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.said.append(data)


def check_page(text: str) -> None:
    """Fail where a page is not whole."""
    checker = _checked(text)
    assert not checker.open, f"{checker.open} are not closed"


def said(text: str) -> str:
    """The words of a page, a blank between them."""
    return " ".join(" ".join(_checked(text).said).split())


def _checked(text: str) -> _Checker:
    checker = _Checker()
    checker.feed(text)
    checker.close()
    return checker
