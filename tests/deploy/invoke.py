"""Run by the runtime's Python, with a built layer on the path: invocations, each in a process of its own.

    python invoke.py < calls.json

calls.json lists {code, handler, variables, event}: the folder of a function's built code, "module.handler",
its environment, what it is asked. Prints the handlers' answers as JSON, in that order; what they log goes to
stderr. Each process is a copy of one that has imported the layer's packages.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from dataclasses import dataclass
from typing import Any

PACKAGES = (
    "numpy",
    "pydantic",
    "boto3",
    "aws_lambda_powertools.metrics",
    "snakebatch.mesh.shard",
    "snakebatch.mesh.staging",
)
"""Of the layer; none reads a function's environment when it is imported."""


@dataclass
class Context:
    """What Powertools reads of a Lambda context."""

    function_name: str = "local"
    memory_limit_in_mb: int = 4096
    invoked_function_arn: str = "arn:aws:lambda:eu-west-3:123456789012:function:local"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"


def invoke(call: dict[str, Any]) -> Any:
    """What the handler answers, in this process."""
    os.environ |= call["variables"]
    sys.path.insert(0, call["code"])
    module, _, handler = call["handler"].rpartition(".")
    return getattr(importlib.import_module(module), handler)(call["event"], Context())


def in_a_process(call: dict[str, Any]) -> Any:
    """The same in a copy of this process; ends with 1 if it fails, after its traceback."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.dup2(2, 1)
            with os.fdopen(write, "w") as answer:
                json.dump(invoke(call), answer)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(f"{call['handler']} of {call['code']} failed; its traceback is above")
    return json.loads(text)


if __name__ == "__main__":
    for package in PACKAGES:
        importlib.import_module(package)
    print(json.dumps([in_a_process(call) for call in json.load(sys.stdin)]))
