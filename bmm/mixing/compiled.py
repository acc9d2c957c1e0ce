"""Compilation: the mixture becomes machine code, once, to be fitted as often as wanted.

Only the models' names, the basis, priors and noise are compiled in.  Nuclei, masses and theory are
data that can be replaced, so that a second fit of the same kind, such as another fold of a
cross-validation, begins at once.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
import pytensor
import xarray as xr

from bmm.mixing.basis import Axis
from bmm.mixing.model import COORDINATES, build_model, model_data
from bmm.mixing.settings import Mixing

__all__ = ["Compiled", "compile_mixture", "compile_model"]

logger = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Compiled:
    """A compiled model; several chains may use it at the same time.

    Parameters
    ----------
    machine : nutpie.CompiledPyMCModel
        Log density, gradient and starting points as machine code.
    model : pymc.Model
        The model.
    variables : tuple of str
        Names of the random variables to be kept.
    seconds : float
        Wall time of compilation.
    """

    machine: Any
    model: pm.Model
    variables: tuple[str, ...]
    seconds: float

    def with_data(self, data: dict[str, Any]) -> Compiled:
        """Replace the data, by the names of `bmm.mixing.model.model_data`; same machine code."""
        # Starting points are found with the model's own copy.
        with self.model:
            pm.set_data(data)
        return replace(self, machine=self.machine.with_data(**data), seconds=0.0)


_MOST = 4
_remembered: dict[tuple[Any, ...], Compiled] = {}


def compile_mixture(
    problem: xr.Dataset,
    axes: tuple[Axis, Axis],
    settings: Mixing,
    *,
    confined: bool = False,
) -> Compiled:
    """Compile the mixture, or take one of the same kind that was compiled before.

    Parameters
    ----------
    problem : Dataset
        Training nuclei and theory; see `bmm.mixing.problem.training_problem`.
    axes : tuple of Axis
        Basis along Z and N.
    settings : Mixing
        Priors, noise and, if any, the mode.
    confined : bool, default False
        Confine the spreads to the mode of the settings, and start there.
    """
    mode = settings.mode if confined else None
    kind = (
        tuple(problem["model"].to_numpy().tolist()),
        axes,
        settings.model_dump_json(include={"priors", "noise"}),
        mode and mode.model_dump_json(),
    )
    if kind in _remembered:
        return _remembered[kind].with_data(model_data(problem, *axes, settings.noise))
    model = build_model(problem, *axes, settings, sigma_below=mode.sigma_below if mode else None)
    compiled = compile_model(model, {"sigma": np.asarray(mode.sigma)} if mode else None)
    if len(_remembered) == _MOST:
        del _remembered[next(iter(_remembered))]
    _remembered[kind] = compiled
    return compiled


def compile_model(model: pm.Model, start: dict[str, FloatArray] | None = None) -> Compiled:
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
    kept = tuple(name for name in names if name not in COORDINATES)
    return Compiled(machine, model, kept, seconds)
