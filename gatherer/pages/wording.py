"""Numbers and moments as people read them; templates use these as filters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DASH = "–"
_SHORTEST = 0.01


def duration(seconds: float | None) -> str:
    """``< 0.01 s``, ``0.42 s``, ``12.3 s``, ``3 min 5 s``, ``2 h 10 min``, ``3 d 4 h``; a dash for None."""
    if seconds is None:
        return _DASH
    seconds = max(0.0, seconds)
    if seconds < _SHORTEST:
        return f"< {_SHORTEST} s"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def number(value: float | None) -> str:
    """With thousands set apart; a whole number without a decimal point, any other with three digits."""
    if value is None:
        return _DASH
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"


def usd(value: float | None) -> str:
    """Dollars: cents above one, else so many digits that something is seen."""
    if value is None:
        return _DASH
    if value == 0 or value >= 1:
        return f"${value:,.2f}"
    return f"${value:.4f}" if value >= 0.0001 else "< $0.0001"


def percent(part: float | None) -> str:
    """A part of one; never ``100 %`` before it is."""
    if part is None:
        return _DASH
    shown = f"{part * 100:.1f}"
    if shown == "100.0" and part < 1:
        shown = "99.9"
    return f"{shown.removesuffix('.0')} %"


def size(count: int | None) -> str:
    """Bytes, in powers of 1,024."""
    if count is None:
        return _DASH
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def moment(epoch: float | None) -> str:
    """Epoch seconds as a date and a time of day, in UTC."""
    return _DASH if epoch is None else datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(epoch: float) -> str:
    """Epoch seconds for the ``datetime`` attribute of a ``time`` element."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")


def pretty(value: Any) -> str:
    """Any JSON value, indented; a text that holds JSON is read first."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False)
