"""One visit of one state: what it was given, what it may read, and what it reports to the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import (
    INTRINSIC_FAILURE,
    NO_CHOICE_MATCHED,
    QUERY_EVALUATION,
    RESULT_PATH_MATCH,
    RUNTIME,
    EvaluationError,
    StateError,
)
from .machine import State
from .naming import iso, moment, text

if TYPE_CHECKING:
    from .engine import Engine
    from .execution import Execution

_PREFIXED = frozenset({INTRINSIC_FAILURE, NO_CHOICE_MATCHED, QUERY_EVALUATION, RESULT_PATH_MATCH, RUNTIME})


class Scope:
    """Variables of one graph: an inner graph reads those outside, and keeps its own to itself.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    """

    def __init__(self, outer: Scope | None = None) -> None:
        self._outer = outer
        self._own: dict[str, Any] = {}

    def all(self) -> dict[str, Any]:
        """Every variable that can be read here."""
        return {**self._outer.all(), **self._own} if self._outer else dict(self._own)

    def assign(self, values: Mapping[str, Any]) -> None:
        """Set variables, after all their expressions were evaluated."""
        self._own.update(values)


class Flow:
    """One thread of control: where its chain of events has got to, and its variables."""

    def __init__(
        self, execution: Execution, scope: Scope, previous: int = 0, map_item: Mapping[str, Any] | None = None
    ) -> None:
        self.execution = execution
        self.scope = scope
        self.previous = previous
        self.map_item = map_item

    @property
    def engine(self) -> Engine:
        """What runs this."""
        return self.execution.engine

    def event(self, kind: str, details: dict[str, Any] | None = None) -> int:
        """Add an event after the last of this thread of control."""
        engine = self.engine
        self.previous = self.execution.history.add(kind, self.previous, moment(engine.runtime.now()), details)
        return self.previous

    def branch(self, map_item: Mapping[str, Any] | None = None) -> Flow:
        """A thread of control that starts from here."""
        return Flow(self.execution, Scope(self.scope), self.previous, map_item or self.map_item)


class Visit:
    """A state with its input while it runs."""

    def __init__(self, state: State, value: Any, flow: Flow) -> None:
        self.state = state
        self.input = value
        self.flow = flow
        self.retry_count = 0
        self.token: str | None = None
        self.entered_at = moment(flow.engine.runtime.now())
        self.entered = 0

    @property
    def engine(self) -> Engine:
        """What runs this."""
        return self.flow.engine

    def enter(self) -> None:
        """Report that the state was entered."""
        self.entered = self.flow.event(
            f"{self.state.type}StateEntered",
            {"name": self.state.name, "input": text(self.input), "inputDetails": {"truncated": False}},
        )

    def leave(self, output: str, assigned: Mapping[str, Any]) -> None:
        """Report that the state was left, and set what it assigned."""
        self.flow.scope.assign(assigned)
        details: dict[str, Any] = {
            "name": self.state.name,
            "output": output,
            "outputDetails": {"truncated": False},
        }
        if assigned:
            details["assignedVariables"] = {name: text(value) for name, value in assigned.items()}
            details["assignedVariablesDetails"] = {"truncated": False}
        self.flow.event(f"{self.state.type}StateExited", details)

    def explain(self, failure: StateError) -> StateError:
        """The failure with its state named in the cause, as the service words it; reports evaluations."""
        if failure.error not in _PREFIXED or (failure.cause or "").startswith(
            "An error occurred while executing"
        ):
            return failure
        if isinstance(failure, EvaluationError):
            self.flow.event(
                "EvaluationFailed",
                {
                    "error": failure.error,
                    "cause": failure.cause or "",
                    "location": failure.location,
                    "state": self.state.name,
                },
            )
        entered = f"(entered at the event id #{self.entered})"
        where = f"An error occurred while executing the state '{self.state.name}' {entered}."
        return StateError(failure.error, f"{where} {failure.cause or ''}".rstrip())

    def context(self) -> dict[str, Any]:
        """The context object: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
        execution = self.flow.execution
        context: dict[str, Any] = {
            **execution.context(),
            "State": {
                "EnteredTime": iso(self.entered_at), "Name": self.state.name, "RetryCount": self.retry_count,
            },
        }  # fmt: skip
        if self.flow.map_item is not None:
            context["Map"] = {"Item": dict(self.flow.map_item)}
        if self.token is not None:
            context["Task"] = {"Token": self.token}
        return context
