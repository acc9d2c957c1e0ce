"""Fit the local mixture: masses and theory in, one labelled tree out."""

from __future__ import annotations

import json
import logging
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.data import check_measured
from bmm.errors import ConfigError, DataError, quoted
from bmm.gp.basis import Axis
from bmm.mixing.draws import Draws
from bmm.mixing.form import form_of
from bmm.mixing.modes import find_modes
from bmm.mixing.priors import hyperparameters, log_prior, prior_draws
from bmm.mixing.refinement import SampledSets, sample_resolved, with_sizes
from bmm.mixing.settings import Mixing
from bmm.mixing.training_data import refuse_idle, refuse_uncovered, training_problem
from bmm.progress import recording, stage
from bmm.theory.validation import check_agreement, check_same_models, check_theory

__all__ = [
    "PRIOR_DRAWS",
    "checked_problem",
    "checked_settings",
    "derived_groups",
    "fit",
    "fitted_tree",
    "log_likelihood",
]

PRIOR_DRAWS = 1000
"""Draws of the hyperparameters in the group prior."""

logger = logging.getLogger(__name__)


def fit(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    chart: xr.Dataset,
    settings: Mixing | None = None,
    *,
    seed: int = 0,
    store: Path | None = None,
    console: Console | None = None,
) -> xr.DataTree:
    """Sample the local mixture.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), with columns mass_excess and
        mass_excess_uncertainty in MeV.
    theory : Dataset
        Predictions of the models for these nuclei and possibly others; see
        `bmm.theory.adapters.prediction`.
    chart : Dataset
        Their predictions for all nuclei that may be asked for later; its Z and N set the box of the
        basis, and a nucleus that is not in it cannot be predicted.
    settings : Mixing, optional
        Priors, noise, basis and sampler.  Unless they set the size of the basis, it is refined
        where it does not resolve the fitted length scales (see `bmm.mixing.settings.Basis`).
    seed : int, default 0
        The same seed gives the same draws on the same machine.
    store : Path, optional
        Folder into which the chains are streamed while they are sampled, and in which complete
        ones stay (see `bmm.mixing.chain_storage`): if the process is killed, the same call samples
        only the others.  By default, all stays in memory.
    console : rich.console.Console, optional
        Where to show progress.

    Returns
    -------
    DataTree
        Groups posterior, sample_stats, log_likelihood (chain, draw, nucleus), prior and log_prior
        (of the hyperparameters), observed_data, constant_data (theory at the fitted nuclei, and the
        uncertainties of their masses), chart (theory at all nuclei) and, if the chains found
        several, modes; `bmm.add_groups` adds the predictive ones.  The log likelihood is per MeV of
        mass excess, so that `arviz.compare` may put any two fits to the same masses side by side.
        The attributes m_Z, m_N and basis_refinements are the numbers of basis functions, and how
        often the basis was refined.

    Raises
    ------
    DataError
        If nothing is selected, no model covers a nucleus, or a frame or dataset cannot be used;
        see `bmm.data.check_measured` and `bmm.theory.validation`.
    ConfigError
        If settings are no `Mixing` or do not fit the models, or a seed is negative.
    RunError
        If a chain cannot be sampled or stored.

    Examples
    --------
    Two models near tin, with few functions and draws. The examples of other functions go on
    with these names.

    >>> import bmm
    >>> measured = bmm.load_measured("AME2020").loc[46:52]
    >>> models = [bmm.load_model(name).fit(measured) for name in ("FRDM2012", "HFB24")]
    >>> theory = bmm.predict_all(models, bmm.load_theory("FRDM2012").loc[46:52].index)
    >>> settings = bmm.Mixing(
    ...     basis={"m_Z": 2, "m_N": 3}, sampler={"chains": 2, "draws": 50, "tune": 150}
    ... )
    >>> tree = bmm.fit(measured, theory, theory, settings)
    >>> dict(tree["posterior"]["sigma"].sizes)
    {'chain': 2, 'draw': 50, 'theory': 2}
    """
    settings = checked_settings(settings, seed) or Mixing()
    problem, axes_ = checked_problem(measured, theory, chart, settings)
    chart = check_theory(chart)
    with recording(console):
        sampled = sample_resolved(problem, axes_, settings, seed, store)
        with stage("log likelihood"):
            return _assemble(sampled, problem, chart, settings, seed)


def checked_settings(settings: Mixing | None, seed: int) -> Mixing | None:
    """Check the type of settings, and that a seed is one; Python does not.

    Returns
    -------
    Mixing or None
        The settings.

    Raises
    ------
    ConfigError
        If they are no `Mixing`, or the seed is no whole number from 0 on.

    Examples
    --------
    >>> from bmm.mixing.fit import checked_settings
    >>> checked_settings({"likelihood": "linear"}, 0)
    Traceback (most recent call last):
    bmm.errors.ConfigError: settings: expected bmm.Mixing(...), not dict
    """
    if settings is not None and not isinstance(settings, Mixing):
        raise ConfigError(f"settings: expected bmm.Mixing(...), not {type(settings).__name__}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ConfigError(f"seed = {quoted(seed)}: expected a whole number from 0 on")
    return settings


def checked_problem(
    measured: pd.DataFrame, theory: xr.Dataset, chart: xr.Dataset, settings: Mixing
) -> tuple[xr.Dataset, tuple[Axis, Axis]]:
    """Check what is to be fitted, and lay the basis around the chart; see `fit`.

    Returns
    -------
    problem : Dataset
        See `bmm.mixing.training_data.training_problem`.
    axes : tuple of Axis
        Basis along Z and N.

    Examples
    --------
    With `measured`, `theory` and `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.fit import checked_problem
    >>> problem, (along_Z, along_N) = checked_problem(measured, theory, theory, settings)
    >>> problem.sizes["theory"], along_Z.m, along_N.m
    (2, 2, 3)
    """
    from bmm.mixing.model import axes

    measured, theory, chart = check_measured(measured), check_theory(theory), check_theory(chart)
    check_agreement(measured, theory)
    check_same_models(theory, chart)
    problem = training_problem(measured, theory)
    refuse_idle(problem["theory_mass_excess"])
    refuse_uncovered(chart["mass_excess"], "predicted")
    form = form_of(settings)
    form.check(settings)
    if form.corrected and not ("support" in theory and "support" in chart):
        raise DataError(
            f"the likelihood {settings.likelihood!r} needs the variable 'support', the share of "
            "measured neighbours: expected theory and chart from bmm.correct_theory"
        )
    if settings.mode is not None and len(settings.mode.sigma) != problem.sizes["theory"]:
        raise ConfigError(
            f"key 'mixing.mode.sigma' has {len(settings.mode.sigma)} values: expected one for "
            f"each of the {problem.sizes['theory']} components"
        )
    models = [str(name) for name in problem["theory"].to_numpy()]
    if settings.reference is not None and settings.reference not in models:
        raise ConfigError(
            f"key 'mixing.reference': no model is called {quoted(settings.reference)}; expected "
            f"one of {', '.join(models)}"
        )
    return problem, axes(
        np.append(chart["Z"].to_numpy(), problem["Z"].to_numpy()),
        np.append(chart["N"].to_numpy(), problem["N"].to_numpy()),
        settings,
    )


def _assemble(
    sampled: SampledSets, problem: xr.Dataset, chart: xr.Dataset, settings: Mixing, seed: int
) -> xr.DataTree:
    if sampled.refinements:
        settings = with_sizes(settings, sampled.axes)
    tree = xr.DataTree.from_dict(
        {
            "posterior": sampled.posterior,
            "sample_stats": sampled.sample_stats,
            **derived_groups(sampled.posterior, problem, sampled.axes, settings, seed),
            "chart": chart,
        }
    )
    tree.attrs = _attributes(sampled.axes, settings, seed) | {
        "basis_refinements": sampled.refinements,
        "partial": int(sampled.partial),
        "compile_seconds": sampled.compile_seconds,
        "sample_seconds": sampled.sample_seconds,
    }
    modes = find_modes(tree, list(hyperparameters(settings)))
    if modes is not None:
        logger.warning("the chains found %d modes", modes.sizes["mode"])
        tree["modes"] = xr.DataTree(modes)
    return tree


def fitted_tree(
    draws: xr.DataTree,
    measured: pd.DataFrame,
    theory: xr.Dataset,
    chart: xr.Dataset | None = None,
    settings: Mixing | None = None,
) -> xr.DataTree:
    """Make a tree of `fit` from draws of `bmm.pymc_model`, by any sampler.

    Parameters
    ----------
    draws : DataTree
        With the group posterior (chain, draw, ...), and sample_stats if there is one; the variables
        of `bmm.pymc_model`, others being ignored.
    measured, theory, chart, settings
        What the model was made with.

    Returns
    -------
    DataTree
        For `bmm.predict` and all that takes a fitted tree.  Its log likelihood is that of the
        settings.

    Raises
    ------
    DataError
        If a variable of the model is missing.

    Examples
    --------
    Draws of `bmm.pymc_model`, here those of `tree` of the example of `bmm.fit`; with PyMC,
    ``draws = pm.sample()`` within the model:

    >>> again = bmm.fitted_tree(tree, measured, theory, theory, settings)
    >>> again["log_likelihood"].equals(tree["log_likelihood"])
    True
    """
    settings, chart = settings or Mixing(), theory if chart is None else chart
    problem, axes = checked_problem(measured, theory, chart, settings)
    wanted = [*hyperparameters(settings), "beta"]
    given = draws["posterior"].to_dataset()
    missing = [name for name in wanted if name not in given]
    if missing:
        raise DataError(f"the draws have no variable {missing[0]!r}: expected {', '.join(wanted)}")
    posterior = given[wanted].transpose("chain", "draw", "theory", "basis_Z", "basis_N")
    groups = {"posterior": posterior.assign(beta=posterior["beta"].astype(np.float32))}
    if "sample_stats" in draws.children:
        groups["sample_stats"] = draws["sample_stats"].to_dataset()
    groups |= derived_groups(groups["posterior"], problem, axes, settings, 0)
    tree = xr.DataTree.from_dict(groups | {"chart": check_theory(chart)})
    tree.attrs = _attributes(axes, settings, 0) | {"partial": 0}
    return tree


def derived_groups(
    posterior: xr.Dataset,
    problem: xr.Dataset,
    axes: tuple[Axis, Axis],
    settings: Mixing,
    seed: int,
) -> dict[str, xr.Dataset]:
    """Make the groups that follow from draws and data: priors, log densities, and the data.

    Parameters
    ----------
    posterior : Dataset
        With dims chain and draw.
    problem : Dataset
        See `bmm.mixing.training_data.training_problem`.
    axes : tuple of Axis
        Of the basis.
    settings : Mixing
        What was fitted.
    seed : int
        Of the draws from the prior.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.fit import derived_groups
    >>> from bmm.mixing.fitted import read_axes, read_problem
    >>> posterior = tree["posterior"].to_dataset()
    >>> sorted(derived_groups(posterior, read_problem(tree), read_axes(tree), settings, seed=1))
    ['constant_data', 'log_likelihood', 'log_prior', 'observed_data', 'prior']
    """
    models = [str(name) for name in problem["theory"].to_numpy()]
    return {
        "prior": prior_draws(settings, models, axes, PRIOR_DRAWS, seed).drop_dims(
            ["basis_Z", "basis_N"]
        ),
        "log_prior": log_prior(posterior, settings),
        "log_likelihood": log_likelihood(posterior, problem, axes, settings),
        "observed_data": problem[["mass_excess"]],
        "constant_data": problem.drop_vars("mass_excess"),
    }


def _attributes(axes: tuple[Axis, Axis], settings: Mixing, seed: int) -> dict[str, Any]:
    return {
        **{f"axis_{axis.name}": json.dumps(astuple(axis)[1:]) for axis in axes},
        **{f"m_{axis.name}": axis.m for axis in axes},
        "mixing": settings.model_dump_json(),
        "seed": seed,
    }


def log_likelihood(
    posterior: xr.Dataset, problem: xr.Dataset, axes: tuple[Axis, Axis], settings: Mixing
) -> xr.Dataset:
    """Log likelihood of every measured mass under every draw.

    Parameters
    ----------
    posterior : Dataset
        With dims chain and draw.
    problem : Dataset
        See `bmm.mixing.training_data.training_problem`.
    axes : tuple of Axis
        Of the basis.
    settings : Mixing
        What was fitted.

    Returns
    -------
    Dataset
        mass_excess (chain, draw, nucleus), in log(1/MeV), which its attribute `units` says.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.fit import log_likelihood
    >>> from bmm.mixing.fitted import read_axes, read_problem
    >>> problem = read_problem(tree)
    >>> found = log_likelihood(tree["posterior"].to_dataset(), problem, read_axes(tree), settings)
    >>> found["mass_excess"].sizes["nucleus"] == problem.sizes["nucleus"]
    True
    """
    density = Draws(posterior, *axes, settings).log_likelihood(problem)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], problem.sizes["nucleus"])
    dims = ("chain", "draw", "nucleus")
    return xr.Dataset(
        {"mass_excess": (dims, density.reshape(shape), {"units": "log(1/MeV)"})},
        coords={
            "chain": posterior["chain"],
            "draw": posterior["draw"],
            "nucleus": problem["nucleus"],
        },
    )
