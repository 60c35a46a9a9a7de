"""Architecture, math and paper: whole, with the figures that the code gives, and the contradiction live."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from gatherer.pages.demonstration import MOST_BYTES, BusyError, Demonstrations, read_small
from gatherer.pages.explaining import deepest, even
from snakebatch.errors import InputError
from snakebatch.mesh.contradiction import contradiction, paper_population
from tests.support.pages import PagesBench, check_page, said
from tests.support.tables import three_classes

_PAGE = Path(__file__).resolve().parents[3] / "docs/pages.md"
DOCUMENTED = re.findall(r"```python\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_state_of_the_deployed_workflow_says_why_it_is_there(pages: PagesBench) -> None:
    page = pages.get("/architecture")
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="machine"' in page
    text = said(page)
    for name, state in json.loads(pages.workflow.definition)["States"].items():
        assert f"{name} {state['Type']} {' '.join(state['Comment'].split())}" in text


def test_without_the_right_to_read_the_workflow_the_page_says_so(
    pages: PagesBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**asked: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Any")

    monkeypatch.setattr(pages.workflow, "describe_state_machine", refuse)
    assert "states:DescribeStateMachine answers AccessDeniedException" in pages.text("/architecture")


def test_the_math_page_has_the_papers_table_and_no_rate_of_ours_is_over(pages: PagesBench) -> None:
    text = pages.text("/math")
    for line in ("26.3/s 7", "131.6/s 81", "657.9/s 449", "$0.24", "$1.75", "$22.81"):
        assert line in text
    assert text.count("too many") == 3  # of the plain R·t, at 2, 3 and 10 seconds
    assert pages.get("/math").count('<math display="block"') >= 7


def test_the_math_page_tells_this_mesh_s_rate_from_the_default(pages: PagesBench) -> None:
    default = "Its default is 1,000 a minute, which v9's documents give"
    assert "shares R = 16.67 starts a second, 1,000 a minute by the stack's" in pages.text("/math")
    pages.app.state.parts = replace(pages.app.state.parts, rate=100.0)
    text = pages.text("/math")
    assert "shares R = 100.00 starts a second, 6,000 a minute by the stack's" in text
    assert "so 1000 in W = 10 s" in text
    assert default in text
    assert "their ends counted; 1000 are allowed" in text
    assert "131.6/s 81" in text, "v9's are of 1,000 a minute, whatever this mesh has"


@pytest.mark.parametrize(("rows", "tau"), [(1_000, 1_000), (1_001, 1_000), (10**6, 1_000), (10**8, 7)])
def test_the_tree_is_as_deep_as_its_worst_splits(rows: int, tau: int) -> None:
    levels, left = 0, float(rows)
    while left > tau:
        levels, left = levels + 1, left * 19 / 20
    assert deepest(rows, tau) == levels
    assert even(rows, tau) <= levels


def test_the_paper_trains_when_it_is_asked_to(pages: PagesBench) -> None:
    before = pages.text("/paper")
    assert "that never vote" not in before
    text = pages.text("/paper?train=1")
    shown = contradiction(paper_population())
    chunked = shown.chunked
    assert f"chunked: several leaves a condition {chunked.buckets} {chunked.conditions}" in text
    assert f"{chunked.mean:.4f} {chunked.least:.4f} {chunked.sure} of 1,000" in text
    assert "1.0000 1.0000 1,000 of 1,000" in text
    for group in chunked.first_layer:
        assert f"{group.dead} rows" in text
    for name, votes in shown.chunked_says.votes.items():
        assert f"{name} " in text
        assert f"{votes} votes" in text


def test_a_pasted_table_is_learned_and_stays_text(pages: PagesBench) -> None:
    rows = three_classes(300).replace("x,z,word,y", "<script>x,z,word,<b>y")
    answer = pages.ask("POST", "/paper", data={"rows": rows, "target": "<b>y"})
    assert answer.status_code == 200
    check_page(answer.text)
    assert "<script>x" not in answer.text
    assert "300 rows, 5 layers" in said(answer.text)
    assert '"<script>x"' in said(answer.text)


def test_an_uploaded_table_is_learned(pages: PagesBench) -> None:
    file = {"file": ("rows.csv", three_classes(200).encode(), "text/csv")}
    answer = pages.ask("POST", "/paper", data={"target": "y"}, files=file)
    assert "200 rows" in said(answer.text)


@pytest.mark.parametrize(
    ("rows", "target", "says"),
    [
        ("", "", "paste a table"),
        ("a,b\n1,2\n", "c", "no column"),
        ("a,b\n1,2\n2,3,4\n", "a", "row 2"),
        ("a,b\n" + "1,2\n" * (MOST_BYTES // 4), "a", "more than 300 kB"),
        ("a,b\n" + "".join(f"{n % 2},{n}\n" for n in range(2001)), "a", "more than 2,000"),
        ("a,b\n1,2\n1,3\n", "a", "1 classes"),
        ("a,b\n" + "".join(f"{n},{n}\n" for n in range(30)), "a", "30 classes"),
    ],
)
def test_a_table_that_is_too_much_or_no_table_is_refused(
    pages: PagesBench, rows: str, target: str, says: str
) -> None:
    answer = pages.ask("POST", "/paper", data={"rows": rows, "target": target})
    assert answer.status_code == 422
    check_page(answer.text)
    assert says in said(answer.text)


def test_a_file_that_is_no_text_is_refused(pages: PagesBench) -> None:
    file = {"file": ("rows.csv", b"\xff\xfe\x00", "text/csv")}
    answer = pages.ask("POST", "/paper", files=file)
    assert answer.status_code == 422
    assert "not text in UTF-8" in said(answer.text)


def test_the_first_column_is_learned_where_none_is_named() -> None:
    assert read_small('"kind",x\na,1\nb,2\n', "").header[0] == "kind"
    with pytest.raises(InputError):
        read_small("  \n", "")


def test_one_at_a_time_and_twice_the_same_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    demonstrations, begun, go_on = Demonstrations(), threading.Event(), threading.Event()
    trained = []

    def slow(population: object) -> object:
        trained.append(population)
        begun.set()
        assert go_on.wait(30)
        return population

    monkeypatch.setattr("gatherer.pages.demonstration.contradiction", slow)
    first = threading.Thread(target=demonstrations.of_paper)
    first.start()
    assert begun.wait(30)
    with pytest.raises(BusyError):
        demonstrations.of_csv("a,b\n1,2\n2,3\n", "a")
    go_on.set()
    first.join()
    demonstrations.of_paper()
    assert len(trained) == 1


def test_who_comes_while_it_trains_is_told_so(pages: PagesBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        raise BusyError

    monkeypatch.setattr(pages.state.demonstrations, "of_paper", busy)
    assert "try again in a moment" in pages.text("/paper?train=1", 503)


def test_the_documented_lines_give_what_stands_beside_them(capsys: pytest.CaptureFixture[str]) -> None:
    example = next(block for block in DOCUMENTED if "contradiction(" in block)
    exec(compile(example, "docs/pages.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    told = re.findall(r"print\(.*?\)  # (.*)", example)
    assert len(printed) == len(told) == 2
    for line, figures in zip(printed, told, strict=True):
        for value, figure in zip(line.split(), figures.split(", "), strict=True):
            assert value.startswith(figure.removesuffix("..."))
