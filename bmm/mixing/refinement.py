"""Sampling with as many basis functions as the fitted length scales ask for.

The sizes of the basis follow the prior of the length scales, before anything is known of their
posterior.  If that turns out shorter than what the basis resolves (`bmm.mixing.resolution`), the
mixture is sampled again with the sizes that resolve it, unless the user has set them.  Every fit
begins afresh with the same seed, so that the last one is that of these sizes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bmm.errors import RunError
from bmm.gp.basis import Axis
from bmm.mixing.chain_storage import chain_stores
from bmm.mixing.resolution import coarseness, resolution
from bmm.mixing.settings import Mixing
from bmm.progress import stage

if TYPE_CHECKING:
    from bmm.mixing.sampling import Sampled

__all__ = [
    "MOST_FUNCTIONS",
    "MOST_REFINEMENTS",
    "SampledSets",
    "finer_axes",
    "sample_resolved",
    "with_sizes",
]

logger = logging.getLogger(__name__)

MOST_REFINEMENTS = 2
"""Fits with a finer basis after the first."""

MOST_FUNCTIONS = 4096
"""Products of a function of Z and one of N in a refined basis: 64 x 64."""


@dataclass(frozen=True)
class SampledSets:
    """Draws of a mixture, and the basis they were made with.

    Parameters
    ----------
    posterior, sample_stats : Dataset
        With dims chain and draw; the free chains, and then those confined to a mode, if any.
    axes : tuple of Axis
        Basis along Z and N.
    refinements : int
        How often the basis was refined.
    partial : bool
        Whether sampling was interrupted before its end.
    compile_seconds, sample_seconds : float
        Wall time of all fits together.
    """

    posterior: xr.Dataset
    sample_stats: xr.Dataset
    axes: tuple[Axis, Axis]
    refinements: int
    partial: bool
    compile_seconds: float
    sample_seconds: float


def sample_resolved(
    problem: xr.Dataset, axes: tuple[Axis, Axis], settings: Mixing, seed: int, store: Path | None
) -> SampledSets:
    """Sample, and sample again with a finer basis while this one is too coarse.

    Parameters
    ----------
    problem : Dataset
        See `bmm.mixing.training_data.training_problem`.
    axes : tuple of Axis
        Basis to begin with.  If the settings give a number of functions, it stays.
    settings, seed, store
        See `bmm.mixing.fit.fit`.

    Raises
    ------
    RunError
        If a chain cannot be sampled or stored, or the first fit was interrupted before any draw.
    """
    found = _sample(problem, axes, settings, seed, store)
    while settings.basis.automatic and not found.partial and found.refinements < MOST_REFINEMENTS:
        finer = finer_axes(found.posterior, found.axes)
        if finer is None:
            break
        sizes = " x ".join(str(axis.m) for axis in finer)
        coarse = coarseness(resolution(found.posterior, found.axes))
        logger.info("%s; fitted again with %s functions", coarse, sizes)
        with stage(f"refining the basis to {sizes} functions"):
            found = _again(found, problem, finer, settings, seed, store)
    return found


def finer_axes(posterior: xr.Dataset, axes: tuple[Axis, Axis]) -> tuple[Axis, Axis] | None:
    """Lay a basis that resolves the length scales of a posterior.

    Along an axis there are no more functions than whole numbers in the box, for at these any
    further function repeats an earlier one, and no more than `MOST_FUNCTIONS` products of a
    function of Z and one of N.  There are never fewer than before.

    Parameters
    ----------
    posterior : Dataset
        With rho_Z and rho_N (chain, draw), nucleons.
    axes : tuple of Axis
        The basis it was sampled with.

    Returns
    -------
    tuple of Axis or None
        None if nothing is unresolved, or the basis cannot be finer.

    Examples
    --------
    >>> import xarray as xr
    >>> from bmm.gp.basis import Axis
    >>> from bmm.mixing.refinement import finer_axes
    >>> rho = {"rho_Z": (("chain", "draw"), [[9.0]]), "rho_N": (("chain", "draw"), [[4.0]])}
    >>> axes = Axis("Z", 8, 120, 1.2, 20), Axis("N", 8, 200, 1.2, 30)
    >>> [axis.m for axis in finer_axes(xr.Dataset(rho), axes)]
    [20, 51]
    """
    found = resolution(posterior, axes)
    wanted = [min(found[axis.name]["proposed_m"], int(2 * axis.half_width)) for axis in axes]
    excess = max(1.0, sqrt(wanted[0] * wanted[1] / MOST_FUNCTIONS))
    Z, N = (
        replace(axis, m=max(axis.m, int(m / excess))) for axis, m in zip(axes, wanted, strict=True)
    )
    return None if axes == (Z, N) else (Z, N)


def with_sizes(settings: Mixing, axes: tuple[Axis, Axis]) -> Mixing:
    """Set the sizes of the basis to those of axes, as a user would have."""
    sizes = {f"m_{axis.name}": axis.m for axis in axes}
    return settings.model_copy(update={"basis": settings.basis.model_copy(update=sizes)})


def _again(
    coarse: SampledSets,
    problem: xr.Dataset,
    axes: tuple[Axis, Axis],
    settings: Mixing,
    seed: int,
    store: Path | None,
) -> SampledSets:
    """Sample with a finer basis; keep the coarse fit, as a partial one, if that does not begin."""
    try:
        fine = _sample(problem, axes, settings, seed, store, refined=True)
    except RunError as error:
        logger.warning("the fit with fewer functions is kept: %s", error)
        return replace(coarse, partial=True)
    return replace(
        fine,
        refinements=coarse.refinements + 1,
        compile_seconds=coarse.compile_seconds + fine.compile_seconds,
        sample_seconds=coarse.sample_seconds + fine.sample_seconds,
    )


def _sample(
    problem: xr.Dataset,
    axes: tuple[Axis, Axis],
    settings: Mixing,
    seed: int,
    store: Path | None,
    *,
    refined: bool = False,
) -> SampledSets:
    """Sample the free chains, and those confined to a mode if one is to be sampled for itself."""
    # The sampler takes seconds to import, and a mixture is read and predicted without it.
    from bmm.mixing.compilation import compile_mixture
    from bmm.mixing.sampling import sample

    free, confined = (None, None)
    if store is not None:
        free, confined = chain_stores(store, problem, axes, settings, seed, refined=refined)
    with stage("compiling the sampler"):
        compiled = compile_mixture(problem, axes, settings)
    sampled = [sample(compiled, settings.sampler, seed, store=free)]
    if settings.mode is not None and not sampled[0].partial:
        compiled = compile_mixture(problem, axes, settings, confined=True)
        try:
            sampled.append(sample(compiled, settings.sampler, seed + 1, store=confined))
        except RunError as error:
            logger.warning("only the free chains are kept: %s", error)
            sampled = [replace(sampled[0], partial=True)]
    return _joined(sampled, axes)


def _joined(sampled: list[Sampled], axes: tuple[Axis, Axis]) -> SampledSets:
    # An interrupted set may be shorter than the other.
    draws = min(each.tree["posterior"].sizes["draw"] for each in sampled)
    posterior, stats = (
        xr.concat(
            [each.tree[name].to_dataset().isel(draw=slice(draws)) for each in sampled], dim="chain"
        )
        for name in ("posterior", "sample_stats")
    )
    posterior = posterior.assign_coords(chain=np.arange(posterior.sizes["chain"]))
    return SampledSets(
        posterior=posterior,
        sample_stats=stats.assign_coords(chain=posterior["chain"]),
        axes=axes,
        refinements=0,
        partial=any(each.partial for each in sampled),
        compile_seconds=sum(each.compile_seconds for each in sampled),
        sample_seconds=sum(each.sample_seconds for each in sampled),
    )
