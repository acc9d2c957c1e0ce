"""Sampling by NUTS, chain by chain, with nothing lost on the way."""

from __future__ import annotations

import bisect
import logging
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np
import nutpie
import xarray as xr
from rich.console import Console
from threadpoolctl import threadpool_limits

from bmm.errors import RunError
from bmm.execution.threads import thread_count
from bmm.mixing.chain_storage import ChainStore
from bmm.mixing.compilation import Compiled
from bmm.mixing.settings import Sampler
from bmm.progress import parallel, recording, stage

__all__ = ["Sampled", "chain_seed", "sample"]

logger = logging.getLogger(__name__)

STATISTICS = (
    "depth",
    "maxdepth_reached",
    "diverging",
    "energy",
    "energy_error",
    "fisher_distance",
    "index_in_trajectory",
    "logp",
    "max_energy_error",
    "mean_tree_accept",
    "mean_tree_accept_sym",
    "n_steps",
    "step_size",
    "step_size_bar",
)
"""What is kept of every transition, under nutpie's names."""

_PATIENCE = 0.05  # seconds between two looks at the running chains and at Ctrl-C


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
        Wall time of compilation and of sampling, without chains that were stored before.
    """

    tree: xr.DataTree
    partial: bool
    compile_seconds: float
    sample_seconds: float


def chain_seed(seed: int, chain: int) -> int:
    """Seed of one chain, whatever other chains there are: a child of NumPy's SeedSequence.

    Examples
    --------
    >>> from bmm.mixing.sampling import chain_seed
    >>> chain_seed(7, 0) != chain_seed(7, 1)
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(chain,))
    return int(sequence.generate_state(1, np.uint64)[0])


def sample(
    compiled: Compiled,
    settings: Sampler,
    seed: int,
    *,
    store: ChainStore | None = None,
    console: Console | None = None,
) -> Sampled:
    """Sample a compiled model with nutpie.

    Interrupting with Ctrl-C keeps the draws made so far and marks the result as partial; a second
    Ctrl-C stops at once.

    Parameters
    ----------
    compiled : Compiled
        The model.
    settings : Sampler
        Chains, draws, warm-up.
    seed : int
        The same seed gives the same draws on the same machine, chain by chain.
    store : ChainStore, optional
        Stream the chains into it, and take complete ones from it; by default, all stays in memory.
    console : rich.console.Console, optional
        Where to show the progress; nothing is shown by default.

    Raises
    ------
    RunError
        If sampling was interrupted before any draw was kept, or a chain failed.
    """
    begun = time.perf_counter()
    names = [f"chain {chain + 1}" for chain in range(settings.chains)]
    # Chains run side by side; threads inside a chain would only be in each other's way.
    with (
        threadpool_limits(limits=1),
        recording(console),
        stage("sampling"),
        parallel(names, settings.tune + settings.draws) as report,
        _interruption() as interrupted,
    ):
        runner = _ChainRunner(compiled, settings, seed, store, report)
        try:
            runner.work(interrupted)
            partial = interrupted()
            if partial:
                logger.warning("interrupted: keeping the draws made so far")
                runner.halt()
        finally:
            runner.dismiss()
    tree = _keep_most([runner.finished[chain] for chain in sorted(runner.finished)])
    seconds = time.perf_counter() - begun
    logger.info("sampled in %.1f s", seconds)
    return Sampled(tree, partial, compiled.seconds, seconds)


@dataclass
class _ChainRunner:
    """The chains of one call of `sample`: those still waiting, those running and the finished."""

    compiled: Compiled
    settings: Sampler
    seed: int
    store: ChainStore | None
    report: Callable[[int, int, str], None]
    finished: dict[int, xr.DataTree] = field(default_factory=dict)
    running: dict[int, Any] = field(default_factory=dict)

    def work(self, interrupted: Callable[[], bool]) -> None:
        """Sample all chains, as many at a time as there are processors, unless interrupted."""
        waiting = []
        for chain in range(self.settings.chains):
            stored = self.store.load(chain) if self.store is not None else None
            if stored is None:
                waiting.append(chain)
            else:
                logger.info("chain %d is taken from the store", chain)
                self.finished[chain] = stored
                self.report(chain, self.settings.tune + self.settings.draws, "stored before")
        cores = self.settings.cores or thread_count()
        ended: dict[int, xr.DataTree] = {}
        while (waiting or self.running or ended) and not interrupted():
            while waiting and len(self.running) < cores:
                chain = waiting.pop(0)
                self.running[chain] = self._start(chain)
            # Only now, so that no processor waits for the disk.
            for chain, tree in ended.items():
                self._finish(chain, tree)
            ended = self._look()
        for chain, tree in ended.items():
            self._finish(chain, tree)

    def halt(self) -> None:
        """Stop what is running and keep its draws."""
        while self.running:
            chain, handle = self.running.popitem()
            with warnings.catch_warnings():
                # ArviZ doubts the dimensions of a posterior with fewer draws than chains.
                warnings.filterwarnings("ignore", "Found chain dimension", UserWarning)
                tree = _tidy(handle.abort(), chain, self.compiled)
            if tree["posterior"].sizes["draw"]:
                self.finished[chain] = tree

    def dismiss(self) -> None:
        """Stop what is running: the interpreter could not end beside it."""
        for handle in self.running.values():
            handle.cancel()

    def _start(self, chain: int) -> Any:
        def report(states: Any) -> None:
            divergent = f", {states[0].divergences} divergent" if states[0].divergences else ""
            note = ("warm-up" if states[0].tuning else "sampling") + divergent
            self.report(chain, states[0].finished_draws, note)

        streamed = {}
        if self.store is not None:
            path = self.store.stream(chain)
            streamed["zarr_store"] = nutpie.zarr_store.LocalStore(str(path))
        return nutpie.sample(
            self.compiled.machine,
            draws=self.settings.draws,
            tune=self.settings.tune,
            chains=1,
            cores=1,
            seed=chain_seed(self.seed, chain),
            target_accept=self.settings.target_accept,
            maxdepth=self.settings.max_depth,
            save_warmup=False,
            progress_bar=False,
            progress_callback=report,
            blocking=False,
            **streamed,
        )

    def _look(self) -> dict[int, xr.DataTree]:
        """Wait a moment for the running chains; gives those that have ended."""
        ended = {}
        for chain, handle in list(self.running.items()):
            try:
                ended[chain] = handle.wait(timeout=_PATIENCE / len(self.running))
            except TimeoutError:
                continue
            except RuntimeError as error:
                for other, tree in ended.items():
                    self._finish(other, tree)
                raise RunError(f"chain {chain} could not be sampled ({_cause(error)})") from error
            del self.running[chain]
        return ended

    def _finish(self, chain: int, raw: xr.DataTree) -> None:
        tree = _tidy(raw, chain, self.compiled)
        draws = tree["posterior"].sizes["draw"]
        if draws != self.settings.draws:
            raise RunError(f"chain {chain} has {draws} draws: expected {self.settings.draws}")
        if self.store is not None:
            self.store.keep(chain, tree)
        self.finished[chain] = tree


def _cause(error: RuntimeError) -> str:
    """Pick the innermost of the causes that nutpie lists."""
    causes = re.findall(r"^ +\d+: (.+)$", str(error).partition("Stack backtrace")[0], re.MULTILINE)
    return causes[-1] if causes else str(error).partition("\n")[0]


@contextmanager
def _interruption() -> Iterator[Callable[[], bool]]:
    """Take note of the first Ctrl-C; the second acts as it would have without this.

    An exception that a signal raises is lost where Python ignores exceptions, such as in a
    finalizer that the garbage collector happens to run; a note is not.
    """
    notes: list[int] = []
    previous = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or not callable(previous):
        yield lambda: False
        return

    def take_note(number: int, frame: FrameType | None) -> None:
        notes.append(number)
        if len(notes) > 1:
            previous(number, frame)

    signal.signal(signal.SIGINT, take_note)
    try:
        yield lambda: bool(notes)
    finally:
        signal.signal(signal.SIGINT, previous)


def _tidy(raw: xr.DataTree, chain: int, compiled: Compiled) -> xr.DataTree:
    """Keep what nutpie gives in memory and on disk alike, up to the last complete draw."""
    groups = {
        "posterior": raw["posterior"].to_dataset()[list(compiled.variables)],
        "sample_stats": raw["sample_stats"].to_dataset()[list(STATISTICS)],
    }
    begun = _draws_begun(groups["sample_stats"]["logp"].isel(chain=0))
    complete = np.ones(begun + 1, dtype=bool)
    complete[begun] = False
    for name, group in groups.items():
        kept = group.drop_vars(list(group.coords)).isel(draw=slice(begun)).load()
        groups[name] = kept.transpose("chain", "draw", ...)
        for values in groups[name].data_vars.values():
            others = [dim for dim in values.dims if dim != "draw"]
            complete[:begun] &= values.notnull().all(others).to_numpy()
    draws = int(np.argmin(complete))
    for name, group in groups.items():
        named = compiled.machine.coords
        labels = {dim: named[dim] for dim in group.dims if dim in named}
        labels |= {"chain": [chain], "draw": np.arange(draws)}
        groups[name] = group.isel(draw=slice(draws)).assign_coords(labels)
        groups[name].attrs = {
            "inference_library": "nutpie",
            "inference_library_version": nutpie.__version__,
        }
    if compiled.finish is not None:
        groups["posterior"] = compiled.finish(groups["posterior"])
    return xr.DataTree.from_dict(groups)


def _draws_begun(logp: xr.DataArray) -> int:
    """Count the draws before the padding without reading it: it may be long, and on disk."""

    def is_padding(draw: int) -> bool:
        return not np.isfinite(float(logp[draw]))

    return bisect.bisect_left(range(logp.sizes["draw"]), True, key=is_padding)


def _keep_most(chains: Sequence[xr.DataTree]) -> xr.DataTree:
    """Join chains, cut to a common length that keeps as many draws as possible in all."""
    lengths = np.array([chain["posterior"].sizes["draw"] for chain in chains], dtype=int)
    if not lengths.any():
        raise RunError("interrupted during warm-up: no draw was made that could be kept")
    order = np.argsort(-lengths, kind="stable")
    kept = lengths[order] * np.arange(1, len(order) + 1)
    number = int(np.argmax(kept)) + 1
    draws = int(lengths[order[number - 1]])
    joined = {
        name: xr.concat(
            [chains[i][name].to_dataset().isel(draw=slice(draws)) for i in np.sort(order[:number])],
            dim="chain",
        )
        for name in ("posterior", "sample_stats")
    }
    return xr.DataTree.from_dict(joined)
