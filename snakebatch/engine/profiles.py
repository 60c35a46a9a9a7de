"""Oppose profiles: how often each kind of literal is drawn, by tag.

The weights are ours, chosen for held-out quality on the bench sets (`make bench`); the format leaves them
free.
"""

from __future__ import annotations

from collections.abc import Mapping

from snakebatch.engine.population import Population, TextColumn
from snakebatch.errors import InputError

Weights = Mapping[str, int]

TAGS = (
    *("N", "NZR", "NRG", "ND", "NL", "NMG", "NZ"),
    *(
        "TEQ",
        "T",
        "TSW",
        "TEW",
        "TN",
        "TLN",
        "TWS",
        "TPS",
        "TSS",
        "TUC",
        "TDC",
        "TSC",
        "ENT",
        "HEX",
        "REP",
        "TVR",
    ),
    *("LEV", "JAC", "SIM", "PFX", "SFX", "CFC"),
)
"""All tags of the format."""

TAG_NUMBERS = {tag: number for number, tag in enumerate(TAGS)}

CHEAP_TAGS = frozenset(["N", "NZR", "TEQ", "T", "TN", "TLN", "TWS", "TPS", "TSS", "TUC", "TDC", "TSC"])
"""What divide may draw: a shard evaluates these over whole columns for every path (design.md)."""

_NUMBERS: Weights = {"N": 94, "NRG": 3, "NZR": 3}

_TEXTS: dict[str, Weights] = {
    "balanced": {
        "TEQ": 26,
        "T": 30,
        "TSW": 8,
        "TEW": 6,
        "TN": 6,
        "TLN": 2,
        "TWS": 4,
        "TPS": 1,
        "TSS": 1,
        "TUC": 2,
        "TDC": 4,
        "TSC": 1,
        "JAC": 3,
        "PFX": 2,
        "SFX": 1,
        "SIM": 1,
        "LEV": 1,
        "TVR": 1,
    },
    "linguistic": {
        "T": 44,
        "TEQ": 8,
        "TSW": 8,
        "TEW": 8,
        "TWS": 6,
        "TN": 6,
        "TVR": 3,
        "JAC": 8,
        "SIM": 3,
        "TLN": 2,
        "TUC": 2,
        "TPS": 1,
        "TSS": 1,
    },
    "industrial": {
        "T": 26,
        "TEQ": 16,
        "TSW": 14,
        "TEW": 10,
        "PFX": 8,
        "SFX": 6,
        "TDC": 6,
        "TUC": 4,
        "TN": 4,
        "TSC": 3,
        "LEV": 2,
        "JAC": 1,
    },
    "cryptographic": {
        "T": 22,
        "TEQ": 10,
        "TSW": 8,
        "TEW": 8,
        "ENT": 10,
        "HEX": 8,
        "REP": 4,
        "CFC": 4,
        "TLN": 8,
        "TDC": 8,
        "TN": 6,
        "TUC": 4,
    },
    "categorical": {"TEQ": 90, "T": 6, "TSW": 2, "TEW": 2},
    "hef": {"TEQ": 60, "T": 40},
}
_TEXTS["scientific"] = _TEXTS["balanced"]


def weights(profile: str) -> tuple[Weights, Weights]:
    """Weights by tag for number and for text columns; raises InputError for an unknown profile."""
    if profile not in _TEXTS:
        raise InputError(f"there is no profile {profile!r}; choose auto, {', '.join(sorted(_TEXTS))}")
    return _NUMBERS, _TEXTS[profile]


def cheap(weights_by_tag: Weights) -> Weights:
    """The weights without the costly tags."""
    return {tag: weight for tag, weight in weights_by_tag.items() if tag in CHEAP_TAGS}


def resolve_profile(name: str, population: Population) -> str:
    """The profile to train with: ``auto`` looks at the datatypes and at the shape of the texts."""
    weights("balanced" if name == "auto" else name)
    if name != "auto":
        return name
    kinds = set(population.datatypes[1:])
    if kinds == {"N"}:
        return "scientific"
    return "balanced" if "N" in kinds else _profile_of_texts(population)


def _profile_of_texts(population: Population) -> str:
    """All features are texts: few values, code-like, hash-like, or words."""
    columns = [column for column in population.features if isinstance(column, TextColumn)]
    if all(len(column.vocabulary) <= max(20, len(population) // 20) for column in columns):
        return "categorical"
    sample = [
        text
        for column in columns
        for text in list(column.vocabulary)[:: max(1, len(column.vocabulary) // 200)]
    ]
    characters = "".join(sample)
    if not characters:
        return "hef"
    spaced = sum(" " in text for text in sample) / len(sample)
    hexadecimal = sum(character in "0123456789abcdefABCDEF" for character in characters) / len(characters)
    digits = sum(character.isdigit() for character in characters) / len(characters)
    if spaced < 0.1 and hexadecimal > 0.9 and len(characters) / len(sample) >= 16:
        return "cryptographic"
    if spaced < 0.5 and digits > 0.2:
        return "industrial"
    return "linguistic" if spaced >= 0.3 else "hef"
