"""New masses against what was forecast of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["new_masses_figure"]

_NAMED = 60
_BINS = 10


def new_masses_figure(table: pd.DataFrame) -> Figure:
    """Draw measured minus predicted masses with the intervals of 68 and 95 %, and their PIT.

    Parameters
    ----------
    table : DataFrame
        Columns nucleus, measured, uncertainty, mean, lower_68, upper_68, lower_95, upper_95 (MeV)
        and pit.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.figures.new_masses import new_masses_figure
    >>> table = pd.DataFrame({
    ...     "Z": [50, 50], "N": [88, 89], "nucleus": ["Sn-138", "Sn-139"],
    ...     "measured": [-44.9, -37.0], "uncertainty": 0.05, "mean": [-44.6, -37.3],
    ...     "lower_68": [-45.0, -37.8], "upper_68": [-44.2, -36.8],
    ...     "lower_95": [-45.4, -38.3], "upper_95": [-43.8, -36.3],
    ...     "pit": [0.2, 0.7],
    ... })
    >>> figure = new_masses_figure(table)
    >>> figure.axes[1].get_xlabel()
    'PIT'
    """
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    first, second = figure.subplots(1, 2, width_ratios=(3, 1))
    _draw_masses(first, table.sort_values(["Z", "N"]))
    second.hist(table["pit"], bins=_BINS, range=(0, 1), color="#0072b2", alpha=0.8)
    second.axhline(len(table) / _BINS, color="0.5", linewidth=0.8)
    second.set(xlabel="PIT", ylabel="Nuclei", xlim=(0, 1))
    second.yaxis.get_major_locator().set_params(integer=True)
    second.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_masses(ax: Axes, table: pd.DataFrame) -> None:
    x, mean = np.arange(len(table)), table["mean"].to_numpy()
    for level, width in (("95", 1.0), ("68", 3.0)):
        low, high = (table[f"{end}_{level}"].to_numpy() - mean for end in ("lower", "upper"))
        ax.vlines(x, low, high, color="#0072b2", linewidth=width, alpha=0.6, label=f"{level} %")
    ax.errorbar(
        x,
        table["measured"] - mean,
        table["uncertainty"],
        fmt="o",
        color="black",
        markersize=3,
        linewidth=0.8,
        label="measured",
    )
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.set_ylabel("Mass excess minus predicted mean (MeV)")
    if len(table) <= _NAMED:
        ax.set_xticks(x, table["nucleus"], rotation=90, fontsize=6)
    else:
        ax.set_xlabel("Nuclei, in the order of Z and N")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(
        frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0
    )
