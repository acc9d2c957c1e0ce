"""Joint draws: whole mass surfaces of corrected models, mixed.

Neighbouring nuclei err together, so a separation energy is far better known than two masses drawn
one by one would say.  Every nucleus keeps the distribution that it has alone, the even mixture of
the models' Student-t, and a Gaussian copula ties them: the draws of each are put into the order of

    z(x) = [e(x) + b(x)] / sd,

* e, the field of what the *average* of the models gets wrong, given the measured masses.  What
  one model gets wrong between neighbours is partly its own, and averages out;
* b, what the mixture is wider than that: a field with what is missing as its standard deviation.
  What parts models beyond the data is taken to be a trend, alike over a dozen nucleons.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import student_t
from bmm.distributions.student_t import NU
from bmm.gp.conditioning import draw_normal
from bmm.nuclides import nuclide_index
from bmm.theory.correction import CorrectedModel, Correction, correct_average

__all__ = ["sample_surfaces"]

# Nucleons over which trends are alike: where the prior of the broad field of residuals is centred.
# Between 5 and 40 the coverage of differences of masses hardly changes; the spread of what is
# summed over the chart, such as the number of bound nuclei, does.
_TREND = 12.0
# Of a correlation matrix: what rounding may take from its least eigenvalue.
_JITTER = 1e-9
# Nuclei sorted at a time, and rows of a covariance made at a time.
_TOGETHER = 512


def sample_surfaces(
    correction: Correction,
    nuclei: xr.Dataset,
    count: int,
    seed: int,
    *,
    measured: pd.DataFrame | None = None,
    average: CorrectedModel | None = None,
) -> xr.DataArray:
    """Draw mass surfaces from the even mixture of corrected models.

    Parameters
    ----------
    correction : Correction
        From `bmm.theory.correction.correct_theory`.
    nuclei : Dataset
        Coordinates nucleus, Z and N of the n nuclei wanted.
    count : int
        Number of surfaces.
    seed : int
        Of the draws.
    measured : DataFrame, optional
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV: these nuclei
        are drawn from their measurement.  They should be those of the correction.
    average : CorrectedModel, optional
        From `bmm.theory.correction.correct_average`, which otherwise takes its time here.

    Returns
    -------
    DataArray (draw, nucleus)
        Mass excess, MeV; NaN where nothing is measured and no model predicts.

    Raises
    ------
    DataError
        If the average is to be learnt here, from fewer than 20 nuclei.
    """
    rng = np.random.default_rng(seed)
    index = nuclide_index(nuclei["Z"].to_numpy(), nuclei["N"].to_numpy())
    surfaces = np.full((count, len(index)), np.nan)
    known = np.zeros(len(index), dtype=bool)
    if measured is not None:
        values = measured[["mass_excess", "mass_excess_uncertainty"]].reindex(index).to_numpy()
        known = np.isfinite(values[:, 0])
        noise = rng.standard_normal((count, int(known.sum())))
        surfaces[:, known] = values[known, 0] + values[known, 1] * noise
    rows = nuclide_index(
        correction.theory["Z"].to_numpy(), correction.theory["N"].to_numpy()
    ).get_indexer(index)
    wanted = np.flatnonzero(~known & (rows >= 0))
    if wanted.size:
        average = average or correct_average(correction.models)
        surfaces[:, wanted] = _draw(correction, average, rows[wanted], count, rng)
    return xr.DataArray(
        surfaces,
        dims=("draw", "nucleus"),
        coords={name: nuclei[name].variable for name in ("nucleus", "Z", "N")},
        name="mass_excess",
        attrs={"units": "MeV"},
    )


def _draw(
    correction: Correction,
    average: CorrectedModel,
    rows: IntArray,
    count: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Joint draws (count, nucleus) of some nuclei of the theory, MeV."""
    part = correction.theory.isel(nucleus=rows).transpose("theory", "nucleus")
    centre, scale = (part[name].to_numpy() for name in ("mass_excess", "mass_excess_sd"))
    Z, N = part["Z"].to_numpy(), part["N"].to_numpy()
    drawn = _alone(centre, scale, count, rng)
    covered = np.flatnonzero(np.isfinite(centre).any(axis=0))
    ends = np.quantile(drawn[:, covered], [0.16, 0.84], axis=0)
    width = (ends[1] - ends[0]) / (2 * student_t.quantile(0.84, NU))
    z = _tied(average, Z[covered], N[covered], width, count, rng)
    for start in range(0, len(covered), _TOGETHER):
        some = covered[start : start + _TOGETHER]
        order = z[:, start : start + _TOGETHER].argsort(axis=0)
        ordered = np.empty_like(order, dtype=np.float64)
        np.put_along_axis(ordered, order, drawn[:, some], axis=0)
        drawn[:, some] = ordered
    return drawn


def _alone(
    centre: FloatArray, scale: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    """Draws (count, nucleus) of the even mixture, MeV, in ascending order for each nucleus."""
    drawn = np.full((count, centre.shape[1]), np.nan)
    for i in np.flatnonzero(np.isfinite(centre).any(axis=0)):
        models = np.flatnonzero(np.isfinite(centre[:, i]))
        model = rng.choice(models, count)
        drawn[:, i] = np.sort(centre[model, i] + scale[model, i] * rng.standard_t(NU, count))
    return drawn


def _tied(
    average: CorrectedModel,
    Z: IntArray,
    N: IntArray,
    width: FloatArray,
    count: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw standard normal numbers (count, nucleus); those of neighbours are alike.

    Parameters
    ----------
    average : CorrectedModel
        Field of what the models' average gets wrong.
    Z, N : int array (nucleus,)
    width : array (nucleus,)
        Scale of the Student-t that would be as wide as the mixture, MeV.
    """
    covariance = average.field.covariance(Z, N)
    covariance *= average.factor**2
    missing = np.sqrt(np.maximum(width**2 - np.diag(covariance), 0))
    for start in range(0, len(Z), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        apart = (Z[some, None] - Z) ** 2 + (N[some, None] - N) ** 2
        covariance[some] += missing[some, None] * missing * np.exp(-0.5 * apart / _TREND**2)
    sd = np.sqrt(np.diag(covariance))
    covariance /= sd[:, None]
    covariance /= sd
    # Transposed, it is in the order that spares a copy.
    return draw_normal(0.0, covariance.T, count, rng, jitter=_JITTER)
