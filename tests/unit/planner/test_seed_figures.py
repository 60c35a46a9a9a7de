"""The table of the seeds' figures: which follow from their formulas, and which are known not to."""

from __future__ import annotations

import pytest

from snakebatch.planner.seed_figure import SeedFigure, figures_table
from snakebatch.planner.seed_figures import coefficient_range, reservation_crossover, seed_figures
from snakebatch.planner.seed_model import WALL_COEFFICIENT, seed_plan
from tests.support.handlers import ROOT

FIGURES = {figure.name: figure for figure in seed_figures()}
RATES = ("0.17/s", "1.7/s", "8.3/s", "16.7/s")

DO_NOT_FOLLOW = {
    "peak of 7.5K x 25L, observed": ("17.40/s", "17.54/s"),
    "5K x 5L extrapolated to 1M": ("$0.05", "$1.13"),
    "peak rate at 5K x 5L": ("~7/s", "~2/s"),
    "ceilings deep at 1M x 5L": ("four", "eight"),
    "reservation passes compute at 25L": ("~30K", "~199K"),
    "FEASIBLE for N <= tau": ("defined", "undefined"),
    "FEASIBLE is monotonic in N": ("yes", "no"),
    "100 slots idle, an hour": ("$7.008", "$7.009"),
    "5 slots in full use, an hour": ("$1.169", "$1.168"),
    "25 slots in full use, an hour": ("$5.842", "$5.841"),
    "50 slots in full use, an hour": ("$11.683", "$11.681"),
    "100 slots in full use, an hour": ("$23.367", "$23.363"),
    "provisioned over on-demand compute": ("14x", "0.97x"),
    "leaves of 1K x 25L": ("75", "25"),
    "75 leaves at once": ("15/s", "12.5/s"),
    "50 starts in 5 s read as": ("10/s", "5/s"),
    "the gatherer, a month": ("$98", "unknown"),
    "$1,057 in 19 hours, in environments of 4 GB at work all the time": ("not printed", "232"),
    **{
        f"Lambda-seconds an hour at {rate}": figures
        for rate, figures in zip(
            RATES,
            [("252", "420"), ("2,520", "4,200"), ("12,600", "21,000"), ("25,200", "42,000")],
            strict=True,
        )
    },
    **{
        f"jobs of 5K x 5L an hour at {rate}": figures
        for rate, figures in zip(
            RATES, [("~95", "~24"), ("~950", "~240"), ("~4,750", "~1,200"), ("~9,500", "~2,400")], strict=True
        )
    },
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_each_figure_follows_or_is_listed_with_what_does(figure: SeedFigure) -> None:
    if figure.name in DO_NOT_FOLLOW:
        assert (figure.printed, figure.recomputed) == DO_NOT_FOLLOW[figure.name]
        assert figure.note, "what does follow is to be said"
    else:
        assert figure.recomputed == figure.printed
    assert figure.formula
    assert figure.page


def test_no_figure_is_listed_twice_and_none_is_lost() -> None:
    assert len(FIGURES) == len(seed_figures()) > 60
    assert DO_NOT_FOLLOW.keys() <= FIGURES.keys()


def test_the_reservation_of_25_layers_pins_the_coefficient() -> None:
    low, high = coefficient_range()
    assert low <= WALL_COEFFICIENT <= high
    assert (round(low, 6), round(high, 6)) == (0.001709, 0.001710)


def test_the_crossover_is_where_slots_begin_to_cost_more() -> None:
    rows = reservation_crossover(25)
    above, below = seed_plan(rows, 25), seed_plan(rows - 1000, 25)
    assert above.reservation_usd > above.compute_usd
    assert below.reservation_usd < below.compute_usd


def test_the_docs_have_the_table_as_it_is_computed() -> None:
    page = (ROOT / "docs" / "economics.md").read_text(encoding="utf-8")
    assert figures_table(seed_figures()) in page
