"""Where the workflow, the functions and the gatherer are: deployed, so no part of the package."""

from __future__ import annotations

from pathlib import Path

from snakebatch.errors import CloudError

PARTS = ("statemachine", "functions", "gatherer")


def bundle_root() -> Path:
    """The repository in a checkout, else the wheel's copy. Raises CloudError if there is neither."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package.parent, package / "_bundle"):
        if is_bundle(folder):
            return folder
    raise CloudError(
        f"found no {', '.join(PARTS)} beside {package} nor in its _bundle; "
        "run from a checkout, or install the wheel"
    )


def is_bundle(folder: Path) -> bool:
    """Whether a folder holds all that the embedded cloud deploys."""
    return (
        all((folder / part).is_dir() for part in PARTS) and (folder / "statemachine/train.asl.json").is_file()
    )
