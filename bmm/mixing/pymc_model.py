"""The mixture as a PyMC model of named variables, to be changed and sampled by anything.

`bmm.fit` samples a model of the same posterior in other coordinates, whose likelihood and gradient
are compiled by hand (`bmm.mixing.model`).  This one is written with PyMC and PyTensor alone: its
variables are those of the papers, mass_excess is an observed variable, and derivatives are
automatic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bmm.errors import ConfigError
from bmm.gp.basis import Axis
from bmm.mixing.dirichlet import log_concentration
from bmm.mixing.fit import checked_problem
from bmm.mixing.likelihood import SIGMA_UNIT
from bmm.mixing.noise import added_variance, log_mass_ratio
from bmm.mixing.priors import BY_THEORY, has_field, hyperparameters
from bmm.mixing.settings import Mixing

__all__ = ["FORMS", "Terms", "named_model", "pymc_model"]

# In place of minus infinity, whose derivatives would be undefined.
_NOTHING = -1e30


@dataclass(frozen=True)
class Terms:
    """What a likelihood is made of; n nuclei, K theory models.

    Parameters
    ----------
    log_alpha : TensorVariable (n, K)
        Fields mu_k + f_k at the nuclei; in the Dirichlet form, f_k.
    mass, uncertainty : array (n,)
        Measured mass excess and its uncertainty, MeV.
    theory, theory_sd : array (n, K)
        Mass excess of the models, and the spread that they state, MeV; zero where a model does not
        cover a nucleus.
    covers : bool array (n, K)
        Whether it does.
    scale : TensorVariable (n, K) or None
        Spread of the deviations from each model: sigma_k with its growth with A, and what is known
        beforehand, in quadrature, MeV; None in the Dirichlet form.
    nu : TensorVariable, float or None
        Degrees of freedom; None for normal noise.
    support : array (n,) or None
        Share of measured neighbours, where the theory has it.
    variables : dict of str to TensorVariable
        The hyperparameters by name.
    """

    log_alpha: Any
    mass: np.ndarray
    uncertainty: np.ndarray
    theory: np.ndarray
    theory_sd: np.ndarray
    covers: np.ndarray
    scale: Any
    nu: Any
    support: np.ndarray | None
    variables: dict[str, Any]

    @property
    def log_weight(self) -> Any:
        """Logarithm of the mean weights (n, K): log softmax of the fields of models that cover."""
        return pt.special.log_softmax(pt.where(self.covers, self.log_alpha, _NOTHING), axis=1)

    @property
    def weight(self) -> Any:
        """Mean weights alpha_k / alpha_0 (n, K)."""
        return pt.exp(self.log_weight)


def pymc_model(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    chart: xr.Dataset | None = None,
    settings: Mixing | None = None,
    *,
    likelihood: Callable[[Terms], Any] | None = None,
) -> pm.Model:
    """Write the mixture as a PyMC model of named variables.

    Parameters
    ----------
    measured, theory, settings
        See `bmm.fit`.
    chart : Dataset, optional
        Sets the box of the basis, as for `bmm.fit`; by default, the theory.
    likelihood : callable, optional
        Takes `Terms` within the model and adds the observed variable mass_excess, of dims
        nucleus; by default, the form of the settings (`FORMS`).

    Returns
    -------
    pymc.Model
        Free variables sigma, mu, eta (theory), rho_Z, rho_N, beta (theory, basis_Z, basis_N) and
        what else is learned (`bmm.Mixing`); observed variable mass_excess (nucleus), MeV.  The
        posterior is that of `bmm.fit`, so that `bmm.fitted_tree` makes a tree of its draws.

    Raises
    ------
    ConfigError
        If the likelihood of the settings is tempered.
    DataError
        As `bmm.fit`.

    Examples
    --------
    Another distribution of the deviations, sampled by PyMC::

        def laplace(terms):
            each = pm.Laplace.dist(mu=terms.theory, b=terms.scale)
            pm.Mixture("mass_excess", w=terms.weight, comp_dists=each,
                       observed=terms.mass, dims="nucleus")

        with bmm.pymc_model(measured, theory, chart, likelihood=laplace):
            draws = pm.sample()
    """
    settings = settings or Mixing()
    if settings.temper != 1:
        raise ConfigError("a PyMC model has no power of its likelihood: expected temper = 1")
    problem, box = checked_problem(measured, theory, theory if chart is None else chart, settings)
    return named_model(problem, *box, settings, likelihood=likelihood)


def named_model(
    problem: xr.Dataset,
    axis_Z: Axis,
    axis_N: Axis,
    settings: Mixing,
    *,
    likelihood: Callable[[Terms], Any] | None = None,
) -> pm.Model:
    """Write the model of a training problem; see `pymc_model`.

    Parameters
    ----------
    problem : Dataset
        See `bmm.mixing.training_data.training_problem`.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    settings, likelihood
        See `pymc_model`.
    """
    box = axis_Z, axis_N
    models = [str(name) for name in problem["theory"].to_numpy()]
    coords = {
        "theory": models,
        "nucleus": problem["nucleus"].to_numpy(),
        **{f"basis_{axis.name}": np.arange(1, axis.m + 1) for axis in box},
    }
    with pm.Model(coords=coords) as model:
        variables = {
            name: getattr(pm, prior.distribution)(
                name,
                **{key: np.float64(value) for key, value in prior.parameters.items()},
                dims="theory" if name in BY_THEORY else None,
            )
            for name in hyperparameters(settings)
            for prior in [getattr(settings.priors, name)]
        }
        field = _fields(problem, box, variables) * has_field(models, settings)
        (likelihood or FORMS[settings.likelihood])(_terms(problem, settings, variables, field))
    return model


def _fields(problem: xr.Dataset, box: tuple[Axis, Axis], variables: dict[str, Any]) -> Any:
    """Fields at the nuclei (nucleus, theory), by way of the lattice of their Z and N."""
    beta = pm.Normal("beta", 0.0, 1.0, dims=("theory", "basis_Z", "basis_N"))
    (along_Z, row), (along_N, column) = (
        (axis.functions(values), place)
        for axis in box
        for values, place in [np.unique(problem[axis.name].to_numpy(), return_inverse=True)]
    )
    root_Z, root_N = (axis.root_spectral_density(variables[f"rho_{axis.name}"], pt) for axis in box)
    size = pt.sqrt(variables["eta"])[:, None, None] * root_Z[:, None] * root_N
    lattice = pt.matmul(pt.matmul(along_Z, beta * size), along_N.T)
    field = lattice[:, row, column].T
    return field + variables["mu"] if "mu" in variables else field


def _terms(problem: xr.Dataset, settings: Mixing, variables: dict[str, Any], field: Any) -> Terms:
    theory = problem["theory_mass_excess"].to_numpy()
    noise = settings.noise
    scale = None
    if "sigma" in variables:
        power = variables.get("A_power", noise.A_power)
        growth = pt.exp(power * log_mass_ratio(problem["A"].to_numpy()))[:, None]
        own = SIGMA_UNIT * growth * variables["sigma"]
        scale = pt.sqrt(own**2 + added_variance(problem, noise))
    return Terms(
        log_alpha=field,
        mass=problem["mass_excess"].to_numpy(),
        uncertainty=problem["mass_excess_uncertainty"].to_numpy(),
        theory=np.nan_to_num(theory),
        theory_sd=np.nan_to_num(problem["theory_mass_excess_sd"].to_numpy()),
        covers=np.isfinite(theory),
        scale=scale,
        nu=None if noise.family == "normal" else variables.get("nu", noise.nu),
        support=problem["support"].to_numpy() if "support" in problem else None,
        variables=variables,
    )


def density(terms: Terms) -> None:
    """Each mass is that of one model: see `bmm.mixing.likelihood`."""
    nu = np.inf if terms.nu is None else terms.nu
    pm.CustomDist(
        "mass_excess",
        terms.log_weight,
        terms.theory,
        terms.scale,
        pt.as_tensor(np.float64(nu) if isinstance(nu, float | int) else nu),
        logp=_normal_mixture if terms.nu is None else _student_t_mixture,
        random=_draw_mixture,
        signature="(k),(k),(k),()->()",
        observed=terms.mass,
        dims="nucleus",
    )


def linear(terms: Terms) -> None:
    """Each mass is an average of the models: see `bmm.mixing.linear`."""
    weight = terms.weight
    location = (weight * terms.theory).sum(axis=1)
    apart = (weight * (terms.theory - location[:, None]) ** 2).sum(axis=1)
    alpha_0 = pt.exp(pt.logsumexp(pt.where(terms.covers, terms.log_alpha, _NOTHING), axis=1))
    squared = (weight * terms.scale**2).sum(axis=1) + apart / (1 + alpha_0)
    _observe(terms, location, squared)


def dirichlet(terms: Terms) -> None:
    """Make an average among the data, a choice beyond them: see `bmm.mixing.dirichlet`."""
    u = np.asarray(terms.support, dtype=np.float64)
    rho = terms.variables["correlation"]
    squared = np.where(terms.covers, terms.theory_sd, 1.0) ** 2
    log_a = pt.where(terms.covers, u[:, None] * terms.log_alpha - np.log(squared), _NOTHING)
    a = pt.special.softmax(log_a, axis=1)
    single = 1 / (1 + pt.exp(log_concentration(terms.variables["log_alpha_0"], u)))
    location = (a * terms.theory).sum(axis=1)
    apart = (a * (terms.theory - location[:, None]) ** 2).sum(axis=1)
    alike = single + (1 - single) * (a**2).sum(axis=1)
    own = (rho + (1 - rho) * alike) * (a * squared).sum(axis=1)
    _observe(terms, location, own + single * apart + terms.uncertainty**2)


FORMS: dict[str, Callable[[Terms], None]] = {
    "density": density,
    "linear": linear,
    "dirichlet": dirichlet,
}
"""The likelihoods of `bmm.Mixing`, by name."""


def _observe(terms: Terms, location: Any, squared: Any) -> None:
    scale = pt.sqrt(squared)
    given = {"mu": location, "sigma": scale, "observed": terms.mass, "dims": "nucleus"}
    if terms.nu is None:
        pm.Normal("mass_excess", **given)
    else:
        pm.StudentT("mass_excess", nu=terms.nu, **given)


def _student_t_mixture(value: Any, log_weight: Any, centre: Any, scale: Any, nu: Any) -> Any:
    each = pm.StudentT.dist(nu=nu[..., None], mu=centre, sigma=scale)
    return pt.logsumexp(log_weight + pm.logp(each, value[..., None]), axis=-1)


def _normal_mixture(value: Any, log_weight: Any, centre: Any, scale: Any, nu: Any) -> Any:
    each = pm.Normal.dist(mu=centre, sigma=scale)
    return pt.logsumexp(log_weight + pm.logp(each, value[..., None]), axis=-1)


def _draw_mixture(
    log_weight: Any, centre: Any, scale: Any, nu: Any, rng: Any = None, size: Any = None
) -> Any:
    log_weight, centre, scale = np.broadcast_arrays(log_weight, centre, scale)
    chosen = np.argmax(log_weight + rng.gumbel(size=log_weight.shape), axis=-1)[..., None]
    middle, spread = (np.take_along_axis(x, chosen, axis=-1)[..., 0] for x in (centre, scale))
    nu = np.broadcast_to(nu, middle.shape)
    deviation = rng.standard_normal(middle.shape)
    finite = np.isfinite(nu)
    some = np.where(finite, nu, 1.0)
    deviation *= np.where(finite, np.sqrt(0.5 * some / rng.standard_gamma(0.5 * some)), 1.0)
    return middle + spread * deviation
