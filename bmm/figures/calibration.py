"""Coverage of credible intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from scipy import stats

from bmm.evaluation.scores import LEVELS, inside_intervals
from bmm.figures.axes import SQUARE, given_or_new

__all__ = ["plot_coverage"]


def plot_coverage(pit: npt.ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw the share of measured masses inside credible intervals, against their probability.

    The band holds 95 % of the curves of a calibrated prediction at each level, if the nuclei are
    independent.  Neighbouring nuclei are not, so the curve may leave it more easily.

    Parameters
    ----------
    pit : array (nucleus,)
        Predictive probability of a smaller mass than the measured one; see
        `bmm.evaluation.nucleus_scores.nucleus_scores`.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Examples
    --------
    Predictions that are calibrated:

    >>> import numpy as np
    >>> from bmm.figures.calibration import plot_coverage
    >>> ax = plot_coverage(np.random.default_rng(1).uniform(size=200))
    >>> ax.get_xlabel()
    'Probability of the interval (%)'
    """
    values = np.asarray(pit, dtype=np.float64)
    levels, n = np.array(LEVELS), len(values)
    covered = inside_intervals(values).mean(axis=0)
    fine = np.linspace(0, 1, 401)
    lower, upper = np.asarray(stats.binom.ppf([[0.025], [0.975]], n, fine)) / n

    ax = given_or_new(ax, SQUARE)
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
    return ax
