"""Makes the tables of this folder again, from what vega-datasets carries: python examples/data/make.py

Needs vega-datasets 0.9 and pandas (`make setup` installs both). README.md has sources and licences.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from vega_datasets import local_data

HERE = Path(__file__).resolve().parent

CARS = {
    "Name": "name",
    "Miles_per_Gallon": "mpg",
    "Cylinders": "cylinders",
    "Displacement": "displacement",
    "Horsepower": "horsepower",
    "Weight_in_lbs": "weight",
    "Acceleration": "seconds_to_60",
    "Year": "year",
    "Origin": "origin",
}

ELSEWHERE = ("AK", "HI", "AS", "CQ", "GU", "PR", "VI", "DC")
"""Not on the map: Alaska, Hawaii, the islands; nor the District of Columbia, which has one airport."""


def cars() -> pd.DataFrame:
    """The cars whose consumption was measured: the 398 of UCI's Auto MPG."""
    table = local_data.cars().rename(columns=CARS)
    # The package once replaced "acc" everywhere, in names too.
    table["name"] = table["name"].str.replace("Acceleration", "acc")
    table["year"] = table["year"].dt.year
    return table.dropna(subset=["mpg"])


def weather() -> pd.DataFrame:
    """Seattle day by day, as it is."""
    return local_data.seattle_weather()


def airports() -> pd.DataFrame:
    """The airports of the 48 states, their places to four decimals (11 m)."""
    table = local_data.airports()
    table = table[(table["country"] == "USA") & table["state"].notna() & ~table["state"].isin(ELSEWHERE)]
    return table.drop(columns="country").round({"latitude": 4, "longitude": 4})


TABLES = {"cars.csv": cars, "seattle-weather.csv": weather, "airports.csv": airports}


def main(folder: Path) -> None:
    """Write every table into ``folder``."""
    for name, table in TABLES.items():
        table().to_csv(folder / name, index=False, date_format="%Y-%m-%d", lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
