"""Draws of the weights themselves, for those who want the Dirichlet layer back.

The fit integrates w(x) out (see `bmm.mixing.density`); given the fields, it can be restored
afterwards nucleus by nucleus.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bmm.mixing.draws import Nuclei
from bmm.mixing.fitted import posterior_draws, read_settings

__all__ = ["dirichlet_weights"]


def dirichlet_weights(tree: xr.DataTree, *, seed: int = 0) -> xr.DataArray:
    """Draw w(x) ~ Dirichlet(alpha(x)) on the chart, one draw for each posterior draw.

    These are the weights of a new measurement at x: the one datum that a fitted nucleus has would
    add one to the alpha_k of the model that describes it.

    Parameters
    ----------
    tree : DataTree
        A fitted mixture.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    DataArray
        Weights (draw, nucleus, theory), summing to one over the models that cover the nucleus; the
        mean over draws tends to the ``weight`` of `bmm.prediction.predictive.predict`.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> weights = bmm.dirichlet_weights(tree)
    >>> weights.dims, bool(abs(weights.sum("theory") - 1).max() < 1e-5)
    (('draw', 'nucleus', 'theory'), True)
    """
    chart = tree["chart"].to_dataset()
    draws, nuclei = posterior_draws(tree), Nuclei.of(chart, read_settings(tree))
    rng = np.random.default_rng(seed)
    weights = np.empty((draws.count, *nuclei.theory.shape), dtype=np.float32)
    for part, log_alpha in draws.concentrations(nuclei):
        covers, alpha = np.isfinite(log_alpha), np.exp(log_alpha)
        # Gamma(alpha) = Gamma(alpha + 1) U^(1/alpha), in logarithms: small alpha would underflow.
        with np.errstate(divide="ignore"):
            log_u = np.log(rng.random(alpha.shape)) / alpha
        log_gamma = np.log(rng.standard_gamma(alpha + 1)) + log_u
        log_gamma = np.where(covers, log_gamma, -np.inf)
        log_gamma -= log_gamma.max(axis=-1, keepdims=True)
        gamma = np.exp(log_gamma)
        weights[part] = gamma / gamma.sum(axis=-1, keepdims=True)
    return xr.DataArray(
        weights,
        dims=("draw", "nucleus", "theory"),
        coords={name: chart[name] for name in ("nucleus", "theory", "Z", "N")},
        name="weight",
    )
