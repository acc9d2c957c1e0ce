"""NUTS for the methods that are sampled: small models, a few seconds each."""

from __future__ import annotations

from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor
import xarray as xr
from threadpoolctl import threadpool_limits

from bmm.execution.threads import thread_count
from bmm.mixing.convergence import Convergence, check_convergence
from bmm.mixing.settings import Sampler

__all__ = ["sample_posterior"]


def sample_posterior(
    model: pm.Model, sampler: Sampler, seed: int, kept: int
) -> tuple[xr.Dataset, dict[str, Any]]:
    """Sample a PyMC model with nutpie.

    Parameters
    ----------
    model : pymc.Model
        The model.
    sampler : Sampler
        Chains, draws, warm-up.
    seed : int
        The same seed gives the same draws on the same machine.
    kept : int
        Draws to return, evenly spaced over all that were made.

    Returns
    -------
    posterior : Dataset
        Every variable with the dimension draw first.
    convergence : dict
        Verdict on all draws; see `bmm.mixing.convergence.Convergence.as_dict`.
    """
    # Fast-math lets freshly compiled and cached code round differently, and so the chains differ.
    with pytensor.config.change_flags(numba__fastmath=False):
        compiled = nutpie.compile_pymc_model(model)
    with threadpool_limits(limits=1):
        tree = nutpie.sample(
            compiled,
            draws=sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            cores=sampler.cores or thread_count(),
            target_accept=sampler.target_accept,
            maxdepth=sampler.max_depth,
            seed=seed,
            save_warmup=False,
            progress_bar=False,
        )
    posterior = tree["posterior"].to_dataset()[[each.name for each in model.free_RVs]]
    flat = posterior.stack(sample=("chain", "draw"), create_index=False)
    flat = flat.drop_vars(["chain", "draw"], errors="ignore").rename(sample="draw")
    every = np.linspace(0, flat.sizes["draw"] - 1, kept).astype(int)
    return flat.isel(draw=every).transpose("draw", ...), _verdict(posterior, tree).as_dict()


def _verdict(posterior: xr.Dataset, tree: xr.DataTree) -> Convergence:
    """Judge every scalar, and the log posterior, by the same limits as the local mixture."""
    scalars = {
        f"{name}{list(place)}" if place else str(name): (("chain", "draw"), array[:, :, *place])
        for name, values in posterior.items()
        for array in [values.transpose("chain", "draw", ...).to_numpy()]
        for place in np.ndindex(array.shape[2:])
    }
    stats = tree["sample_stats"].to_dataset()
    density = stats["logp"].expand_dims(nucleus=1).rename("mass_excess")
    whole = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(scalars),
            "sample_stats": stats,
            "log_likelihood": density.to_dataset(),
        }
    )
    return check_convergence(whole, list(scalars))
