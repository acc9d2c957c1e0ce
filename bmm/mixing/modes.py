"""Modes of the posterior, distinguished by chains that do not mix.

Chains that disagree are not averaged blindly: each group is a mode, and modes are weighed by
stacking their leave-one-out predictive densities (Yao, Vehtari & Gelman, JMLR 23, 79, 2022).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bmm.mixing.convergence import compared_quantities

__all__ = ["find_modes", "group_chains", "select_mode", "stacked_posterior", "weigh_modes"]

logger = logging.getLogger(__name__)

SAME_MODE_R_HAT = 1.1
FEWEST_DRAWS = 100


def find_modes(tree: xr.DataTree, var_names: Sequence[str]) -> xr.Dataset | None:
    """Report the modes if the chains found more than one.

    Parameters
    ----------
    tree : DataTree
        With groups posterior and log_likelihood.
    var_names : sequence of str
        Hyperparameters to compare.

    Returns
    -------
    Dataset or None
        Dims mode and chain: weight and elpd (mode), mode_of_chain (chain), the position of its
        mode; None if all chains agree, or are shorter than 100 draws and cannot be distinguished.

    Examples
    --------
    With `tree` of the example of `bmm.fit`, whose 50 draws are too few to distinguish modes:

    >>> from bmm.mixing.modes import find_modes
    >>> find_modes(tree, ["sigma"]) is None
    True
    """
    if tree["posterior"].sizes["draw"] < FEWEST_DRAWS:
        return None
    groups = group_chains(tree, var_names)
    if len(groups) == 1:
        return None
    table = weigh_modes(tree, groups)
    chains = tree["posterior"]["chain"].to_numpy()
    mode_of_chain = np.empty(len(chains), dtype=np.int64)
    for position, group in enumerate(groups):
        mode_of_chain[group] = position
    return xr.Dataset(
        {
            "weight": ("mode", table["weight"].to_numpy()),
            "elpd": ("mode", table["elpd"].to_numpy()),
            "mode_of_chain": ("chain", mode_of_chain),
        },
        coords={"mode": list(table.index), "chain": chains},
    )


def select_mode(tree: xr.DataTree, position: int) -> xr.DataTree:
    """Keep the chains of one mode.

    Parameters
    ----------
    tree : DataTree
        With a group modes; see `find_modes`.
    position : int
        Position of the mode.

    Returns
    -------
    DataTree
        All groups but modes and those of the prior, with these chains only.

    Examples
    --------
    >>> import xarray as xr
    >>> from bmm.mixing.modes import select_mode
    >>> posterior = xr.Dataset({"rho_Z": (("chain", "draw"), [[5.0] * 4, [9.0] * 4])})
    >>> modes = xr.Dataset({"mode_of_chain": ("chain", [0, 1])})
    >>> tree = xr.DataTree.from_dict({"posterior": posterior, "modes": modes})
    >>> select_mode(tree, 1)["posterior"]["rho_Z"].to_numpy()
    array([[9., 9., 9., 9.]])
    """
    chosen = np.flatnonzero(tree["modes"]["mode_of_chain"].to_numpy() == position)
    groups = {
        name: group.to_dataset().isel(chain=chosen, missing_dims="ignore")
        for name, group in tree.children.items()
        if name != "modes" and not name.startswith("prior")
    }
    selected = xr.DataTree.from_dict(groups)
    selected.attrs = tree.attrs
    return selected


def stacked_posterior(posterior: xr.Dataset, modes: xr.Dataset) -> xr.Dataset:
    """Take draws from each mode in proportion to its weight.

    Parameters
    ----------
    posterior : Dataset
        With dims chain and draw.
    modes : Dataset
        See `find_modes`.

    Returns
    -------
    Dataset
        As many draws as before in a single chain, evenly spaced within each mode.

    Examples
    --------
    Of two chains, each a mode, the first has three quarters of the weight:

    >>> import xarray as xr
    >>> from bmm.mixing.modes import stacked_posterior
    >>> posterior = xr.Dataset(
    ...     {"rho_Z": (("chain", "draw"), [[5.0] * 4, [9.0] * 4])},
    ...     coords={"chain": [0, 1], "draw": range(4)},
    ... )
    >>> modes = xr.Dataset({"weight": ("mode", [0.75, 0.25]), "mode_of_chain": ("chain", [0, 1])})
    >>> stacked_posterior(posterior, modes)["rho_Z"].to_numpy()
    array([[5., 5., 5., 5., 5., 5., 9., 9.]])
    """
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    mode_of_draw = np.repeat(modes["mode_of_chain"].to_numpy(), draws)
    total = chains * draws
    ends = np.round(np.cumsum(modes["weight"].to_numpy()) * total).astype(int)
    counts = np.diff(ends, prepend=0)
    picked = [
        members[np.linspace(0, len(members) - 1, count).round().astype(int)]
        for position, count in enumerate(counts)
        if len(members := np.flatnonzero(mode_of_draw == position))
    ]
    flat = posterior.stack(sample=("chain", "draw"), create_index=False)
    flat = flat.drop_vars(["chain", "draw"]).isel(sample=np.concatenate(picked))
    return flat.rename(sample="draw").expand_dims("chain")


def group_chains(tree: xr.DataTree, var_names: Sequence[str]) -> list[list[int]]:
    """Group the chains that sample the same mode.

    Two chains belong together if R-hat between them is at most 1.1 for every hyperparameter and
    for the total log likelihood; groups are what such pairs connect.

    Parameters
    ----------
    tree : DataTree
        With groups posterior and log_likelihood.
    var_names : sequence of str
        Hyperparameters to compare.

    Returns
    -------
    list of list of int
        Chain positions, largest group first.

    Examples
    --------
    With `tree` of the example of `bmm.fit`; chains that found the same mode are one group:

    >>> from bmm.mixing.modes import group_chains
    >>> sorted(chain for group in group_chains(tree, ["sigma"]) for chain in group)
    [0, 1]
    """
    quantities = compared_quantities(tree, var_names)
    groups: list[list[int]] = []
    for chain in range(quantities.sizes["chain"]):
        near = [g for g in groups if any(_agree(quantities, chain, other) for other in g)]
        merged = sorted([chain, *(member for g in near for member in g)])
        groups = [g for g in groups if g not in near] + [merged]
    return sorted(groups, key=lambda group: (-len(group), group))


def _agree(quantities: xr.Dataset, one: int, other: int) -> bool:
    import arviz as az

    with np.errstate(invalid="ignore", divide="ignore"):  # a constant gives NaN
        rhat = az.rhat(quantities.isel(chain=[one, other]))
    return all(float(rhat[name].max()) <= SAME_MODE_R_HAT for name in rhat.data_vars)


def weigh_modes(tree: xr.DataTree, groups: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Weigh the modes by stacking.

    Parameters
    ----------
    tree : DataTree
        With groups posterior and log_likelihood (chain, draw, nucleus).
    groups : sequence of sequence of int
        Chain positions of each mode; see `group_chains`.

    Returns
    -------
    DataFrame
        One row per mode: chains, elpd (expected log predictive density by PSIS-LOO) and weight
        (summing to one; 1 for a single mode).
    """
    import arviz as az

    modes = {
        f"mode {i + 1}": xr.DataTree.from_dict(
            {
                name: tree[name].to_dataset().isel(chain=list(group))
                for name in ("posterior", "log_likelihood")
            }
        )
        for i, group in enumerate(groups)
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said below, once and with a number
        loo = {name: az.loo(mode, pointwise=True) for name, mode in modes.items()}
    for name, each in loo.items():
        unreliable = int((each.pareto_k > each.good_k).sum())
        if unreliable:
            logger.warning(
                "%s: leave-one-out is unreliable for %d nuclei (Pareto k above %.2f)",
                name,
                unreliable,
                each.good_k,
            )
    if len(modes) == 1:
        weights = pd.Series(1.0, index=list(modes))
    else:
        weights = az.compare(loo, method="stacking")["weight"].reindex(list(modes))
    return pd.DataFrame(
        {
            "chains": [list(group) for group in groups],
            "elpd": [float(np.asarray(loo[name].elpd)) for name in modes],
            "weight": weights.to_numpy(dtype=float),
        },
        index=list(modes),
    )
