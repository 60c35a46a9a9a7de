"""The parameters of a training, as ``Snake`` names them, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snakebatch.engine.training import check_parameters
from snakebatch.errors import InputError, shown
from snakebatch.mesh.requests import read_input

MAX_SEED = 2**53 - 1
"""Largest seed that Step Functions keeps whole."""

MORE = (
    "leaf_grain",
    "levels_per_wave",
    "slots",
    "slots_required",
    "min_share",
    "max_share",
    "max_usd",
    "job",
    "partial",
)
"""Parameters of the workflow that ``Snake`` lacks."""


def parameters_of(
    *,
    n_layers: int,
    bucket: int,
    noise: float,
    oppose_profile: str,
    lookahead: int,
    seed: int | None,
    tau: int | None,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """The execution input of a training, but for its data; ``more`` are of ``MORE``.

    Raises InputError that names a parameter out of range, or one that only a training in process has.
    """
    for name in more:
        if name not in MORE:
            raise InputError(f"there is no parameter {shown(name)}; the workflow's are {', '.join(MORE)}")
    settings = check_parameters(
        n_layers=n_layers,
        bucket=bucket,
        noise=noise,
        oppose_profile=oppose_profile,
        lookahead=lookahead,
        tau=tau,
        seed=seed,
        workers=1,
    )
    if settings.noise:
        raise InputError(
            f"noise is {noise!r}; a mesh trains without, as Snake(..., noise=0) does: leave it out"
        )
    if settings.tau is None:
        raise InputError("tau is None; a mesh divides: give the most rows of a slice, such as 1000")
    if settings.seed > MAX_SEED:
        raise InputError(f"seed is {seed!r}; a mesh takes one of at most {MAX_SEED}")
    asked = {
        "n_layers": settings.n_layers,
        "bucket": settings.bucket,
        "tau": settings.tau,
        "seed": None if seed is None else settings.seed,
        "oppose_profile": settings.oppose_profile,
        "lookahead": settings.lookahead,
        **more,
    }
    read_input({"dataset": "s3://any/where", "target": "any", **asked})
    return {name: value for name, value in asked.items() if value is not None}
