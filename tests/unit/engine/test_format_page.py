"""docs/format.md names every key of the file and every tag there is."""

from __future__ import annotations

import re
from pathlib import Path

from snakebatch.engine.literals import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "format.md").read_text(encoding="utf-8")


def test_the_page_lists_every_tag() -> None:
    literals = PAGE.split("## Literals")[1].split("## Inference")[0]
    assert set(re.findall(r"`([A-Z]{1,3})`", literals)) == set(KINDS)


def test_the_page_lists_the_keys_in_order() -> None:
    table = PAGE.split("## Literals")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, flags=re.MULTILINE)
    keys = [key for row in rows for key in re.findall(r"\w+", row)]
    assert " ".join(keys) == "version stripped population header target targets datatypes config layers log"
