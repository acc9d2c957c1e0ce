"""The problems that the benchmarks time, and how they time a gradient."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numba
import numpy as np
import pytensor
import xarray as xr

from bmm.data import load_theory
from bmm.gp.basis import Axis
from bmm.mixing.compilation import Compiled
from bmm.mixing.model import axes
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.mixing.training_data import training_problem
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.library import load_model
from bmm.workflows.config import load_config
from bmm.workflows.inputs import select_measured
from bmm.workflows.pipeline import fit_configuration

# Fast-math would let cached and freshly compiled code round differently.
pytensor.config.numba__fastmath = False

MEAN_OF = 10
"""Calls that are timed together, where one call is short."""


@dataclass(frozen=True)
class Study:
    """A training problem with its basis and settings."""

    problem: xr.Dataset
    axis_Z: Axis
    axis_N: Axis
    settings: Mixing

    @property
    def size(self) -> str:
        """Number of nuclei, models and functions, in words."""
        sizes = self.problem.sizes
        return (
            f"{sizes['nucleus']} nuclei, {sizes['theory']} models, "
            f"basis {self.axis_Z.m} x {self.axis_N.m}"
        )


def occupations(
    m_Z: int, m_N: int, *, nuclei: int | None = None, models: int | None = None, least: int = 28
) -> Study:
    """Assemble the study of spin-orbit occupations (AME2020, DZ10-SO).

    Parameters
    ----------
    m_Z, m_N : int
        Number of functions along Z and N.
    nuclei : int, optional
        Take that many nuclei, evenly spaced in the list by Z and N, in place of all.
    models : int, optional
        Take that many models: the occupations in turn, those that come again with normal noise of
        0.5 MeV added (seeded).
    least : int, default 28
        Smallest Z and N of the measured nuclei.
    """
    config = load_config("occupations-so")
    data = config.data.model_copy(update={"Z": (least, 140), "N": (least, 320)})
    measured = select_measured(config.model_copy(update={"data": data}))
    index = nuclide_index(measured.index)
    theory = predict_all([load_model(name).fit(measured) for name in config.theory.models], index)
    problem = training_problem(measured, theory)
    if nuclei is not None:
        kept = np.linspace(0, problem.sizes["nucleus"] - 1, nuclei).round().astype(int)
        problem = problem.isel(nucleus=kept)
    if models is not None:
        problem = _with_models(problem, models)
    settings = config.mixing.model_copy(update={"basis": Basis(m_Z=m_Z, m_N=m_N)})
    listed = load_theory(config.chart.table).index
    ends = config.chart.Z[1], config.chart.N[1]
    chart = listed[Domain(Z=(least, ends[0]), N=(least, ends[1])).covers(listed)]
    box = axes(*numbers(chart.union(measured.index)), settings)
    return Study(problem, *box, settings)


def one_draw(configuration: str, m_Z: int, m_N: int) -> xr.DataTree:
    """Fit a shipped configuration with a single draw after a single one of warm-up."""
    config = load_config(configuration)
    settings = config.mixing.model_copy(
        update={"basis": Basis(m_Z=m_Z, m_N=m_N), "sampler": Sampler(chains=1, draws=1, tune=1)}
    )
    config = config.model_copy(update={"mixing": settings})
    return fit_configuration(config, select_measured(config))


def _with_models(problem: xr.Dataset, models: int) -> xr.Dataset:
    own = problem.sizes["theory"]
    rng = np.random.default_rng(0)
    problem = problem.isel(theory=np.arange(models) % own)
    noise = rng.normal(0, 0.5, size=problem["theory_mass_excess"].shape)
    noise[:, :own] = 0
    problem["theory_mass_excess"] = problem["theory_mass_excess"] + noise
    return problem.assign_coords(model=[f"model {k + 1}" for k in range(models)])


def gradient_ms(compiled: Compiled, repeats: int) -> float:
    """Best time (ms) of one log density with its gradient, a mean of a few.

    Called as nutpie calls it, from machine code.
    """
    machine = compiled.machine
    pointer, number = ctypes.c_void_p, ctypes.c_uint64
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, number, pointer, pointer, pointer, pointer)
    density = kind(machine.compiled_logp_func.address)
    point = np.random.default_rng(1).normal(0, 0.3, machine.n_dim)
    gradient, value = np.empty_like(point), np.empty(())
    arrays = (point, gradient, value, machine.user_data)
    places = (machine.n_dim, *(each.ctypes.data for each in arrays))
    if density(*places) != 0:
        raise ValueError("the log density or its gradient is not finite at the point that is timed")

    @numba.njit
    def several(n, point, gradient, value, data):
        for _ in range(MEAN_OF):
            density(n, point, gradient, value, data)

    return 1e3 * min(seconds(lambda: several(*places), repeats)) / MEAN_OF


def seconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Wall times of repeated calls, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return times


def in_a_fresh_process[T](function: Callable[..., T], *arguments: object) -> T:
    """Call a function in a process of its own, so that its memory can be measured."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def peak_memory_MB() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux, that begins with the memory of the process that started this one.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource  # absent on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
