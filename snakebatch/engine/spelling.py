"""Literals that are spelled out: contains (T), starts with (TSW), ends with (TEW)."""

from __future__ import annotations

from snakebatch.engine.draws import below, mix
from snakebatch.engine.measures import common_prefix

SPELLED_TAGS = frozenset({"T", "TSW", "TEW"})

_LONGEST = 4
"""Characters of a drawn piece; longer ones rarely say more, and never generalise better."""


def spell(tag: str, true_text: str, false_text: str, draw: int) -> tuple[str, bool] | None:
    """(text, negat) of a literal true on one text and false on the other, or None if this tag has none."""
    if tag == "T":
        return _piece(true_text, false_text, draw)
    if tag == "TSW":
        return _start(true_text, false_text, draw)
    found = _start(true_text[::-1], false_text[::-1], draw)
    return None if found is None else (found[0][::-1], found[1])


def _start(true_text: str, false_text: str, draw: int) -> tuple[str, bool] | None:
    shared = int(common_prefix(true_text, false_text))
    length = shared + 1 + below(mix(draw, 1), 2)
    sides = [(true_text[:length], False, len(true_text)), (false_text[:length], True, len(false_text))]
    if draw & 1:
        sides.reverse()
    return next(((text, negat) for text, negat, size in sides if size > shared), None)


def _piece(true_text: str, false_text: str, draw: int) -> tuple[str, bool] | None:
    """A word or a few characters of one text that the other does not contain."""
    for attempt in range(4):
        bits = mix(draw, attempt)
        negat = bool(bits & 1)
        source, other = (false_text, true_text) if negat else (true_text, false_text)
        if not source:
            continue
        words = source.split()
        if bits & 2 and len(words) > 1:
            piece = words[below(mix(bits, 1), len(words))]
        else:
            start = below(mix(bits, 2), len(source))
            piece = source[start : start + 1 + below(mix(bits, 3), _LONGEST)]
        if piece not in other:
            return piece, negat
    return None
