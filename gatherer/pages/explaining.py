"""``/architecture``, ``/math`` and ``/paper``: what this system is, why, and the contradiction shown live."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import APIRouter, Form, Query, Request, UploadFile
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatherer.api.parts import parts_of
from gatherer.pages.demonstration import MOST_CELLS, MOST_ROWS, BusyError, Demonstrations
from gatherer.pages.mesh_state import mesh_state
from gatherer.pages.rendering import page
from snakebatch.engine.wording import wording
from snakebatch.errors import InputError
from snakebatch.graph import draw_svg, lay_out, read_machine
from snakebatch.mesh.contradiction import SURE, Contradiction, Group
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.store import Keys
from snakebatch.planner import seed_model
from snakebatch.planner.constants import constants, measured
from snakebatch.planner.plan import planned_rules
from snakebatch.planner.prices import prices
from snakebatch.planner.rate import SHORT_INVOCATION, WINDOW, max_concurrency

router = APIRouter()

_LEAST_PART = 20
"""A split's smaller side has at least one in so many rows of its slice."""

_EXAMPLE_ROWS = (10_000, 1_000_000, 100_000_000)
_TITLE = "The training workflow"
_LONGEST_FILE = 310_000
_EXAMPLE_SECONDS = (SHORT_INVOCATION, 2.0, 3.0, 10.0)


@dataclass(frozen=True)
class WorkflowState:
    """A state of the workflow, and why it is there."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Workflow:
    """The deployed workflow: its graph (SVG), its states in the order of the definition."""

    graph: Markup
    states: tuple[WorkflowState, ...]


@router.get("/architecture", include_in_schema=False)
async def architecture(request: Request) -> Response:
    """The data's way, the workflow, where things lie, and the nets."""
    keys = Keys("JOB", "FINGERPRINT")
    layout = (
        ("work, named by its content", keys.packet("leaf", "ID")),
        ("its answer, written once", keys.report("leaf", "ID")),
        ("models", keys.model(5, stripped=False)),
        ("what one execution decided", keys.execution("EXECUTION", "manifest.json")),
        ("what a Map reads and writes; expires", keys.wave("EXECUTION", 0, "items.json")),
    )
    definition, trouble = await run_in_threadpool(deployed_definition, mesh_state(request).reader.jobs)
    drawn = None if definition is None else draw_workflow(definition)
    return page(request, "architecture.html", layout=layout, workflow=drawn, trouble=trouble)


def deployed_definition(jobs: Jobs) -> tuple[str | None, str]:
    """The deployed workflow's definition, or None and why it can't be read."""
    try:
        described = jobs.sfn.describe_state_machine(stateMachineArn=jobs.machine)
    except ClientError as error:
        return None, f"states:DescribeStateMachine answers {error.response['Error']['Code']}"
    except BotoCoreError as error:
        return None, str(error)
    return described["definition"], ""


@lru_cache(maxsize=4)
def draw_workflow(definition: str) -> Workflow:
    """The picture of a definition, and its states in words."""
    states = json.loads(definition)["States"].items()
    return Workflow(
        graph=Markup(draw_svg(lay_out(read_machine(definition)), title=_TITLE, standalone=False)),
        states=tuple(WorkflowState(name, one["Type"], one.get("Comment", "")) for name, one in states),
    )


@router.get("/math", include_in_schema=False)
async def formulas(request: Request) -> Response:
    """The formulas, with the figures that they give now."""
    parts = parts_of(request)
    rates = [
        {
            "seconds": seconds,
            "plain": math.floor(parts.rate * seconds),
            "ours": max_concurrency(parts.rate, seconds=seconds),
            "plain_starts": _starts(math.floor(parts.rate * seconds), seconds),
            "our_starts": _starts(max_concurrency(parts.rate, seconds=seconds), seconds),
        }
        for seconds in _EXAMPLE_SECONDS
    ]
    return page(
        request,
        "math.html",
        rates=rates,
        ceiling=parts.rate,
        allowed=planned_rules(parts.rate).starts,
        depths=[(rows, 1000, deepest(rows, 1000), even(rows, 1000)) for rows in _EXAMPLE_ROWS],
        known=constants(),
        measured=measured(),
        memory=parts.memory_gb,
        v9=[seed_model.seed_plan(1_000_000, layers) for layers in (1, 5, 25)],
        seed_model=seed_model,
        price=prices(),
    )


def _starts(concurrency: int, seconds: float) -> int:
    """Most starts in a window, its ends among them, of children that follow one another: M at its first
    moment, and as many again each time that they end.
    """
    return concurrency * (math.floor(WINDOW / seconds) + 1)


def deepest(rows: int, tau: int) -> int:
    """Levels after which every slice has at most tau rows, however badly each split goes: each leaves at most
    nineteen of twenty rows on its larger side.
    """
    return max(0, math.ceil(math.log(rows / tau) / math.log(_LEAST_PART / (_LEAST_PART - 1))))


def even(rows: int, tau: int) -> int:
    """Levels of a tree whose splits are all even."""
    return max(0, math.ceil(math.log2(rows / tau)))


@router.get("/paper", include_in_schema=False)
async def paper(request: Request, train: Annotated[bool, Query()] = False) -> Response:
    """The idea; with ``train`` the contradiction on the paper's table."""
    if not train:
        return _paper(request)
    try:
        shown = await run_in_threadpool(_demonstrations(request).of_paper)
    except BusyError:
        return _busy(request)
    return _paper(request, shown=shown)


@router.post("/paper", include_in_schema=False)
async def paper_of_table(
    request: Request,
    rows: Annotated[str, Form()] = "",
    target: Annotated[str, Form()] = "",
    file: UploadFile | None = None,
) -> Response:
    """The contradiction on a pasted or uploaded table."""
    try:
        text = rows if file is None or not file.filename else await _text(file)
        shown = await run_in_threadpool(_demonstrations(request).of_csv, text, target)
    except InputError as error:
        return _paper(request, status=422, fault=str(error), typed=(rows, target))
    except BusyError:
        return _busy(request, typed=(rows, target))
    return _paper(request, shown=shown, own=True, typed=(rows, target))


async def _text(file: UploadFile) -> str:
    data = await file.read(_LONGEST_FILE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the file is not text in UTF-8: save it as CSV in UTF-8") from error


def _demonstrations(request: Request) -> Demonstrations:
    return mesh_state(request).demonstrations


def _busy(request: Request, **context: Any) -> Response:
    fault = "both designs are being trained for somebody else right now: try again in a moment"
    return _paper(request, status=503, fault=fault, **context)


def _paper(
    request: Request,
    *,
    status: int = 200,
    shown: Contradiction | None = None,
    own: bool = False,
    fault: str | None = None,
    typed: tuple[str, str] = ("", ""),
) -> Response:
    return page(
        request,
        "paper.html",
        status=status,
        shown=shown,
        own=own,
        fault=fault,
        typed=typed,
        sure=SURE,
        most_rows=MOST_ROWS,
        most_cells=MOST_CELLS,
        condition=lambda group: condition_words(group, shown.header if shown else ()),
    )


def condition_words(group: Group, header: tuple[str, ...]) -> str:
    """A condition as people read it."""
    if group.condition is None:
        return "ELSE"
    return " and ".join(wording(literal, header) for literal in group.condition)
