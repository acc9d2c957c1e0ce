"""The masses of a run as one table, measured where they are measured."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from bmm.arrays import FloatArray
from bmm.data import evaluation_name, load_measured
from bmm.errors import RunError
from bmm.export import MassTable, Origin
from bmm.nuclides import nuclide_index
from bmm.workflows.folder import RunFolder
from bmm.workflows.separations import JointDraws

__all__ = ["mass_table_of"]

_NOTE = (
    "measured masses as measured, others: mean and standard deviation of the mixture; draws: joint,"
    " from the run's models, each corrected by the field of its residuals and mixed evenly"
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
    """
    folder = RunFolder.open(run)
    config = folder.read_config()
    measured = load_measured(config.data.measured)
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
        evaluation=evaluation_name(config.data.measured),
        date=date.today(),
        note=_NOTE,
    )
    drawn = _draw(run, nuclei.index, draws, seed) if draws else None
    return MassTable(nuclei, origin, drawn)


def _draw(run: Path, nuclei: pd.Index, draws: int, seed: int | None) -> FloatArray:
    surfaces = JointDraws.of(run).surfaces(draws, seed)
    drawn = nuclide_index(surfaces["Z"].to_numpy(), surfaces["N"].to_numpy())
    rows = drawn.get_indexer(nuclei)
    if (rows < 0).any():
        raise RunError(f"{run}: predictions.csv has nuclei that posterior.nc lacks")
    masses: FloatArray = surfaces.transpose("draw", "nucleus").to_numpy()[:, rows]
    return masses
