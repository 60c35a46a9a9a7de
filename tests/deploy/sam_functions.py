"""Run in SAM CLI's own environment: what `sam local invoke` would run, by SAM's own code.

    python sam_functions.py template.yaml env.json NAME=VALUE... ID...

prints {id: {code, handler, layers, variables}} of each logical id, loops unrolled; paths are the template's.
NAME=VALUE is a parameter's.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider


def functions(
    template: str, variables: dict[str, Any], parameters: dict[str, str], ids: list[str]
) -> dict[str, Any]:
    """What SAM makes of each id; raises KeyError for one that the template does not have."""
    stacks, _ = SamLocalStackProvider.get_stacks(
        template, parameter_overrides=parameters, language_extensions_enabled=True
    )
    provider = SamFunctionProvider(stacks, use_raw_codeuri=True)
    runner = LocalLambdaRunner(None, provider, cwd=".", real_path=".", env_vars_values=variables)
    found = {}
    for name in ids:
        function = provider.get(name)
        if function is None:
            raise KeyError(name)
        found[name] = {
            "code": function.codeuri,
            "handler": function.handler,
            "layers": [layer.codeuri for layer in function.layers],
            "variables": runner._make_env_vars(function).resolve(),
        }
    return found


if __name__ == "__main__":
    os.environ |= {
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    template, variables, *rest = sys.argv[1:]
    parameters = dict(word.split("=", 1) for word in rest if "=" in word)
    ids = [word for word in rest if "=" not in word]
    print(json.dumps(functions(template, json.loads(Path(variables).read_text()), parameters, ids)))
