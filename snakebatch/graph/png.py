"""A drawing as PNG, by resvg. Its letters are DejaVu's, which comes with matplotlib: the same everywhere.

resvg leaves out what it has no font for, and says nothing; a machine in a container often has none.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from snakebatch.errors import MissingExtraError
from snakebatch.graph.run import Run
from snakebatch.graph.shapes import Drawing
from snakebatch.graph.svg import draw_svg

SCALE = 2.0
"""Pixels a unit of the picture: letters are sharp where screens have two a point."""

_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")


def draw_png(
    drawing: Drawing,
    run: Run | None = None,
    *,
    title: str = "State machine",
    now: float | None = None,
    caption: Sequence[str] = (),
    scale: float = SCALE,
) -> bytes:
    """The picture as a PNG on white, ``scale`` pixels a unit.

    Raises MissingExtraError where resvg or the fonts are not here.
    """
    fonts = check()
    from resvg_py import svg_to_bytes

    svg = draw_svg(drawing, run, title=title, now=now, caption=caption, dark=False)
    return svg_to_bytes(
        svg_string=svg, zoom=scale, skip_system_fonts=True, font_files=fonts, sans_serif_family="DejaVu Sans"
    )


def check() -> list[str]:
    """The files of the fonts; raises MissingExtraError where they are not here, or resvg is not.

    matplotlib brings them. It is looked up and not imported, which takes half a second.
    """
    if importlib.util.find_spec("resvg_py") is None:
        raise _missing("resvg_py")
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise _missing("matplotlib")
    files = [Path(found.origin).parent / "mpl-data/fonts/ttf" / name for name in _FONTS]
    if not all(file.is_file() for file in files):
        raise _missing("matplotlib with its fonts")
    return [str(file) for file in files]


def _missing(package: str) -> MissingExtraError:
    message = f"{package} is not installed; a PNG needs it: pip install 'snakebatch[plot]', or draw an .svg"
    return MissingExtraError(message, name=package)
