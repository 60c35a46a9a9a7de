"""A literal: one comparison on one column."""

from __future__ import annotations

from typing import Any, NamedTuple


class Literal(NamedTuple):
    """``[column, value, negat, tag]``, as model.json writes it.

    ``column`` indexes the header (0 is the target, so features start at 1). The meaning of ``value``,
    ``negat`` and ``tag`` is the table of docs/format.md.
    """

    column: int
    value: Any
    negat: bool
    tag: str

    def negated(self) -> Literal:
        """The literal that holds on exactly the total rows on which this one does not."""
        return self._replace(negat=not self.negat)


def literal_from_json(raw: Any) -> Literal:
    """Read ``[column, value, negat, tag]``; raises ValueError on any other shape."""
    column, value, negat, tag = raw
    return Literal(int(column), value, bool(negat), str(tag))
