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
    r"""Read a list of nuclei.

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
        If the file cannot be read, names no nucleus or one twice; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.measurements import read_nuclei
    >>> path = Path(tempfile.mkdtemp()) / "wanted.csv"
    >>> _ = path.write_text("Z,N\n50,86\n50,88\n")
    >>> read_nuclei(path).tolist()
    [(50, 86), (50, 88)]
    """
    return nuclide_index(*zip(*read_rows(path, RowLayout(N="N")), strict=True))


def read_measurements(path: Path) -> pd.DataFrame:
    r"""Read measured masses.

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
        If the file cannot be read or a number is missing; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.measurements import read_measurements
    >>> path = Path(tempfile.mkdtemp()) / "new.csv"
    >>> _ = path.write_text("Z,N,mass_excess,mass_excess_uncertainty\n50,86,-56.4,0.1\n")
    >>> read_measurements(path).loc[(50, 86), "mass_excess"].item()
    -56.4
    """
    # Every row must have its numbers: nothing stands for a missing one.
    rows = read_rows(path, RowLayout(N="N", missing=()), _COLUMNS)
    values = [row.numbers for row in rows.values()]
    index = nuclide_index(*zip(*rows, strict=True))
    return pd.DataFrame(values, columns=list(_COLUMNS), index=index).sort_index()
