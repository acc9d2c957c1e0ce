"""Forecasts by finite mixtures of normals or Student-t's, as nearly every method makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from bmm.distributions import StudentTMixture
from bmm.errors import DataError

__all__ = ["DRAWS", "MixtureForecast", "labelled_draws"]

DRAWS = 4000
"""Predictive draws of every forecast."""


@dataclass(frozen=True)
class MixtureForecast:
    """A mixture for each nucleus; each is drawn by itself.

    Parameters
    ----------
    theory : Dataset
        Names the nuclei: coordinates nucleus, Z and N.
    distribution : StudentTMixture
        Of their mass excess, MeV.  A nucleus without a component has no forecast.
    seed : int
        Of the draws.

    Raises
    ------
    DataError
        If there are not as many distributions as nuclei.

    Examples
    --------
    >>> coords = {"nucleus": ["Sn-132"], "Z": ("nucleus", [50]), "N": ("nucleus", [82])}
    >>> distribution = StudentTMixture([[-76.5]], 0.2)
    >>> MixtureForecast(xr.Dataset(coords=coords), distribution, seed=1).draws.shape
    (4000, 1)
    """

    theory: xr.Dataset
    distribution: StudentTMixture
    seed: int

    def __post_init__(self) -> None:
        """Refuse distributions that are not of these nuclei."""
        expected = self.theory.sizes["nucleus"]
        if len(self.distribution) != expected:
            raise DataError(
                f"expected distributions of {expected} nuclei, not of {len(self.distribution)}"
            )

    @cached_property
    def draws(self) -> xr.DataArray:
        """Draws (draw, nucleus), MeV."""
        rng = np.random.default_rng(self.seed)
        return labelled_draws(self.distribution.sample(DRAWS, rng), self.theory)


def labelled_draws(draws: np.ndarray, nuclei: xr.Dataset) -> xr.DataArray:
    """Label draws (draw, nucleus) of the mass excess, MeV, by their nuclei.

    Parameters
    ----------
    draws : array (draw, nucleus)
        MeV.
    nuclei : Dataset
        With coordinates nucleus, Z and N.

    Examples
    --------
    With `theory` of the example of `bmm.fit`:

    >>> import numpy as np
    >>> from bmm.methods.mixture_forecast import labelled_draws
    >>> drawn = labelled_draws(np.zeros((5, theory.sizes["nucleus"])), theory)
    >>> drawn.dims, drawn.attrs["units"]
    (('draw', 'nucleus'), 'MeV')
    """
    return xr.DataArray(
        draws,
        dims=("draw", "nucleus"),
        coords={name: nuclei[name].variable for name in ("nucleus", "Z", "N")},
        name="mass_excess",
        attrs={"units": "MeV"},
    )
