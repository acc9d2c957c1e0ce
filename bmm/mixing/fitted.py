"""Read what the tree of a fit holds: draws, settings, training masses, convergence."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import xarray as xr

from bmm.gp.basis import Axis
from bmm.mixing.convergence import Convergence, check_convergence
from bmm.mixing.draws import Draws
from bmm.mixing.modes import stacked_posterior
from bmm.mixing.priors import hyperparameters
from bmm.mixing.settings import Mixing
from bmm.nuclides import nuclide_index

__all__ = [
    "convergence_of",
    "fitted_masses",
    "posterior_draws",
    "read_axes",
    "read_problem",
    "read_settings",
    "weighed_posterior",
]


def posterior_draws(tree: xr.DataTree) -> Draws:
    """Draws of a fitted tree; of several modes, each as often as it weighs.

    Examples
    --------
    With `tree` of the example of `bmm.fit`, two chains of 50 draws:

    >>> from bmm.mixing.fitted import posterior_draws
    >>> posterior_draws(tree).sigma.shape
    (100, 2)
    """
    return Draws(weighed_posterior(tree), *read_axes(tree), read_settings(tree))


def weighed_posterior(tree: xr.DataTree) -> xr.Dataset:
    """Posterior (chain, draw) of a fitted tree; of several modes, each as often as it weighs.

    Examples
    --------
    With `tree` of the example of `bmm.fit`, which has one mode:

    >>> from bmm.mixing.fitted import weighed_posterior
    >>> dict(weighed_posterior(tree).sizes)["draw"]
    50
    """
    posterior = tree["posterior"].to_dataset()
    if "modes" in tree.children:
        posterior = stacked_posterior(posterior, tree["modes"].to_dataset())
        posterior = posterior.assign_coords(chain=[0], draw=np.arange(posterior.sizes["draw"]))
    return posterior


def read_axes(tree: xr.DataTree) -> tuple[Axis, Axis]:
    """Read the axes Z and N of the basis a tree was fitted with.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.fitted import read_axes
    >>> [(axis.name, axis.m) for axis in read_axes(tree)]
    [('Z', 2), ('N', 3)]
    """
    Z, N = (Axis(name, *json.loads(tree.attrs[f"axis_{name}"])) for name in ("Z", "N"))
    return Z, N


def read_problem(tree: xr.DataTree) -> xr.Dataset:
    """Read the training problem of a tree; see `bmm.mixing.training_data.training_problem`.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.fitted import read_problem
    >>> read_problem(tree).sizes["nucleus"] == len(measured)
    True
    """
    constant = tree["constant_data"].to_dataset()
    return constant.assign(tree["observed_data"].to_dataset().data_vars)


def read_settings(tree: xr.DataTree) -> Mixing:
    """Read the settings a tree was fitted with.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.fitted import read_settings
    >>> read_settings(tree).basis.m_N
    3
    """
    return Mixing.model_validate_json(tree.attrs["mixing"])


def convergence_of(tree: xr.DataTree) -> Convergence:
    """Verdict on the chains of a fitted tree.

    Examples
    --------
    With `tree` of the example of `bmm.fit`; so few draws are not enough:

    >>> verdict = bmm.convergence_of(tree)
    >>> verdict.converged
    False
    >>> "ess_bulk" in verdict.table
    True
    """
    names = list(hyperparameters(read_settings(tree)))
    return check_convergence(tree, names, partial=bool(tree.attrs["partial"]))


def fitted_masses(tree: xr.DataTree) -> pd.DataFrame:
    """Masses that a tree was fitted to: mass_excess and mass_excess_uncertainty, MeV; (Z, N).

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.fitted import fitted_masses
    >>> fitted_masses(tree).loc[(50, 82), "mass_excess"].round(2)
    np.float64(-76.55)
    """
    known = read_problem(tree)
    columns = {name: known[name].to_numpy() for name in ("mass_excess", "mass_excess_uncertainty")}
    index = nuclide_index(known["Z"].to_numpy(), known["N"].to_numpy())
    return pd.DataFrame(columns, index=index)
