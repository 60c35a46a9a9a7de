"""The grammar of the command line, walked: help that helps, examples that parse, hints that fit."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from snakebatch import cli
from snakebatch.cli_parser import examples_of, listed, nearest

Parser = argparse.ArgumentParser

FILES = frozenset(
    [
        "data.csv",
        "new.csv",
        "model.json",
        "y.model.json",
        "predictions.csv",
        "audit.json",
        "ten.json",
        "part.json",
        "train.svg",
        "run.svg",
        "run.png",
        "receipt.json",
        "mine.json",
        "plan.svg",
        "quality.md",
        "machine.json",
    ]
)
"""Names of files that examples use, the same for the same thing in all of them."""


def commands_of(parser: Parser) -> dict[str, Parser]:
    return {
        name: inner
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, inner in action.choices.items()
    }


def walk(parser: Parser, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Parser]]:
    """Every command and subcommand, by the words that lead there."""
    yield path, parser
    for name, inner in commands_of(parser).items():
        yield from walk(inner, (*path, name))


ALL = {" ".join(path): parser for path, parser in walk(cli.build_parser())}


def options_of(parser: Parser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings and action.dest != "help"]


def test_there_are_commands_and_subcommands() -> None:
    assert {"", "train", "audit", "keys add", "bench speed", "bracket close", "dead-letters readmit"} <= set(
        ALL
    )


@pytest.mark.parametrize("name", ALL)
def test_help_says_what_it_does_and_gives_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ALL[name]
    assert parser.description
    assert re.fullmatch(r"[A-Z].*\.", parser.description, re.DOTALL), "sentences"
    assert cli.main([*name.split(), "--help"]) == 0
    printed = capsys.readouterr().out
    for example in examples_of(parser):
        assert f"\nexample: {example}\n" in printed, "on a line of its own, to be copied"
    assert examples_of(parser)


@pytest.mark.parametrize("name", ALL)
def test_examples_parse_and_are_the_command_s(name: str) -> None:
    for example in examples_of(ALL[name]):
        words = shlex.split(example)
        assert words[: 1 + len(name.split())] == ["snakebatch", *name.split()]
        assert callable(cli.build_parser().parse_args(words[1:]).run)
        named = {word for word in words if re.search(r"\.(csv|json|svg|png|html|md)$", word)}
        assert named <= FILES


@pytest.mark.parametrize("name", ALL)
def test_every_option_says_what_it_is_and_its_default(name: str) -> None:
    for action in options_of(ALL[name]):
        assert action.help, action.option_strings
        if action.default not in (None, False, argparse.SUPPRESS):
            assert "default" in action.help, action.option_strings
    for command in commands_of(ALL[name]):
        shown = next(a for a in ALL[name]._actions if isinstance(a, argparse._SubParsersAction))
        assert any(choice.dest == command and choice.help for choice in shown._choices_actions), command


def swapped(word: str) -> str:
    """A word with two letters that changed places."""
    middle = len(word) // 2
    return f"{word[:middle]}{word[middle + 1]}{word[middle]}{word[middle + 2 :]}"


@pytest.mark.parametrize("name", ALL)
def test_what_is_misspelled_finds_the_nearest(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {swapped(word): word for word in commands_of(ALL[name]) if swapped(word) != word}
    for action in options_of(ALL[name]):
        option = max(action.option_strings, key=len)
        wrong[swapped(option)] = option
    known = {*commands_of(ALL[name]), *(option for a in options_of(ALL[name]) for option in a.option_strings)}
    for typed, meant in wrong.items():
        if typed in known:
            continue
        assert cli.main([*name.split(), typed]) == cli.EXIT_BAD_INPUT
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.startswith(" ".join(["snakebatch", *name.split()]) + ": error: there is no ")
        # Short ones may be as near to another.
        assert f"did you mean {meant}?" in said or (len(meant) < 6 and "did you mean " in said), typed


@pytest.mark.parametrize("name", [name for name, parser in ALL.items() if commands_of(parser)])
def test_without_a_command_it_says_what_there_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(name.split()) == cli.EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert listed([*commands_of(ALL[name])]) in line
    assert f"for example: {examples_of(ALL[name])[0]}" in line
    assert line.endswith(f"(see {' '.join(['snakebatch', *name.split()])} --help)")


def test_arguments_of_the_process_are_looked_at_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["snakebatch", "--versoin"])
    assert cli.main() == cli.EXIT_BAD_INPUT
    assert "did you mean --version?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["train", "d.csv", "--targt", "y"], "no option --targt; did you mean --target?"),
        (["train", "d.csv", "--target", "y", "--profile", "scientfic"], "did you mean scientific?"),
        (["train", "d.csv", "--target", "y", "--profile", "x"], "there is auto, balanced,"),
        (["train", "--", "d.csv", "--targt"], "required: --target"),
        (["train", "d.csv", "--target", "y", "-x"], "no option -x"),
        (["train", "d.csv", "--target", "y", "--seed", "-5"], "'-5' is not a whole number"),
        (["predict", "model.json"], "required: DATA"),
        (
            ["predict", "model.json", "--row", "1"],
            "no option --row; snakebatch audit has it (see snakebatch pred",
        ),
        (["bracket", "list", "--slots", "3"], "no option --slots; snakebatch bracket open has it"),
        (["predict", "model.json", "d.csv", "--prob"], "there is no file d.csv"),
        (
            ["predict", "model.json", "d.csv", "e.csv"],
            "snakebatch predict: error: 'e.csv' is one argument too many",
        ),
        (["bracket", "list", "x"], "snakebatch bracket list: error: 'x' is one argument too many (see"),
        (
            ["graph", "d.json"],
            "snakebatch graph: error: 'd.json' is one argument too many; a workflow is named",
        ),
    ],
)
def test_what_is_said_of_arguments(argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == cli.EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_nothing_is_meant_by_what_is_like_nothing() -> None:
    assert nearest("zzz", ["train", "predict"]) == ""
    assert nearest("", []) == ""
    assert listed(["one"]) == "one"
