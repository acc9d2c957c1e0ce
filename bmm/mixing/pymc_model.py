"""The mixture as a PyMC model of named variables, to be changed and sampled by anything.

`bmm.fit` samples a model of the same posterior in other coordinates, whose likelihood and gradient
are compiled by hand (`bmm.mixing.model`).  This one is written with PyMC and PyTensor alone: its
variables are those of the papers, mass_excess is an observed variable, and derivatives are
automatic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pymc as pm
import xarray as xr

from bmm.errors import ConfigError
from bmm.mixing.fit import checked_problem
from bmm.mixing.named_model import Terms, named_model
from bmm.mixing.settings import Mixing

__all__ = ["pymc_model"]


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
        Takes `bmm.mixing.named_model.Terms` within the model and adds the observed variable
        mass_excess, of dims nucleus; by default, the form of the settings (`bmm.mixing.form`).

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
    With the names of the example of `bmm.fit`; ``pm.sample()`` within the model samples it:

    >>> import pymc as pm
    >>> model = bmm.pymc_model(measured, theory, theory, settings)
    >>> [each.name for each in model.free_RVs], model.observed_RVs[0].name
    (['sigma', 'mu', 'eta', 'rho_Z', 'rho_N', 'beta'], 'mass_excess')
    >>> def laplace(terms):
    ...     each = pm.Laplace.dist(mu=terms.theory, b=terms.scale)
    ...     pm.Mixture(
    ...         "mass_excess", w=terms.weight, comp_dists=each, observed=terms.mass, dims="nucleus"
    ...     )
    >>> model = bmm.pymc_model(measured, theory, theory, settings, likelihood=laplace)
    >>> model.observed_RVs[0].name
    'mass_excess'
    """
    settings = settings or Mixing()
    if settings.temper != 1:
        raise ConfigError("a PyMC model has no power of its likelihood: expected temper = 1")
    problem, box = checked_problem(measured, theory, theory if chart is None else chart, settings)
    return named_model(problem, *box, settings, likelihood=likelihood)
