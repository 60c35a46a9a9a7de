"""The licensed engine at the leaf: ``algorithmeai.Snake`` trains a slice.

The package is a plug-in that its holder installs; docs/decisions/032-licensed-engine.md says what the adapter
mends and why. Divides stay ours: only what is inside a slice comes from there.
"""

from __future__ import annotations

import importlib
import io
import random
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from typing import Any, NamedTuple

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.divide import is_one_class
from snakebatch.engine.draws import derive_key
from snakebatch.engine.licensed_layer import SlicePlace, adopt, one_class
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.errors import EngineError, InputError

PACKAGE = "algorithmeai"

_SEED = 51
"""What the draws are for: the licensed engine's own."""

_training = threading.Lock()
"""The package draws from Python's global generator, so one slice at a time has it."""


class Package(NamedTuple):
    """The licensed package as it was found."""

    snake: Any
    version: str


def find_package() -> Package:
    """The installed package; raises InputError, in one line, where there is none that can train."""
    needed = (
        f"engine 'licensed' needs the licensed {PACKAGE} (5.4.x, with Snake), which its author hands out; "
        f"the {PACKAGE} on the package index (1.0.0) is another product, a remote client without Snake"
    )
    advice = "install the licensed one where the training runs, or use engine 'snakebatch'"
    try:
        module = importlib.import_module(PACKAGE)
    except ImportError as error:
        raise InputError(f"{needed}; none can be imported here ({error}): {advice}") from error
    version = _version(module)
    snake = getattr(module, "Snake", None)
    if not callable(snake):
        raise InputError(f"{needed}; what is installed here is {version}, without Snake: {advice}")
    return Package(snake, version)


def _version(module: Any) -> str:
    version = getattr(module, "__version__", None)
    if isinstance(version, str):
        return version
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return "unknown"


def build_licensed_leaf(
    population: Population, rows: Rows, seed: int, layer: int, path: Sequence[Literal], settings: Settings
) -> list[Bucket]:
    """The buckets of one slice, as ``leaf.build_leaf`` gives them, made by the licensed engine.

    Raises EngineError, which names the slice, where the engine gives up or its answer is no partition.
    """
    if not len(rows):
        return []
    if is_one_class(population, rows):
        # Nothing is left to learn, and the format says what such a bucket is (docs/format.md, guarantee 4).
        return [one_class(tuple(path), rows.tolist())]
    place = SlicePlace(population, rows, seed, layer, tuple(path), settings)
    return adopt(place, _train(find_package(), place))


def _train(package: Package, place: SlicePlace) -> Any:
    """The Snake trained on the slice: types as of the whole population, draws from H(seed, layer, path)."""
    population, settings = place.population, place.settings
    key = derive_key(place.seed, place.layer, place.path, _SEED)
    with _training, _generator(key), _stdin_kept():
        try:
            return package.snake(
                [population.row(row) for row in place.rows.tolist()],
                target_index=0,
                n_layers=1,
                bucket=settings.bucket,
                noise=settings.noise,
                workers=1,
                oppose_profile=settings.oppose_profile,
                datatypes=list(population.datatypes),
            )
        except SystemExit as ending:
            raise EngineError(
                f"{PACKAGE} {package.version} gave up (exit {ending.code}) on {place}: it could not tell "
                "these rows apart; train with engine 'snakebatch', or with another bucket or seed"
            ) from ending
        except Exception as error:
            raise EngineError(
                f"{PACKAGE} {package.version} failed on {place}: {type(error).__name__}: {error}; "
                "train with engine 'snakebatch', or ask the author of the package"
            ) from error


@contextmanager
def _generator(key: int) -> Iterator[None]:
    """Python's global generator seeded for one slice, and as it was afterwards."""
    before = random.getstate()
    random.seed(key)
    try:
        yield
    finally:
        random.setstate(before)


@contextmanager
def _stdin_kept() -> Iterator[None]:
    """Python's ``exit()`` closes standard input before it raises: it gets one of its own to close."""
    before = sys.stdin
    sys.stdin = io.StringIO()
    try:
        yield
    finally:
        sys.stdin = before
