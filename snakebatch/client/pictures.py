"""Pictures of models and answers, and what they count: `pip install 'snakebatch[plot]'`.

The estimators of ``snakebatch.client.sklearn`` draw their own. Here are the functions behind them, for a
``Snake`` without scikit-learn, and the map, which is for any estimator. Each returns matplotlib's ``Axes``.
"""

from __future__ import annotations

from snakebatch.client.audit_figure import plot_audit
from snakebatch.client.candle_figure import Coverage, coverage, plot_candle
from snakebatch.client.class_map import plot_class_map
from snakebatch.client.plots import plot_chain, plot_separation
from snakebatch.client.tallies import Tally, Voters, tallies

__all__ = [
    "Coverage",
    "Tally",
    "Voters",
    "coverage",
    "plot_audit",
    "plot_candle",
    "plot_chain",
    "plot_class_map",
    "plot_separation",
    "tallies",
]
