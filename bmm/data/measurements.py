"""The user's own lists: nuclei, and masses measured lately."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bmm.data.reader import TableLayout, read_rows
from bmm.data.smoothness import check_units
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = ["read_measurements", "read_nuclei"]


def read_nuclei(path: Path) -> pd.MultiIndex:
    """Read a list of nuclei.

    Parameters
    ----------
    path : Path
        CSV with a header and columns Z and N; others are not looked at.

    Returns
    -------
    MultiIndex (Z, N)
        In the order of the file.

    Raises
    ------
    DataError
        If the file cannot be read, names no nucleus or one twice; the sentence names the line.
    """
    return nuclide_index(*zip(*read_rows(path, _layout("N")), strict=True))


def read_measurements(path: Path) -> pd.DataFrame:
    """Read measured masses.

    Parameters
    ----------
    path : Path
        CSV with a header and columns Z, N, mass_excess and mass_excess_uncertainty, both atomic
        and in MeV.

    Returns
    -------
    DataFrame
        Indexed (Z, N), sorted, with columns mass_excess and mass_excess_uncertainty in MeV.

    Raises
    ------
    DataError
        If the file cannot be read, a number is missing or an uncertainty is not positive; the
        sentence names the nucleus or the line.
    """
    names = ("mass_excess", "mass_excess_uncertainty")
    columns = {name: read_rows(path, _layout(name)) for name in names}
    rows = columns["mass_excess"]
    table = pd.DataFrame(
        {name: [value for (value,) in each.values()] for name, each in columns.items()},
        index=nuclide_index(*zip(*rows, strict=True)),
    ).sort_index()
    bad = ~(table["mass_excess_uncertainty"] > 0)
    if bad.any():
        Z, N = table.index[bad][0]
        value = float(table["mass_excess_uncertainty"][bad].iloc[0])
        raise DataError(f"{path}: Z={Z}, N={N}: expected an uncertainty above 0 MeV, not {value:g}")
    try:
        check_units(table["mass_excess"])
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return table


def _layout(column: str) -> TableLayout:
    """Every row must have its number: nothing stands for a missing one."""
    return TableLayout(N="N", value=column, quantity="mass_excess", unit="MeV", missing=())
