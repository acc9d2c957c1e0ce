"""The PyMC model of the local mixture.

The free variables are chosen for the sampler: xi, an orthogonal rotation of the coefficients beta,
and the level of each field, its mean over the fitted nuclei, around which the prior of mu_k is
moved (see `bmm.mixing.lattice`).  As the beta are independent standard normals, so are the xi, and
neither choice changes the distribution of any quantity.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from scipy.linalg import helmert

from bmm.mixing.basis import Axis
from bmm.mixing.lattice import Lattice, LatticeField
from bmm.mixing.likelihood import LocalMixture
from bmm.mixing.noise import likelihood_data
from bmm.mixing.settings import Basis, Mixing, Noise, Prior

__all__ = [
    "COORDINATES",
    "HYPERPARAMETERS",
    "axes",
    "build_model",
    "hyperparameters",
    "model_data",
]

HYPERPARAMETERS = ("sigma", "mu", "eta", "rho_Z", "rho_N", "nu", "A_power")
"""Names of all hyperparameters; the last two exist only where they are learned."""

COORDINATES = ("xi", "level")
"""Free variables that only stand for others, and need not be kept."""


def hyperparameters(noise: Noise) -> list[str]:
    """Names of the hyperparameters that are sampled with this noise."""
    fixed = {
        name
        for name, value in (("nu", noise.nu), ("A_power", noise.A_power))
        if value != "learn" or (name == "nu" and noise.family == "normal")
    }
    return [name for name in HYPERPARAMETERS if name not in fixed]


def axes(chart_Z: Any, chart_N: Any, settings: Mixing) -> tuple[Axis, Axis]:
    """Lay the basis around the prediction chart.

    Parameters
    ----------
    chart_Z, chart_N : array of int
        Proton and neutron numbers of all nuclei that will be fitted or predicted.
    settings : Mixing
        Length-scale priors and basis settings.

    Returns
    -------
    tuple of Axis
        Axes Z and N, by the published rule unless the settings say otherwise.
    """
    basis = settings.basis
    made = [
        Axis.by_rule(
            name,
            int(np.min(values)),
            int(np.max(values)),
            length_scales(prior, basis),
            c=c,
            m=m,
        )
        for name, values, prior, c, m in (
            ("Z", chart_Z, settings.priors.rho_Z, basis.c_Z, basis.m_Z),
            ("N", chart_N, settings.priors.rho_N, basis.c_N, basis.m_N),
        )
    ]
    return made[0], made[1]


def length_scales(prior: Prior, basis: Basis) -> tuple[float, float]:
    """Shortest and longest length scale to resolve: quantiles of the prior, nucleons."""
    distribution = getattr(pm, prior.distribution).dist(**prior.parameters)
    shortest, longest = (float(pm.icdf(distribution, q).eval()) for q in basis.resolve)
    return shortest, longest


def build_model(
    problem: xr.Dataset,
    axis_Z: Axis,
    axis_N: Axis,
    settings: Mixing,
    *,
    sigma_below: float | None = None,
) -> pm.Model:
    """Write the mixture as a PyMC model.

    Parameters
    ----------
    problem : Dataset
        Training nuclei and theory; see `bmm.mixing.problem.training_problem`.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    settings : Mixing
        Priors and noise.
    sigma_below : float, optional
        Cut the prior of every sigma_k off there, keV per nucleon at A = 100.

    Returns
    -------
    pymc.Model
        Hyperparameters sigma, mu, eta (model), rho_Z, rho_N and, where learned, nu and A_power;
        coefficients beta (model, basis_Z, basis_N).  Of these mu and beta are deterministic
        functions of the free variables level and xi.  The observed variable is mass_excess
        (nucleus), MeV.  Everything that `model_data` names can be replaced.
    """
    priors, noise = settings.priors, settings.noise
    models = problem["model"].to_numpy()
    coords = {
        "model": models,
        "basis_Z": np.arange(1, axis_Z.m + 1),
        "basis_N": np.arange(1, axis_N.m + 1),
    }
    with pm.Model(coords=coords) as model:
        data = {
            name: pm.Data(name, value)
            for name, value in model_data(problem, axis_Z, axis_N, noise).items()
        }
        if sigma_below is None:
            sigma = _variable("sigma", priors.sigma, dims="model")
        else:
            whole = getattr(pm, priors.sigma.distribution).dist(**_parameters(priors.sigma))
            below = np.float64(sigma_below)
            sigma = pm.Truncated("sigma", whole, lower=0, upper=below, dims="model")
        eta = _variable("eta", priors.eta, dims="model")
        rho_Z = _variable("rho_Z", priors.rho_Z)
        rho_N = _variable("rho_N", priors.rho_N)
        learned = hyperparameters(noise)
        nu: Any = np.inf if noise.family == "normal" else noise.nu
        if "nu" in learned:
            nu = _variable("nu", priors.nu)
        power: Any = noise.A_power
        if "A_power" in learned:
            power = _variable("A_power", priors.A_power)
        field = _field(len(models), (axis_Z, axis_N), eta, (rho_Z, rho_N), priors.mu, data)

        def log_density(value: Any, field: Any, sigma: Any, nu: Any, power: Any) -> Any:
            constants = (data[name] for name in ("theory", "variance", "log_A"))
            return LocalMixture()(field, sigma, nu, power, value, *constants)[0]

        pm.CustomDist(
            "mass_excess",
            field,
            sigma,
            pt.as_tensor(nu, dtype="float64"),
            pt.as_tensor(power, dtype="float64"),
            logp=log_density,
            signature="(k,n),(k),(),()->(n)",
            observed=data["mass"],
        )
    return model


def model_data(problem: xr.Dataset, axis_Z: Axis, axis_N: Axis, noise: Noise) -> dict[str, Any]:
    """Everything about the training nuclei that the model holds, by name.

    Parameters
    ----------
    problem : Dataset
        Training nuclei and theory; see `bmm.mixing.problem.training_problem`.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    noise : Noise
        Noise settings.
    """
    lattice = Lattice.of(axis_Z, axis_N, problem["Z"].to_numpy(), problem["N"].to_numpy())
    return vars(lattice) | likelihood_data(problem, noise)


def _field(
    K: int, axes: tuple[Axis, Axis], eta: Any, rho: tuple[Any, Any], prior_mu: Prior, data: Any
) -> Any:
    """Declare beta and mu, and return the fields (model, nucleus)."""
    shape = (K, axes[0].m, axes[1].m)
    xi = pm.Normal("xi", 0.0, 1.0, shape=shape)
    roots = [_root_spectral_density(axis.omega, each) for axis, each in zip(axes, rho, strict=True)]
    rotation = helmert(K, full=True).T  # its first column is constant
    lattice = (data["phi_Z"], data["phi_N"], data["first"])
    about_level, excess, beta = LatticeField()(xi, pt.sqrt(eta), *roots, rotation, *lattice)
    pm.Deterministic("beta", beta, dims=("model", "basis_Z", "basis_N"))
    level = _variable("level", prior_mu, shift=excess, dims="model")
    pm.Deterministic("mu", level - excess, dims="model")
    return about_level + level[:, None]


def _variable(name: str, prior: Prior, *, dims: str | None = None, shift: Any = None) -> Any:
    parameters = _parameters(prior)
    if shift is not None:
        parameters["mu"] += shift
    return getattr(pm, prior.distribution)(name, **parameters, dims=dims)


def _parameters(prior: Prior) -> dict[str, Any]:
    # As float64: PyTensor computes with a plain 10.0 in single precision.
    return {name: np.float64(value) for name, value in prior.parameters.items()}


def _root_spectral_density(omega: Any, rho: Any) -> Any:
    scale = pt.sqrt(np.sqrt(2 * np.pi) * rho)
    return scale * pt.exp(-0.25 * (rho * omega) ** 2)
