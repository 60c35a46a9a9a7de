"""Runs as pictures have them, read from the executor's answers: outcomes, retries, catches, children."""

from __future__ import annotations

import threading
from typing import Any

from snakebatch.graph import Run, draw_mermaid, draw_svg, lay_out, read_machine
from snakebatch.graph.reading import RunReader

from .asl_maps import mapping, picky
from .asl_world import FunctionError, World, invoke, jsonata, world

CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}]


class CountingSfn:
    """An executor's client that counts what it is asked, and how many events it hands out."""

    def __init__(self, sfn: Any) -> None:
        self._sfn = sfn
        self.asked: list[str] = []
        self.events = 0

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.asked.append(name)
            answer = getattr(self._sfn, name)(**arguments)
            self.events += len(answer.get("events", ()))
            return answer

        return call


def ran(here: World, definition: Any) -> Run:
    return RunReader(here.sfn).run(here.run(definition).arn)


def failing(times: int) -> Any:
    """A function that fails so many times, and then echoes."""
    left = [times]

    def function(event: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise FunctionError("Busy", "come again")
        return event

    return function


def test_attempts_after_the_first_are_retries() -> None:
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 5, "BackoffRate": 1}]
    with world(functions={"f": failing(2)}) as here:
        run = ran(here, jsonata(S=invoke(Retry=retry)))
    state = run.state("S")
    assert (state.outcome, state.visits, state.retries, state.error) == ("succeeded", 1, 2, None)
    assert state.seconds >= 2


def test_an_error_that_the_machine_takes_up_is_caught() -> None:
    definition = jsonata(S=invoke(Catch=CATCH, Next="Well"), Well={"Type": "Succeed"}, Sorry={"Type": "Pass"})
    with world(functions={"f": failing(9)}) as here:
        run = ran(here, definition)
    state = run.state("S")
    assert (state.outcome, state.error, state.caught_by) == ("caught", "Busy", "Sorry")
    assert "come again" in str(state.cause)
    assert (run.status, run.state("Well").outcome, run.state("Sorry").outcome) == (
        "SUCCEEDED",
        "idle",
        "succeeded",
    )
    assert run.taken == {("S", "Sorry"): "caught"}
    svg = draw_svg(lay_out(read_machine(definition)), run)
    assert svg.count(" taken") == 2  # from the start, and by the catch
    assert 'class="way catch taken" data-from="S" data-to="Sorry"' in svg


def test_an_error_that_nothing_takes_up_is_a_failure() -> None:
    with world(functions={"f": failing(9)}) as here:
        run = ran(here, jsonata(S=invoke()))
    assert (run.status, run.error, run.state("S").outcome) == ("FAILED", "Busy", "failed")


def test_a_fail_state_that_is_reached_has_failed() -> None:
    with world() as here:
        run = ran(here, jsonata(S={"Type": "Pass", "Next": "No"}, No={"Type": "Fail", "Error": "No"}))
    assert (run.state("S").outcome, run.state("No").outcome, run.error) == ("succeeded", "failed", "No")


def test_a_state_that_goes_on_is_running_and_then_aborted() -> None:
    called, released = threading.Event(), threading.Event()

    def slow(event: Any) -> Any:
        called.set()
        assert released.wait(60)
        return event

    with world(functions={"f": slow}) as here:
        arn = here.start(jsonata(S={"Type": "Pass", "Next": "W"}, W=invoke()))
        reader = RunReader(here.sfn)
        assert called.wait(60)
        run = reader.run(arn)
        state = run.state("W")
        assert (run.status, state.outcome, state.ended) == ("RUNNING", "running", None)
        assert state.started is not None
        assert state.seconds_at(state.started + 12) == 12
        here.sfn.stop_execution(executionArn=arn)
        assert reader.run(arn).state("W").outcome == "aborted"
        released.set()


def test_visits_of_a_loop_are_added_up() -> None:
    loop = jsonata(
        W={"Type": "Wait", "Seconds": 3, "Assign": {"n": "{% $exists($n) ? $n + 1 : 1 %}"}, "Next": "More?"},
        S={"Type": "Pass", "Assign": {"n": 0}, "Next": "W"},
        **{
            "More?": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n < 3 %}", "Next": "W"}],
                "Default": "End",
            }
        },
        End={"Type": "Succeed"},
    )
    with world() as here:
        run = ran(here, loop)
    assert (run.state("W").visits, run.state("W").seconds) == (3, 9)
    assert ("More?", "W") in run.taken


def test_children_of_a_map_are_counted_and_the_first_failures_are_named() -> None:
    definition = mapping(Items=list(range(30)), ToleratedFailurePercentage=100)
    with world(functions={"f": picky}) as here:
        counting = CountingSfn(here.sfn)
        arn = here.run(definition).arn
        run = RunReader(counting).run(arn)
    (one,) = run.state("S").maps
    assert (one.total, one.succeeded, one.failed, one.done) == (30, 15, 15, 30)
    assert len(one.failures) == 5
    assert {failure.error for failure in one.failures} == {"Odd"}
    assert all("is odd" in failure.cause for failure in one.failures)
    svg = draw_svg(lay_out(read_machine(definition)), run)
    assert "30 of 30, 15 failed" in svg
    assert 'class="state task failed" data-state="T"' in svg
    # A run that has ended is not asked for again.
    asked = len(counting.asked)
    assert asked < 12


def test_who_follows_a_run_asks_for_its_new_events_only() -> None:
    chain = {f"P{n}": {"Type": "Wait", "Seconds": 10, "Next": f"P{n + 1}"} for n in range(60)}
    with world() as here:
        counting = CountingSfn(here.sfn)
        reader = RunReader(counting)
        arn = here.start(jsonata("P0", **chain, P60={"Type": "Succeed"}))
        reader.run(arn)
        here.finish(arn)
        run = reader.run(arn)
        asked, events = len(counting.asked), counting.events
        assert reader.run(arn) is run
        # Whether it was redriven is all that can be new of a run that has ended.
        assert counting.asked[asked:] == ["describe_execution"]
        assert events <= len(here.history(arn)) + 50
    assert run.status == "SUCCEEDED"
    assert len(run.states) == 61


def test_branches_and_iterations_side_by_side_keep_their_events() -> None:
    wait = {"Type": "Wait", "End": True}
    branches = [
        {"StartAt": "L", "States": {"L": {**wait, "Seconds": 5}}},
        {"StartAt": "R", "States": {"R": {"Type": "Pass", "Next": "R2"}, "R2": {**wait, "Seconds": 9}}},
    ]
    definition = jsonata(
        S={"Type": "Parallel", "Branches": branches, "Next": "M"},
        M=mapping("INLINE", Items=[1, 2, 3])["States"]["S"],
        After={"Type": "Pass"},
    )
    definition["States"]["M"] |= {"Next": "After"}
    del definition["States"]["M"]["End"]
    with world(functions={"f": lambda event: event}) as here:
        run = ran(here, definition)
    found = {name: (state.outcome, state.visits) for name, state in run.states.items()}
    assert found == {
        "S": ("succeeded", 1),
        "L": ("succeeded", 1),
        "R": ("succeeded", 1),
        "R2": ("succeeded", 1),
        "M": ("succeeded", 1),
        "T": ("succeeded", 3),
        "After": ("succeeded", 1),
    }
    assert run.state("S").seconds == 9
    assert run.state("L").seconds == 5
    assert {("S", "M"), ("M", "After"), ("R", "R2")} <= run.taken.keys()
    assert "classDef succeeded" in draw_mermaid(read_machine(definition), run)


def test_a_branch_that_fails_fails_its_parallel_which_is_caught() -> None:
    branches = [
        {"StartAt": "L", "States": {"L": {"Type": "Wait", "Seconds": 50, "End": True}}},
        {"StartAt": "R", "States": {"R": {"Type": "Fail", "Error": "Bad"}}},
    ]
    definition = jsonata(
        S={"Type": "Parallel", "Branches": branches, "Catch": CATCH, "Next": "Well"},
        Well={"Type": "Succeed"},
        Sorry={"Type": "Pass"},
    )
    with world() as here:
        run = ran(here, definition)
    assert (run.state("S").outcome, run.state("S").caught_by) == ("caught", "Sorry")
    assert run.state("R").outcome == "failed"
    assert run.state("Sorry").outcome == "succeeded"


def test_an_execution_that_is_not_there_is_none() -> None:
    with world() as here:
        arn = here.start(jsonata(S={"Type": "Pass"}))
        assert RunReader(here.sfn).find(f"{arn}x") is None
