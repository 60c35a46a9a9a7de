"""The tables of the examples are what their package gives, and small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "examples/data"


def test_the_tables_are_made_again_byte_by_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DATA / "make.py", tmp_path], check=True, timeout=120)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in DATA.glob("*.csv")}
    assert all(len(table) < 300_000 for table in made.values())


def test_the_page_names_every_table_with_its_rows() -> None:
    page = (DATA / "README.md").read_text()
    for path in DATA.glob("*.csv"):
        rows = len(path.read_text().splitlines()) - 1
        assert f"| `{path.name}` | {rows:,} |" in page
