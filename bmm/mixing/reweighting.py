"""A fitted mixture that learns masses measured after the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bmm.data import check_measured
from bmm.errors import DataError, DomainError, RunError
from bmm.mixing.corrected_fit import recorrected
from bmm.mixing.draws import Draws
from bmm.mixing.fit import derived_groups
from bmm.mixing.fitted import (
    fitted_masses,
    read_axes,
    read_problem,
    read_settings,
    weighed_posterior,
)
from bmm.mixing.importance import Reweighting, resample, reweight
from bmm.mixing.training_data import training_problem
from bmm.nuclides import labels, nuclide_index, numbers

__all__ = ["Updated", "update"]

_SHOWN = 5
_KEPT = ("chart", "theory", "measurement_errors")


@dataclass(frozen=True)
class Updated:
    """A mixture that has learnt new masses.

    Parameters
    ----------
    tree : DataTree
        As from `bmm.mixing.fit.fit`, without sample_stats: its draws are a sample of the old ones,
        drawn with the weights, and no Markov chains any more.
    reweighting : Reweighting
        The weights.
    log_density : Series
        Log predictive density of each new mass before it was learnt, log(1/MeV); indexed (Z, N).
    """

    tree: xr.DataTree
    reweighting: Reweighting
    log_density: pd.Series


def update(tree: xr.DataTree, new: pd.DataFrame, *, seed: int = 0) -> Updated:
    """Learn new masses by importance reweighting of the posterior draws.

    The theory models stay as they were fitted; the weights, spreads and length scales of the
    mixture learn.  The residual fields of corrected models, with hyperparameters as they are, are
    conditioned on the new masses too (`bmm.mixing.corrected_fit.recorrected`).

    Parameters
    ----------
    tree : DataTree
        A fitted mixture; see `bmm.mixing.fit.fit`.
    new : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV; nuclei on the
        chart of the fit that it was not fitted to.
    seed : int, default 0
        Of the resampling.

    Raises
    ------
    DataError
        If nothing is new, or a nucleus was fitted already.
    DomainError
        If a nucleus is not on the chart of the fit.
    RunError
        If k-hat is above its limit: the posterior has to be sampled again.
    """
    if "sample_stats" not in tree.children:
        raise RunError(
            "the mixture has learnt new masses already: expected the one it was made from, "
            "with all new masses together"
        )
    problem = _new_problem(tree, check_measured(new))
    settings, axes = read_settings(tree), read_axes(tree)
    posterior = weighed_posterior(tree)
    density = np.asarray(
        Draws(posterior, *axes, settings).log_likelihood(problem),
        dtype=np.float64,
    )
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    found = reweight(settings.temper * density.sum(axis=1).reshape(shape))
    _refuse_unreliable(found, len(new))
    chosen = resample(found.weight, np.random.default_rng(seed))
    again = posterior.isel(
        chain=xr.DataArray(chosen // shape[1], dims=("chain", "draw")),
        draw=xr.DataArray(chosen % shape[1], dims=("chain", "draw")),
    )
    again = again.drop_vars(["chain", "draw"], errors="ignore").transpose("chain", "draw", ...)
    again = again.assign_coords(chain=np.arange(shape[0]), draw=np.arange(shape[1]))
    log_density = np.logaddexp.reduce(density, axis=0) - np.log(len(density))
    nuclei = nuclide_index(problem)
    tree = _assemble(tree, again, problem)
    tree = recorrected(tree, fitted_masses(tree))
    return Updated(tree, found, pd.Series(log_density, index=nuclei, name="log_density"))


def _new_problem(tree: xr.DataTree, new: pd.DataFrame) -> xr.Dataset:
    """Join the new masses with the theory on the chart of the fit."""
    if new.empty:
        raise DataError("no new mass is given: expected at least one")
    names = labels(*(each.tolist() for each in numbers(new.index)))
    fitted = set(tree["observed_data"]["nucleus"].to_numpy().tolist())
    again = [name for name in names if name in fitted]
    if again:
        raise DataError(
            f"{', '.join(again[:_SHOWN])}: expected nuclei that the mixture was not fitted to"
        )
    chart = tree["chart"].to_dataset()
    known = set(chart["nucleus"].to_numpy().tolist())
    missing = [name for name in names if name not in known]
    if missing:
        raise DomainError(
            f"{', '.join(missing[:_SHOWN])}: not on the prediction chart of this run; expected "
            "nuclei that it predicts"
        )
    return training_problem(new, chart.sel(nucleus=names))


def _refuse_unreliable(found: Reweighting, count: int) -> None:
    if not found.reliable:
        raise RunError(
            f"the posterior draws cannot be reweighted reliably by {count} new "
            f"{'mass' if count == 1 else 'masses'}: the Pareto k-hat of the weights is "
            f"{found.k_hat:.2f}, expected at most {found.limit:.2f}"
        )


def _assemble(tree: xr.DataTree, posterior: xr.Dataset, new: xr.Dataset) -> xr.DataTree:
    old = read_problem(tree)
    problem = xr.concat(
        [old, new], dim="nucleus", data_vars="minimal", coords="minimal", compat="equals",
        join="exact",
    )  # fmt: skip
    problem = problem.isel(nucleus=np.lexsort((problem["N"], problem["Z"])))
    axes, settings = read_axes(tree), read_settings(tree)
    made = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            **derived_groups(posterior, problem, axes, settings, int(tree.attrs["seed"])),
            **{name: tree[name].to_dataset() for name in _KEPT if name in tree.children},
        }
    )
    made.attrs = dict(tree.attrs)
    return made
