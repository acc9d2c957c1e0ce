"""Separation energies and Q values of a surface, beside the files of a network code."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from bmm.export.mass_table import MassTable, Surface
from bmm.prediction.derived import derive
from bmm.writing import write_whole

__all__ = ["ENERGIES", "write_energies"]

ENERGIES = ("S_1n", "Q_alpha", "Q_beta")
"""What is written; see `bmm.prediction.derived.QUANTITIES`."""


def write_energies(table: MassTable, surface: Surface, nuclei: pd.MultiIndex, folder: Path) -> None:
    """Write ``energies.csv``: a line of comment, then Z, N, A, symbol, status and the energies.

    Parameters
    ----------
    table : MassTable
        All nuclei of which the masses are known: the neighbours.
    surface : Surface
        Their masses.
    nuclei : MultiIndex (Z, N)
        Those to be written.  A value is empty where a neighbour is missing.
    folder : Path
        Gets the file.
    """
    masses = xr.DataArray(
        surface.mass_excess[None],
        dims=("draw", "nucleus"),
        coords={"Z": ("nucleus", table.Z), "N": ("nucleus", table.N)},
    )
    frame = table.frame(draws=False)[["Z", "N", "A", "symbol", "status"]]
    for name in ENERGIES:
        frame[f"{name}_MeV"] = derive(masses, name).to_numpy()[0]
    frame = frame[table.nuclei.index.isin(nuclei)]
    rows = frame.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    text = f"# {surface.origin}\n{rows}"
    write_whole(folder / "energies.csv", lambda path: path.write_text(text, encoding="utf-8"))
