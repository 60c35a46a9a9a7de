"""Pictures of workflows as the command line writes them: the kind is what the file's name ends in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakebatch.errors import InputError, shown
from snakebatch.files import check_out, whole_file
from snakebatch.graph import Run, draw_html, draw_mermaid, draw_svg, lay_out
from snakebatch.graph.caption import caption_of
from snakebatch.graph.machine import Machine

KINDS = {
    ".svg": "svg", ".png": "png", ".html": "html", ".htm": "html", ".mermaid": "mermaid", ".mmd": "mermaid",
}  # fmt: skip

_TEXT_WIDTH = 700.0
"""Units that a line of the caption may take in a text."""


@dataclass(frozen=True)
class Picture:
    """A file that will hold a picture, checked before there is anything to draw."""

    path: Path
    kind: str

    def write(self, machine: Machine, run: Run | None, title: str, now: float | None = None) -> None:
        """Draw into the file; it appears whole or not at all."""
        content = draw(self.kind, machine, run, title, now)
        try:
            with whole_file(self.path) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise InputError(f"{self.path} can't be written: {error.strerror}") from error


def picture(out: str, option: str, *inputs: Path) -> Picture:
    """The file ``out`` that ``option`` names, none of the ``inputs``.

    Raises InputError for a name that tells no kind or can't be written, MissingExtraError for a PNG without
    what draws it.
    """
    kind = KINDS.get(Path(out).suffix.lower())
    if kind is None:
        raise InputError(
            f"{option} {shown(out)} tells no kind of picture: let it end in .svg, .png, .html or .mermaid"
        )
    if kind == "png":
        from snakebatch.graph.png import check

        check()
    return Picture(check_out(out, *inputs, option=option), kind)


def draw(kind: str, machine: Machine, run: Run | None, title: str, now: float | None = None) -> bytes:
    """The picture of a machine, or of a run of it; ``now`` (epoch seconds) is where open durations end."""
    if kind == "mermaid":
        lines = caption_of(run, _TEXT_WIDTH, now) if run else []
        return draw_mermaid(machine, run, now=now, caption=lines).encode()
    drawing = lay_out(machine)
    said: dict[str, Any] = {"title": title, "now": now}
    said["caption"] = caption_of(run, drawing.width, now) if run else []
    if kind == "png":
        from snakebatch.graph.png import draw_png

        return draw_png(drawing, run, **said)
    return (draw_html if kind == "html" else draw_svg)(drawing, run, **said).encode()
