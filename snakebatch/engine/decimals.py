"""Many decimal numbers at once, to the last bit what ``float`` makes of each, by NumPy alone.

The digits of a number make a whole number w, and its point a power of ten p: the value is w / p. Digits are
read eight at a time from one 64-bit word. The quotient of the two is taken in twice the precision of a float,
and rounded; where its error could change the rounding, and for any number of another form, ``float`` reads
that one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 18
"""Bytes that are read at once: the arrays of a block stay in the processor's cache."""

_MOST_HARD = 4
"""A block of which more than one in so many numbers is left to ``float`` is left to it whole."""

_PADDING = b"0" * 24
_COMMA, _PLUS, _MINUS, _POINT, _ZERO = b",+-.0"

_DIGITS_LOW = 0x0F0F0F0F0F0F0F0F
_KEPT = np.array(
    [_DIGITS_LOW >> (8 * (8 - n)) << (8 * (8 - n)) if n else 0 for n in range(9)], dtype=np.uint64
)
"""By how many of a word's last bytes are digits of the number: the mask that keeps their values."""

_MOST_PLACES = 22
"""Decimal places up to which the power of ten is exact as a float."""

_TENS = np.array([10**n if n < 20 else 0 for n in range(_MOST_PLACES + 1)], dtype=np.uint64)
_POWERS = np.array([float(10**n) for n in range(_MOST_PLACES + 1)])
_SPLIT = float((1 << 27) + 1)
_POWERS_HIGH = _POWERS * _SPLIT - (_POWERS * _SPLIT - _POWERS)
_POWERS_LOW = _POWERS - _POWERS_HIGH
_u64 = np.uint64
_PAIRS = _u64(0x000000FF000000FF)
_LOW_PAIRS = _u64(100 + (1_000_000 << 32))
_HIGH_PAIRS = _u64(1 + (10_000 << 32))
_EIGHT, _SIXTEEN = _u64(10**8), _u64(10**16)

_DOUBT = 2.0**-46
"""More than the error of the correction, as a part of it."""

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
Places = NDArray[np.intp]
Bytes = NDArray[np.uint8]
Truths = NDArray[np.bool_]


def decimals(data: bytes) -> Floats | None:
    """The numbers in ``data``, with a comma between two of them; None where one is no number.

    There must be no other characters than ``+-.0123456789e`` and the commas.
    """
    parts = []
    start = 0
    while start <= len(data):
        stop = data.find(b",", start + _BLOCK)
        stop = len(data) if stop < 0 else stop
        values = _block(data[start:stop])
        if values is None:
            return None
        parts.append(values)
        start = stop + 1
    return np.concatenate(parts)


def _block(data: bytes) -> Floats | None:
    padded = _PADDING + data + b","
    text = np.frombuffer(padded, dtype=np.uint8)
    marks = np.flatnonzero(text - np.uint8(_ZERO) > 9)
    ends, starts, points, signed, odd = _forms(text, marks)
    whole_digits = points - starts - signed
    places = np.maximum(ends - points - 1, 0)
    hard = odd | (whole_digits + places == 0) | (whole_digits > 16) | (places > _MOST_PLACES)
    if np.count_nonzero(hard) * _MOST_HARD > len(ends):
        return _by_float(data)
    whole_digits[hard] = places[hard] = 0
    words: Words = np.ndarray((len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))
    whole = _eights(words, points, whole_digits, 0)
    if whole_digits.max() > 8:
        whole += _eights(words, points, whole_digits, 1) * _EIGHT
    fraction = _eights(words, ends, places, 0)
    most = places.max()
    if most > 8:
        fraction += _eights(words, ends, places, 1) * _EIGHT
    if most > 16:
        first = _eights(words, ends, places, 2)
        hard |= first >= 900
        fraction += first * _SIXTEEN
    power = _POWERS[places]
    # A float is near enough to tell whether the digits have room in 64 bits.
    hard |= whole * power + fraction >= 9e18
    values, sure = _quotients(whole * _TENS[places] + fraction, places, power)
    hard |= ~sure
    np.negative(values, out=values, where=text[starts] == _MINUS)
    for cell in np.flatnonzero(hard).tolist():
        try:
            values[cell] = float(padded[starts[cell] : ends[cell]])
        except ValueError:
            return None
    return values


def _forms(text: Bytes, marks: Places) -> tuple[Places, Places, Places, Truths, Truths]:
    """Of each number its end, its start, its point (its end if it has none), whether it has a sign, and
    whether it has more than digits, one point and a sign in front."""
    kinds = text[marks]
    last = np.flatnonzero(kinds == _COMMA)
    ends = marks[last]
    starts = np.concatenate([[len(_PADDING)], ends[:-1] + 1])
    count = np.diff(last, prepend=-1)
    has_point = (kinds[last - 1] == _POINT) & (count > 1)
    points = np.where(has_point, marks[last - 1], ends)
    first = text[starts]
    signed = (first == _MINUS) | (first == _PLUS)
    return ends, starts, points, signed, count - has_point - signed != 1


def _eights(words: Words, stops: Places, digits: Places, group: int) -> Words:
    """Of the digits before each stop, the value of a group of eight: group 0 is the last eight."""
    kept = digits if group == 0 else digits - 8 * group
    some = words[stops - 8 * (group + 1)] & _KEPT[np.clip(kept, 0, 8)]
    some = some * _u64(10) + (some >> _u64(8))
    low = (some & _PAIRS) * _LOW_PAIRS
    high = ((some >> _u64(16)) & _PAIRS) * _HIGH_PAIRS
    return (low + high) >> _u64(32)


def _quotients(digits: Words, places: Places, power: Floats) -> tuple[Floats, Truths]:
    """digits / power, rounded once, and where that is sure."""
    high = digits.astype(np.float64)
    low = (digits - high.astype(np.uint64)).view(np.int64).astype(np.float64)
    near = high / power
    # What the division left over, without error: near * power is the sum of two floats (Dekker 1971).
    near_high = near * _SPLIT - (near * _SPLIT - near)
    near_low = near - near_high
    power_high, power_low = _POWERS_HIGH[places], _POWERS_LOW[places]
    product = near * power
    error = near_high * power_high - product
    error += near_high * power_low
    error += near_low * power_high
    error += near_low * power_low
    correction = (high - product - error + low) / power
    doubt = np.abs(correction) * _DOUBT
    values = near + (correction - doubt)
    return values, values == near + (correction + doubt)


def _by_float(data: bytes) -> Floats | None:
    try:
        return np.array(list(map(float, data.split(b","))))
    except ValueError:
        return None
