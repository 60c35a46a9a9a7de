"""README followed by a newcomer: from an empty directory to a prediction, by README's own commands."""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from pathlib import Path

import pytest

from tests.docs.newcomer import Newcomer, clone
from tests.docs.pages import Command, blocks, commands, spoken
from tests.docs.spoken import extras_of
from tests.docs.stage import ROWS, prepare

pytestmark = pytest.mark.slow

README = [command for command in commands() if command.page == "README.md"]
LOCKS = ("requirements.lock", "requirements-layer.lock", "requirements-gatherer.lock")


def first(beginning: str) -> Command:
    """README's first command that begins so."""
    return next(command for command in README if command.text.startswith(beginning))


def line(command: Command) -> str:
    """The command as README has it, path of the program and all."""
    return " ".join(command.words)


def predicted(told: str) -> list[str]:
    """The targets that ``snakebatch predict --probability`` printed, as CSV, each with its probabilities."""
    rows = list(csv.DictReader(io.StringIO(told)))
    assert all(
        sum(float(row[name]) for name in row if name.startswith("p(")) == pytest.approx(1) for row in rows
    )
    return [row["y"] for row in rows]


def test_the_readme_leads_from_an_empty_directory_to_a_prediction(tmp_path: Path) -> None:
    newcomer = Newcomer(clone(tmp_path / "snakebatch"))
    assert first("make").text == "make train"
    told = newcomer.sh(line(first("make train")))
    assert "creating .venv with Python 3" in told
    assert re.search(r"^training +accuracy 100\.00 % on 344 rows$", told, re.MULTILINE)
    (model,) = re.findall(r"^model +(\S+)$", told, re.MULTILINE)
    assert (newcomer.folder / model).exists()

    prepare(newcomer.folder)
    (newcomer.folder / "y.model.json").unlink()
    told = newcomer.sh(line(first("snakebatch train data.csv")))
    assert f"on {len(ROWS)} rows" in told
    told = newcomer.sh(line(first("snakebatch predict y.model.json new.csv")))
    assert predicted(told) == [row["y"] for row in ROWS[:5]]

    the_lock_is_what_make_lock_makes(newcomer)
    newcomer.sh("make clean")
    assert not (newcomer.folder / ".venv").exists()


def the_lock_is_what_make_lock_makes(newcomer: Newcomer) -> None:
    """The lines of ``make lock`` that need nothing but .venv pin what is pinned; hashes are an index's."""
    lines = newcomer.sh("make -n lock").replace("\\\n", " ").splitlines()
    compiling = [text for text in lines if written(text) in LOCKS]
    assert len(compiling) == len(LOCKS)
    before = pins(newcomer)
    for text in compiling:
        newcomer.run([".venv/bin/python", "tools/like-pip", "/bin/sh", "-c", text])
    assert pins(newcomer) == before


def written(line: str) -> str:
    """The file that a line of ``uv pip compile`` writes."""
    return line.partition(" -o ")[2].partition(" ")[0].strip()


def pins(newcomer: Newcomer) -> dict[str, list[str]]:
    """The packages of each lock file with their versions and markers."""
    texts = {lock: (newcomer.folder / lock).read_text() for lock in LOCKS}
    return {lock: re.findall(r"^[a-z0-9-]+==.*$", text, re.MULTILINE) for lock, text in texts.items()}


def test_the_wheel_leads_from_an_empty_directory_to_a_prediction(tmp_path: Path) -> None:
    """What a data scientist does: pip install, then README's commands and its first Python block."""
    tree = clone(tmp_path / "tree")
    builder = Newcomer(tree)
    builder.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "dist", "."]
    )
    (wheel,) = (tree / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        (metadata,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        extras = re.findall(r"^Provides-Extra: (\S+)$", packed.read(metadata).decode(), re.MULTILINE)
    assert {extra for command in spoken() for extra in extras_of(command)} <= set(extras)
    folder = tmp_path / "work"
    folder.mkdir()
    bin_folder = folder / "env/bin"
    newcomer = Newcomer(folder, {"PATH": f"{bin_folder}:/usr/bin:/bin"})
    newcomer.run([sys.executable, "-m", "venv", "--without-pip", "env"])
    # uv installs what pip would, in a tenth of the time; of the versions that we know.
    newcomer.run(
        [
            sys.executable,
            tree / "tools/like-pip",
            Path(sys.executable).with_name("uv"),
            *("pip", "install", "--quiet", "--python", bin_folder / "python"),
            *("--constraint", tree / "requirements.lock", f"{wheel}[local]"),
        ]
    )
    prepare(folder)
    (folder / "y.model.json").unlink()
    told = newcomer.sh(first("snakebatch train data.csv").text)
    assert f"on {len(ROWS)} rows" in told
    assert predicted(newcomer.sh(first("snakebatch predict y.model.json new.csv").text)) == [
        row["y"] for row in ROWS[:5]
    ]

    snippet = next(
        block for block in blocks() if block.page == "README.md" and "import Snake\n" in block.text
    )
    (model,) = re.findall(r'Snake\("([^"]+)"\)', snippet.text)
    assert (folder / model).exists(), "prepare() makes it"
    (folder / "snippet.py").write_text(f"{snippet.text}\nprint(snake.population[0])\n")
    assert "Adelie" in newcomer.sh("python snippet.py")
