"""Scale factor of an evaluation's stated uncertainties, judged by a later evaluation.

A remeasured nucleus tells what its earlier uncertainty was worth.  The later mass is a weighted
mean that includes the earlier measurement, so that their difference has the variance
u_earlier^2 - u_later^2, and not the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray
from bmm.errors import DataError

__all__ = ["UncertaintyScale", "uncertainty_scale_factor"]


# Remeasured: the uncertainty at least halved, and the new measurement has most of the weight.
_SHRUNK = 0.5
_FEWEST = 20
_LEVELS = (0.5, 0.68, 0.9, 0.95)


@dataclass(frozen=True)
class UncertaintyScale:
    """The earlier evaluation's uncertainties, judged by the later one.

    Parameters
    ----------
    factor : float
        What the stated uncertainties are to be multiplied by, at least 1: the normal
        distribution of that spread has the least mean CRPS over the standardised revisions.
    standard_error : float
        Of the factor, from leaving out one nucleus at a time.  UncertaintyScale come in groups of
        neighbours, so the true error is larger.
    nuclei : int
        How many were remeasured.
    coverage_stated, coverage_learnt : dict of str to float
        Share of the revisions inside the central intervals of 50, 68, 90 and 95 %, with the
        stated uncertainties and with these multiplied by the factor.
    """

    factor: float
    standard_error: float
    nuclei: int
    coverage_stated: dict[str, float]
    coverage_learnt: dict[str, float]

    @property
    def facts(self) -> dict[str, Any]:
        """The same as plain values."""
        return dict(vars(self))


def uncertainty_scale_factor(earlier: pd.DataFrame, later: pd.DataFrame) -> UncertaintyScale:
    """Learn a factor of an evaluation's uncertainties from a later evaluation.

    Nuclei in both whose uncertainty at least halved are used.  If the later uncertainties are too
    small by the same factor, this is it; if they are right, it is somewhat more than what is found.

    Parameters
    ----------
    earlier, later : DataFrame
        Measured masses, indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in
        MeV, as from `bmm.data.load_measured`.

    Raises
    ------
    DataError
        If fewer than 20 nuclei were remeasured, or more uncertainties have doubled than halved:
        then the first evaluation is not the earlier one.

    Examples
    --------
    >>> from bmm.data import load_measured
    >>> from bmm.data.uncertainty_scale import uncertainty_scale_factor
    >>> scale = uncertainty_scale_factor(load_measured("AME2003"), load_measured("AME2020"))
    >>> scale.factor > 1
    True
    """
    both = earlier.index.intersection(later.index)
    (mass, u), (mass_later, u_later) = (
        each.loc[both, ["mass_excess", "mass_excess_uncertainty"]].to_numpy(dtype=np.float64).T
        for each in (earlier, later)
    )
    anew = u_later < _SHRUNK * u
    n, n_grown = int(anew.sum()), int((u < _SHRUNK * u_later).sum())
    if n < n_grown:
        raise DataError(
            f"{n_grown} uncertainties have doubled from the earlier evaluation to the later one "
            f"and {n} have halved: expected the earlier evaluation first"
        )
    if n < _FEWEST:
        raise DataError(
            f"{n} nuclei have at most half of their earlier uncertainty: expected at least "
            f"{_FEWEST} to learn a factor from"
        )
    z = (mass_later - mass)[anew] / np.sqrt((u**2 - u_later**2)[anew])
    left_out = np.array([_least_crps(np.delete(z, i)) for i in range(n)])
    factor = max(1.0, _least_crps(z))
    return UncertaintyScale(
        factor=factor,
        standard_error=float(np.sqrt((n - 1) * left_out.var())),
        nuclei=n,
        coverage_stated=_coverage(z),
        coverage_learnt=_coverage(z / factor),
    )


def _least_crps(z: FloatArray) -> float:
    """Spread f of the normal distribution that has the least mean CRPS over deviations (n,).

    The derivative of the CRPS by f is 2 phi(z / f) - 1 / sqrt(pi), which is zero on average where
    the mean of exp(-z^2 / 2 f^2) is 1 / sqrt(2).  That mean grows with f from the share of zeros
    to 1, so there is one such f, or none if most deviations are zero.
    """
    from scipy.optimize import brentq

    def excess(f: float) -> float:
        return float(np.exp(-0.5 * (z / f) ** 2).mean() - np.sqrt(0.5))

    largest = 2 * float(np.abs(z).max())
    if np.mean(z == 0) >= np.sqrt(0.5):
        return 0.0
    return float(brentq(excess, 1e-9 * largest, largest, xtol=1e-12 * largest))


def _coverage(z: FloatArray) -> dict[str, float]:
    """Share of deviations (n,) inside the central intervals of a standard normal, by level."""
    from scipy.special import ndtri

    return {
        f"{100 * level:g}": float(np.mean(np.abs(z) <= ndtri(0.5 + level / 2))) for level in _LEVELS
    }
