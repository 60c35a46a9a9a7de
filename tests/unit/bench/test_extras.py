"""The bench is an extra: nothing else needs its packages, and it says what to install."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from snakebatch import cli
from snakebatch.bench import extras


@pytest.mark.parametrize("measure", ["speed", "quality"])
def test_a_missing_package_is_named_with_the_extra(
    measure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "sklearn" else find_spec(name))
    assert cli.main(["bench", measure]) == cli.EXIT_BAD_INPUT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "this bench needs scikit-learn: pip install 'snakebatch[bench]'" in printed.err


def test_the_command_line_loads_none_of_them() -> None:
    code = (
        "import sys; from snakebatch import cli; cli.build_parser(); "
        "heavy = {'numpy', 'pandas', 'sklearn', 'interpret', 'vega_datasets'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("options", [[], ["speed"], ["quality"]])
def test_help_has_an_example(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", *options, "--help"]) == 0
    assert "example: snakebatch bench" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("measure", "option", "value"),
    [
        ("speed", "--rows", "0"),
        ("speed", "--repeats", "0"),
        ("quality", "--seeds", "0"),
        ("quality", "--noise", "2"),
        ("quality", "--noise", "much"),
    ],
)
def test_a_bad_option_is_named(
    measure: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", measure, option, value]) == cli.EXIT_BAD_INPUT
    assert option in capsys.readouterr().err
