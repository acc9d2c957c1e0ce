"""The arrays that the noise settings and the training data make together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from bmm.arrays import FloatArray
from bmm.mixing.settings import Noise

__all__ = [
    "REFERENCE_A",
    "SIGMA_UNIT",
    "added_variance",
    "likelihood_data",
    "log_mass_ratio",
]

REFERENCE_A = 100
"""Mass number at which sigma_k is quoted."""

SIGMA_UNIT = 0.1
"""MeV of total energy at A = 100 for sigma_k = 1 keV per nucleon."""


def log_mass_ratio(A: npt.ArrayLike) -> FloatArray:
    """log(A / 100); same shape as A.

    Examples
    --------
    >>> from bmm.mixing.noise import log_mass_ratio
    >>> log_mass_ratio([100, 200]).round(3)
    array([0.   , 0.693])
    """
    return np.log(np.asarray(A, dtype=np.float64) / REFERENCE_A)


def added_variance(problem: xr.Dataset, noise: Noise) -> FloatArray:
    """Variance known beforehand: measurement's plus model's own, array (nucleus, theory), MeV^2.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.mixing.noise import added_variance
    >>> from bmm.mixing.settings import Noise
    >>> from bmm.mixing.training_data import training_problem
    >>> problem = training_problem(measured, theory)
    >>> stated = added_variance(problem, Noise())
    >>> stated.shape == problem["theory_mass_excess"].shape, bool((stated > 0).all())
    (True, True)
    >>> added_variance(problem, Noise(measurement=False)).any()
    np.False_
    """
    if not noise.measurement:
        return np.zeros(problem["theory_mass_excess"].shape)
    measurement = problem["mass_excess_uncertainty"].to_numpy() ** 2
    stated = np.nan_to_num(problem["theory_mass_excess_sd"].to_numpy()) ** 2
    return np.asarray(measurement[:, None] + stated)


def likelihood_data(problem: xr.Dataset, noise: Noise) -> tuple[FloatArray, ...]:
    """Collect mass, theory, variance and log_A; see `bmm.mixing.density.local_mixture`.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.mixing.noise import likelihood_data
    >>> from bmm.mixing.settings import Noise
    >>> from bmm.mixing.training_data import training_problem
    >>> mass, models, variance, log_A = likelihood_data(training_problem(measured, theory), Noise())
    >>> models.shape == variance.shape == (2, mass.size)
    True
    """
    theory = problem["theory_mass_excess"].transpose("theory", "nucleus").to_numpy()
    return (
        problem["mass_excess"].to_numpy(),
        np.where(np.isnan(theory), np.inf, theory),  # PyMC takes no NaN for data
        np.ascontiguousarray(added_variance(problem, noise).T),
        log_mass_ratio(problem["A"].to_numpy()),
    )
