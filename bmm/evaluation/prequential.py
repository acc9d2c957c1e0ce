"""Forecasts one after the other: choices by what did best before, and scores of all together.

A forecaster who must choose between methods can only look back (Dawid, J. R. Stat. Soc. A 147, 278,
1984, doi:10.2307/2981683).  Here the choice is the method, or the factor of its spread, with the
least sum of CRPS over the test nuclei of earlier transitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy import optimize

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import StudentTMixture
from bmm.evaluation.coverage_test import chance, inside_if_true
from bmm.nuclides import nuclide_index

__all__ = [
    "Known",
    "coverage_chance",
    "follow_leader",
    "inside_counts",
    "spread_factor",
    "stretched",
]

_FACTORS = (0.25, 4.0)


@dataclass(frozen=True)
class Known:
    """Forecasts of nuclei that have been measured.

    Parameters
    ----------
    distribution : StudentTMixture
        Of their mass excess, MeV.
    observed, sd : array (nucleus,)
        Measured mass excess and its uncertainty, MeV.

    Examples
    --------
    Errors three times as large as stated need a larger factor than errors as stated:

    >>> import numpy as np
    >>> from bmm.distributions import StudentTMixture
    >>> from bmm.evaluation.prequential import Known, spread_factor
    >>> forecast = StudentTMixture(np.zeros((50, 1)), np.ones((50, 1)), nu=4.0)
    >>> error = np.random.default_rng(2).standard_t(4, size=50)
    >>> right, wrong = (spread_factor([Known(forecast, k * error, np.zeros(50))]) for k in (1, 3))
    >>> right < wrong
    True
    """

    distribution: StudentTMixture
    observed: FloatArray
    sd: FloatArray


def stretched(distribution: StudentTMixture, factor: float) -> StudentTMixture:
    """Distributions stretched about their means by a factor.

    Examples
    --------
    >>> wide = stretched(StudentTMixture([[-1.0, 1.0]], 0.5), 2)
    >>> wide.mean, wide.sd.round(3)
    (array([0.]), array([2.236]))
    """
    mean = distribution.mean[:, None]
    return StudentTMixture(
        mean + factor * (distribution.location - mean),
        factor * distribution.scale,
        distribution.weight,
        distribution.nu,
    )


def spread_factor(earlier: Sequence[Known]) -> float:
    """Find the factor by which spreads should have been multiplied so far; 1 if nothing is known.

    Parameters
    ----------
    earlier : sequence of Known
        Forecasts of one method, for each earlier transition.

    Returns
    -------
    float
        Between 1/4 and 4, of the least sum of CRPS.

    Examples
    --------
    Without earlier forecasts spreads are left as they are:

    >>> from bmm.evaluation.prequential import spread_factor
    >>> spread_factor([])
    1.0
    """
    if not earlier:
        return 1.0

    def loss(log_factor: float) -> float:
        return sum(
            float(
                stretched(each.distribution, np.exp(log_factor))
                .widened(each.sd)
                .crps(each.observed)
                .sum()
            )
            for each in earlier
        )

    found = optimize.minimize_scalar(
        loss, bounds=tuple(np.log(_FACTORS)), method="bounded", options={"xatol": 1e-3}
    )
    return float(np.exp(found.x))


def follow_leader(
    tables: Sequence[Mapping[str, pd.DataFrame]], among: Sequence[str]
) -> tuple[list[str], list[dict[str, float]]]:
    """Choose, before each transition and after the last, the method that did best so far.

    Parameters
    ----------
    tables : sequence of mapping of str to DataFrame
        For each transition and method, the scores of nuclei on which methods are compared; see
        `bmm.evaluation.nucleus_scores.nucleus_scores`.
    among : sequence of str
        The methods; the first is chosen as long as nothing is known.

    Returns
    -------
    chosen : list of str
        For each transition, and for the one to come.
    sums : list of dict
        Sums of CRPS that each choice rests on, MeV.

    Examples
    --------
    >>> import pandas as pd
    >>> first = {"a": pd.DataFrame({"crps": [0.3]}), "b": pd.DataFrame({"crps": [0.2]})}
    >>> second = {"a": pd.DataFrame({"crps": [0.1]}), "b": pd.DataFrame({"crps": [0.4]})}
    >>> follow_leader([first, second], ["a", "b"])[0]
    ['a', 'b', 'a']
    """
    sums = [dict.fromkeys(among, 0.0)]
    for each in tables:
        sums.append({name: sums[-1][name] + float(each[name]["crps"].sum()) for name in among})
    # The minimum is the first of equals.
    return [min(among, key=known.__getitem__) for known in sums], sums


def inside_counts(
    forecast: xr.Dataset,
    nuclei: pd.Index,
    measured: pd.DataFrame,
    levels: Sequence[float],
    seed: int,
) -> IntArray:
    """Count what would lie inside its intervals if a joint draw were the truth.

    Parameters
    ----------
    forecast : Dataset
        Variable draws (draw, nucleus), MeV, with coordinates Z and N.
    nuclei : MultiIndex (Z, N)
        Those that count.
    measured : DataFrame
        Indexed (Z, N), with the column mass_excess_uncertainty in MeV.
    levels : sequence of float
        Probabilities of the central intervals.
    seed : int
        Of the measurement noise.

    Returns
    -------
    array (draw, level)
        See `bmm.evaluation.coverage_test.inside_if_true`.
    """
    index = nuclide_index(forecast["Z"].to_numpy(), forecast["N"].to_numpy())
    rows = index.get_indexer(nuclei)
    draws = forecast["draws"].transpose("draw", "nucleus").to_numpy()[:, rows].astype(np.float64)
    sd = measured["mass_excess_uncertainty"].reindex(nuclei).to_numpy(dtype=np.float64)
    draws += sd * np.random.default_rng(seed).standard_normal(draws.shape)
    return inside_if_true(draws, levels)


def coverage_chance(inside: Sequence[IntArray], pit: FloatArray, levels: Sequence[float]) -> float:
    """Probability that coverage would be as far from nominal if the joint draws were right.

    Parameters
    ----------
    inside : sequence of array (draw, level)
        From `inside_counts`, one for each transition; they are independent of each other.
    pit : array (nucleus,)
        Of all test nuclei.
    levels : sequence of float
        Probabilities of the central intervals, as there.
    """
    covered = np.array([np.mean(2 * np.abs(pit - 0.5) <= level) for level in levels])
    return chance(np.sum(inside, axis=0), len(pit), covered, levels)
