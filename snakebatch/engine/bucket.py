"""A bucket: the rows that one condition routes, and the clauses that tell their classes apart."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.engine.literal import Literal


@dataclass(frozen=True)
class Bucket:
    """One link of a layer's chain, in the words of model.json.

    ``condition`` None is ELSE. ``members`` are global row numbers, ``origins`` their ``"c"`` (core) or
    ``"n"`` (noise). ``lookalikes[p]`` is the list of conds of ``members[p]``; a cond is a list of indices
    into ``clauses``.
    """

    condition: tuple[Literal, ...] | None
    members: list[int]
    origins: list[str]
    clauses: list[tuple[Literal, ...]]
    lookalikes: list[list[list[int]]]
