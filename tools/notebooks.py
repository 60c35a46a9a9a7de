"""``make notebooks``: makes the notebooks of examples/ from the scripts beside them, with what comes out.

A notebook is its script in jupytext's percent format, without the cells tagged ``script`` (which are carried
out all the same), and what its cells print and draw. The last picture of each goes to docs/pictures/examples/
as well. ``--check`` carries the notebooks out and says where they differ from the files; pictures are not
compared. ``--check-sources`` compares their cells and carries nothing out. Runs in build/venv-docs.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbformat import NotebookNode
    from PIL import Image
except ImportError as error:
    sys.exit(
        f"{error.name} is not here; run: make docs-env, then build/venv-docs/bin/python -m tools.notebooks"
    )

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
PICTURES = ROOT / "docs/pictures/examples"
ONLY_SCRIPT = "script"
"""The tag of cells that a notebook does not show: they write the picture to the file that is asked for."""

SITE = "mystnb"
"""The key of a cell's metadata that the site's builder reads."""

_SECONDS = 300
_COLOURS = 256
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""All that a notebook says of where it ran: nothing that another machine would say otherwise."""


def main(arguments: list[str] | None = None) -> int:
    """Write or check the notebooks that are named, or all; 1 if one differs."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="scripts without .py; all of them without a name")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where a file differs")
    parser.add_argument("--check-sources", action="store_true", help="the same, of the cells alone")
    parser.add_argument("--folder", type=Path, default=EXAMPLES, help="where scripts and notebooks are")
    options = parser.parse_args(arguments)
    # One thread: sums of floats then have one order.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PYTHONPATH=str(ROOT))
    os.environ.pop("MPLBACKEND", None)
    names = options.names or sorted(script.stem for script in options.folder.glob("*.py"))
    differences = 0
    for name in names:
        notebook = read(options.folder / f"{name}.py")
        if options.check_sources:
            notebook.cells = _kept(notebook.cells)
            differences += check(notebook, options.folder / f"{name}.ipynb", outputs=False)
            continue
        notebook = executed(notebook, options.folder)
        if options.check:
            differences += check(notebook, options.folder / f"{name}.ipynb")
        else:
            write(notebook, options.folder / f"{name}.ipynb", PICTURES / f"{name}.png")
    return 1 if differences else 0


def read(script: Path) -> NotebookNode:
    """The notebook of a script, not carried out, with the cells that it will not keep."""
    notebook = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{script.stem}-{number}"
        cell.metadata = {"tags": cell.metadata.get("tags", [])} | _shown(cell)
    return nbformat.v4.new_notebook(cells=notebook.cells, metadata=METADATA)


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook with its outputs and without the script's cells, which are carried out all the same.

    Raises CellExecutionError where a cell fails, SystemExit where one warns or a picture is not written.
    """
    where = {"metadata": {"path": str(folder)}}
    with tempfile.TemporaryDirectory() as scratch:
        picture = Path(scratch, "picture.png")
        called = nbformat.v4.new_code_cell(f"import sys\n\nsys.argv = ['script', {str(picture)!r}]")
        notebook.cells.insert(0, called)
        NotebookClient(
            notebook,
            timeout=_SECONDS,
            startup_timeout=_SECONDS,
            record_timing=False,
            coalesce_streams=True,
            resources=where,
        ).execute()
        if any(_is_script(cell) for cell in notebook.cells) and not picture.exists():
            raise SystemExit("the script's cells wrote no picture to sys.argv[1]")
    notebook.cells = _kept(notebook.cells[1:])
    notebook.metadata = METADATA
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            _tidy(output)
    return notebook


def _kept(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells that a notebook shows, with what it says of them."""
    kept = [cell for cell in cells if not _is_script(cell)]
    for cell in kept:
        cell.metadata = _shown(cell)
    return kept


def _is_script(cell: NotebookNode) -> bool:
    return ONLY_SCRIPT in cell.metadata.get("tags", [])


def _shown(cell: NotebookNode) -> dict[str, Any]:
    """What a cell says of how it is shown: the alternative text of its picture, which myst-nb takes."""
    return {SITE: cell.metadata[SITE]} if SITE in cell.metadata else {}


def _tidy(output: NotebookNode) -> None:
    """Make an output's picture smaller; raises SystemExit if it is a warning."""
    if output.get("name") == "stderr":
        raise SystemExit(f"a cell warned; mend it:\n{output['text']}")
    if "image/png" in output.get("data", {}):
        output["data"]["image/png"] = _smaller(output["data"]["image/png"])


def check(notebook: NotebookNode, path: Path, outputs: bool = True) -> int:
    """1, and the difference on stderr, if the file holds other cells or another text came out of them."""
    if not path.exists():
        print(f"{path.name} is not there; run: make notebooks", file=sys.stderr)
        return 1
    written = list(_lines(nbformat.read(path, as_version=4), outputs))
    found = list(_lines(notebook, outputs))
    told = list(difflib.unified_diff(written, found, f"{path.name} as it is", "as it comes out", lineterm=""))
    if told:
        print("\n".join(told), "run: make notebooks", sep="\n", file=sys.stderr)
    return 1 if told else 0


def write(notebook: NotebookNode, path: Path, picture: Path) -> None:
    """Write the notebook, and its last picture."""
    nbformat.write(notebook, path)
    drawn = [
        output["data"]["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})
    ]
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(base64.b64decode(drawn[-1]))
    print(path, picture, sep="\n")


def outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """What the cells put out, in order."""
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def _lines(notebook: NotebookNode, outputs: bool) -> Iterator[str]:
    """Sources and, if asked for, texts; a picture is a line that says that there is one."""
    for cell in notebook.cells:
        yield f"--- {cell.cell_type} {cell.id} {json.dumps(cell.metadata)}"
        yield from cell.source.splitlines()
        for output in cell.get("outputs", []) if outputs else []:
            yield f"... {output.output_type}"
            data = output.get("data", {"text/plain": output.get("text", "")})
            yield from ("" if kind == "text/plain" else f"a picture: {kind}" for kind in sorted(data))
            yield from data.get("text/plain", "").splitlines()


def _smaller(picture: str) -> str:
    """A PNG in base64 with a palette: a third of the bytes, and no difference to the eye."""
    packed = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        # Of the ways to choose the colours this one keeps those of small things, as a red cross.
        few = image.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()


if __name__ == "__main__":
    sys.exit(main())
