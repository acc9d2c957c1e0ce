"""The user's own mass tables: read, checked and converted to atomic mass excesses."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from bmm.data.layout import TableLayout
from bmm.data.plausibility import Column, check_masses, check_spreads
from bmm.data.published_layouts import NamedLayout, resolve
from bmm.data.reader import NucleusRow, read_rows
from bmm.data.readings import SHIFTS, Numbers, Reading
from bmm.data.smoothness import find_suspects
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = ["read_mass_table"]

logger = logging.getLogger(__name__)

_LISTED = 20  # suspects named in the log; find_suspects returns all
_OFF = 100.0  # MeV from the neighbours; that is no mass


def read_mass_table(path: str | Path, layout: TableLayout | NamedLayout | str) -> pd.DataFrame:
    r"""Read a mass table and convert it to atomic mass excesses.

    The table is checked: placeholders for missing values, and other readings of its columns, by
    comparison with AME2020, shipped models and a liquid drop; and smoothness, whose suspects are
    logged as a warning and not removed.

    Parameters
    ----------
    path : str or Path
        Text file, as it is or compressed by gzip, whose lines may end with LF, CRLF or CR; or a
        folder of files, or a pattern such as ``masses/*.dat``, that make up one table.
    layout : TableLayout, NamedLayout or str
        Where the numbers stand and what they are; or the name of a published layout, see
        `bmm.data.published_layouts.LAYOUTS`.

    Returns
    -------
    pandas.DataFrame
        Indexed by (Z, N), sorted, with the column `mass_excess` (atomic mass excess in MeV), and
        `mass_excess_sd` (MeV) if the layout names its column.

    Raises
    ------
    DataError
        If the file cannot be read as `layout` says, or a value is no mass; the message names the
        file and the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.published_layouts import as_layout
    >>> from bmm.data.user_table import read_mass_table
    >>> path = Path(tempfile.mkdtemp()) / "masses.csv"
    >>> _ = path.write_text("Z,N,mass\n50,82,-76.5\n82,126,-21.7\n")
    >>> layout = {"Z": "Z", "N": "N", "value": "mass", "quantity": "mass_excess", "unit": "MeV"}
    >>> read_mass_table(path, as_layout(layout))["mass_excess"].tolist()
    [-76.5, -21.7]
    """
    path = Path(path)
    layout = resolve(path, layout)
    rows = read_rows(path, layout)
    declared = _declared(layout)
    column = _column(rows)
    masses = check_masses(path, column, declared, _orders(layout))
    table = pd.DataFrame({"mass_excess": masses}, index=nuclide_index(column.Z, column.N))
    if layout.sd is not None:
        # Every conversion is linear in the value.
        spread = np.array([row.numbers[1] for row in rows.values()])
        moved = declared.mass_excess(column.Z, column.N, column.value + spread)
        sd = np.where(spread < 0, -1, 1) * np.abs(moved - masses)
        check_spreads(column, sd)
        table["mass_excess_sd"] = sd
    table = table.sort_index()
    suspects = find_suspects(table["mass_excess"])
    _refuse_off(suspects, rows)
    _report(path, suspects)
    return table


def _declared(layout: TableLayout) -> Reading:
    convention = layout.convention or "atomic"
    if layout.quantity == "nuclear_mass":
        convention = "nuclear"
    return Reading(layout.quantity, layout.unit, convention, layout.sign)


def _orders(layout: TableLayout) -> tuple[Numbers, ...]:
    """Find what else the columns of Z and N may hold."""
    if layout.nuclide is not None:
        return ()
    if layout.A is not None:
        return (*SHIFTS, "N for A")
    return (*SHIFTS, "Z and N swapped", "A for N")


def _column(rows: dict[tuple[int, int], NucleusRow]) -> Column:
    Z, N = (np.array(each, dtype=np.int64) for each in zip(*rows, strict=True))
    value = np.array([row.numbers[0] for row in rows.values()])
    return Column(Z, N, value, [row.where for row in rows.values()])


def _refuse_off(suspects: pd.DataFrame, rows: dict[tuple[int, int], NucleusRow]) -> None:
    """Refuse masses that are hundreds of MeV off their neighbours."""
    if suspects.empty or abs(suspects["deviation"][0]) < _OFF:
        return
    Z, N = (int(suspects[name][0]) for name in ("Z", "N"))
    raise DataError(
        f"{rows[Z, N].where}: Z={Z}, N={N} is {suspects['deviation'][0]:+.4g} MeV off its "
        "neighbours; expected a mass (placeholders for missing values: see missing)."
    )


def _report(path: Path, suspects: pd.DataFrame) -> None:
    if suspects.empty:
        return
    pairs = zip(suspects["Z"][:_LISTED], suspects["N"][:_LISTED], strict=True)
    names = ", ".join(f"Z={Z} N={N}" for Z, N in pairs)
    rest = f" and {len(suspects) - _LISTED} more" if len(suspects) > _LISTED else ""
    logger.warning(
        "%s: %d masses do not fit their neighbours: %s%s", path, len(suspects), names, rest
    )
