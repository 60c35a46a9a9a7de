"""The same search by hypothesis: changed seeds, not guided, and minimised where one breaks a promise."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import LONGEST, seeds
from tests.fuzz.targets import TARGETS


def search(target: str, examples: int, *, alike: bool = False) -> None:
    """Try so many inputs, ``alike`` at each call; raises what the first that breaks a promise raises."""
    known = list(seeds(target))

    @settings(
        max_examples=examples, derandomize=alike, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.one_of(changed(known), st.binary(max_size=LONGEST)))
    def look(data: bytes) -> None:
        TARGETS[target](data)

    look()


@st.composite
def changed(draw: st.DrawFn, known: list[bytes]) -> bytes:
    """A seed with a part cut out, and other bytes or a part of another seed in its place."""
    data = draw(st.sampled_from(known))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 64)))
    other = draw(st.sampled_from(known))
    place = draw(st.integers(0, len(other)))
    new = draw(st.one_of(st.binary(max_size=8), st.just(other[place : place + 32])))
    return data[:start] + new + data[end:]
