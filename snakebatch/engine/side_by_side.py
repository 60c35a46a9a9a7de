"""Which groups of rows are worked on side by side: padded to the widest, they must still fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(sizes: Sequence[int], columns: int, most_cells: int) -> Iterator[list[int]]:
    """The numbers of groups of these sizes, smallest first, in batches of at most ``most_cells`` cells.

    A batch takes (groups x the size of its widest one x columns) cells; a group that is too large alone is a
    batch of its own.
    """
    numbers = sorted(range(len(sizes)), key=sizes.__getitem__)
    first = 0
    for place, number in enumerate(numbers):
        if place > first and (place + 1 - first) * sizes[number] * columns > most_cells:
            yield numbers[first:place]
            first = place
    if numbers:
        yield numbers[first:]
