"""Each function is given the variables that its code reads, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.handlers import ROOT
from tests.support.template import functions, resolved, template

SOURCE = ROOT / "snakebatch/mesh/environment.py"
HANDLERS = {
    "Shard00": ROOT / "functions/shard/app.py",
    "StageFunction": ROOT / "functions/stage/app.py",
    "WaveFunction": ROOT / "functions/wave/app.py",
    "BracketFunction": ROOT / "functions/bracket/app.py",
    "SettleFunction": ROOT / "functions/settle/app.py",
    "PredictFunction": ROOT / "functions/predict/app.py",
    "GathererFunction": ROOT / "gatherer/app.py",
}


def variable_of(method: ast.FunctionDef) -> str | None:
    """The variable that a property of Environment reads: its only argument in capitals."""
    texts = [node.value for node in ast.walk(method) if isinstance(node, ast.Constant)]
    names = [text for text in texts if isinstance(text, str) and text.isupper()]
    return names[0] if names else None


def read_by(handler: Path) -> set[str]:
    """The variables behind the properties of Environment that a handler's module mentions."""
    (environment,) = (node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.ClassDef))
    variables = {
        node.name: variable_of(node) for node in environment.body if isinstance(node, ast.FunctionDef)
    }
    mentioned = {
        node.attr for node in ast.walk(ast.parse(handler.read_text())) if isinstance(node, ast.Attribute)
    }
    return {
        variable
        for name, variable in variables.items()
        if variable and name in mentioned and not variable.startswith("AWS_LAMBDA_")
    }


@pytest.mark.parametrize(("name", "handler"), HANDLERS.items())
def test_a_function_has_the_variables_that_it_reads_and_no_other(name: str, handler: Path) -> None:
    general = template()["Globals"]["Function"]["Environment"]["Variables"]
    given = functions()[name]["Environment"]["Variables"].keys() - general.keys()
    assert given == read_by(handler)
    assert given


def test_every_function_has_what_powertools_and_the_licensed_engine_read() -> None:
    general = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert general.keys() == {
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
        "PYTHONHASHSEED",
        "AWS_ENDPOINT_URL",
    }


def test_no_function_on_aws_is_sent_elsewhere() -> None:
    general = template()["Globals"]["Function"]["Environment"]["Variables"]
    nothing, address = {"Ref": "AWS::NoValue"}, {"Ref": "LocalEndpoint"}
    assert general["AWS_ENDPOINT_URL"] == {"Fn::If": ["HasLocalEndpoint", address, nothing]}
    parameter = template()["Parameters"]["LocalEndpoint"]
    assert parameter["Default"] == ""
    assert re.fullmatch(parameter["AllowedPattern"], "http://127.0.0.1:5000")
    assert not re.fullmatch(parameter["AllowedPattern"], "http://example.com:5000")


def test_every_function_is_told_of_its_logs_and_its_hash_seed() -> None:
    for function in functions().values():
        given = function["Environment"]["Variables"]
        variables = resolved({name: value for name, value in given.items() if name != "AWS_ENDPOINT_URL"})
        assert variables["POWERTOOLS_SERVICE_NAME"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "SnakeBatch"
        assert variables["PYTHONHASHSEED"] == "0"


def test_no_handler_reads_the_environment_in_another_way() -> None:
    for handler in HANDLERS.values():
        assert "environ[" not in handler.read_text()
        assert "getenv" not in handler.read_text()
