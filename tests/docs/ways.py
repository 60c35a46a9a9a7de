"""Who runs each command of the pages. The rules:

- ``Runs``: this folder runs the command itself, in its own words, with the files that the page speaks of.
  Names in capitals (URL, ID, BUCKET) stand for what is there. What takes minutes runs in small: ``small`` is
  added, or stands in place of the page's own value; program, subcommand and options stay the page's.
- ``Claimed``: another test runs it, or CI does. ``by`` names it, ``says`` has to stand in its file
  (``where``: in that of what it calls), written as a command or as a list of words.
- No command without a way, and no way without a command: both are tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tests.docs.pages import Command
from tests.support.handlers import ROOT


@dataclass(frozen=True)
class Runs:
    """A command that is run here: on this machine, on a mesh, or against an account of moto's."""

    on: Literal["machine", "mesh", "account"]
    small: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claimed:
    """A command that is run elsewhere: ``by`` is a file, or ``file::test``."""

    by: str
    says: tuple[str, ...]
    where: str | None = None

    @property
    def file(self) -> str:
        """The file that runs it."""
        return self.by.partition("::")[0]

    @property
    def test(self) -> str | None:
        """The test of it, if one is named."""
        return self.by.partition("::")[2] or None


Way = Runs | Claimed


def _claimed(by: str, *says: str, where: str | None = None) -> Claimed:
    return Claimed(by, says, where)


_DEPLOY = "tests/deploy/test_deploy.py::test_the_application_is_deployed_trains_is_updated_and_goes"
_FOLLOWED = "tests/docs/test_first_hour.py::test_the_readme_leads_from_an_empty_directory_to_a_prediction"
_MEASURES = "tests/docs/test_measures.py"

WAYS: dict[str, Way] = {
    # --- the command line
    r"snakebatch .* --url URL.*": Runs("mesh"),
    r"snakebatch train data\.csv --target y --out y\.model\.json": _claimed(
        _FOLLOWED, 'first("snakebatch train data.csv")'
    ),
    r"snakebatch train penguins --target species --graph run\.svg": _claimed(
        "tests/workflow/test_cli_train.py::test_penguins_train_to_the_bytes_of_one_process",
        '"penguins", "--target=species"',
        '"--graph=run.svg"',
    ),
    r"snakebatch train data\.csv --target y .*": Runs("machine"),
    r"snakebatch (predict|audit) \S+\.json .*": Runs("machine"),
    r"snakebatch plan .*": Runs("machine"),
    r"snakebatch graph .*": Runs("machine"),
    r"snakebatch bench speed": Runs("machine", ("--rows", "60", "--repeats", "1", "--sets", "quadratic")),
    r"snakebatch bench speed --large": _claimed(
        "tests/unit/bench/test_speed.py::test_a_large_table_gives_seconds_peak_growth_and_the_ratio",
        'large.SIZES["large"]',
    ),
    r"snakebatch bench quality": Runs(
        "machine", ("--rows", "60", "--seeds", "1", "--sets", "iris", "--models", "snake", "--out", "q.md")
    ),
    r"snakebatch chaos --seed \d+ --run \d+": Runs("machine"),
    r"snakebatch chaos --seed \w+( --runs \d+)?": _claimed(
        "tests/unit/test_cli_chaos.py::test_all_well_is_code_0_and_a_table", "chaos --seed s --runs 2"
    ),
    r"snakebatch chaos --seed \w+ --runs \d+ --json": _claimed(
        "tests/unit/test_cli_chaos.py::test_machines_get_json", "chaos --seed s --runs 4 --json"
    ),
    r"snakebatch serve": _claimed("tests/browser/conftest.py", "snakebatch serve --port 0"),
    r"snakebatch keys (add|list|revoke).*": Runs("account"),
    r"snakebatch dead-letters (list|show|readmit|discard) .*": Runs("account"),
    r"snakebatch bracket open --slots 12 --minutes 30": _claimed(
        "tests/unit/mesh/test_cli_bracket.py::test_a_session_is_opened_listed_and_closed",
        "bracket open --slots 12 --minutes 30",
    ),
    r"snakebatch bracket (list|close)": _claimed(
        "tests/unit/mesh/test_cli_bracket.py::test_a_session_is_opened_listed_and_closed",
        "bracket list",
        "bracket close",
    ),
    r"snakebatch deploy-check --region eu-west-3": _claimed(
        "tests/unit/operations/test_deploy_check.py::test_an_account_that_fits",
        "deploy-check --region eu-west-3",
    ),
    r"snakebatch teardown --stack snakebatch": _claimed(
        "tests/unit/operations/test_teardown.py::test_it_asks_and_takes_the_stack_s_name_for_a_yes",
        "teardown --stack",
    ),
    # --- examples
    r"python examples/\w+\.py": _claimed(
        "tests/examples/test_notebooks.py::test_a_notebook_comes_out_as_it_is_written",
        'ONLY_SCRIPT = "script"',
        where="tools/notebooks.py",
    ),
    # --- AWS
    r"aws (s3 cp|stepfunctions start-(sync-)?execution) .*": Runs("mesh"),
    r"curl -N -H .*/live/runs/\$ID\?stream=1": Runs("mesh"),
    r"curl .*\$URL/v9/.*": _claimed(
        "tests/unit/api/test_http_api_page.py::test_every_line_of_the_page_is_answered_as_it_says",
        "docs/http-api.md",
    ),
    r"sam local invoke \w+ --event events/[\w-]+\.json": _claimed(
        "tests/deploy/test_deploy.py::test_every_event_runs_on_what_was_built",
        "docs/deploy.md",
        where="tests/deploy/local_lines.py",
    ),
    r"sam build": _claimed(_DEPLOY, "sam.build()"),
    r"sam deploy --guided": _claimed(_DEPLOY, "sam.deploy()"),
    r"sam (build|deploy) --config-env dev": _claimed(
        "tests/docs/test_sam_lines.py::test_sam_takes_every_line_and_reads_its_profile", "config_env"
    ),
    r"sam (package|publish) .*": _claimed(
        "tests/deploy/test_release.py::test_sam_packages_and_publishes_it",
        "sam package --template-file",
        "sam publish",
    ),
    # --- make
    r"make publishable": _claimed("tests/deploy/test_release.py", '"-m", "tools.publishable"'),
    r"make release": _claimed("tests/deploy/test_release.py", "release.build_package", "release.archive"),
    r"make docs": _claimed("tests/docs/test_site.py", "make-docs", where="tests/support/site.py"),
    r"make hooks": _claimed(
        "tests/unit/test_project_files.py::test_the_hooks_are_what_lint_runs", ".pre-commit-config.yaml"
    ),
    r"make (train|setup)": _claimed(_FOLLOWED, "make train", "creating .venv with"),
    r"make test": _claimed(".ci/run", "make test"),
    r"make pr": _claimed(".ci/run", "pr: lint test", where="Makefile"),
    r"make validate": _claimed(_DEPLOY, '"validate", "--lint"', where="tests/deploy/sam.py"),
    r"make deploy-test": _claimed(_DEPLOY, "pytest.mark.deploy"),
    r"make serve": _claimed("tests/browser/conftest.py", "snakebatch serve --port 0"),
    r"make chaos ARGS=.*": _claimed(
        "tests/docs/test_commands.py::test_make_hands_on_to_a_command", "make -n"
    ),
    r"make lock": _claimed(_FOLLOWED, "make -n lock"),
    r"make soak": _claimed("tests/workflow/test_soak.py::test_ten_jobs_leave_nothing_behind", "Soak(cloud)"),
    r"make bench ARGS=load --runs 1": _claimed(
        "tests/workflow/test_load.py::test_many_jobs_at_once_and_more_pollers",
        "load.run(cloud.url, KEY, JOBS, POLLERS)",
    ),
    r"make bench ARGS=gather --runs 1": _claimed(
        f"{_MEASURES}::test_the_assembly_is_measured", "gather.make_job", "gather.assemble"
    ),
    r"make bench": _claimed(f"{_MEASURES}::test_the_map_is_measured", "map_items.measure"),
}
"""The way of each command, by a pattern that its text matches whole; the first that does counts."""


@cache
def way_of(command: Command) -> Way | None:
    """Who runs a command; None where nobody does."""
    pattern = pattern_of(command)
    return WAYS[pattern] if pattern else None


@cache
def pattern_of(command: Command) -> str | None:
    """The first pattern that fits."""
    return next((pattern for pattern in WAYS if re.fullmatch(pattern, command.text)), None)


def plain(text: str) -> str:
    """A text without what tells a list of words from a command: quotes, commas, brackets."""
    return " ".join(re.sub(r"[\"',\[\]()]", " ", text).split())


def faults(claim: Claimed) -> list[str]:
    """What is not as a claim says; empty where it is true."""
    path = ROOT / claim.file
    if not path.exists():
        return [f"there is no {claim.file}"]
    found = []
    if claim.test and not re.search(rf"^def {claim.test}\(", path.read_text(), re.MULTILINE):
        found.append(f"{claim.file} has no test {claim.test}")
    text = plain((ROOT / (claim.where or claim.file)).read_text())
    return found + [
        f"{claim.where or claim.file} does not say {said}" for said in claim.says if plain(said) not in text
    ]
