"""Compilation: the mixture becomes machine code, once, to be fitted as often as wanted.

Only the models' names, the basis, priors and noise are compiled in.  Nuclei, masses and theory are
data that can be replaced, so that a second fit of the same kind, such as another fold of a
cross-validation, begins at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numba
import numpy as np
import nutpie
import pymc as pm
import pytensor
import xarray as xr

from bmm.arrays import FloatArray
from bmm.gp.basis import Axis
from bmm.mixing.form import CompiledLikelihood, form_of
from bmm.mixing.model import DERIVED, build_model, model_data, name_variables
from bmm.mixing.named_model import named_model
from bmm.mixing.settings import Mixing

__all__ = ["Compiled", "compile_mixture", "compile_model"]

logger = logging.getLogger(__name__)


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
        Names of the variables that it gives.
    seconds : float
        Wall time of compilation.
    finish : callable, optional
        Turns draws of these into those that are kept, Dataset to Dataset.
    """

    machine: Any
    model: pm.Model
    variables: tuple[str, ...]
    seconds: float
    finish: Callable[[xr.Dataset], xr.Dataset] | None = None


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
        Training nuclei and theory; see `bmm.mixing.training_data.training_problem`.
    axes : tuple of Axis
        Basis along Z and N.
    settings : Mixing
        Priors, noise and, if any, the mode.
    confined : bool, default False
        Confine the spreads to the mode of the settings, and start there.
    """
    if not isinstance(form_of(settings), CompiledLikelihood):
        model = named_model(problem, *axes, settings)
        return replace(compile_model(model), finish=_in_single_precision)
    mode = settings.mode if confined else None
    kind = (
        tuple(problem["theory"].to_numpy().tolist()),
        axes,
        settings.model_dump_json(include={"likelihood", "reference", "priors", "noise", "temper"}),
        mode and mode.model_dump_json(),
    )
    finish = partial(name_variables, problem=problem, axes=axes, settings=settings)
    if kind in _remembered:
        known = _remembered[kind]
        machine = known.machine.with_data(**model_data(problem, *axes, settings))
        return replace(known, machine=machine, seconds=0.0, finish=finish)
    model = build_model(problem, *axes, settings, sigma_below=mode.sigma_below if mode else None)
    start = {"sigma": np.asarray(mode.sigma)} if mode else None
    compiled = replace(compile_model(model, start, leave_out=DERIVED), finish=finish)
    if len(_remembered) == _MOST:
        del _remembered[next(iter(_remembered))]
    _remembered[kind] = compiled
    return compiled


def _in_single_precision(draws: xr.Dataset) -> xr.Dataset:
    """Store the coefficients of a model of named variables as `name_variables` does."""
    return draws.assign(beta=draws["beta"].astype(np.float32))


def compile_model(
    model: pm.Model,
    start: dict[str, FloatArray] | None = None,
    *,
    leave_out: Collection[str] = (),
) -> Compiled:
    """Compile a PyMC model for nutpie.

    Parameters
    ----------
    model : pymc.Model
        The model.
    start : dict of array, optional
        Values of free variables to start from; others start around their prior's centre.
    leave_out : collection of str, optional
        Deterministic variables that need not be compiled.
    """
    begun = time.perf_counter()
    # Fast-math lets freshly compiled and cached code round differently, and so the chains differ.
    with _sooner(), pytensor.config.change_flags(numba__fastmath=False):
        scattered = set(model.free_RVs) - {model[name] for name in start or ()}
        names = [each.name for each in [*model.free_RVs, *model.deterministics]]
        kept = tuple(name for name in names if name not in leave_out)
        machine = nutpie.compile_pymc_model(
            model, initial_points=start, jitter_rvs=scattered, var_names=kept
        )
    seconds = time.perf_counter() - begun
    logger.info("compiled in %.1f s; %d coupled parameters", seconds, machine.n_dim)
    return Compiled(machine, model, kept, seconds)


@contextmanager
def _sooner() -> Iterator[None]:
    """Let LLVM optimise on its second level: it ends a sixth sooner, and the code is as fast."""
    level = numba.config.OPT
    numba.config.OPT = type(level)(2)
    try:
        yield
    finally:
        numba.config.OPT = level
