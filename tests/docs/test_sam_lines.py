"""SAM CLI's own parser takes every `sam ...` line of the pages, with its profile of samconfig.toml."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.deploy.sam import SAM
from tests.docs.pages import commands
from tests.support.handlers import ROOT

ALL = {command.words[1:] for command in commands() if command.words[0] == "sam"}
LINES = sorted(words for words in ALL if words[0] != "package")
"""`sam package` looks for its template as it parses: tests/deploy/test_release.py runs it."""

PARSE = """
import functools, json, sys
from samcli.cli.main import cli
from samcli.commands._utils import template
# Each line reads the template for its parameters: it is the same one.
template.yaml_parse = functools.cache(template.yaml_parse)
for words in json.load(sys.stdin):
    group, context = cli, cli.make_context("sam", ["--help"], resilient_parsing=True)
    while hasattr(group, "get_command"):
        name, words = words[0], words[1:]
        group = group.get_command(context, name)
        assert group is not None, f"sam has no {name}"
        if hasattr(group, "get_command"):
            context = group.make_context(name, list(words), parent=context, resilient_parsing=True)
    context = group.make_context(name, list(words), parent=context)
    print(json.dumps([context.params.get("stack_name"), context.params.get("config_env")]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not SAM.exists(), reason="no SAM CLI here: make deploy-env")
def test_sam_takes_every_line_and_reads_its_profile() -> None:
    done = subprocess.run(
        [SAM.with_name("python"), "-c", PARSE],
        cwd=ROOT,
        input=json.dumps(LINES),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(text) for text in done.stdout.splitlines()]
    assert len(told) == len(LINES)
    for words, (stack, config_env) in zip(LINES, told, strict=True):
        if "--config-env" in words:
            assert words[words.index("--config-env") + 1] == config_env
        if words[0] == "deploy":
            assert stack == ("snakebatch-dev" if "dev" in words else "snakebatch")
