"""Every block of Python of the pages is run, every block of JSON is read."""

from __future__ import annotations

import json

import pytest

from tests.docs.pages import Block, blocks
from tests.docs.snippets import CLAIMED, LANGUAGES, unclaimed
from tests.docs.ways import Claimed, faults


def test_every_block_is_in_a_language_that_somebody_runs() -> None:
    assert {block.where: block.language for block in blocks() if block.language not in LANGUAGES} == {}


@pytest.mark.parametrize("claim", CLAIMED.values(), ids=CLAIMED)
def test_a_page_s_own_test_is_there(claim: Claimed) -> None:
    assert faults(claim) == []


def test_every_claimed_page_has_examples() -> None:
    with_examples = {block.page for block in blocks() if block.language in ("python", "pycon")}
    assert CLAIMED.keys() <= with_examples
    assert "README.md" in {block.page for block in unclaimed()}


JSON = [block for block in blocks() if block.language == "json"]


@pytest.mark.parametrize("block", JSON, ids=[block.where for block in JSON])
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.text)
