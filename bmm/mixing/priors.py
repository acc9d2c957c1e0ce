"""The priors of a mixture as distributions: their quantiles, their density, and draws of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from bmm.arrays import FloatArray
from bmm.gp.basis import Axis
from bmm.mixing.form import form_of
from bmm.mixing.settings import Mixing, Prior

__all__ = ["BY_THEORY", "distribution", "has_field", "hyperparameters", "log_prior", "prior_draws"]

BY_THEORY = ("sigma", "mu", "eta")
"""Those of which every model has its own."""


class _Half:
    """A distribution that is symmetric about zero, folded at zero."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def logpdf(self, x: npt.ArrayLike) -> FloatArray:
        return np.asarray(np.where(np.asarray(x) < 0, -np.inf, log(2) + self._whole.logpdf(x)))

    def ppf(self, q: npt.ArrayLike) -> FloatArray:
        return np.asarray(self._whole.ppf(0.5 + 0.5 * np.asarray(q)))

    def rvs(self, size: Any = None, random_state: Any = None) -> FloatArray:
        return np.asarray(np.abs(self._whole.rvs(size=size, random_state=random_state)))


_IN_SCIPY: dict[str, Callable[..., Any]] = {
    "Beta": lambda alpha, beta: stats.beta(alpha, beta),
    "Exponential": lambda lam: stats.expon(scale=1 / lam),
    "Gamma": lambda alpha, beta: stats.gamma(alpha, scale=1 / beta),
    "HalfNormal": lambda sigma: stats.halfnorm(scale=sigma),
    "HalfStudentT": lambda nu, sigma: _Half(stats.t(nu, scale=sigma)),
    "InverseGamma": lambda alpha, beta: stats.invgamma(alpha, scale=beta),
    "LogNormal": lambda mu, sigma: stats.lognorm(sigma, scale=exp(mu)),
    "Weibull": lambda alpha, beta: stats.weibull_min(alpha, scale=beta),
    "Normal": lambda mu, sigma: stats.norm(mu, sigma),
    "StudentT": lambda nu, mu, sigma: stats.t(nu, mu, sigma),
    "Laplace": lambda mu, b: stats.laplace(mu, b),
}


def distribution(prior: Prior) -> Any:
    """Distribution of a prior, with SciPy's methods logpdf, ppf and rvs.

    Examples
    --------
    >>> from bmm.mixing.priors import distribution
    >>> from bmm.mixing.settings import Prior
    >>> gamma = Prior(distribution="Gamma", parameters={"alpha": 10, "beta": 1})
    >>> distribution(gamma).ppf([0.05, 0.95]).round(1)
    array([ 5.4, 15.7])
    """
    return _IN_SCIPY[prior.distribution](**prior.parameters)


def hyperparameters(settings: Mixing) -> dict[str, Prior]:
    """Priors of the hyperparameters that are sampled with these settings, by name.

    Examples
    --------
    >>> from bmm.mixing.priors import hyperparameters
    >>> from bmm.mixing.settings import Mixing
    >>> list(hyperparameters(Mixing()))
    ['sigma', 'mu', 'eta', 'rho_Z', 'rho_N']
    """
    form = form_of(settings)
    return {
        name: form.priors[name] if name in form.priors else getattr(settings.priors, name)
        for name in form.hyperparameters(settings)
    }


def has_field(models: Sequence[str], settings: Mixing) -> FloatArray:
    """Whether each model has a field, 1 or 0, array (theory,): the reference has none.

    Examples
    --------
    >>> from bmm.mixing.priors import has_field
    >>> from bmm.mixing.settings import Mixing
    >>> has_field(["DZ33", "HFB24"], Mixing(reference="HFB24"))
    array([1., 0.])
    """
    return np.array([name != settings.reference for name in models], dtype=np.float64)


def prior_draws(
    settings: Mixing, models: list[str], axes: tuple[Axis, Axis], draws: int, seed: int
) -> xr.Dataset:
    """Draw hyperparameters and fields from their priors.

    Parameters
    ----------
    settings : Mixing
        The priors.
    models : list of str
        Names of the models.
    axes : tuple of Axis
        Basis along Z and N.
    draws, seed : int
        How many, and the seed.

    Returns
    -------
    Dataset
        Dims and variables of the posterior of a fit, with a single chain.

    Examples
    --------
    With `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.model import axes
    >>> from bmm.mixing.priors import prior_draws
    >>> box = axes([46, 52], [60, 90], settings)
    >>> dict(prior_draws(settings, ["FRDM2012", "HFB24"], box, 5, seed=1)["beta"].sizes)
    {'chain': 1, 'draw': 5, 'theory': 2, 'basis_Z': 2, 'basis_N': 3}
    """
    rng = np.random.default_rng(seed)
    over = ("chain", "draw")
    found: dict[str, Any] = {}
    for name, prior in hyperparameters(settings).items():
        dims = (*over, "theory") if name in BY_THEORY else over
        size = (1, draws, len(models)) if name in BY_THEORY else (1, draws)
        drawn = distribution(prior).rvs(size, random_state=rng)
        found[name] = dims, np.asarray(drawn, dtype=np.float64)
    shape = (1, draws, len(models), *(axis.m for axis in axes))
    beta = rng.standard_normal(shape, dtype=np.float32)
    found["beta"] = (*over, "theory", "basis_Z", "basis_N"), beta
    coords: dict[str, Any] = {
        "chain": [0],
        "draw": np.arange(draws),
        "theory": models,
        **{f"basis_{axis.name}": np.arange(1, axis.m + 1) for axis in axes},
    }
    return xr.Dataset(found, coords=coords)


def log_prior(posterior: xr.Dataset, settings: Mixing) -> xr.Dataset:
    """Log prior density of every hyperparameter under every draw, as the group log_prior.

    The coefficients beta are not among them: they stand for the fields, whose priors the
    hyperparameters are.

    Parameters
    ----------
    posterior : Dataset
        With dims chain and draw.
    settings : Mixing
        The priors.

    Examples
    --------
    With `tree` and `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.priors import log_prior
    >>> sorted(log_prior(tree["posterior"].to_dataset(), settings).data_vars)
    ['eta', 'mu', 'rho_N', 'rho_Z', 'sigma']
    """
    densities = {
        name: posterior[name].copy(data=np.asarray(distribution(prior).logpdf(posterior[name])))
        for name, prior in hyperparameters(settings).items()
    }
    return xr.Dataset(densities)
