"""A definition taken apart: graphs of states, each knowing its query language and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .resources import Resource, parse_resource

JSONATA = "JSONata"
JSONPATH = "JSONPath"


@dataclass(frozen=True)
class State:
    """One state: `raw` is its part of the definition, `inner` the graphs within it."""

    name: str
    type: str
    language: str
    raw: dict[str, Any]
    inner: tuple[Graph, ...] = ()
    resource: Resource | None = None

    @property
    def jsonata(self) -> bool:
        """Whether its fields are JSONata."""
        return self.language == JSONATA


@dataclass(frozen=True)
class Graph:
    """States and the one to start at."""

    start_at: str
    states: dict[str, State]
    raw: dict[str, Any]


@dataclass
class Machine:
    """A state machine as it was created or last updated."""

    arn: str
    name: str
    type: str
    role_arn: str
    definition: str
    graph: Graph
    created: datetime
    revision: str
    timeout: float | None = None
    label: str | None = None
    executions: dict[str, str] = field(default_factory=dict)  # name to ARN: what makes a start idempotent


def build(raw: dict[str, Any], language: str = JSONPATH) -> Graph:
    """The graph of a definition that was found valid."""
    language = raw.get("QueryLanguage", language)
    states = {name: _state(name, state, language) for name, state in raw["States"].items()}
    return Graph(raw["StartAt"], states, raw)


def _state(name: str, raw: dict[str, Any], language: str) -> State:
    language = raw.get("QueryLanguage", language)
    kind = raw["Type"]
    inner: tuple[Graph, ...] = ()
    if kind == "Parallel":
        inner = tuple(build(branch, language) for branch in raw["Branches"])
    elif kind == "Map":
        inner = (build(raw.get("ItemProcessor") or raw["Iterator"], language),)
    resource = parse_resource(raw["Resource"]) if kind == "Task" else None
    return State(name, kind, language, raw, inner, resource)
