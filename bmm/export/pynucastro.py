"""Mass table of pynucastro: five lines of header, then A, Z and mass excess (MeV).

What follows on a line is not read; here it says where the mass is from.

Source: pynucastro 3.1, ``nucdata/mass_table.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bmm.export.columns import fixed, refuse_template, write_lines
from bmm.export.mass_table import ExportSettings, MassTable

__all__ = ["write_pynucastro"]

_FILE = "mass_excess.txt"


def write_pynucastro(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``mean/mass_excess.txt`` and, for every draw, ``draw-001/mass_excess.txt`` and so on.

    See `bmm.export.formats.Writer` for what a writer takes, returns and raises.
    """
    refuse_template("pynucastro", settings)
    Z, A, status = table.Z, table.Z + table.N, table.status
    order = np.lexsort((Z, A)).tolist()
    for surface in table.surfaces():
        header = [
            "# Mass difference table",
            f"# {surface.origin}",
            "# only ground states are tabulated",
            "# A, Z, mass excess (MeV), and whether it is measured, estimated or predicted",
            "==A==                    ==Z==            ======dm=====            ==status==",
        ]
        rows = [
            f"{A[i]:5d}{Z[i]:23d}{'':17}{fixed(surface.mass_excess[i], 14, 6)}{'':12}{status[i]}"
            for i in order
        ]
        into = folder / surface.name
        into.mkdir()
        write_lines(into / _FILE, header + rows)
    return []
