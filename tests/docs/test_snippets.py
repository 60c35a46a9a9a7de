"""Every block of Python of the pages is run, every block of JSON is read."""

from __future__ import annotations

import json

import pytest

from tests.docs.pages import Block, blocks
from tests.docs.snippets import CLAIMED, CLAIMS, LANGUAGES, unclaimed
from tests.docs.ways import Claimed, faults


def test_every_block_is_in_a_language_that_somebody_runs() -> None:
    assert {block.where: block.language for block in blocks() if block.language not in LANGUAGES} == {}


@pytest.mark.parametrize(("page", "claim"), CLAIMS)
def test_a_page_s_own_test_is_there(page: str, claim: Claimed) -> None:
    assert faults(claim) == [], page


def test_every_claimed_page_has_examples() -> None:
    with_examples = {block.page for block in blocks() if block.language in ("python", "pycon")}
    assert with_examples >= CLAIMED
    assert "README.md" in {block.page for block in unclaimed()}


JSON = [block for block in blocks() if block.language == "json"]


@pytest.mark.parametrize("block", JSON, ids=[block.where for block in JSON])
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.text)
