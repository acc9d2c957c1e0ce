"""The masses of a run as one table, measured where they are measured."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from bmm.arrays import FloatArray
from bmm.errors import RunError
from bmm.export import MassTable, Origin
from bmm.nuclides import nuclide_index
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import known_masses
from bmm.workflows.run_forecast import read_forecast

__all__ = ["mass_table_of"]

_NOTE = (
    "measured masses as measured, others: mean and standard deviation of the forecast; draws: joint"
)


def mass_table_of(run: Path, draws: int = 0, seed: int | None = None) -> MassTable:
    """Read the masses of a run, and draw them jointly.

    Parameters
    ----------
    run : Path
        Folder of a complete run.
    draws : int, default 0
        Joint draws of the whole chart.
    seed : int, optional
        Of the draws; by default the run's.

    Returns
    -------
    MassTable
        The nuclei of the run's chart, and all that its evaluation has measured.  Predicted masses
        are those of ``predictions.csv``.

    Raises
    ------
    RunError
        If the folder holds no complete run, or its files do not belong together.

    Examples
    --------
    With `folder` of the example of `bmm.run`:

    >>> from bmm.workflows.exported_table import mass_table_of
    >>> table = mass_table_of(folder / "run")
    >>> table.origin.evaluation, table.draws is None
    ('AME2020', True)
    """
    folder = RunFolder.open(run)
    config = folder.read_config()
    measured = known_masses(config.data, folder.checksums)
    predictions = folder.select_predictions(["Z=0-140"])
    index = nuclide_index(predictions["Z"], predictions["N"])
    nuclei = pd.DataFrame(
        {
            "mass_excess": predictions["mean"].to_numpy(),
            "mass_excess_sd": predictions["sd"].to_numpy(),
            "measured": False,
        },
        index=index,
    )
    known = pd.DataFrame(
        {
            "mass_excess": measured["mass_excess"],
            "mass_excess_sd": measured["mass_excess_uncertainty"],
            "measured": True,
        }
    )
    nuclei = pd.concat([nuclei[~index.isin(known.index)], known]).sort_index()
    origin = Origin(
        run=config.name,
        version=str(folder.read_scores()["provenance"]["packages"]["nuclear-bmm"]),
        models=tuple(config.theory.models),
        evaluation=config.data.title,
        date=date.today(),
        note=_NOTE,
    )
    drawn = _draw(run, nuclei.index, draws, seed) if draws else None
    return MassTable(nuclei, origin, drawn)


def _draw(run: Path, nuclei: pd.Index, draws: int, seed: int | None) -> FloatArray:
    known = read_forecast(run)
    rows = known.index.get_indexer(nuclei)
    if (rows < 0).any():
        raise RunError(f"{run}: predictions.csv has nuclei that posterior.nc lacks")
    masses: FloatArray = known.draws(draws, seed).to_numpy()[:, rows]
    return masses
