"""A recorded session as an SVG that plays once, and then shows all; at once where motion is not wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from tools.recording import Shown

_LETTER, _LINE, _SIZE = 7.83, 18, 13
_LEFT, _TOP, _BELOW = 16, 48, 16

_STYLE = f"""
text {{ font: {_SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  fill: #d7dde1; white-space: pre; }}
.ground {{ fill: #171b1e; stroke: #3a444a; }}
.prompt {{ fill: #5bcb8c; font-weight: 600; }}
.was {{ opacity: 0; }}
@media (prefers-reduced-motion: no-preference) {{
  .is {{ animation: come 1ms linear backwards; }}
  .was {{ animation: pass 1s linear; }}
}}
@keyframes come {{ from {{ opacity: 0; }} }}
@keyframes pass {{ from, to {{ opacity: 1; }} }}
"""


def draw_terminal(shown: Sequence[Shown], columns: int, title: str) -> str:
    """The session; ``title`` is what it is called for who can't see it."""
    rows = 1 + max(one.row for one in shown)
    width, height = round(2 * _LEFT + columns * _LETTER), _TOP + rows * _LINE + _BELOW - _SIZE
    ground = f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>'
    dots = "".join(
        f'<circle cx="{_LEFT + 6 + 18 * number}" cy="19" r="6" fill="{colour}"/>'
        for number, colour in enumerate(("#e0655c", "#dcae45", "#5bb865"))
    )
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width} {height}" ',
            f'width="{width}" ',
            f'height="{height}" role="img" aria-labelledby="title">',
            f'<title id="title">{escape(title)}</title>',
            f"<style>{_STYLE}</style>",
            f"{ground}{dots}\n",
            *_lines(shown),
            "</svg>\n",
        ]
    )


def _lines(shown: Sequence[Shown]) -> Iterator[str]:
    for one in shown:
        y = _TOP + one.row * _LINE
        kind, how = ("is", f"animation-delay:{one.since:g}s")
        if one.until is not None:
            kind, how = "was", f"{how};animation-duration:{one.until - one.since:.2f}s"
        # Every letter has its place, whatever font the reader has.
        text = f"$ {one.text}" if one.prompt else one.text
        long = f'textLength="{len(text) * _LETTER:.1f}" lengthAdjust="spacingAndGlyphs"'
        prompt = " prompt" if one.prompt else ""
        yield f'<text class="{kind}{prompt}" x="{_LEFT}" y="{y}" {long} style="{how}">{escape(text)}</text>\n'
