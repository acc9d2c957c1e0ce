"""Measured masses to doubt, on the chart of nuclides, and what became of earlier ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bmm.figures.chart import nuclide_chart
from bmm.theory.adapters import numbers

__all__ = ["doubt_figure"]

_LABELLED = 20
_LEAST, _LEAST_NAMED = 1e-3, 0.01


def doubt_figure(table: pd.DataFrame, curve: pd.DataFrame | None = None) -> Figure:
    """Draw the probability of every mass to be off, the first twenty above 0.01 by name.

    Parameters
    ----------
    table : DataFrame
        Indexed (Z, N), the most doubtful first, with columns nucleus and probability.
    curve : DataFrame, optional
        From `bmm.measurement.doubt.reliability`; shown beside the chart.
    """
    wide = curve is not None
    figure = Figure(figsize=(10.5 if wide else 7.5, 4.6), layout="constrained")
    axes = figure.subplots(1, 2, width_ratios=(2.6, 1)) if wide else [figure.add_subplot()]
    nuclide_chart(
        axes[0],
        *numbers(table.index),
        np.maximum(table["probability"].to_numpy(dtype=np.float64), _LEAST),
        label="Probability of being off by more than 4 u and 150 keV",
        vmin=_LEAST,
        vmax=1.0,
        scale="log",
    )
    first = table[table["probability"] >= _LEAST_NAMED].head(_LABELLED)
    for name, Z, N in zip(first["nucleus"], *numbers(first.index), strict=True):
        axes[0].annotate(
            name, (N, Z), xytext=(6, -9), textcoords="offset points", fontsize=6,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4},
        )  # fmt: skip
    if curve is not None:
        _draw_reliability(axes[1], curve)
    return figure


def _draw_reliability(ax: Axes, curve: pd.DataFrame) -> None:
    expected, observed, n = (curve[name].to_numpy() for name in ("expected", "observed", "n"))
    # Standard deviation of the share in a bin, if the probabilities are right.
    sd = np.sqrt(expected * (1 - expected) / n)
    ax.plot([0, 1], [0, 1], color="0.5", linewidth=0.8)
    ax.errorbar(expected, observed, sd, fmt="o", color="#0072b2", markersize=4, capsize=2)
    for x, y, count in zip(expected, observed, n, strict=True):
        ax.annotate(str(count), (x, y), xytext=(4, 4), textcoords="offset points", fontsize=6)
    ax.set(xlabel="Mean probability", ylabel="Share that was off", xlim=(-0.03, 1.03))
    ax.set_title("Masses remeasured since", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
