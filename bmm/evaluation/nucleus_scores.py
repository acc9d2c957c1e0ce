"""Scores of predictive distributions, nucleus by nucleus."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.arrays import FloatArray
from bmm.distributions import StudentTMixture
from bmm.errors import DataError

__all__ = ["interval_score", "nucleus_scores"]


def interval_score(
    lower: npt.ArrayLike, upper: npt.ArrayLike, observed: npt.ArrayLike, level: float
) -> FloatArray:
    """Score central intervals: their width, and a penalty for values outside.

    (u - l) + 2 / (1 - level) [(l - y)_+ + (y - u)_+] of Gneiting & Raftery (2007),
    doi:10.1198/016214506000001437, eq. 43; smaller is better.

    Parameters
    ----------
    lower, upper, observed : array (nucleus,)
        Ends of the intervals and what was observed, in one unit.
    level : float
        Probability of the intervals, between 0 and 1.

    Returns
    -------
    array (nucleus,)
        In that unit.

    Examples
    --------
    An interval that holds the value, and one that misses it by 0.1 MeV:

    >>> from bmm.evaluation.nucleus_scores import interval_score
    >>> interval_score([-1.0, -1.0], [1.0, 1.0], [0.0, 1.1], 0.68).round(3)
    array([2.   , 2.625])
    """
    lower, upper, observed = (np.asarray(x, dtype=np.float64) for x in (lower, upper, observed))
    outside = np.maximum(lower - observed, 0) + np.maximum(observed - upper, 0)
    return np.asarray(upper - lower + 2 / (1 - level) * outside)


def nucleus_scores(
    distribution: StudentTMixture,
    nuclei: pd.MultiIndex,
    measured: pd.DataFrame,
    levels: Sequence[float],
    *,
    uncertainty: bool = True,
) -> pd.DataFrame:
    """Score predictive distributions on measured masses.

    What is scored is the measured value, so the distribution is that of the measurement: the stated
    uncertainty is added in quadrature to every scale, as in the likelihood.

    Parameters
    ----------
    distribution : StudentTMixture
        Of the mass excess of every nucleus, MeV.
    nuclei : MultiIndex (Z, N)
        The nuclei.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV, for every
        nucleus.
    levels : sequence of float
        Probabilities of the intervals to be scored.
    uncertainty : bool, default True
        Whether the measurement's uncertainty is added; not for a mixture whose noise settings
        leave it out (``noise.measurement = false``), whose scales contain it already.

    Returns
    -------
    DataFrame
        Indexed (Z, N), NaN where there is no forecast:

        * error, median_error: predicted minus measured, MeV, of the mean and of the median
        * crps, in MeV; smaller is better
        * log_density per MeV; larger is better
        * pit: predictive probability of a smaller mass than the measured one
        * width_PP, interval_score_PP, MeV: of the central interval of PP %

    Raises
    ------
    DataError
        If a nucleus of the forecast is not measured.

    Examples
    --------
    >>> nuclei = pd.MultiIndex.from_tuples([(50, 82)], names=["Z", "N"])
    >>> measured = pd.DataFrame(
    ...     {"mass_excess": -76.54, "mass_excess_uncertainty": 0.3}, index=nuclei
    ... )
    >>> scores = nucleus_scores(StudentTMixture([[-76.5]], 0.4), nuclei, measured, [0.68])
    >>> scores[["error", "crps", "pit", "width_68"]].round(3).to_numpy().tolist()
    [[0.04, 0.118, 0.468, 0.994]]
    """
    found = measured.reindex(nuclei)
    if found["mass_excess"].isna().any():
        raise DataError("a forecast can be scored on measured nuclei only")
    observed, sd = (
        found[name].to_numpy(dtype=np.float64)
        for name in ("mass_excess", "mass_excess_uncertainty")
    )
    if uncertainty:
        distribution = distribution.widened(sd)
    ends = {level: ((1 - level) / 2, (1 + level) / 2) for level in levels}
    median, *quantiles = distribution.quantile([0.5, *chain.from_iterable(ends.values())]).T
    columns: dict[str, FloatArray] = {
        "error": distribution.mean - observed,
        "median_error": median - observed,
        "crps": distribution.crps(observed),
        "log_density": distribution.log_density(observed),
        "pit": distribution.cdf(observed),
    }
    for i, level in enumerate(levels):
        lower, upper = quantiles[2 * i], quantiles[2 * i + 1]
        percent = f"{100 * level:g}"
        columns[f"width_{percent}"] = upper - lower
        columns[f"interval_score_{percent}"] = interval_score(lower, upper, observed, level)
    return pd.DataFrame(columns, index=nuclei)
