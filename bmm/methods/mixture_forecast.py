"""Predictive distributions that are finite mixtures of normals or Student-t's.

Nearly every method ends in one: of models, of posterior draws, or of both.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import gammaln

from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = ["DRAWS", "MixtureForecast", "log_kernel", "measured_at"]

FloatArray = npt.NDArray[np.float64]

DRAWS = 4000
"""Predictive draws of every forecast."""

_MeV = {"units": "MeV"}


class MixtureForecast:
    """A mixture of location-scale distributions for each nucleus.

    Parameters
    ----------
    theory : Dataset
        Names the n nuclei: coordinates nucleus, Z and N.
    centre : array (component, n)
        Mass excess, MeV.  NaN, like a weight of zero, takes a component out, and the
        weights of the others are renormalised; a nucleus without any has no forecast.
    scale : array that broadcasts to (component, n)
        MeV.
    log_weight : array that broadcasts to (component, n)
        Logarithms, up to a common constant for each nucleus.
    nu : array that broadcasts to (component, n), default inf
        Degrees of freedom of Student-t components; inf is the normal distribution.
    seed : int
        Of the draws; each nucleus is drawn by itself.
    """

    def __init__(
        self,
        theory: xr.Dataset,
        centre: FloatArray,
        scale: npt.ArrayLike,
        log_weight: npt.ArrayLike = 0.0,
        nu: npt.ArrayLike = np.inf,
        *,
        seed: int,
    ) -> None:
        if centre.ndim != 2 or centre.shape[1] != theory.sizes["nucleus"]:
            raise DataError(
                f"expected centres (component, nucleus) for {theory.sizes['nucleus']} nuclei, "
                f"not of the shape {centre.shape}"
            )
        self._coords = {name: theory[name].variable for name in ("nucleus", "Z", "N")}
        self._nuclei = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
        self._seed = seed
        present = np.isfinite(centre) & (np.asarray(log_weight) > -np.inf)
        self._known = present.any(axis=0)
        self._centre = np.where(present, centre, 0.0)
        self._scale = np.where(present, scale, 1.0)
        self._nu = np.broadcast_to(np.asarray(nu, dtype=np.float64), centre.shape)
        masked = np.where(present, log_weight, -np.inf)
        top = np.where(self._known, masked.max(axis=0), 0.0)
        weight = np.exp(masked - top)
        self._weight = weight / np.where(self._known, weight.sum(axis=0), 1.0)

    @property
    def mean(self) -> xr.DataArray:
        """Exact mean (nucleus), MeV."""
        mean = (self._weight * self._centre).sum(axis=0)
        return self._labelled(("nucleus",), np.where(self._known, mean, np.nan))

    @property
    def median(self) -> xr.DataArray:
        """Median of the draws (nucleus), MeV."""
        return self._labelled(("nucleus",), np.median(self.draws.to_numpy(), axis=0))

    @cached_property
    def draws(self) -> xr.DataArray:
        """Draws (draw, nucleus), MeV."""
        rng = np.random.default_rng(self._seed)
        draws = np.full((DRAWS, len(self._nuclei)), np.nan)
        for i in np.flatnonzero(self._known):
            cumulative = np.cumsum(self._weight[:, i])
            u = rng.random(DRAWS) * cumulative[-1]
            # Rounding must not point beyond the last component.
            chosen = np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1)
            noise = _standard(rng, self._nu[chosen, i])
            draws[:, i] = self._centre[chosen, i] + self._scale[chosen, i] * noise
        return self._labelled(("draw", "nucleus"), draws)

    def log_density(self, measured: pd.DataFrame) -> xr.DataArray:
        """Exact log density of measured masses (nucleus), log(1/MeV).

        Parameters
        ----------
        measured : DataFrame
            Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
        """
        mass, uncertainty = measured_at(self._nuclei, measured)
        scale = np.hypot(self._scale, uncertainty)
        with np.errstate(divide="ignore"):
            joint = np.log(self._weight) + log_kernel(mass - self._centre, scale, self._nu)
        known = self._known & np.isfinite(mass)
        density = np.full(len(known), np.nan)
        density[known] = np.logaddexp.reduce(joint[:, known], axis=0)
        return xr.DataArray(
            density, dims="nucleus", coords=self._coords, attrs={"units": "log(1/MeV)"}
        )

    def _labelled(self, dims: tuple[str, ...], values: FloatArray) -> xr.DataArray:
        return xr.DataArray(
            values, dims=dims, coords=self._coords, name="mass_excess", attrs=dict(_MeV)
        )


def log_kernel(deviation: npt.ArrayLike, scale: FloatArray, nu: FloatArray) -> FloatArray:
    """Log density of normal (nu = inf) or Student-t deviations, log(1/MeV).

    Parameters
    ----------
    deviation, scale, nu : array
        Deviation and scale in MeV, and degrees of freedom; they broadcast.
    """
    z2 = (np.asarray(deviation) / scale) ** 2
    normal = np.isinf(nu)
    if normal.all():
        return np.asarray(-0.5 * (np.log(2 * np.pi) + z2) - np.log(scale))
    finite = np.where(normal, 1.0, nu)
    constant = gammaln((finite + 1) / 2) - gammaln(finite / 2) - 0.5 * np.log(finite * np.pi)
    tails = constant - 0.5 * (finite + 1) * np.log1p(z2 / finite)
    return np.asarray(np.where(normal, -0.5 * (np.log(2 * np.pi) + z2), tails) - np.log(scale))


def measured_at(nuclei: pd.MultiIndex, measured: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Measured mass excess and its uncertainty at some nuclei, MeV; NaN where there is none."""
    found = measured[["mass_excess", "mass_excess_uncertainty"]].reindex(nuclei)
    values = found.to_numpy(dtype=np.float64)
    return values[:, 0], values[:, 1]


def _standard(rng: np.random.Generator, nu: FloatArray) -> FloatArray:
    """Draw standard normal (nu = inf) or Student-t numbers, one for each nu."""
    noise = rng.standard_normal(nu.shape)
    heavy = np.isfinite(nu)
    if heavy.any():
        half = 0.5 * nu[heavy]
        noise[heavy] *= np.sqrt(half / rng.standard_gamma(half))
    return noise
