"""Files of measured masses: of an evaluation as it is published, of RIPL, or CSV.

So the next Atomic Mass Evaluation is a file that a configuration names, and no new release.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from bmm.arrays import BoolArray
from bmm.conversions import binding_energy_per_nucleon
from bmm.data.layout import Column as ColumnName
from bmm.data.layout import TableLayout
from bmm.data.plausibility import Column, check_masses
from bmm.data.published_layouts import LAYOUTS
from bmm.data.reader import NucleusRow, read_rows
from bmm.data.readings import Reading
from bmm.data.text_table import read_text
from bmm.data.validation import check_measured
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = ["read_evaluation"]

_HEAD = 6000  # characters that tell one kind of file from another
_RIPL_FLAG = "4"  # column; 2 is a measured mass, 1 an estimated one, 0 none
_CSV = TableLayout(
    N="N", value="mass_excess", sd="mass_excess_uncertainty", missing=(),
    quantity="mass_excess", unit="MeV",
)  # fmt: skip


def read_evaluation(path: Path) -> pd.DataFrame:
    """Read measured masses from a file, and check them against AME2020.

    Parameters
    ----------
    path : Path
        A mass file of an evaluation (``mass_1.mas20``, ``mass.mas03``), whose Fortran format is
        the one it states; a mass file of RIPL, whose flags say what is measured; or CSV with
        columns Z, N, mass_excess and mass_excess_uncertainty (MeV, atomic), all measured.

    Returns
    -------
    DataFrame
        As of `bmm.data.load_measured`, estimated values included.  Binding energies follow from
        the mass excesses.

    Raises
    ------
    DataError
        If it cannot be read, or the masses are not what they should be; the message names the
        file and the line.
    """
    state = path.stat() if path.is_file() else None
    return _read(path, *((state.st_size, state.st_mtime_ns) if state else (0, 0))).copy()


@lru_cache(maxsize=4)
def _read(path: Path, size: int, changed: int) -> pd.DataFrame:
    columns: tuple[ColumnName, ...]
    head = read_text(path)[:_HEAD]
    if re.search(LAYOUTS["ame"].head, head, re.MULTILINE):
        measured, columns = LAYOUTS["ame"].of(path), (8, 9)
        every = measured.model_copy(update={"estimated": "keep"})
    elif re.search(LAYOUTS["ripl"].head, head, re.MULTILINE):
        columns = (5, 6)
        layout = LAYOUTS["ripl"].of(path)
        measured, every = (
            layout.model_copy(update={"skip_rows_with": {_RIPL_FLAG: flags}})
            for flags in (("0", "1"), ("0",))
        )
    else:
        measured = every = _CSV
        columns = _CSV.number_columns
    rows = read_rows(path, every, columns)
    known = rows if measured is every else read_rows(path, measured, columns)
    estimated = np.array([nucleus not in known for nucleus in rows])
    return _table(path, rows, measured, estimated)


def _table(
    path: Path, rows: dict[tuple[int, int], NucleusRow], layout: TableLayout, estimated: BoolArray
) -> pd.DataFrame:
    Z, N = (np.array(each, dtype=np.int64) for each in zip(*rows, strict=True))
    value, spread = np.array([row.numbers for row in rows.values()]).T
    declared = Reading(layout.quantity, layout.unit)
    column = Column(Z, N, value, [row.where for row in rows.values()])
    masses = check_masses(path, column, declared)
    uncertainty = declared.mass_excess(Z, N, spread)  # it has no offset
    table = pd.DataFrame(
        {
            "mass_excess": masses,
            "mass_excess_uncertainty": uncertainty,
            "binding_energy_per_nucleon": binding_energy_per_nucleon(Z, N, masses),
            "binding_energy_per_nucleon_uncertainty": uncertainty / (Z + N),
            "estimated": estimated,
        },
        index=nuclide_index(Z, N),
    )
    try:
        return check_measured(table.sort_index())
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
