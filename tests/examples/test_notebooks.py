"""The notebooks are their scripts, carried out: with the same cells, and the same texts coming out.

One of them is carried out as a script too, without Jupyter.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PYTHON = ROOT / "build/venv-docs/bin/python"
NAMES = ("airports", "cars", "weather")
AS_SCRIPT = "weather"
PICTURES = ROOT / "docs/pictures/examples"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def notebooks(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Call tools.notebooks in the environment that has Jupyter."""
    if not PYTHON.exists():
        pytest.fail("there is no build/venv-docs, which carries out the notebooks; run make docs-env")
    command = [PYTHON, "-m", "tools.notebooks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def content(name: str) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads((EXAMPLES / f"{name}.ipynb").read_text())
    return notebook


def outputs(name: str) -> list[dict[str, Any]]:
    return [output for cell in content(name)["cells"] for output in cell.get("outputs", [])]


def test_every_script_has_its_notebook() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == list(NAMES)
    assert sorted(path.stem for path in EXAMPLES.glob("*.ipynb")) == list(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_comes_out_as_it_is_written(name: str) -> None:
    done = notebooks("--check", name)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_ends_in_a_picture_worth_its_place(name: str) -> None:
    drawn = [output["data"]["image/png"] for output in outputs(name) if "image/png" in output.get("data", {})]
    picture = base64.b64decode(drawn[-1])
    assert picture.startswith(SIGNATURE)
    assert 20_000 < len(picture) < 150_000
    assert (PICTURES / f"{name}.png").read_bytes() == picture, "run: make notebooks"
    width, height = (int.from_bytes(picture[place : place + 4], "big") for place in (16, 20))
    assert min(width, height) > 300


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_s_pictures_are_told_to_who_can_t_see_them(name: str) -> None:
    drawing = [
        cell
        for cell in content(name)["cells"]
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    assert drawing
    assert all(len(cell["metadata"]["mystnb"]["image"]["alt"].split()) > 8 for cell in drawing)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_does_not_say_where_and_when_it_ran(name: str) -> None:
    text = json.dumps([[cell["metadata"], cell.get("outputs", [])] for cell in content(name)["cells"]])
    assert not re.search(r"/(home|root|tmp|work|Users|usr|opt)/|\.venv|iopub|\b20\d\d-\d\d-\d\dT\d\d:", text)
    assert content(name)["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert not [output for output in outputs(name) if output.get("name") == "stderr"]


def test_a_notebook_that_drifts_is_told_of(tmp_path: Path) -> None:
    script = '# %% [markdown]\n# Sum.\n\n# %%\nprint(2 + 2)\n\n# %% tags=["script"]\nopen(sys.argv[1], "w")\n'
    (tmp_path / "sum.py").write_text(script)
    missing = notebooks("--check-sources", "--folder", tmp_path)
    assert "sum.ipynb is not there; run: make notebooks" in missing.stderr
    shutil.copy(EXAMPLES / "cars.ipynb", tmp_path / "sum.ipynb")
    done = notebooks("--check", "--folder", tmp_path)
    assert done.returncode == 1
    assert "+print(2 + 2)" in done.stderr
    assert "+4" in done.stderr
    assert "sys.argv" not in done.stderr
    assert done.stderr.rstrip().endswith("run: make notebooks")
    done = notebooks("--check-sources", "--folder", tmp_path)
    assert (done.returncode, "+print(2 + 2)" in done.stderr, "+4" in done.stderr) == (1, True, False)


def test_the_scripts_run_without_jupyter(tmp_path: Path) -> None:
    done = notebooks("--check-sources", AS_SCRIPT)
    assert done.returncode == 0, done.stderr
    picture = tmp_path / "deep" / f"{AS_SCRIPT}.png"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{AS_SCRIPT}.py", picture],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(SIGNATURE)
    printed = "".join(line for output in outputs(AS_SCRIPT) for line in output.get("text", []))
    assert done.stdout == f"{printed}picture: {picture}\n"
