"""The `sam local invoke` lines of docs/deploy.md, what SAM makes of them, and what was built answering."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from tests.deploy.emulator import PYTHON as RUNTIME_PYTHON
from tests.deploy.emulator import account_environment
from tests.deploy.test_expanded import PYTHON as SAM_PYTHON
from tests.support.example_events import read
from tests.support.handlers import ROOT

_LINE = re.compile(r"^sam local invoke (\w+) --event events/([\w-]+)\.json$", re.MULTILINE)
LINES: list[tuple[str, str]] = _LINE.findall((ROOT / "docs/deploy.md").read_text())
"""Logical ids and names of events."""
ENVIRONMENT = ROOT / "events/env.json"
_ADDRESS = "http://127.0.0.1:5000"
"""Where events/env.json finds AWS."""
_MOST_SECONDS = 300


def sam_functions(source: Path) -> dict[str, dict[str, Any]]:
    """What SAM itself makes of the lines' logical ids, with the parameters of samconfig.toml."""
    ids = sorted({name for name, _ in LINES})
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["local_invoke"]["parameters"]
    assert config["env_vars"] == "events/env.json"
    given = config["parameter_overrides"]
    command = [SAM_PYTHON, ROOT / "tests/deploy/sam_functions.py", source, ENVIRONMENT, *given, *ids]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    result: dict[str, dict[str, Any]] = json.loads(found.stdout.splitlines()[-1])
    return result


def answers(built: Path, url: str, scratch: Path) -> dict[str, Any]:
    """What the handlers of ``built`` answer to the lines' events, one after the other, by the events' names.

    They run as SAM would run them, in processes instead of containers, against the services at ``url``.
    """
    found = sam_functions(built / "template.yaml")
    calls = []
    for name, event in LINES:
        function = found[name]
        variables = {key: value.replace(_ADDRESS, url) for key, value in function["variables"].items()}
        # Python reads it before any handler could.
        assert variables["PYTHONHASHSEED"] == "0", name
        code = str(built / function["code"])
        calls.append(
            {"code": code, "handler": function["handler"], "variables": variables, "event": read(event)}
        )
    (layers,) = {tuple(str(built / layer / "python") for layer in found[name]["layers"]) for name, _ in LINES}
    done = subprocess.run(
        [RUNTIME_PYTHON, "-B", ROOT / "tests/deploy/invoke.py"],
        input=json.dumps(calls),
        env={
            **account_environment(),
            "PYTHONPATH": ":".join(layers),
            "PYTHONHASHSEED": "0",
            # A process with threads can't be copied.
            "OPENBLAS_NUM_THREADS": "1",
            "TMPDIR": str(scratch),
        },
        cwd=scratch,
        capture_output=True,
        text=True,
        timeout=_MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert all(len(json.dumps(answer)) < 4096 for answer in told)
    return dict(zip((event for _, event in LINES), told, strict=True))
