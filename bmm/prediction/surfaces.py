"""Joint draws: whole mass surfaces of corrected models, mixed.

Neighbouring nuclei err together, so a separation energy is far better known than two masses drawn
one by one would say.  A surface is drawn in two steps, and every nucleus keeps the distribution
that it has alone:

* *which model*: with one Gumbel number G_k for each model and surface, a nucleus takes the model
  with the largest log w_k + G_k.  That model has the probability w_k (Gumbel 1954), and neighbours
  with the same weights take the same one.
* *how far off*: with z_k ~ N(0, C_k), where C_k is the correlation of the model's residual field
  given the measured masses, the mass is centre_k + scale_k T[Phi(z_k)], with T the quantile
  function of the Student-t with four degrees of freedom (a Gaussian copula).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import linalg
from scipy.special import ndtr

from bmm.nuclides import nuclide_index
from bmm.theory.correction import CorrectedModel, Correction

__all__ = ["sample_surfaces", "student4_quantile"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Of a correlation matrix: what rounding may take from its least eigenvalue.
_JITTER = 1e-9


def sample_surfaces(
    correction: Correction,
    nuclei: xr.Dataset,
    count: int,
    seed: int,
    *,
    measured: pd.DataFrame | None = None,
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

    Returns
    -------
    DataArray (draw, nucleus)
        Mass excess, MeV; NaN where nothing is measured and no model predicts.
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
        surfaces[:, wanted] = _draw(correction, rows[wanted], count, rng)
    return xr.DataArray(
        surfaces,
        dims=("draw", "nucleus"),
        coords={name: nuclei[name].variable for name in ("nucleus", "Z", "N")},
        name="mass_excess",
        attrs={"units": "MeV"},
    )


def _draw(
    correction: Correction, rows: npt.NDArray[np.intp], count: int, rng: np.random.Generator
) -> FloatArray:
    """Joint draws (count, nucleus) of some nuclei of the theory, MeV."""
    part = correction.theory.isel(nucleus=rows).transpose("model", "nucleus")
    centre, scale = (part[name].to_numpy() for name in ("mass_excess", "mass_excess_sd"))
    covered = np.isfinite(centre)
    gumbel = rng.gumbel(size=(count, len(centre)))
    drawn = np.full((count, len(rows)), np.nan)
    Z, N = part["Z"].to_numpy(), part["N"].to_numpy()
    for k, model in enumerate(correction.models.values()):
        taken = _takes(gumbel, covered, k)
        these, here = taken.any(axis=1), np.flatnonzero(covered[k])
        if not these.any():
            continue
        z = _correlated(model, Z[here], N[here], int(these.sum()), rng)
        masses = centre[k, here] + scale[k, here] * student4_quantile(ndtr(z))
        chosen = np.zeros((len(z), len(rows)))
        chosen[:, here] = masses
        drawn[these] = np.where(taken[these], chosen, drawn[these])
    return drawn


def _takes(gumbel: FloatArray, covered: BoolArray, k: int) -> BoolArray:
    """Whether a nucleus takes model k, array (draw, nucleus): no covering model is above it."""
    taken = np.tile(covered[k], (len(gumbel), 1))
    for other in range(len(covered)):
        taken &= ~((gumbel[:, other] > gumbel[:, k])[:, None] & covered[other])
    return taken


def _correlated(
    model: CorrectedModel,
    Z: npt.NDArray[np.int64],
    N: npt.NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw standard normal numbers (count, nucleus), correlated as the model's field."""
    covariance = model.field.covariance(Z, N)
    sd = np.sqrt(np.diag(covariance))
    covariance /= sd[:, None] * sd
    covariance[np.diag_indices_from(covariance)] += _JITTER
    factor = linalg.cholesky(covariance.T, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(rng.standard_normal((count, len(Z))) @ factor.T)


def student4_quantile(p: FloatArray) -> FloatArray:
    """Quantile function of the Student-t distribution with four degrees of freedom.

    W. T. Shaw, J. Comput. Finance 9(4), 37 (2006): with a = 4 p (1 - p),
    T(p) = sign(p - 1/2) 2 sqrt[cos(arccos(sqrt a) / 3) / sqrt a - 1].

    Parameters
    ----------
    p : array
        Probabilities, strictly between 0 and 1.
    """
    root = np.sqrt(np.maximum(4 * p * (1 - p), np.finfo(np.float64).tiny))
    inner = np.cos(np.arccos(np.minimum(root, 1)) / 3) / root - 1
    return np.asarray(np.sign(p - 0.5) * 2 * np.sqrt(np.maximum(inner, 0)))
