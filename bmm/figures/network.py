"""What a mixture density network rests on, and where it leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bmm.nuclides import symbol
from bmm.theory.mdn.ensemble import Ensemble
from bmm.theory.mdn.garvey_kelson import iterate

__all__ = ["extrapolation_figure", "shapley_figure"]

_NETWORK, _RELATIONS, _OTHER = "#0072b2", "#d55e00", "#009e73"
_BANDS = ((3, 0.12), (2, 0.18), (1, 0.28))


def shapley_figure(ranking: pd.DataFrame) -> Figure:
    """Features by the mean size of their Shapley values, on a logarithmic axis.

    Parameters
    ----------
    ranking : DataFrame
        From `bmm.theory.mdn.shapley.rank_features`, MeV.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.figures.network import shapley_figure
    >>> from bmm.theory.mdn.shapley import rank_features
    >>> figure = shapley_figure(rank_features(pd.DataFrame({"A": [1.0, -3.0], "Z": [0.5, -0.5]})))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['A', 'Z']
    """
    figure = Figure(figsize=(6.0, 1.0 + 0.24 * len(ranking)), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(ranking))[::-1]
    axes.plot(ranking["mean_absolute"], place, "o", color=_NETWORK, markersize=5)
    axes.set_yticks(place, ranking.index, fontsize=8)
    axes.set(xscale="log", xlabel="Mean absolute Shapley value (MeV)")
    axes.grid(axis="x", linewidth=0.4, alpha=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def extrapolation_figure(
    ensemble: Ensemble,
    measured: pd.DataFrame,
    others: dict[str, pd.Series[float]],
    chart: pd.Index,
    *,
    chains: Sequence[int] = (60, 49),
    rounds: int = 12,
) -> Figure:
    """Isotopic chains beyond the data, as differences from the network's mean.

    Parameters
    ----------
    ensemble : Ensemble
        The network; its bands hold 1, 2 and 3 standard deviations.  The mean of all members is
        taken everywhere, so at measured nuclei it is a fit.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    others : dict of str to Series
        Mass excess of other models, MeV, indexed (Z, N).
    chart : MultiIndex (Z, N)
        Nuclei to show, and to iterate the relations over.
    chains : sequence of int, default (60, 49)
        Proton numbers.
    rounds : int, default 12
        Iterations of the Garvey-Kelson relations, shown alone.
    """
    alone = iterate(measured["mass_excess"], chart, rounds)
    figure = Figure(figsize=(4.5 * len(chains), 3.8), layout="constrained")
    for axes, Z in zip(np.atleast_1d(figure.subplots(1, len(chains))), chains, strict=True):
        chain = chart[chart.get_level_values("Z") == Z].sort_values()
        N = chain.get_level_values("N").to_numpy()
        predicted = ensemble.predict(chain)
        for number, shade in _BANDS:
            axes.fill_between(
                N,
                -number * predicted.sd,
                number * predicted.sd,
                color=_NETWORK,
                alpha=shade,
                linewidth=0,
            )
        axes.axhline(0, color=_NETWORK, linewidth=1, label="MDN, 1, 2, 3 sigma")
        for i, (name, masses) in enumerate(others.items()):
            axes.plot(
                N, masses.reindex(chain) - predicted.mean, color=_OTHER, linewidth=1.2, label=name,
                linestyle=("-", "--", ":")[i % 3],
            )  # fmt: skip
        reached = alone["mass_excess"].where(alone["round"] > 0).reindex(chain)
        axes.plot(
            N,
            reached - predicted.mean,
            ".",
            color=_RELATIONS,
            label="Garvey-Kelson, iterated alone",
        )
        known = measured["mass_excess"].reindex(chain)
        axes.plot(N, known - predicted.mean, "k.", markersize=3, label="measured")
        most = 3.3 * float(np.max(predicted.sd))
        axes.set(xlabel="N", ylim=(-most, most), title=f"{symbol(Z)}, Z = {Z}")
    figure.axes[0].set_ylabel("Mass excess minus MDN (MeV)")
    figure.axes[0].legend(frameon=False, fontsize=7, loc="upper left")
    return figure
