"""Which engine makes the leaves, ours or the licensed one, and the version that a model's leaves share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.leaf import build_leaf
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import ENGINES, Settings
from snakebatch.errors import EngineMismatchError, InputError
from snakebatch.version import ENGINE

LeafBuilder = Callable[[Population, Rows, int, int, Sequence[Literal], Settings], list[Bucket]]

_PLUGGED = f"{ENGINE}+algorithmeai-"
"""Divides are ours whichever engine makes the leaves, so our version is part of both."""


def engine_version(name: str) -> str:
    """The version that packets, fingerprints and ``log`` carry: ``"1"``, or ``"1+algorithmeai-5.4.8"``.

    Raises InputError for an unknown name, or a licensed engine that is not installed.
    """
    check_engine(name)
    if name == "snakebatch":
        return ENGINE
    from snakebatch.engine.licensed import find_package

    return _PLUGGED + find_package().version


def check_engine(name: str) -> None:
    """Raise InputError for an engine that there is not."""
    if name not in ENGINES:
        raise InputError(f"engine is {name!r}; give one of {', '.join(ENGINES)}")


def is_licensed(version: str) -> bool:
    """Whether leaves of this version come from the licensed engine."""
    return version.startswith(_PLUGGED)


def leaf_builder(version: str) -> LeafBuilder:
    """What makes the leaves of this version; raises EngineMismatchError where another one is installed."""
    name = "licensed" if is_licensed(version) else "snakebatch"
    here = engine_version(name)
    if here != version:
        raise EngineMismatchError(
            f"the leaves are to be made by engine {version}, here is {here}: install one version everywhere"
        )
    if name == "snakebatch":
        return build_leaf
    from snakebatch.engine.licensed import build_licensed_leaf

    return build_licensed_leaf
