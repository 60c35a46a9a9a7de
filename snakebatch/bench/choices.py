"""Names that the user chose, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snakebatch.errors import InputError


def chosen(option: str, asked: Sequence[str] | None, known: Iterable[str]) -> list[str]:
    """The known names that were asked for, in their own order; all of them if nothing was asked.

    Raises InputError for a name that is not known.
    """
    names = list(known)
    if asked is None:
        return names
    for name in asked:
        if name not in names:
            raise InputError(f"{option}: there is no {name!r}; choose among {', '.join(names)}")
    return [name for name in names if name in asked]
