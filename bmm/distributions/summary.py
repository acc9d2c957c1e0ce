"""One set of names for the summary of a distribution, of a mixture or of draws.

=======================  ====================================================================
mean, median, sd         moments and median
lower_68, upper_68       ends of the central interval of probability 68 %, and so for
                         lower_95, upper_95, lower_99.7, upper_99.7
S_2n_median, S_2n_sd,    the same of a derived quantity, where it stands beside others
S_2n_lower_68, ...
=======================  ====================================================================

All are in MeV, which the attribute `units` says; in CSV files the columns have the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from bmm.arrays import FloatArray

__all__ = ["INTERVALS", "WIDE_INTERVALS", "interval_ends", "summarise_draws"]

INTERVALS = (0.68, 0.95)
"""Probabilities of the central intervals in every summary."""

WIDE_INTERVALS = (*INTERVALS, 0.997)
"""Those of the bands along isotopic chains: one, two and three sigma of a normal distribution."""

# Values summarised at a time: quantiles work on copies, and draws of the whole chart are large.
_AT_A_TIME = 512


def interval_ends(intervals: Sequence[float] = INTERVALS) -> dict[str, float]:
    """Names of the ends of central intervals, and their probabilities.

    Parameters
    ----------
    intervals : sequence of float, default (0.68, 0.95)
        Probabilities of the intervals.

    Examples
    --------
    >>> interval_ends([0.68])
    {'lower_68': 0.16, 'upper_68': 0.84}
    >>> list(interval_ends([0.997]))
    ['lower_99.7', 'upper_99.7']
    """
    return {
        f"{side}_{100 * level:g}": round(0.5 * (1 + sign * level), 12)
        for level in intervals
        for side, sign in (("lower", -1), ("upper", 1))
    }


def summarise_draws(
    draws: xr.DataArray, intervals: Sequence[float] = INTERVALS, *, whole: bool = False
) -> xr.Dataset:
    """Summarise what is known by draws only, such as separation energies from joint draws.

    Parameters
    ----------
    draws : DataArray (draw, ...)
        With the unit in the attribute `units`.
    intervals : sequence of float, default (0.68, 0.95)
        Probabilities of the central intervals.
    whole : bool, default False
        Of whole numbers, such as the neutron number of the last bound isotope: quantiles are then
        values that were drawn.

    Returns
    -------
    Dataset (...)
        mean, median, sd (of the sample, with n - 1), lower_68, upper_68 and so on; NaN where a draw
        is.

    Examples
    --------
    >>> energies = xr.DataArray([1.0, 2.0, 4.0, 5.0], dims="draw", attrs={"units": "MeV"})
    >>> found = summarise_draws(energies)
    >>> float(found["median"]), float(found["lower_68"].round(2)), found["sd"].attrs["units"]
    (3.0, 1.48, 'MeV')
    """
    ends = interval_ends(intervals)
    values = draws.transpose("draw", ...)
    at = values.isel(draw=0, drop=True)
    array = values.to_numpy()
    flat = array.reshape(len(array), -1)
    found = np.empty((3 + len(ends), flat.shape[1]))
    for start in range(0, flat.shape[1], _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        found[:, some] = _summaries(flat[:, some], [0.5, *ends.values()], whole)
    names = ("mean", "median", "sd", *ends)
    columns = dict(zip(names, found.reshape(-1, *array.shape[1:]), strict=True))
    return xr.Dataset(
        {name: (at.dims, each, dict(draws.attrs)) for name, each in columns.items()},
        coords=at.coords,
    )


def _summaries(array: FloatArray, probabilities: list[float], whole: bool) -> FloatArray:
    """Mean, median, sd and ends of draws (draw, n), one row each; the first probability is 0.5."""
    method: Literal["inverted_cdf", "linear"] = "inverted_cdf" if whole else "linear"
    median, *ends = np.quantile(array, probabilities, axis=0, method=method)
    return np.stack([array.mean(axis=0), median, _deviation(array), *ends])


def _deviation(array: FloatArray) -> FloatArray:
    """Find the standard deviation of the sample; NaN of a single draw."""
    if len(array) < 2:
        return np.full(array.shape[1:], np.nan)
    return np.asarray(array.std(axis=0, ddof=1))
