"""Where measured masses fall in their predictive distributions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from scipy import stats

from bmm.figures.axes import SQUARE, given_or_new

__all__ = ["plot_pit"]

_BINS = 20


def plot_pit(pit: npt.ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw the histogram of probability integral transforms; flat if the prediction is calibrated.

    The band holds 95 % of the bars of a calibrated prediction, if the nuclei are independent.

    Parameters
    ----------
    pit : array (nucleus,)
        Predictive probability of a smaller mass than the measured one.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Examples
    --------
    Predictions that are too narrow:

    >>> import numpy as np
    >>> from bmm.figures.pit import plot_pit
    >>> ax = plot_pit(np.random.default_rng(1).beta(0.5, 0.5, size=200))
    >>> ax.get_xlabel()
    'PIT of the measured masses'
    """
    values = np.asarray(pit, dtype=np.float64)
    n = len(values)
    lower, upper = stats.binom(n, 1 / _BINS).interval(0.95)
    ax = given_or_new(ax, SQUARE)
    ax.axhspan(
        lower * _BINS / n,
        upper * _BINS / n,
        color="0.85",
        linewidth=0,
        label=f"95 % band (n = {n})",
    )
    ax.hist(
        values, bins=_BINS, range=(0, 1), weights=np.full(n, _BINS / n), color="#0072b2", alpha=0.8
    )
    ax.axhline(1, color="0.5", linewidth=0.8)
    ax.set(xlabel="PIT of the measured masses", ylabel="Relative frequency", xlim=(0, 1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax
