"""The user's own lists: nuclei, and masses measured lately."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bmm.data.layout import RowLayout
from bmm.data.reader import read_rows
from bmm.nuclides import nuclide_index

__all__ = ["read_measurements", "read_nuclei"]

_COLUMNS = ("mass_excess", "mass_excess_uncertainty")


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
    return nuclide_index(*zip(*read_rows(path, RowLayout(N="N")), strict=True))


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
        If the file cannot be read or a number is missing; the sentence names the line.
    """
    # Every row must have its numbers: nothing stands for a missing one.
    rows = read_rows(path, RowLayout(N="N", missing=()), _COLUMNS)
    values = [row.numbers for row in rows.values()]
    index = nuclide_index(*zip(*rows, strict=True))
    return pd.DataFrame(values, columns=list(_COLUMNS), index=index).sort_index()
