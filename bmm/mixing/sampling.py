"""Sampling by NUTS, with nothing lost on the way."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
import pytensor
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from threadpoolctl import threadpool_limits

from bmm.errors import RunError
from bmm.mixing.model import COORDINATES
from bmm.mixing.settings import Sampler

__all__ = ["Sampled", "sample"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sampled:
    """Draws and how they came about.

    Parameters
    ----------
    tree : DataTree
        Groups posterior and sample_stats, without warm-up.
    partial : bool
        Whether sampling was interrupted before its end.
    compile_seconds, sample_seconds : float
        Wall time of compilation and of sampling.
    """

    tree: xr.DataTree
    partial: bool
    compile_seconds: float
    sample_seconds: float


def sample(
    model: pm.Model,
    settings: Sampler,
    seed: int,
    *,
    start: dict[str, npt.NDArray[np.float64]] | None = None,
    console: Console | None = None,
) -> Sampled:
    """Sample a PyMC model with nutpie.

    Interrupting with Ctrl-C keeps the draws made so far and marks the result as partial.

    Parameters
    ----------
    model : pymc.Model
        The model.
    settings : Sampler
        Chains, draws, warm-up.
    seed : int
        The same seed gives the same draws on the same machine.
    start : dict of array, optional
        Values of free variables to start from; others start around their prior's centre.
    console : rich.console.Console, optional
        Where to show the progress; nothing is shown by default.

    Raises
    ------
    RunError
        If sampling was interrupted before any draw was kept.
    """
    begun = time.perf_counter()
    # Fast-math lets freshly compiled and cached code round differently, and so the chains differ.
    with pytensor.config.change_flags(numba__fastmath=False):
        scattered = set(model.free_RVs) - {model[name] for name in start or ()}
        compiled = nutpie.compile_pymc_model(model, initial_points=start, jitter_rvs=scattered)
    compile_seconds = time.perf_counter() - begun
    logger.info("compiled in %.1f s; %d coupled parameters", compile_seconds, compiled.n_dim)
    begun = time.perf_counter()
    # Chains run side by side; threads inside a chain would only be in each other's way.
    with threadpool_limits(limits=1), _progress(settings, console) as report:
        handle = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores or _available_cores(),
            seed=seed,
            target_accept=settings.target_accept,
            maxdepth=settings.max_depth,
            save_warmup=False,
            progress_bar=False,
            progress_callback=report,
            blocking=False,
        )
        try:
            tree, partial = handle.wait(), False
        except KeyboardInterrupt:
            logger.warning("interrupted: keeping the draws made so far")
            with warnings.catch_warnings():
                # ArviZ doubts the dimensions of a posterior with fewer draws than chains.
                warnings.filterwarnings("ignore", "Found chain dimension", UserWarning)
                unfinished = handle.abort()
            tree, partial = _complete_part(unfinished), True
    seconds = time.perf_counter() - begun
    logger.info("sampled in %.1f s", seconds)
    return Sampled(_tidy(tree), partial, compile_seconds, seconds)


def _available_cores() -> int:
    """Processors this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _progress(settings: Sampler, console: Console | None) -> Iterator[Callable[[Any], None]]:
    """Show one bar per chain; yields the function that nutpie reports to."""
    columns = (
        TextColumn("chain {task.fields[chain]}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=console is None) as bars:
        total = settings.tune + settings.draws
        tasks = [
            bars.add_task("", total=total, chain=chain + 1, note="")
            for chain in range(settings.chains)
        ]

        def report(chains: Any) -> None:
            for task, chain in zip(tasks, chains, strict=False):
                divergent = f", {chain.divergences} divergent" if chain.divergences else ""
                note = ("warm-up" if chain.tuning else "sampling") + divergent
                bars.update(task, completed=chain.finished_draws, note=note)

        yield report


def _complete_part(tree: xr.DataTree) -> xr.DataTree:
    """Cut the NaN padding of interrupted chains, keeping as many draws as possible in all."""
    logp = tree["sample_stats"]["logp"].transpose("chain", "draw").to_numpy()
    lengths = np.isfinite(logp).sum(axis=1)
    order = np.argsort(-lengths, kind="stable")
    kept = lengths[order] * np.arange(1, len(order) + 1)
    number = int(np.argmax(kept)) + 1
    draws = int(lengths[order[number - 1]])
    if draws == 0:
        raise RunError("interrupted during warm-up: no draw was made that could be kept")
    chains = np.sort(order[:number])
    return tree.isel(chain=chains, draw=slice(0, draws), missing_dims="ignore")


def _tidy(tree: xr.DataTree) -> xr.DataTree:
    """Keep the posterior and the numeric statistics; coefficients in single precision."""
    posterior = tree["posterior"].to_dataset().drop_vars(COORDINATES, errors="ignore")
    posterior = posterior.assign(beta=posterior["beta"].astype(np.float32))
    stats = tree["sample_stats"].to_dataset()
    numeric = [name for name, array in stats.items() if array.dtype.kind in "biuf"]
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats[numeric]})
