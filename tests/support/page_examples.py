"""The Python examples of a page, run in order in one namespace, as who reads it would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.support.handlers import ROOT


def run_examples(page: str, least: int, *, section: str = "") -> dict[str, Any]:
    """Run the examples of a page, or of a part of it (from the heading ``section`` to the next of its level).

    There have to be at least so many. Returns the namespace that they leave.
    """
    text = Path(ROOT / page).read_text(encoding="utf-8")
    if section:
        level = section.partition(" ")[0]
        text = text.partition(f"\n{section}\n")[2].partition(f"\n{level} ")[0]
    names: dict[str, Any] = {"__name__": "page"}
    examples = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(examples) >= least, f"{page} {section}: {len(examples)} examples"
    for example in examples:
        exec(compile(example, page, "exec"), names)
    return names
