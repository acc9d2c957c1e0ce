"""Which measured masses are likely to be off by more than they say, and the evidence against them.

A mass is off if its true value differs from the stated one by more than four stated uncertainties
and by more than 150 keV.  The probability is that of the posterior of `bmm.measurement.posterior`,
recalibrated by what earlier evaluations' masses have turned out to be; see
`bmm.measurement.recalibration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.data import load_measured
from bmm.measurement.posterior import MeasurementErrors
from bmm.nuclides import labels
from bmm.theory.joined import theory_at

__all__ = [
    "doubt_masses",
    "found_first",
    "off_limit",
    "reliability",
    "roc_area",
    "what_became_of",
]

_UNCERTAINTIES, _LEAST = 4.0, 0.150
_NEIGHBOURS_NAMED = 4
# A later value is a new measurement if its uncertainty is below this share of the old one.
_ANEW = 0.5
_EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


def off_limit(uncertainty: FloatArray) -> FloatArray:
    """Error (n,) from which a mass is off, MeV.

    Examples
    --------
    >>> off_limit(np.array([0.01, 0.1]))
    array([0.15, 0.4 ])
    """
    return np.maximum(_UNCERTAINTIES * uncertainty, _LEAST)


def doubt_masses(
    found: MeasurementErrors, measured: pd.DataFrame, theory: xr.Dataset
) -> pd.DataFrame:
    """Judge every mass by its neighbours and the theories.

    Parameters
    ----------
    found : MeasurementErrors
        From `bmm.measurement.posterior.infer_measurement_errors`.
    measured, theory
        What it was inferred from.

    Returns
    -------
    DataFrame
        Indexed (Z, N), the most doubtful first, with columns

        * nucleus, and origin (see `bmm.data.load_measured`)
        * mass_excess, uncertainty: as stated, MeV
        * posterior_probability: of being off, before any recalibration
        * expected_error, expected_error_sd: true minus stated, MeV
        * left_out, left_out_sd: true mass excess that all other masses and the theories predict,
          and its standard deviation, MeV
        * deviation: stated minus left_out, MeV
        * deviation_MODEL: the same by the field of one theory's residuals; NaN where it predicts
          nothing
        * neighbours: the masses that weigh most in the prediction
    """
    limit = off_limit(found.links.u)
    law = stats.norm(found.mean, found.sd)
    weights, variance = _left_out(found)
    deviation = found.average.residual - weights @ (found.average.residual + found.errors.shift)
    columns = {
        "nucleus": _names(found.links.nuclei),
        "origin": measured["origin"].to_numpy(),
        "mass_excess": found.links.mass,
        "uncertainty": found.links.u,
        "posterior_probability": law.sf(limit) + law.cdf(-limit),
        "expected_error": found.mean,
        "expected_error_sd": found.sd,
        "left_out": found.links.mass - deviation,
        "left_out_sd": np.sqrt(np.maximum(variance, 0.0)),
        "deviation": deviation,
        **_by_model(found, theory, weights),
        "neighbours": _neighbours(weights, found.links.nuclei),
    }
    table = pd.DataFrame(columns, index=found.links.nuclei)
    return table.sort_values("posterior_probability", ascending=False, kind="stable")


def _left_out(found: MeasurementErrors) -> tuple[FloatArray, FloatArray]:
    """Weights (n, n) of all other residuals in the prediction of each true one, and its variance.

    What is seen is y = t + e, with a true residual t and an error e of covariance E that masses
    share, and P the inverse of the covariance of y.  Rasmussen & Williams (2006), eq. 5.12, has the
    prediction of y_i by the others; that of t_i leaves out what their errors imply for e_i,

        w_ij = -(1 - a_i) P_ij / P_ii - (E P)_ij,       a_i = (E P)_ii,
        variance = E_ii + (1 - a_i)^2 / P_ii - (E P E)_ii.
    """
    E, P = found.errors.covariance, found.posterior.precision
    shared = E @ P
    own, diagonal = np.diag(shared).copy(), np.diag(P)
    variance = np.diag(E) + (1 - own) ** 2 / diagonal - np.einsum("ij,ji->i", shared, E)
    weights = -((1 - own) / diagonal)[:, None] * P - shared
    np.fill_diagonal(weights, 0.0)
    return weights, variance


def _by_model(
    found: MeasurementErrors, theory: xr.Dataset, weights: FloatArray
) -> dict[str, FloatArray]:
    """Deviations (n,) from the predictions by each theory and the average's field, MeV."""
    part = theory_at(theory, found.links.nuclei)
    columns = {}
    for k, name in enumerate(part["theory"].to_numpy()):
        own = found.links.mass - part["mass_excess"].to_numpy()[:, k]
        # Where it predicts nothing, the average stands in for it among the neighbours.
        residual = np.where(np.isfinite(own), own, found.average.residual)
        columns[f"deviation_{name}"] = own - weights @ (residual + found.errors.shift)
    return columns


def _neighbours(weights: FloatArray, nuclei: pd.MultiIndex) -> list[str]:
    """Nuclei with the largest weights in the prediction of each, e.g. "Sn-131 Sb-132"."""
    first = np.argsort(-np.abs(weights), axis=1)[:, :_NEIGHBOURS_NAMED]
    names = np.asarray(_names(nuclei), dtype=object)
    return [" ".join(each) for each in names[first]]


def _names(nuclei: pd.MultiIndex) -> list[str]:
    return labels(nuclei.get_level_values("Z"), nuclei.get_level_values("N"))


def what_became_of(doubts: pd.DataFrame, later: Sequence[str]) -> pd.DataFrame:
    """Look masses up in later evaluations; the last one that still has the mass counts.

    Parameters
    ----------
    doubts : DataFrame
        From `doubt_masses`.
    later : sequence of str
        Evaluations, oldest first.

    Returns
    -------
    DataFrame
        As `doubts`, with columns

        * later: the evaluation, "" if there is none
        * change, later_uncertainty: of the later value, MeV
        * outcome: "off", "confirmed" (measured anew, that is with less than half the uncertainty,
          and not off), "not measured anew", or "" if it is in no later evaluation
    """
    table = doubts.assign(later="", change=np.nan, later_uncertainty=np.nan, outcome="")
    for name in later:
        found = load_measured(name).reindex(table.index)
        known = found["mass_excess"].notna()
        table.loc[known, "later"] = name
        table.loc[known, "change"] = found["mass_excess"] - table["mass_excess"]
        table.loc[known, "later_uncertainty"] = found["mass_excess_uncertainty"]
    u = table["uncertainty"].to_numpy(dtype=np.float64)
    off = table["change"].abs().to_numpy() > off_limit(u)
    anew = table["later_uncertainty"].to_numpy() < _ANEW * u
    present = table["change"].notna().to_numpy()
    table["outcome"] = np.select(
        [off & present, anew & present, present], ["off", "confirmed", "not measured anew"], ""
    )
    table["measured_anew"] = anew & present
    return table


def roc_area(score: FloatArray, off: BoolArray) -> float:
    """Probability that one that is off has a higher score than one that is not (ROC area).

    Examples
    --------
    >>> roc_area(np.array([0.9, 0.2, 0.4, 0.1]), np.array([True, False, True, False]))
    1.0
    """
    first, second = score[off], score[~off]
    if not len(first) or not len(second):
        return float("nan")
    found = stats.mannwhitneyu(first, second)
    return float(found.statistic / (len(first) * len(second)))


def found_first(off: BoolArray, counts: Sequence[int] = (10, 20, 50, 100)) -> dict[int, int]:
    """Count those that are off among the first ones of a list.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.measurement.doubt import found_first
    >>> found_first(np.array([True, True, False, True, False]), counts=(2, 4))
    {2: 2, 4: 3}
    """
    return {count: int(off[:count].sum()) for count in counts}


def reliability(probability: FloatArray, off: BoolArray) -> pd.DataFrame:
    """Compare probabilities with what happened, in bins.

    Returns
    -------
    DataFrame
        Columns lower, upper, n, expected (mean probability) and observed (share that was off); bins
        without masses are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.measurement.doubt import reliability
    >>> table = reliability(np.array([0.02, 0.02, 0.7, 0.7]), np.array([False, False, True, False]))
    >>> table[["n", "expected", "observed"]]
       n  expected  observed
    0  2      0.02       0.0
    1  2      0.70       0.5
    """
    place: IntArray = np.clip(np.digitize(probability, _EDGES) - 1, 0, len(_EDGES) - 2)
    rows = []
    for i, (lower, upper) in enumerate(pairwise(_EDGES)):
        inside = place == i
        if inside.any():
            rows.append(
                {
                    "lower": lower,
                    "upper": upper,
                    "n": int(inside.sum()),
                    "expected": float(np.mean(probability[inside])),
                    "observed": float(np.mean(off[inside])),
                }
            )
    return pd.DataFrame(rows)
