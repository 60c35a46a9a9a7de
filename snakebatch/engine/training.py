"""From parameters and an intake to a model: what ``Snake`` and the estimators of scikit-learn share."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from snakebatch.engine.intake import Intake, default_seed, digest
from snakebatch.engine.model import Model
from snakebatch.engine.settings import MAX_LOOKAHEAD, PROFILES, Settings
from snakebatch.errors import InputError


def check_parameters(
    *,
    n_layers: int,
    bucket: int,
    noise: float,
    oppose_profile: str,
    lookahead: int,
    tau: int | None,
    seed: int | None,
    workers: int,
    engine: str = "snakebatch",
) -> Settings:
    """The settings of a training; raises InputError that names a parameter out of range.

    Before anything is read, so that a typing mistake costs nothing. Numbers of NumPy's are taken too. The
    profile may still be ``auto`` and the seed that of the content: ``train`` resolves both.
    """
    share = noise.item() if isinstance(noise, np.generic) else noise
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise InputError(f"noise is {noise!r}; give a share from 0 to 1")
    if oppose_profile not in PROFILES:
        raise InputError(f"oppose_profile is {oppose_profile!r}; give one of {', '.join(PROFILES)}")
    _whole("workers", workers)
    from snakebatch.engine.leaf_engines import engine_version  # only training asks

    return Settings(
        n_layers=_whole("n_layers", n_layers),
        bucket=_whole("bucket", bucket),
        noise=share,
        oppose_profile=oppose_profile,
        lookahead=_whole("lookahead", lookahead, most=MAX_LOOKAHEAD),
        seed=0 if seed is None else _whole("seed", seed, least=0, more=", or None"),
        tau=None if tau is None else _whole("tau", tau, more=", or None"),
        engine=engine_version(engine),
    )


def _whole(name: str, value: Any, *, least: int = 1, most: int | None = None, more: str = "") -> int:
    """A parameter as an int, whatever library's integer it is; ``more`` is what else the message allows."""
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = -1
    if number < least or (most is not None and number > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} is {value!r}; give an integer {wanted}{more}")
    return number


def train(intake: Intake, asked: Settings, seed: int | None, workers: int) -> Model:
    """Train in this process, or in ``workers`` of them; a seed of None comes from the content."""
    # The trainer is imported where it is needed, so that a process that only asks never loads it.
    from snakebatch.engine.profiles import resolve_profile
    from snakebatch.engine.trainer import train_layers

    population = intake.population
    settings = replace(
        asked,
        oppose_profile=resolve_profile(asked.oppose_profile, population),
        seed=default_seed(digest(population)) if seed is None else asked.seed,
    )
    return Model.trained(population, settings, train_layers(population, settings, int(workers)))
