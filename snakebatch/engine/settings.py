"""What a training run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.version import ENGINE

PROFILES = (
    "auto",
    "balanced",
    "scientific",
    "linguistic",
    "industrial",
    "cryptographic",
    "categorical",
    "hef",
)

MAX_LAYERS, MAX_LOOKAHEAD = 10_000, 100
"""Most layers of a workflow's model, and most literals tried a draw."""

ENGINES = ("snakebatch", "licensed")
"""Who makes the leaves: this project's own engine, or the licensed one where it is installed."""


@dataclass(frozen=True)
class Settings:
    """Parameters of one training; all but ``n_layers`` decide the bytes of every layer.

    ``tau`` is the size up to which a slice is not divided further; None divides nothing. ``oppose_profile``
    is never ``auto`` here: it was resolved when the population was read. ``seed`` is a non-negative integer.
    ``engine`` is the version of what makes the leaves (``leaf_engines.engine_version``).
    """

    n_layers: int = 5
    bucket: int = 250
    noise: float = 0.25
    oppose_profile: str = "balanced"
    lookahead: int = 5
    seed: int = 0
    tau: int | None = None
    engine: str = ENGINE
