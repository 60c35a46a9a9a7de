"""What a literal measures of a field: one number of a number, of a text, or of a text against a reference.

Everything here is plain Python through ``math``: NumPy's vector logarithms differ in the last bit from
machine to machine, and a model must not. The column evaluator calls these once per distinct value, so they
may be scalar. The definitions are the table of docs/format.md; each edge case stands in its function.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from operator import eq

NumberMeasure = Callable[[float], float]
TextMeasure = Callable[[str], float]
ReferenceMeasure = Callable[[str, str], float]

SHORT_TEXT = 32
LONG_TEXT = 256
"""Characters up to which an edit distance is exact, and up to which it is looked at (see
``edit_distance``).
"""

_REPEAT_WINDOW = 64
_RARE = 0.001
_VOWELS = frozenset("aeiouAEIOU")
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


# --- numbers ------------------------------------------------------------------------------------------------


def digits(field: object) -> float:
    """ND: decimal digits in ``str(field)``; the exponent's count too (``1e-09`` has three)."""
    return float(sum(map(str.isdigit, str(field))))


def signed_log(number: float) -> float:
    """NL: sign(f) * ln(abs(f) + 1)."""
    return math.copysign(math.log(abs(number) + 1.0), number)


def magnitude(number: float) -> float:
    """NMG: floor(log10(abs(f) + 1e-300)); 0 for 0; an infinite number is of infinite magnitude."""
    if number == 0.0:
        return 0.0
    logarithm = math.log10(abs(number) + 1e-300)
    return float(math.floor(logarithm)) if math.isfinite(logarithm) else logarithm


# --- texts --------------------------------------------------------------------------------------------------


def length(text: str) -> float:
    """TN: characters."""
    return float(len(text))


def distinct_characters(text: str) -> float:
    """TLN: distinct characters."""
    return float(len(set(text)))


def words(text: str) -> float:
    """TWS: parts when split on every single space, so that ``""`` has one."""
    return float(text.count(" ") + 1)


def comma_parts(text: str) -> float:
    """TPS: parts when split on commas."""
    return float(text.count(",") + 1)


def dot_parts(text: str) -> float:
    """TSS: parts when split on full stops."""
    return float(text.count(".") + 1)


def uppercase(text: str) -> float:
    """TUC: uppercase characters, of any script."""
    return float(sum(map(str.isupper, text)))


def digit_characters(text: str) -> float:
    """TDC: digits, of any script."""
    return float(sum(map(str.isdigit, text)))


def special_characters(text: str) -> float:
    """TSC: characters that are neither alphanumeric nor white space (no character is both)."""
    return float(len(text) - sum(map(str.isalnum, text)) - sum(map(str.isspace, text)))


def entropy(text: str) -> float:
    """ENT: Shannon entropy of the characters, in bits; 0 for ``""``."""
    size = len(text)
    total = 0.0
    for count in Counter(text).values():
        share = count / size
        total -= share * math.log2(share)
    return total


def hex_share(text: str) -> float:
    """HEX: share of hexadecimal digits, either case; 0 for ``""``."""
    return _share(text, _HEX_DIGITS)


def vowel_share(text: str) -> float:
    """TVR: share of the vowels a e i o u, either case; 0 for ``""``."""
    return _share(text, _VOWELS)


def _share(text: str, characters: frozenset[str]) -> float:
    return sum(map(characters.__contains__, text)) / len(text) if text else 0.0


def repeat_score(text: str) -> float:
    """REP: how periodic the first 64 characters are; 0 under 4 characters.

    The best, over periods p = 1..n/2, of the share of positions i >= p with ``s[i] == s[i mod p]``.
    """
    window = text[:_REPEAT_WINDOW]
    size = len(window)
    if size < 4:
        return 0.0
    best = 0.0
    for period in range(1, size // 2 + 1):
        rest = size - period
        repeated = window[:period] * (rest // period + 1)
        tail = window[period:]
        if repeated.startswith(tail):
            return 1.0
        best = max(best, sum(map(eq, tail, repeated)) / rest)
    return best


# --- texts against a reference ------------------------------------------------------------------------------


def edit_distance(text: str, reference: str) -> float:
    """LEV: Levenshtein distance, with the reference's shortcuts for longer texts.

    Up to 32 characters on both sides it is exact. With more than 256 on either it is the *bag distance*
    (len a - shared) + (len b - shared), ``shared`` being the multiset intersection of their characters.
    Between, the smaller of the two: format.md says exact, but two of the reference's own models and their
    answers have texts of 30 to 39 characters that pass on their bag distance alone
    (docs/decisions/031-edit-distance.md).
    """
    if text == reference:
        return 0.0
    longest = max(len(text), len(reference))
    if longest <= SHORT_TEXT:
        return float(_bit_parallel_distance(text, reference))
    bag = len(text) + len(reference) - 2 * (Counter(text) & Counter(reference)).total()
    if longest > LONG_TEXT:
        return float(bag)
    return float(min(bag, _bit_parallel_distance(text, reference)))


def _bit_parallel_distance(text: str, pattern: str) -> int:
    """Myers' algorithm in Hyyrö's form: a column of the distance matrix as two integers of len(pattern) bits.

    G. Myers, "A fast bit-vector algorithm for approximate string matching", J. ACM 46 (1999);
    H. Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003).
    """
    size = len(pattern)
    if size == 0:
        return len(text)
    positions: dict[str, int] = {}
    for index, character in enumerate(pattern):
        positions[character] = positions.get(character, 0) | 1 << index
    mask = (1 << size) - 1
    last = 1 << (size - 1)
    rises, falls, distance = mask, 0, size
    for character in text:
        matches = positions.get(character, 0)
        diagonal = (((matches & rises) + rises) ^ rises) | matches | falls
        across_up = falls | (~(diagonal | rises) & mask)
        across_down = rises & diagonal
        if across_up & last:
            distance += 1
        elif across_down & last:
            distance -= 1
        across_up = (across_up << 1 | 1) & mask
        across_down = (across_down << 1) & mask
        rises = across_down | (~(diagonal | across_up) & mask)
        falls = across_up & diagonal
    return distance


def bigram_jaccard(text: str, reference: str) -> float:
    """JAC: Jaccard index of the sets of character bigrams; where neither has one, 1 if they are equal, else
    0.
    """
    own, other = _bigrams(text), _bigrams(reference)
    if not own and not other:
        return 1.0 if text == reference else 0.0
    shared = len(own & other)
    return shared / (len(own) + len(other) - shared)


def _bigrams(text: str) -> set[tuple[str, str]]:
    return set(pairwise(text))


def in_order_share(text: str, reference: str) -> float:
    """SIM: share of the reference's characters met in order in the text; 0 for an empty reference."""
    if not reference:
        return 0.0
    met = position = 0
    for character in reference:
        found = text.find(character, position)
        if found < 0:
            break
        met += 1
        position = found + 1
    return met / len(reference)


def common_prefix(text: str, reference: str) -> float:
    """PFX: length of the common prefix."""
    size = min(len(text), len(reference))
    if text[:size] == reference[:size]:
        return float(size)
    return float(next(i for i in range(size) if text[i] != reference[i]))


def common_suffix(text: str, reference: str) -> float:
    """SFX: length of the common suffix."""
    return common_prefix(text[::-1], reference[::-1])


def chi_squared(text: str, frequencies: Mapping[str, float]) -> float:
    """CFC: chi-squared of the text's character frequencies against the expected ones.

    Sums (observed - expected)² / max(expected, 0.001) over the characters of either, expected 0.001 where
    absent. They are taken in sorted order, since a sum of floats depends on it. ``""`` observes 0 of
    everything.
    """
    counts = Counter(text)
    size = max(len(text), 1)
    total = 0.0
    for character in sorted(counts.keys() | frequencies.keys()):
        expected = frequencies.get(character, _RARE)
        difference = counts[character] / size - expected
        total += difference * difference / max(expected, _RARE)
    return total


NUMBER_MEASURES: dict[str, NumberMeasure] = {"ND": digits, "NL": signed_log, "NMG": magnitude}
"""Measures of a number, by tag. ND is one of any field, since it reads ``str(field)``."""

TEXT_MEASURES: dict[str, TextMeasure] = {
    "TN": length,
    "TLN": distinct_characters,
    "TWS": words,
    "TPS": comma_parts,
    "TSS": dot_parts,
    "TUC": uppercase,
    "TDC": digit_characters,
    "TSC": special_characters,
    "ENT": entropy,
    "HEX": hex_share,
    "REP": repeat_score,
    "TVR": vowel_share,
}
"""Measures of a text, by tag."""

REFERENCE_MEASURES: dict[str, ReferenceMeasure] = {
    "LEV": edit_distance,
    "JAC": bigram_jaccard,
    "SIM": in_order_share,
    "PFX": common_prefix,
    "SFX": common_suffix,
}
"""Measures of a text against a reference text, by tag: ``measure(text, reference)``."""
