"""NUTS for the rivals that are sampled: small models, a few seconds each."""

from __future__ import annotations

from typing import Any

import arviz as az
import numpy as np
import nutpie
import pymc as pm
import pytensor
import xarray as xr
from threadpoolctl import threadpool_limits

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
        max_r_hat, min_ess and divergences, of all draws.
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
            cores=sampler.cores,
            target_accept=sampler.target_accept,
            maxdepth=sampler.max_depth,
            seed=seed,
            save_warmup=False,
            progress_bar=False,
        )
    posterior = tree["posterior"].to_dataset()[[each.name for each in model.free_RVs]]
    divergent = int(tree["sample_stats"]["diverging"].sum())
    flat = posterior.stack(sample=("chain", "draw"), create_index=False)
    flat = flat.drop_vars(["chain", "draw"], errors="ignore").rename(sample="draw")
    every = np.linspace(0, flat.sizes["draw"] - 1, kept).astype(int)
    convergence = {
        "max_r_hat": _extreme(az.rhat(posterior), max),
        "min_ess": _extreme(az.ess(posterior), min),
        "divergences": divergent,
    }
    return flat.isel(draw=every).transpose("draw", ...), convergence


def _extreme(values: xr.Dataset, which: Any) -> float:
    return float(which(which(array.to_numpy().ravel().tolist()) for array in values.values()))
