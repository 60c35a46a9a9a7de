"""The examples of docs/scikit-learn.md give what the page says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import matplotlib

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scikit-learn.md"


def test_every_example_of_the_page_runs() -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    text = PAGE.read_text()
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", text, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, PAGE.name, str(PAGE), 0)
    told: list[str] = []
    found = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=told.append)
    pyplot.close("all")
    assert found.failed == 0, "".join(told)
    assert found.attempted == text.count("\n>>> ")
