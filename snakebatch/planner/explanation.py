"""Why a plan was chosen, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from snakebatch.planner.broken_limits import shard_memory_gb
from snakebatch.planner.constants import Constants
from snakebatch.planner.optimiser import Choice, Option, place_of
from snakebatch.planner.plan import MEMORY_GB
from snakebatch.planner.rule_book import RuleBook
from snakebatch.planner.simulated import FULL_CORE_GB


def explain(choice: Choice, rules: RuleBook, known: Constants, *, slots_asked: bool = False) -> list[str]:
    """Why this and not another, in sentences; ``slots_asked`` says that slots were not to be chosen."""
    best = choice.best
    said = [_where_sentence(choice)]
    if best.where == "mesh":
        said += [
            *_pace_sentences(best, rules),
            _slots_sentence(best.plan.slots, slots_asked),
            *_size_sentences(best, known),
        ]
    said.append(_bound_sentence(best))
    return said


def _where_sentence(choice: Choice) -> str:
    best = choice.best
    others = []
    for where in ("mesh", "machine", "lambda"):
        option = choice.cheapest(where)
        if where == best.where or option is None:
            continue
        shown = f"{option.plan.seconds:,.0f} s and ${option.plan.usd:.4f}"
        if not option.feasible:
            shown = f"would break a limit ({option.run.broken[0]})"
        others.append(f"{place_of(where)}: {shown}")
    text = f"{place_of(best.where).capitalize()}: {best.plan.seconds:,.0f} s and ${best.plan.usd:.4f}"
    if best.where == "machine":
        text += ", with nothing deployed and nothing to pay beside the machine"
    return f"{text}. {_sentence(others)}" if others else f"{text}."


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _pace_sentences(best: Option, rules: RuleBook) -> Iterator[str]:
    plan, run = best.plan, best.run
    most = f"{rules.starts:,} {'new environments of a shard' if rules.scope == 'function' else 'starts'}"
    if run.concurrency and max(run.concurrency) >= plan.packets:
        yield (
            f"Every Map starts all its packets at once, {plan.packets} at most: with what started just "
            f"before they fit into the {most} that ten seconds admit, and no slot could start them sooner."
        )
    else:
        largest = max(range(len(run.concurrency)), key=lambda number: best.work.waves[number].count)
        yield (
            f"{plan.packets} packets of one Map do not fit into the {most} that ten seconds admit, so "
            f"{run.concurrency[largest]} run at a time."
        )


def _slots_sentence(slots: int, asked: bool) -> str:
    if asked:
        return f"{slots or 'No'} slots, as asked: others were not weighed."
    if slots:
        return f"{slots} slots: they save more seconds than their opening takes."
    return "No slots: opening them takes a minute or more, and they would be billed for five."


def _size_sentences(best: Option, known: Constants) -> Iterator[str]:
    plan = best.plan
    yield (
        f"Leaf packets of {plan.leaf_rows:,} rows, {plan.leaf_rows * known.leaf_row:.1f} s of work each; "
        f"{plan.waves} Maps in all, each of which costs {known.map_start + known.map_end:.0f} s beside."
    )
    if plan.memory_gb == MEMORY_GB:
        return
    why = f"from {FULL_CORE_GB} GB on a function has a whole core, and the engine uses one"
    needed = shard_memory_gb(best.work)
    texts = f"a shard needs {needed:.1f} GB for the population and the texts that it writes"
    if needed > plan.memory_gb:
        yield f"{plan.memory_gb:g} GB of memory are too little: {texts}."
        return
    if needed > MEMORY_GB:
        why = texts
    yield (
        f"{plan.memory_gb:g} GB of memory: {why}. Deploy with "
        f"FunctionMemory={math.ceil(plan.memory_gb * 1024)}: Stage plans with what is deployed."
    )


def _bound_sentence(best: Option) -> str:
    parts = sorted(best.run.by_state.items(), key=lambda part: -part[1])[:3]
    total = max(best.run.seconds, 1e-9)
    shown = ", ".join(f"{name} {seconds:.0f} s ({seconds / total:.0%})" for name, seconds in parts)
    return f"What takes the time: {shown}."
