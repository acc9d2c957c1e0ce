"""Several loops side by side: kinds of emulators and acquisitions, each from several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.emulation.acquisition import ACQUISITIONS
from bmm.emulation.energy_surface import Surface
from bmm.emulation.loop import LoopSettings, State, run_loop
from bmm.emulation.loop_state import (
    Packed,
    pack_state,
    read_state,
    unpack_state,
    write_packed,
    write_state,
)
from bmm.emulation.surrogate import Learner
from bmm.execution.tasks import Task
from bmm.fingerprints import array_fingerprint, code_fingerprint, fingerprint

__all__ = [
    "Experiment",
    "experiment_task",
    "keep_experiment",
    "rounds_table",
    "run_experiment",
    "summarise",
]

_LIBRARIES_GB = 0.6  # of a process that has loaded them
_MATRICES = 6  # of all pairs of points, that an emulator keeps at once


@dataclass(frozen=True)
class Experiment:
    """A kind of loop.

    Parameters
    ----------
    label : str
        Name in tables and files.
    learner : Learner
        Kind of emulator; its attribute ``modules``, if it has one, names modules besides its own
        that determine what it learns.
    settings : LoopSettings
        How points are chosen.
    details : dict, optional
        What else determines its results, as plain values, such as the settings of a committee.

    Examples
    --------
    >>> from bmm.emulation.experiments import Experiment
    >>> from bmm.emulation.loop import LoopSettings
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> Experiment("gp-random", ProcessLearner(), LoopSettings(acquisition="random")).label
    'gp-random'
    """

    label: str
    learner: Learner
    settings: LoopSettings
    details: dict[str, Any] | None = None


def run_experiment(
    surface: Surface,
    experiment: Experiment,
    seed: int,
    folder: Path,
    after: Callable[[State], None] | None = None,
) -> State:
    """Run a loop, or continue it where it was killed.

    Parameters
    ----------
    surface : Surface
        The theory.
    experiment : Experiment
        The loop.
    seed : int
        Its seed.
    folder : Path
        Each loop has its own file here, written after every round.
    after : callable, optional
        Called after every round that was not done before.

    Raises
    ------
    RunError
        If the file there is of a loop with another surface, other settings or other code.
    """
    path, origin = _path(experiment, seed, folder), _origin(surface, experiment, seed)
    resumed = read_state(path, experiment.learner, origin, surface.points.shape[1])

    def keep(state: State) -> None:
        write_state(path, state, experiment.learner, origin)
        if after is not None:
            after(state)

    return run_loop(
        surface, experiment.learner, experiment.settings, seed, resumed=resumed, after=keep
    )


def experiment_task(surface: Surface, experiment: Experiment, seed: int, folder: Path) -> Task:
    """Make the task of running a loop to its end, from where it was killed if it was.

    Its result is for `keep_experiment`.

    Parameters
    ----------
    surface, experiment, seed, folder
        As for `run_experiment`.

    Raises
    ------
    RunError
        As from `run_experiment`.
    """
    path, origin = _path(experiment, seed, folder), _origin(surface, experiment, seed)
    resumed = read_state(path, experiment.learner, origin, surface.points.shape[1])
    return Task(
        fingerprint([experiment.label, origin]),
        f"{experiment.label}, seed {seed}",
        _packed_loop,
        (
            surface,
            experiment.learner,
            experiment.settings,
            seed,
            None if resumed is None else pack_state(resumed, experiment.learner),
        ),
        _LIBRARIES_GB + _MATRICES * 8e-9 * len(surface) ** 2,
    )


def keep_experiment(
    surface: Surface, experiment: Experiment, seed: int, folder: Path, last: Packed
) -> None:
    """Write the last state of a loop, as `run_experiment` does.

    Parameters
    ----------
    surface, experiment, seed, folder
        As for `run_experiment`.
    last : dict of str to array
        The result of the task.
    """
    path, origin = _path(experiment, seed, folder), _origin(surface, experiment, seed)
    write_packed(path, last, origin)


def _packed_loop(
    surface: Surface, learner: Learner, settings: LoopSettings, seed: int, begun: Packed | None
) -> Packed:
    """Run a loop to its end, from arrays to arrays: not every emulator can be pickled."""
    resumed = None if begun is None else unpack_state(begun, learner, surface.points.shape[1])
    return pack_state(run_loop(surface, learner, settings, seed, resumed=resumed), learner)


def _path(experiment: Experiment, seed: int, folder: Path) -> Path:
    return folder / f"{experiment.label}-{seed}.npz"


def _origin(surface: Surface, experiment: Experiment, seed: int) -> dict[str, Any]:
    """Everything that determines a loop."""
    return {
        "code": code_fingerprint(__name__, *sorted(set(_modules(experiment)))),
        "surface": array_fingerprint(surface.points, surface.energy),
        "settings": experiment.settings.model_dump(mode="json"),
        "emulator": {"name": experiment.learner.name, **(experiment.details or {})},
        "seed": seed,
    }


def _modules(experiment: Experiment) -> Iterator[str]:
    """Modules of the acquisition, of the kind of emulator, and of those inside it."""
    yield ACQUISITIONS.module(experiment.settings.acquisition)
    waiting: list[Any] = [experiment.learner]
    while waiting:
        learner = waiting.pop()
        yield type(learner).__module__
        yield from getattr(learner, "modules", ())
        if is_dataclass(learner):
            inner = [getattr(learner, each.name) for each in fields(learner)]
            waiting += [each for each in inner if hasattr(each, "unpack")]


def rounds_table(
    label: str,
    seed: int,
    state: State,
    energy: npt.NDArray[np.float64],
    smooth: npt.NDArray[np.bool],
) -> pd.DataFrame:
    """Make a table of the rounds of one loop.

    Parameters
    ----------
    label, seed : str, int
        Of the loop.
    state : State
        Its last.
    energy : array (n,)
        Of the surface, MeV.
    smooth : bool array (n,)
        Relevant points that are not at a discontinuity of the surface.

    Returns
    -------
    DataFrame
        Columns loop, seed, those of `bmm.emulation.loop.Round`, and rmse_smooth, over the smooth
        points; errors in MeV.
    """
    rows = [{"loop": label, "seed": seed, **asdict(each)} for each in state.rounds]
    error = (state.means - energy)[:, smooth]
    return pd.DataFrame(rows).assign(rmse_smooth=np.sqrt((error**2).mean(axis=1)))


def summarise(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Summarise the errors of every loop over its seeds.

    Parameters
    ----------
    tables : sequence of DataFrame
        From `rounds_table`.

    Returns
    -------
    DataFrame
        Columns loop, points, seeds, then median, lower (16 %) and upper (84 %) of rmse, rmse_left
        and rmse_smooth over the seeds, MeV.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.emulation.experiments import summarise
    >>> rounds = {"loop": "gp", "points": [40, 80], "rmse_left": 0.9, "rmse_smooth": 0.5}
    >>> tables = [
    ...     pd.DataFrame(rounds | {"seed": seed, "rmse": [1.0, 0.5 * seed]}) for seed in (1, 2, 3)
    ... ]
    >>> summarise(tables)[["points", "seeds", "rmse_median"]]
       points  seeds  rmse_median
    0      40      3          1.0
    1      80      3          1.0
    """
    found = pd.concat(tables, ignore_index=True)
    rows = []
    for (label, points), group in found.groupby(["loop", "points"], sort=False):
        row: dict[str, Any] = {"loop": label, "points": points, "seeds": len(group)}
        for column in ("rmse", "rmse_left", "rmse_smooth"):
            levels = np.nanquantile(group[column], [0.5, 0.16, 0.84])
            for name, value in zip(("median", "lower", "upper"), levels, strict=True):
                row[f"{column}_{name}"] = value
        rows.append(row)
    return pd.DataFrame(rows)
