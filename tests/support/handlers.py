"""The deployed handlers, imported from their files as Lambda does, and the event files that go with them."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Context:
    """What Powertools reads of a Lambda context."""

    function_name: str = "snakebatch-test"
    memory_limit_in_mb: int = 4096
    invoked_function_arn: str = "arn:aws:lambda:eu-west-3:123456789012:function:snakebatch-test:live"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"


def event(name: str) -> dict[str, Any]:
    """The content of ``events/{name}.json``."""
    content: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return content


def load(function: str) -> Any:
    """The module of a function, freshly imported: its clients are made with the environment of now."""
    path = ROOT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(f"app_{function}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def invoke(function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """What the function answers, through JSON as on Lambda; asserts that it is small."""
    answer = json.dumps(
        load(function).handler(json.loads(json.dumps(payload)), Context()), ensure_ascii=False
    )
    assert len(answer.encode()) < 4096
    result: dict[str, Any] = json.loads(answer)
    return result
