"""Scores of predictive distributions, nucleus by nucleus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.errors import DataError
from bmm.evaluation import scores as sc
from bmm.nuclides import nuclide_index

__all__ = ["interval_score", "nucleus_scores"]

FloatArray = npt.NDArray[np.float64]


def interval_score(
    lower: npt.ArrayLike, upper: npt.ArrayLike, observed: npt.ArrayLike, level: float
) -> FloatArray:
    """Score central intervals: their width, and a fine for what lies outside.

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
    """
    lower, upper, observed = (np.asarray(x, dtype=np.float64) for x in (lower, upper, observed))
    outside = np.maximum(lower - observed, 0) + np.maximum(observed - upper, 0)
    return np.asarray(upper - lower + 2 / (1 - level) * outside)


def nucleus_scores(
    forecast: xr.Dataset, measured: pd.DataFrame, levels: Sequence[float], seed: int
) -> pd.DataFrame:
    """Score a forecast on measured masses.

    Parameters
    ----------
    forecast : Dataset
        Variables mean, median, log_density (nucleus) and draws (draw, nucleus), MeV, with
        coordinates Z and N; see `bmm.methods.interface.Forecast`.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV, for every
        nucleus of the forecast.
    levels : sequence of float
        Probabilities of the intervals to be scored.
    seed : int
        Of the measurement noise that is added to the draws.

    Returns
    -------
    DataFrame
        Indexed (Z, N), NaN where there is no forecast:

        * error, median_error: predicted minus measured, MeV, of the mean and of the median
        * crps, in MeV; smaller is better
        * log_density per MeV; larger is better
        * pit: share of the draws below the measured mass
        * width_PP, interval_score_PP, MeV: of the central interval of PP %

    Raises
    ------
    DataError
        If a nucleus of the forecast is not measured.
    """
    index = nuclide_index(forecast["Z"].to_numpy(), forecast["N"].to_numpy())
    found = measured.reindex(index)
    if found["mass_excess"].isna().any():
        raise DataError("a forecast can be scored on measured nuclei only")
    observed = found["mass_excess"].to_numpy(dtype=np.float64)
    known = np.isfinite(forecast["mean"].to_numpy())
    draws = forecast["draws"].transpose("draw", "nucleus").to_numpy()[:, known].astype(np.float64)
    noise = np.random.default_rng(seed).standard_normal(draws.shape)
    draws += noise * found["mass_excess_uncertainty"].to_numpy(dtype=np.float64)[known]
    part = observed[known]
    columns: dict[str, FloatArray] = {
        "error": forecast["mean"].to_numpy()[known] - part,
        "median_error": forecast["median"].to_numpy()[known] - part,
        "crps": sc.crps(draws, part),
        "log_density": forecast["log_density"].to_numpy()[known],
        "pit": sc.pit(draws, part),
    }
    for level in levels:
        lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        percent = f"{100 * level:g}"
        columns[f"width_{percent}"] = upper - lower
        columns[f"interval_score_{percent}"] = interval_score(lower, upper, part, level)
    return pd.DataFrame(columns, index=index[known]).reindex(index)
