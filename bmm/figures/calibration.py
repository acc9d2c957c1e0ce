"""Whether credible intervals hold what they promise."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bmm.evaluation.mixture_scores import Scores

__all__ = ["coverage_curve"]


def coverage_curve(scores: Scores) -> Figure:
    """Share of the measured masses inside the credible intervals, against their probability.

    The band holds 95 % of the curves of a calibrated prediction at each level, if the nuclei are
    independent.  Neighbouring nuclei are not, so the curve may leave it more easily.

    Parameters
    ----------
    scores : dict
        From `bmm.evaluation.evaluate`; its keys n and coverage are used.
    """
    levels = np.array([float(level) for level in scores["coverage"]])
    covered = np.array(list(scores["coverage"].values()))
    n = scores["n"]
    fine = np.linspace(0, 1, 401)
    from scipy import stats

    lower, upper = stats.binom.ppf([[0.025], [0.975]], n, fine) / n

    figure = Figure(figsize=(3.6, 3.5), layout="constrained")
    ax = figure.add_subplot()
    ax.plot([0, 100], [0, 100], color="0.5", linewidth=0.8, label="calibrated")
    ax.fill_between(
        100 * fine, 100 * lower, 100 * upper, color="0.85", linewidth=0,
        label=f"95 % band (n = {n})",
    )  # fmt: skip
    ax.plot(
        100 * levels, 100 * covered, color="#0072b2", marker="o", markersize=3.5, linewidth=1.2,
        label="mixture",
    )  # fmt: skip
    ax.set(
        xlabel="Probability of the interval (%)",
        ylabel="Measured masses inside (%)",
        xlim=(0, 100),
        ylim=(0, 100),
        aspect="equal",
    )
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="best", frameon=False, fontsize=8)
    return figure
