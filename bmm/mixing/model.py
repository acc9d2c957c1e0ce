"""The PyMC model of the local mixture.

The free variables are chosen for the sampler: xi, an orthogonal rotation of the coefficients beta,
and the level of each field, its mean over the fitted nuclei, in place of mu (see
`bmm.mixing.lattice`).  As the beta are independent standard normals, so are the xi; and a level
differs from mu_k by what does not depend on it, so that its density is the prior of mu_k there.
Neither choice changes the distribution of any quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from scipy.linalg import helmert

from bmm.arrays import FloatArray
from bmm.errors import ConfigError
from bmm.gp.basis import Axis, ChainBasis
from bmm.mixing.form import CompiledLikelihood, form_of
from bmm.mixing.priors import distribution, has_field, hyperparameters
from bmm.mixing.settings import Basis, Mixing, Prior

__all__ = [
    "COORDINATES",
    "DERIVED",
    "Parts",
    "axes",
    "build_model",
    "model_data",
    "name_variables",
    "prior_distribution",
]

COORDINATES = ("xi", "level")
"""Free variables that only stand for others."""

DERIVED = ("mu", "beta")
"""What they stand for; see `name_variables`."""


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

    Examples
    --------
    >>> from bmm.mixing.model import axes
    >>> from bmm.mixing.settings import Basis, Mixing
    >>> along_Z, along_N = axes([40, 50], [50, 80], Mixing(basis=Basis(m_Z=4)))
    >>> along_Z.m, along_N.m > 4
    (4, True)
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
            kernel=kernel,
        )
        for name, values, prior, c, m, kernel in (
            ("Z", chart_Z, settings.priors.rho_Z, basis.c_Z, basis.m_Z, settings.kernel.Z),
            ("N", chart_N, settings.priors.rho_N, basis.c_N, basis.m_N, settings.kernel.N),
        )
    ]
    return made[0], made[1]


def length_scales(prior: Prior, basis: Basis) -> tuple[float, float]:
    """Shortest and longest length scale to resolve: quantiles of the prior, nucleons."""
    shortest, longest = (float(each) for each in distribution(prior).ppf(basis.resolve))
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
        Training nuclei and theory; see `bmm.mixing.training_data.training_problem`.
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
        functions of the free variables level and xi.  The likelihood is the potential
        log_likelihood, log(1/MeV).  What `model_data` names can be replaced.

    Examples
    --------
    With `measured`, `theory` and `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.fit import checked_problem
    >>> from bmm.mixing.model import build_model
    >>> problem, box = checked_problem(measured, theory, theory, settings)
    >>> model = build_model(problem, *box, settings)
    >>> sorted(variable.name for variable in model.free_RVs)
    ['eta', 'level', 'rho_N', 'rho_Z', 'sigma', 'xi']
    """
    models = [str(name) for name in problem["theory"].to_numpy()]
    coords = {
        "theory": models,
        "coefficient": np.arange(len(models) * axis_Z.m * axis_N.m),
        "basis_Z": _numbered(axis_Z),
        "basis_N": _numbered(axis_N),
    }
    with pm.Model(coords=coords) as model:
        packed = pm.Data("packed", model_data(problem, axis_Z, axis_N, settings)["packed"])
        parts = Parts(settings, axis_Z, axis_N, models, packed, sigma_below)
        value, beta = _compiled_form(settings).log_likelihood(parts)
        pm.Potential("log_likelihood", np.float64(settings.temper) * value)
        pm.Deterministic("beta", beta, dims=("theory", "basis_Z", "basis_N"))
    return model


@dataclass(frozen=True)
class Parts:
    """What the variables of a form are made from, within a PyMC model.

    Parameters
    ----------
    settings : Mixing
        Priors and noise.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    models : list of str
        The theory models.
    packed : TensorVariable
        The data of the form.
    sigma_below : float or None
        Where the prior of every sigma_k is cut off, keV per nucleon at A = 100.
    """

    settings: Mixing
    axis_Z: Axis
    axis_N: Axis
    models: list[str]
    packed: Any
    sigma_below: float | None

    def variable(self, name: str, *, dims: str | None = None) -> Any:
        """Add a hyperparameter with its prior."""
        prior = hyperparameters(self.settings)[name]
        return getattr(pm, prior.distribution)(name, **_parameters(prior), dims=dims)

    def sigma(self) -> Any:
        """Add the spreads (theory,)."""
        if self.sigma_below is None:
            return self.variable("sigma", dims="theory")
        whole = prior_distribution(self.settings.priors.sigma)
        below = np.float64(self.sigma_below)
        return pm.Truncated("sigma", whole, lower=0, upper=below, dims="theory")

    def fields(self) -> tuple[Any, Any, Any, Any]:
        """Coordinates of the fields, their amplitudes, and roots of the spectral densities."""
        eta = self.variable("eta", dims="theory")
        rho_Z, rho_N = self.variable("rho_Z"), self.variable("rho_N")
        # A vector, like what the sampler moves: reshaping it would be compiled, both ways.
        xi = pm.Normal("xi", 0.0, 1.0, dims="coefficient")
        return (
            xi,
            pt.sqrt(eta) * has_field(self.models, self.settings),
            self.axis_Z.root_spectral_density(rho_Z, pt),
            self.axis_N.root_spectral_density(rho_N, pt),
        )

    @property
    def rotation(self) -> FloatArray:
        """Orthogonal matrix (theory, theory) from coordinates to coefficients."""
        return _rotation(self.models, self.settings)


def model_data(problem: xr.Dataset, axis_Z: Axis, axis_N: Axis, settings: Mixing) -> dict[str, Any]:
    """Everything about the training nuclei that the model holds, by name.

    Parameters
    ----------
    problem : Dataset
        Training nuclei and theory; see `bmm.mixing.training_data.training_problem`.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    settings : Mixing
        Form of the likelihood, and noise.

    Examples
    --------
    With `measured`, `theory` and `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.fit import checked_problem
    >>> from bmm.mixing.model import model_data
    >>> problem, box = checked_problem(measured, theory, theory, settings)
    >>> packed = model_data(problem, *box, settings)["packed"]
    >>> packed[:2].tolist() == [2.0, problem.sizes["nucleus"]]
    True
    """
    lattice = ChainBasis.of(axis_Z, axis_N, problem["Z"].to_numpy(), problem["N"].to_numpy())
    return {"packed": _compiled_form(settings).data(problem, lattice, settings)}


def _compiled_form(settings: Mixing) -> CompiledLikelihood:
    form = form_of(settings)
    if not isinstance(form, CompiledLikelihood):
        raise ConfigError(
            f"the likelihood {settings.likelihood!r} has no compiled gradient: expected "
            "bmm.pymc_model for it"
        )
    return form


def name_variables(
    draws: xr.Dataset, problem: xr.Dataset, axes: tuple[Axis, Axis], settings: Mixing
) -> xr.Dataset:
    """Replace the coordinates of the sampler by what they stand for.

    Parameters
    ----------
    draws : Dataset
        Draws of the free variables (chain, draw, ...).
    problem : Dataset
        The training nuclei.
    axes : tuple of Axis
        Basis along Z and N.
    settings : Mixing
        What was sampled.

    Returns
    -------
    Dataset
        With beta (chain, draw, model, basis_Z, basis_N), in single precision, and mu (chain, draw,
        model) in place of xi and level.
    """
    models = [str(name) for name in draws["theory"].to_numpy()]
    coordinates = draws["xi"].transpose(..., "coefficient").to_numpy()
    coordinates = coordinates.reshape(*coordinates.shape[:2], -1, *(axis.m for axis in axes))
    beta = np.einsum("kl,cdlij->cdkij", _rotation(models, settings), coordinates, optimize=True)
    mean = ChainBasis.of(*axes, problem["Z"].to_numpy(), problem["N"].to_numpy()).mean
    roots = [
        axis.root_spectral_density(draws[f"rho_{axis.name}"].to_numpy()[..., None]) for axis in axes
    ]
    amplitude = np.sqrt(draws["eta"].transpose(..., "theory").to_numpy())
    excess = (
        amplitude
        * has_field(models, settings)
        * np.einsum("cdkij,cdi,cdj,ij->cdk", beta, *roots, mean, optimize=True)
    )
    over = ("chain", "draw")
    named = draws.drop_vars([*COORDINATES, "coefficient"], errors="ignore").assign(
        beta=((*over, "theory", "basis_Z", "basis_N"), beta.astype(np.float32)),
    )
    if "level" in draws:
        level = draws["level"].transpose(..., "theory").to_numpy()
        named["mu"] = (*over, "theory"), level - excess
    return named.assign_coords({f"basis_{axis.name}": _numbered(axis) for axis in axes})


def _numbered(axis: Axis) -> npt.NDArray[np.int64]:
    return np.arange(1, axis.m + 1)


def _rotation(models: Sequence[str], settings: Mixing) -> npt.NDArray[np.float64]:
    """Orthogonal (K, K): the first column, which shifts all fields alike, is constant.

    With a reference model no such shift is left, and each field has its own coordinates.
    """
    K = len(models)
    if settings.reference is not None:
        return np.eye(K)
    return np.ascontiguousarray(helmert(K, full=True).T)


def prior_distribution(prior: Prior) -> Any:
    """Distribution of a prior in PyMC.

    Examples
    --------
    >>> from bmm.mixing.model import prior_distribution
    >>> from bmm.mixing.settings import Prior
    >>> exponential = prior_distribution(Prior(distribution="Exponential", parameters={"lam": 2.0}))
    >>> exponential.owner.op.name
    'exponential'
    """
    return getattr(pm, prior.distribution).dist(**_parameters(prior))


def _parameters(prior: Prior) -> dict[str, Any]:
    # As float64: PyTensor computes with a plain 10.0 in single precision.
    return {name: np.float64(value) for name, value in prior.parameters.items()}
