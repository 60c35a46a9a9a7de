"""Run by the runtime's Python, with a built layer and a function's built code on the path: one invocation.

    python invoke.py module.handler < event.json

prints the handler's answer as JSON on the last line.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass


@dataclass
class Context:
    """What Powertools reads of a Lambda context."""

    function_name: str = "local"
    memory_limit_in_mb: int = 4096
    invoked_function_arn: str = "arn:aws:lambda:eu-west-3:123456789012:function:local"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"


if __name__ == "__main__":
    module, _, handler = sys.argv[1].rpartition(".")
    answer = getattr(importlib.import_module(module), handler)(json.load(sys.stdin), Context())
    print(json.dumps(answer))
