"""Who runs each block of Python: the test of its page, or this folder, with the names that pages use."""

from __future__ import annotations

import json
from typing import Any

from tests.docs.pages import Block, blocks
from tests.docs.ways import Claimed
from tests.support.handlers import ROOT

LANGUAGES = {"", "text", "sh", "bash", "shell", "console", "python", "pycon", "json", "mermaid"}
"""Languages that a block may be in: of another nobody would know who runs it."""

CLAIMS = (
    ("docs/python.md", Claimed("tests/unit/test_python_page.py::test_the_examples_run", ("docs/python.md",))),
    (
        "docs/client.md",
        Claimed("tests/workflow/test_client_page.py::test_the_examples_run", ("docs/client.md",)),
    ),
    (
        "docs/first-hour.md",
        Claimed("tests/docs/test_first_hour_page.py::test_the_examples_run", ("docs/first-hour.md",)),
    ),
    ("docs/migration.md", Claimed("tests/docs/test_migration_page.py", ("## From `algorithmeai`",))),
    ("docs/migration.md", Claimed("tests/workflow/test_client_page.py", ("## From SnakeBatch v9",))),
    (
        "docs/scikit-learn.md",
        Claimed("tests/unit/client/test_docs.py::test_every_example_of_the_page_runs", ("scikit-learn.md",)),
    ),
    (
        "docs/chaos.md",
        Claimed(
            "tests/workflow/test_chaos.py::test_a_run_ends_in_the_very_model_or_in_a_true_reason",
            ("from snakebatch.chaos.fixtures import", "chaos.run(", ".problems == "),
        ),
    ),
)
"""Pages whose blocks of Python a test of their own runs."""
CLAIMED = {page for page, _ in CLAIMS}


def unclaimed() -> list[Block]:
    """Blocks of Python that are run here."""
    return [
        block for block in blocks() if block.language in ("python", "pycon") and block.page not in CLAIMED
    ]


def usual_names() -> dict[str, Any]:
    """What the pages call things that a reader has already."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    table, target = load_iris(return_X_y=True, as_frame=True)
    kinds = ("X_train", "X_test", "y_train", "y_test")
    split = dict(zip(kinds, train_test_split(table, target, random_state=0), strict=True))
    definition = json.loads((ROOT / "statemachine/train.asl.json").read_text())
    return {"__name__": "page", "definition": definition, **split}
