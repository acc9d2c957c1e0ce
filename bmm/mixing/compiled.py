"""Compilation: a PyMC model becomes machine code, once, to be sampled as often as wanted."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
import pytensor

__all__ = ["Compiled", "compile_model"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compiled:
    """A compiled model; several chains may use it at the same time.

    Parameters
    ----------
    machine : nutpie.CompiledPyMCModel
        Log density, gradient and starting points as machine code.
    variables : tuple of str
        Names of the model's random variables.
    seconds : float
        Wall time of compilation.
    """

    machine: Any
    variables: tuple[str, ...]
    seconds: float


def compile_model(
    model: pm.Model, start: dict[str, npt.NDArray[np.float64]] | None = None
) -> Compiled:
    """Compile a PyMC model for nutpie.

    Parameters
    ----------
    model : pymc.Model
        The model.
    start : dict of array, optional
        Values of free variables to start from; others start around their prior's centre.
    """
    begun = time.perf_counter()
    # Fast-math lets freshly compiled and cached code round differently, and so the chains differ.
    with pytensor.config.change_flags(numba__fastmath=False):
        scattered = set(model.free_RVs) - {model[name] for name in start or ()}
        machine = nutpie.compile_pymc_model(model, initial_points=start, jitter_rvs=scattered)
    seconds = time.perf_counter() - begun
    logger.info("compiled in %.1f s; %d coupled parameters", seconds, machine.n_dim)
    names = (variable.name for variable in [*model.free_RVs, *model.deterministics])
    return Compiled(machine, tuple(names), seconds)
