"""Every hostile table through every small door: the reader, Snake, the command line, and staging.

Large ones are made as they are read (test_large_tables.py); what a whole workflow makes of bad input, and
what that costs, is in tests/workflow/test_bad_input.py.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake, cli
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake
from snakebatch.engine.population import NumberColumn, Population
from snakebatch.errors import InputError
from tests.support.hostile_tables import REFUSED, TABLES, TRAINED, HostileTable
from tests.support.mesh import MeshBench

LONGEST_MESSAGE = 2000
"""Characters: a message may quote cells and names, but none of them whole."""


def read(data: bytes) -> Intake:
    """What the reader makes of a file."""
    return read_csv(lambda: io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""), "y")


def values_of(population: Population, name: str) -> list[Any]:
    """The values of a feature."""
    column = population.features[population.header.index(name) - 1]
    if isinstance(column, NumberColumn):
        return column.values.tolist()
    return [column.vocabulary[code] for code in column.codes.tolist()]


def check_message(message: str, table: HostileTable) -> None:
    """It says what is wrong where, on one line of a readable length."""
    assert table.refused is not None
    assert re.search(table.refused, message), message[:300]
    assert "\n" not in message
    assert len(message) < LONGEST_MESSAGE


def kept(account: MeshBench) -> list[str]:
    """What staging has written."""
    return [key for key in account.store.objects.keys("") if not key.startswith("datasets/")]


@pytest.mark.parametrize("name", [table.name for table in REFUSED])
def test_a_bad_table_is_refused_at_every_door(
    name: str, account: MeshBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = TABLES[name]
    path = tmp_path / "table.csv"
    path.write_bytes(table.data)

    with pytest.raises(InputError) as read_error:
        read(table.data)
    with pytest.raises(InputError) as snake_error:
        Snake(path, target_index="y")
    before = kept(account)
    with pytest.raises(InputError) as stage_error:
        account.stage(account.upload(table.data))
    code = cli.main(["train", str(path), "--target", "y", "--out", str(tmp_path / "model.json")])

    for caught in (read_error, snake_error, stage_error):
        check_message(str(caught.value), table)
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    check_message(said.err.rstrip("\n"), table)
    assert kept(account) == before, "staging writes nothing of what it refuses"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("name", [table.name for table in TRAINED])
def test_an_odd_table_is_trained_right_at_every_door(name: str, account: MeshBench, tmp_path: Path) -> None:
    table = TABLES[name]
    assert table.trained is not None
    path = tmp_path / "table.csv"
    path.write_bytes(table.data)
    datatypes, values = table.trained

    population = read(table.data).population
    assert values_of(population, "a") == values
    place = population.header.index("a")
    assert (population.datatypes[0], population.datatypes[place]) == tuple(datatypes)

    snake = Snake(path, target_index="y", n_layers=1, noise=0)
    rows = [population.row(number) for number in range(len(population))]
    assert [snake.get_prediction(row) for row in rows] == [row["y"] for row in rows]
    saved = tmp_path / "model.json"
    snake.to_json(saved)
    assert [Snake(saved).get_prediction(row) for row in rows] == [row["y"] for row in rows]

    staged = account.stage(account.upload(table.data), tau=1000)
    assert staged["plan"]["rows"] == len(population)


def test_every_table_is_either_refused_or_trained() -> None:
    assert len(TABLES) == len(REFUSED) + len(TRAINED), "no two have one name"
    assert all((table.refused is None) != (table.trained is None) for table in TABLES.values())
