"""Forecasts against masses measured afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions import StudentTMixture
from bmm.evaluation.coverage_test import chance, inside_if_true
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.evaluation.scores import inside_intervals
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import numbers

__all__ = ["Judged", "judge", "point_totals", "totals"]

_DRAWS = 4000


@dataclass(frozen=True)
class Judged:
    """One forecast of new masses, nucleus by nucleus.

    Parameters
    ----------
    table : DataFrame
        Indexed (Z, N) by all new masses, NaN where there is no forecast: mean, sd, lower_68,
        upper_68, lower_95, upper_95 of the measurement's value (MeV), z = (measured - mean) / sd,
        percentile (the probability of a smaller value, in %), and the columns of
        `bmm.evaluation.nucleus_scores.nucleus_scores`.
    distribution : StudentTMixture
        Of the measurements' values, MeV.
    """

    table: pd.DataFrame
    distribution: StudentTMixture


def judge(
    distribution: StudentTMixture,
    new: pd.DataFrame,
    levels: Sequence[float],
    *,
    uncertainty: bool = True,
) -> Judged:
    """Score predictive distributions of new masses.

    Parameters
    ----------
    distribution : StudentTMixture
        Of each new mass, in the order of `new`, MeV.
    new : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    levels : sequence of float
        Probabilities of the central intervals.
    uncertainty : bool, default True
        Whether the measurement's uncertainty is added to the distribution.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.distributions import StudentTMixture
    >>> from bmm.evaluation.new_masses import judge
    >>> from bmm.nuclides import nuclide_index
    >>> columns = {"mass_excess": [-76.5], "mass_excess_uncertainty": [0.1]}
    >>> new = pd.DataFrame(columns, nuclide_index([50], [82]))
    >>> judged = judge(StudentTMixture([[-76.3]], 0.4), new, [0.68])
    >>> judged.table[["error", "pit"]].round(2).to_numpy().tolist()
    [[0.2, 0.31]]
    """
    nuclei = nuclide_index(*numbers(new.index))
    scores = nucleus_scores(distribution, nuclei, new, levels, uncertainty=uncertainty)
    sd = new["mass_excess_uncertainty"].to_numpy(dtype=np.float64)
    seen = distribution.widened(sd) if uncertainty else distribution
    ends = seen.quantile([0.16, 0.84, 0.025, 0.975]).T
    measured = new["mass_excess"].to_numpy(dtype=np.float64)
    table = pd.DataFrame(
        {
            "mean": seen.mean,
            "sd": seen.sd,
            **dict(zip(("lower_68", "upper_68", "lower_95", "upper_95"), ends, strict=True)),
            "z": (measured - seen.mean) / seen.sd,
            "percentile": 100 * scores["pit"],
        },
        index=new.index,
    )
    return Judged(table.join(scores), seen)


def totals(
    judged: Judged,
    nuclei: pd.Index,
    levels: Sequence[float],
    *,
    joint: xr.DataArray | None = None,
    noise: FloatArray | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Average over some nuclei, and test the coverage.

    Parameters
    ----------
    judged : Judged
        A forecast.
    nuclei : MultiIndex (Z, N)
        Nuclei that it predicts, among the new ones.
    levels : sequence of float
        Probabilities of the central intervals.
    joint : DataArray (draw, nucleus), optional
        Joint draws of these nuclei, MeV; without them nuclei count as independent.
    noise : array (nucleus,), optional
        Uncertainties of the measurements, MeV, to be added to the joint draws.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    dict
        rms, mae, bias, crps (MeV), log_score (per MeV), coverage_PP for each level, and p: the
        probability that the coverage of a right forecast is as far from nominal.
    """
    part = judged.table.loc[nuclei]
    pit = part["pit"].to_numpy(dtype=np.float64)
    covered = inside_intervals(pit, levels).mean(axis=0)
    rng = np.random.default_rng(seed)
    if joint is None:
        draws = rng.uniform(size=(_DRAWS, len(part)))
    else:
        draws = joint.transpose("draw", "nucleus").to_numpy()
        if noise is not None:
            draws = draws + noise * rng.standard_normal(draws.shape)
    return {
        "n": len(part),
        **_errors(part["error"], part["median_error"]),
        "crps": float(part["crps"].mean()),
        "log_score": float(part["log_density"].mean()),
        **{f"coverage_{100 * level:g}": float(x) for level, x in zip(levels, covered, strict=True)},
        "p": chance(inside_if_true(draws, levels), len(part), covered, levels),
    }


def point_totals(mass: FloatArray, measured: FloatArray) -> dict[str, float]:
    """Average the errors of predictions without uncertainties, MeV; CRPS is their mean size.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.evaluation.new_masses import point_totals
    >>> found = point_totals(np.array([-76.0, -70.0]), np.array([-76.5, -70.1]))
    >>> found["n"], round(found["rms"], 2), round(found["bias"], 2)
    (2, 0.36, 0.3)
    """
    error = pd.Series(mass - measured)
    found = {"n": len(error), **_errors(error, error)}
    return found | {"crps": found["mae"]}


def _errors(error: pd.Series[float], median_error: pd.Series[float]) -> dict[str, float]:
    return {
        "rms": float(np.sqrt(np.mean(error**2))),
        "mae": float(median_error.abs().mean()),
        "bias": float(error.mean()),
    }
