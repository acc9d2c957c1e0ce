"""Expected gain of a measurement, on the chart of nuclides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bmm.figures.chart import nuclide_chart
from bmm.nuclides import nuclide_index, numbers

__all__ = ["design_figure"]

_MARGIN = 4
_SHOWN = 0.02
"""Part of the largest reduction from which a candidate decides what part of the chart is shown."""


def design_figure(
    reduction: pd.Series, chosen: pd.MultiIndex, target: pd.MultiIndex, measured: pd.Index
) -> Figure:
    """Draw the expected reduction of the target's variance by each candidate alone.

    Parameters
    ----------
    reduction : Series
        Share of the variance, indexed (Z, N) by the candidates.
    chosen : MultiIndex (Z, N)
        The set, in the order in which it was chosen; numbered.
    target : MultiIndex (Z, N)
        Nuclei of the target; dotted.
    measured : Index (Z, N)
        Measured nuclei; pale grey, and outlined.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.figures.measurement_design import design_figure
    >>> from bmm.nuclides import nuclide_index
    >>> candidates = nuclide_index([50, 50, 49], [88, 89, 85])
    >>> reduction = pd.Series([0.4, 0.2, 0.1], index=candidates)
    >>> chosen, target = candidates[:1], candidates[1:2]
    >>> figure = design_figure(reduction, chosen, target, nuclide_index([50], [87]))
    >>> figure.axes[0].get_xlabel()
    'Neutron number N'
    """
    teaches = reduction[reduction >= _SHOWN * reduction.max()]
    every = measured.union(reduction.index).union(target)
    Z, N = numbers(every)
    near = np.ones(len(every), dtype=bool)
    for all_of_them, centre in zip((Z, N), numbers(teaches.index.union(chosen).union(target)),
                                   strict=True):  # fmt: skip
        near &= all_of_them >= centre.min() - _MARGIN
        near &= all_of_them <= centre.max() + _MARGIN
    shown = nuclide_index(Z[near], N[near])
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    ax = figure.add_subplot()
    nuclide_chart(
        ax,
        *numbers(shown),
        100 * reduction.reindex(shown).to_numpy(dtype=np.float64),
        label="Expected reduction of the variance (%)",
        vmin=0.0,
        outline=shown.isin(measured),
    )
    target_Z, target_N = numbers(target)
    ax.plot(target_N, target_Z, ".", color="0.4", markersize=1.5)
    for number, (at_Z, at_N) in enumerate(zip(*numbers(chosen), strict=True), start=1):
        ax.annotate(
            str(number),
            (at_N, at_Z),
            xytext=(7, 7),
            textcoords="offset points",
            fontsize=7,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5},
        )
    return figure
