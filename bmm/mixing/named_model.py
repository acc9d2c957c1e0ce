"""The mixture in named variables, written with PyMC and PyTensor alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bmm.gp.basis import Axis
from bmm.mixing.form import form_of
from bmm.mixing.noise import SIGMA_UNIT, added_variance, log_mass_ratio
from bmm.mixing.priors import BY_THEORY, has_field, hyperparameters
from bmm.mixing.settings import Mixing

__all__ = ["NOTHING", "Terms", "named_model", "observe"]

NOTHING = -1e30
"""In place of minus infinity, whose derivatives would be undefined."""


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
        return pt.special.log_softmax(pt.where(self.covers, self.log_alpha, NOTHING), axis=1)

    @property
    def weight(self) -> Any:
        """Mean weights alpha_k / alpha_0 (n, K)."""
        return pt.exp(self.log_weight)


def named_model(
    problem: xr.Dataset,
    axis_Z: Axis,
    axis_N: Axis,
    settings: Mixing,
    *,
    likelihood: Callable[[Terms], Any] | None = None,
) -> pm.Model:
    """Write the model of a training problem; see `bmm.pymc_model`.

    Parameters
    ----------
    problem : Dataset
        See `bmm.mixing.training_data.training_problem`.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    settings, likelihood
        See `bmm.pymc_model`.

    Examples
    --------
    With `measured`, `theory` and `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.fit import checked_problem
    >>> from bmm.mixing.named_model import named_model
    >>> problem, box = checked_problem(measured, theory, theory, settings)
    >>> model = named_model(problem, *box, settings)
    >>> sorted(variable.name for variable in model.free_RVs)
    ['beta', 'eta', 'mu', 'rho_N', 'rho_Z', 'sigma']
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
            for name, prior in hyperparameters(settings).items()
        }
        field = _fields(problem, box, variables) * has_field(models, settings)
        (likelihood or form_of(settings).observe)(_terms(problem, settings, variables, field))
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


def observe(terms: Terms, location: Any, squared: Any) -> None:
    """Observe each mass about a location, with the noise of the settings, normal or Student-t.

    Parameters
    ----------
    terms : Terms
        The masses, and the degrees of freedom.
    location, squared : TensorVariable (n,)
        Location in MeV, and squared scale in MeV^2.
    """
    scale = pt.sqrt(squared)
    given = {"mu": location, "sigma": scale, "observed": terms.mass, "dims": "nucleus"}
    if terms.nu is None:
        pm.Normal("mass_excess", **given)
    else:
        pm.StudentT("mass_excess", nu=terms.nu, **given)
