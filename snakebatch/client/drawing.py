"""What the pictures share: colours that colour-blind readers tell apart, and axes without a display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snakebatch.client.extras import missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""The colours of Okabe and Ito (jfly.uni-koeln.de/color), black replaced by grey."""

INK, GREY, PALE = "#1b1b1b", "#5f5f5f", "#d9d9d9"
"""What is said, what is said beside, and what holds things together."""


def new_axes(width: float | None = None, height: float | None = None) -> Axes:
    """Axes of a new figure of pyplot, in inches; without a display matplotlib draws into memory."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise missing("matplotlib", "plot") from error
    size = None if width is None or height is None else (width, height)
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def ink_on(colour: str) -> str:
    """White on a dark colour (``#rrggbb``), black on a light one."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 130 else "black"
