"""The predictive groups of a tree, as ArviZ names them, and draws from the prior alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import ceil
from typing import Any

import numpy as np
import xarray as xr

from bmm.errors import ConfigError, quoted
from bmm.mixing.draws import Components, Draws, Nuclei
from bmm.mixing.fitted import read_axes, read_problem, read_settings
from bmm.mixing.model import axes
from bmm.mixing.priors import prior_draws
from bmm.mixing.settings import Mixing
from bmm.theory.validation import check_theory

__all__ = ["GROUPS", "add_groups", "sample_prior_predictive"]

GROUPS = ("posterior_predictive", "prior_predictive")
"""Groups that `add_groups` adds."""

_OF_DRAWS = ("posterior", "sample_stats", "log_prior", "log_likelihood", "unconstrained_posterior")


def add_groups(
    tree: xr.DataTree,
    groups: Collection[str] = GROUPS,
    *,
    draws: int | None = 1000,
    seed: int = 0,
) -> xr.DataTree:
    """Add the predictive groups to a fitted tree, thinned.

    ``az.plot_ppc_dist``, ``az.plot_loo_pit`` and ``az.loo_pit`` need them;
    ``az.loo``, ``az.compare``, ``az.psense_summary`` and ``az.plot_prior_posterior`` work on every
    fitted tree.

    Parameters
    ----------
    tree : DataTree
        A fitted mixture; see `bmm.fit`.
    groups : collection of str, default both
        ``"posterior_predictive"``: mass_excess (chain, draw, nucleus), MeV, of repeated
        measurements of the fitted nuclei, with their uncertainties.  ``"prior_predictive"``: the
        same under the prior, and the weights (chain, draw, nucleus, theory).
    draws : int or None, default 1000
        All groups are thinned alike, to at most that many draws of all chains together, and as
        many are drawn of the prior; None keeps all.
    seed : int, default 0
        Of the predictive draws.

    Returns
    -------
    DataTree
        A new tree; the one given stays as it is.

    Raises
    ------
    ConfigError
        If a group has another name.

    Examples
    --------
    With `tree` of the example of `bmm.fit`; `az.plot_ppc_dist` and `az.loo_pit` take the
    result:

    >>> whole = bmm.add_groups(tree, draws=20)
    >>> whole["posterior_predictive"]["mass_excess"].dims
    ('chain', 'draw', 'nucleus')
    >>> whole["prior_predictive"]["weight"].sizes["draw"]
    20
    """
    unknown = [name for name in groups if name not in GROUPS]
    if unknown:
        raise ConfigError(
            f"no group is called {quoted(unknown[0])}: expected some of {', '.join(GROUPS)}"
        )
    settings, box, problem = read_settings(tree), read_axes(tree), read_problem(tree)
    posterior = tree["posterior"].to_dataset()
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    step = 1 if draws is None else ceil(total / draws)
    made: dict[str, xr.Dataset] = {}
    for name, child in tree.children.items():
        group = child.to_dataset()
        made[name] = group.isel(draw=slice(None, None, step)) if name in _OF_DRAWS else group
    rng = np.random.default_rng(seed)
    if "posterior_predictive" in groups:
        thinned = made["posterior"]
        found = _predictive(Draws(thinned, *box, settings), problem, rng)
        made["posterior_predictive"] = found[["mass_excess"]].assign_coords(
            chain=thinned["chain"], draw=thinned["draw"]
        )
    if "prior_predictive" in groups:
        count = total if draws is None else draws
        models = [str(name) for name in problem["theory"].to_numpy()]
        prior = prior_draws(settings, models, box, count, seed)
        made["prior"] = prior.drop_dims(["basis_Z", "basis_N"])
        made["prior_predictive"] = _predictive(Draws(prior, *box, settings), problem, rng)
    added = xr.DataTree.from_dict(made)
    added.attrs = dict(tree.attrs)
    return added


def sample_prior_predictive(
    theory: xr.Dataset,
    settings: Mixing | None = None,
    *,
    draws: int = 500,
    seed: int = 0,
) -> xr.DataTree:
    """Draw weights and masses from the prior, before anything is fitted; nothing is compiled.

    Parameters
    ----------
    theory : Dataset
        Predictions of the models for the nuclei in question, at least two of different Z and of
        different N; see `bmm.predict_all`.
    settings : Mixing, optional
        Priors, noise and form of the mixture.
    draws : int, default 500
        Number of draws.
    seed : int, default 0
        Their seed.

    Returns
    -------
    DataTree
        Groups prior (hyperparameters, and beta) and prior_predictive: weight (chain, draw, nucleus,
        theory), the mean weights, and mass_excess (chain, draw, nucleus), MeV, without measurement.

    Raises
    ------
    DataError
        If the theory cannot be used; see `bmm.theory.validation`.

    Examples
    --------
    How much weight may one model have at a nucleus, before any mass is seen?

    >>> import numpy as np
    >>> import bmm
    >>> from bmm.theory.adapters import prediction
    >>> from bmm.nuclides import nuclide_index
    >>> Z, N = (x.ravel() for x in np.mgrid[48:52, 70:74])
    >>> theory = prediction(nuclide_index(Z, N), ("a", "b"), np.full((16, 2), -80.0), 0.0)
    >>> tree = bmm.sample_prior_predictive(theory, draws=2000)
    >>> weight = tree["prior_predictive"]["weight"].sel(theory="a", nucleus="Sn-122")
    >>> weight.quantile([0.05, 0.5, 0.95]).round(2).to_numpy()
    array([0. , 0.5, 1. ])
    """
    settings = settings or Mixing()
    theory = check_theory(theory)
    box = axes(theory["Z"].to_numpy(), theory["N"].to_numpy(), settings)
    models = [str(name) for name in theory["theory"].to_numpy()]
    prior = prior_draws(settings, models, box, draws, seed)
    drawn, nuclei = Draws(prior, *box, settings), Nuclei.of(theory, settings)
    found = _collect(drawn, drawn.components(nuclei), theory, np.random.default_rng(seed + 1))
    tree = xr.DataTree.from_dict({"prior": prior, "prior_predictive": found})
    tree.attrs["mixing"] = settings.model_dump_json()
    return tree


def _predictive(draws: Draws, problem: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    return _collect(draws, draws.measured_components(problem), problem, rng)


def _collect(
    draws: Draws,
    components: Iterator[Components],
    nuclei: xr.Dataset,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Draw a mass of every nucleus under every draw, and keep the weights."""
    n, K = nuclei.sizes["nucleus"], nuclei.sizes["theory"]
    mass = np.empty((draws.count, n), dtype=np.float32)
    weight = np.empty((draws.count, n, K), dtype=np.float32)
    for each in components:
        mass[each.part] = each.sample(draws.nu[each.part], rng)
        weight[each.part] = each.weight
    over = ("chain", "draw", "nucleus")
    shape = (draws.chains, -1, n)
    coords: dict[str, Any] = {name: nuclei[name] for name in ("nucleus", "theory", "Z", "N")}
    coords |= {"chain": np.arange(draws.chains), "draw": np.arange(draws.count // draws.chains)}
    return xr.Dataset(
        {
            "mass_excess": (over, mass.reshape(shape), {"units": "MeV"}),
            "weight": ((*over, "theory"), weight.reshape(*shape, K)),
        },
        coords=coords
        | {"chain": np.arange(draws.chains), "draw": np.arange(draws.count // draws.chains)},
    )
