"""A surface is learned by active learning, into a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console

import bmm
from bmm.emulation.energy_surface import Surface
from bmm.emulation.experiments import (
    Experiment,
    experiment_task,
    keep_experiment,
    rounds_table,
    run_experiment,
    summarise,
)
from bmm.emulation.loop import LoopSettings, State, points_of, start_set
from bmm.emulation.unconverged import Continuity, check_continuity
from bmm.errors import RunError
from bmm.execution.progress import Progress as TaskProgress
from bmm.execution.tasks import Engine, failure
from bmm.figures.active_learning import error_figure, rounds_figure
from bmm.figures.files import write_figure
from bmm.workflows.result_folder import ResultFolder
from bmm.writing import without_nan, write_json, write_whole

__all__ = ["Emulation", "EmulationFolder", "emulate", "experiments", "screen"]

type Progress = Callable[[str, int, State], None]


class EmulationFolder(ResultFolder):
    """A folder with the loops that learn a surface.

    * ``loops/LOOP-SEED.npz``: a checkpoint of each loop after its latest round; started again, it
      continues from there
    * ``errors.csv``, ``summary.csv``: errors of every round, and their spread over the seeds
    * ``prediction.csv``: predictions of the first loop for every point, and when it was computed
    * ``unconverged.csv``: points left out, two-dimensional surfaces only
    * ``figures/``: errors against the number of points; the rounds of the first loop
    * ``emulation.json``: what was done
    * ``manifest.json``: see `bmm.workflows.result_folder`

    Parameters
    ----------
    path : Path
        The folder.
    """

    kind = "learned surface"
    taken_up = ("begun", "complete")
    kept = "finished rounds are kept"
    remedy = "to go on, give the same command again"
    apart = ("loops",)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.loops = path / "loops"

    def holds_work(self) -> bool:
        """Tell whether there are rounds."""
        return any(self.loops.glob("[!.]*.npz"))


@dataclass(frozen=True)
class Emulation:
    """What came of it.

    Parameters
    ----------
    folder : Path
        Where everything is.
    summary : DataFrame
        From `bmm.emulation.experiments.summarise`.
    facts : dict
        As in ``emulation.json``.
    """

    folder: Path
    summary: pd.DataFrame
    facts: dict[str, Any]


def experiments(main: Experiment, others: Sequence[Experiment]) -> list[Experiment]:
    """Put the main loop first, and after it each other one that is not the same.

    Examples
    --------
    >>> from bmm.emulation.experiments import Experiment
    >>> from bmm.emulation.loop import LoopSettings
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> from bmm.workflows.active_learning import experiments
    >>> main, other = (
    ...     Experiment(name, ProcessLearner(), LoopSettings(acquisition=name))
    ...     for name in ("spread", "random")
    ... )
    >>> [each.label for each in experiments(main, [main, other])]
    ['spread', 'random']
    """
    kept = [main]
    for each in others:
        if each.label not in {other.label for other in kept}:
            kept.append(each)
    return kept


def screen(surface: Surface) -> tuple[Surface, Continuity | None]:
    """Leave unconverged points out.

    Parameters
    ----------
    surface : Surface
        As read.

    Returns
    -------
    Surface, Continuity or None
        What is left, and what was found; None where the surface is not two-dimensional.

    Raises
    ------
    DataError
        If a two-dimensional surface is not on a grid.

    Examples
    --------
    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> from bmm.workflows.active_learning import screen
    >>> surface, found = screen(analytic_surface())
    >>> len(surface), int(found.unconverged.sum())
    (1125, 0)
    """
    if len(surface.axes) != 2:
        return surface, None
    found = check_continuity(surface)
    return surface.without(found.unconverged), found


def emulate(
    table: Surface,
    loops: Sequence[Experiment],
    seeds: Sequence[int],
    path: Path,
    *,
    check: bool = True,
    overwrite: bool = False,
    progress: Progress | None = None,
    engine: Engine | None = None,
    console: Console | None = None,
) -> Emulation:
    """Run all loops from all seeds, and write the folder.

    Parameters
    ----------
    table : Surface
        As read.
    loops : sequence of Experiment
        The first is the one that is drawn.
    seeds : sequence of int
        Each loop is run from each.
    path : Path
        The folder; finished rounds that are there are not done again.
    check : bool, default True
        Leave unconverged points of a two-dimensional surface out.
    overwrite : bool, default False
        Start over.
    progress : callable, optional
        Called with label, seed and state after every round; not by an engine.
    engine : Engine, optional
        Runs the loops; by default one after the other, in this process.
    console : Console, optional
        Where to show an engine's progress.

    Raises
    ------
    RunError
        If an engine could not run a loop; those that it could are kept.
    """
    began = time.perf_counter()
    surface, found = screen(table) if check else (table, None)
    for each in loops:
        start_set(surface, each.settings, 0)  # refuses what cannot be begun, before anything is
    smooth = _smooth(surface, found, loops[0].settings)
    tables, first = [], None
    with EmulationFolder.begin(path, overwrite=overwrite) as folder:
        folder.loops.mkdir(exist_ok=True)
        if engine is not None:
            _run_side_by_side(surface, loops, seeds, folder.loops, engine, console)
        for seed in seeds:
            for each in loops:
                telling = _telling(progress, each.label, seed)
                state = run_experiment(surface, each, seed, folder.loops, telling)
                tables.append(rounds_table(each.label, seed, state, surface.energy, smooth))
                first = first or state
        assert first is not None
        summary = summarise(tables)
        facts = _facts(table, surface, found, loops, seeds, summary)
        facts["seconds"] = time.perf_counter() - began
        _write(folder, table, surface, found, loops[0].settings, first, tables, summary, facts)
    return Emulation(path, summary, facts)


def _run_side_by_side(
    surface: Surface,
    loops: Sequence[Experiment],
    seeds: Sequence[int],
    folder: Path,
    engine: Engine,
    console: Console | None,
) -> None:
    """Run all loops from all seeds to their ends, and write each as soon as it has ended."""
    runs = {
        task.key: (task, each, seed)
        for seed in seeds
        for each in loops
        for task in [experiment_task(surface, each, seed, folder)]
    }
    failed = []
    with TaskProgress(console or Console(quiet=True), len(runs), engine.places) as shown:
        for done in engine.run((task for task, _, _ in runs.values()), shown):
            _, each, seed = runs[done.task.key]
            if done.error is None:
                keep_experiment(surface, each, seed, folder, done.result)
            else:
                failed.append(f"{done.task.name} {failure(done)}")
    if failed:
        raise RunError("; ".join(failed))


def _smooth(
    surface: Surface, found: Continuity | None, settings: LoopSettings
) -> npt.NDArray[np.bool]:
    """Relevant points that are not at a discontinuity of the surface, array (n,)."""
    energy_window = settings.energy_window(surface)
    matter = (
        np.ones(len(surface), dtype=bool)
        if energy_window is None
        else energy_window.contains(surface.energy)
    )
    return matter if found is None else matter & ~found.discontinuous[~found.unconverged]


def _telling(progress: Progress | None, label: str, seed: int) -> Callable[[State], None] | None:
    return None if progress is None else lambda state: progress(label, seed, state)


def _facts(
    table: Surface,
    surface: Surface,
    found: Continuity | None,
    loops: Sequence[Experiment],
    seeds: Sequence[int],
    summary: pd.DataFrame,
) -> dict[str, Any]:
    energy_window = loops[0].settings.energy_window(surface)
    matter = (
        len(surface) if energy_window is None else int(energy_window.contains(surface.energy).sum())
    )
    return {
        "version": bmm.__version__,
        "surface": table.name,
        "axes": list(table.axes),
        "points": len(table),
        "unconverged": len(table) - len(surface),
        "torn": None if found is None else int(found.discontinuous.sum()),
        "broken_step_MeV": None if found is None else found.threshold,
        "window_MeV": None
        if energy_window is None
        else [energy_window.minimum, energy_window.minimum + energy_window.width],
        "matter": matter,
        "smooth": int(_smooth(surface, found, loops[0].settings).sum()),
        "marks": [points_of(each, len(surface)) for each in loops[0].settings.marks],
        "seeds": list(seeds),
        "loops": {
            each.label: each.settings.model_dump(mode="json") | {"emulator": each.details}
            for each in loops
        },
        "summary": summary.to_dict(orient="records"),
    }


def _write(
    folder: EmulationFolder,
    table: Surface,
    surface: Surface,
    found: Continuity | None,
    settings: LoopSettings,
    state: State,
    tables: Sequence[pd.DataFrame],
    summary: pd.DataFrame,
    facts: dict[str, Any],
) -> None:
    order = np.zeros(len(surface), dtype=int)
    order[state.computed] = 1 + np.arange(len(state.computed))
    predicted = pd.DataFrame(surface.points, columns=list(surface.axes)).assign(
        energy=surface.energy, mean=state.mean, scale=state.sd, computed=order
    )
    frames = {"errors": pd.concat(tables), "summary": summary, "prediction": predicted}
    if found is not None:
        left_out = pd.DataFrame(table.points, columns=list(table.axes)).assign(energy=table.energy)
        frames["unconverged"] = left_out[found.unconverged]
    for name, frame in frames.items():
        write_csv = partial(frame.to_csv, index=False, float_format="%.6g")
        write_whole(folder.path / f"{name}.csv", write_csv)
    folder.figures.mkdir(exist_ok=True)
    write_figure(folder.figures / "errors", error_figure(summary))
    if found is not None:
        energy_window = settings.energy_window(surface)
        matter = None if energy_window is None else energy_window.contains(surface.energy)
        write_figure(folder.figures / "rounds", rounds_figure(surface, state, matter))
    write_json(folder.path / "emulation.json", without_nan(facts))
    folder.complete()
