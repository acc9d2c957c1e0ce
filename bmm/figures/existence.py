"""Which nuclei exist, on the chart of nuclides, with the drip lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bmm.figures.axes import CHART, given_or_new
from bmm.figures.chart import nuclide_chart
from bmm.nuclides import nuclide_index

__all__ = ["plot_existence"]

_LINE = "#d55e00"


def plot_existence(
    separations: pd.DataFrame,
    lines: pd.DataFrame,
    measured: pd.Index,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability of existence, and the drip lines with their intervals of 68 %.

    Parameters
    ----------
    separations, lines : DataFrame
        See `bmm.prediction.forecast.Forecast`: `derived_table` and `drip_lines`.
    measured : Index (Z, N)
        Nuclei to outline.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> import bmm
    >>> known = bmm.forecast(mixture, measured)
    >>> ax = bmm.plot_existence(known.derived_table(["S_2n"]), known.drip_lines(), measured.index)
    >>> ax.get_xlabel()
    'Neutron number N'
    """
    ax = given_or_new(ax, CHART)
    Z, N = separations["Z"].to_numpy(), separations["N"].to_numpy()
    nuclide_chart(
        ax, Z, N, separations["existence"].to_numpy(), label="Probability of existence",
        cmap="cividis", vmin=0.0, vmax=1.0, outline=nuclide_index(Z, N).isin(measured),
    )  # fmt: skip
    for number, side in enumerate(("proton", "neutron")):
        line = lines[lines.index.get_level_values("side") == side]
        # Where the line may lie beyond the chart it is not shown.
        line = line[line["at_edge"] < 0.5]
        elements = line.index.get_level_values("Z").to_numpy()
        ends = np.stack([line["median"] - line["lower_68"], line["upper_68"] - line["median"]])
        ax.errorbar(
            line["median"], elements, xerr=ends, fmt=".", markersize=1.5, elinewidth=0.5,
            color=_LINE, label="last bound isotope, 68 %" if number else None,
        )  # fmt: skip
    ax.legend(frameon=False, fontsize=8, loc="upper left")
    return ax
