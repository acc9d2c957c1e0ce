"""The layouts by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from bmm.errors import ConfigError
from bmm.export.csv_table import write_csv
from bmm.export.mass_table import ExportSettings, MassTable
from bmm.export.netcdf import write_netcdf
from bmm.export.networks import write_netwinv, write_winvn
from bmm.export.parquet import write_parquet
from bmm.export.pynucastro import write_pynucastro
from bmm.export.ripl import write_ripl
from bmm.export.talys import write_talys

__all__ = ["FORMATS", "Writer", "find_format"]

type Writer = Callable[[MassTable, Path, ExportSettings], list[str]]

FORMATS: dict[str, Writer] = {
    "talys": write_talys,
    "winvn": write_winvn,
    "netwinv": write_netwinv,
    "pynucastro": write_pynucastro,
    "ripl": write_ripl,
    "csv": write_csv,
    "netcdf": write_netcdf,
    "parquet": write_parquet,
}
"""Writers by the name of their layout.

Parameters of a writer
----------------------
table : MassTable
    What to write.
folder : Path
    The empty folder to fill.  A layout that holds one mass for each nucleus gets a folder in it for
    each surface, see `bmm.export.MassTable.surfaces`: ``mean/``, ``draw-001/`` and so on.
settings : ExportSettings
    A template, for the layouts that take one.

It returns a list of str: what the user should know.  It raises `bmm.errors.DataError` if the layout
cannot hold a nuclide or a number, or takes no template and got one.
"""


def find_format(name: str) -> Writer:
    """Find a writer.

    Raises
    ------
    ConfigError
        If no layout has that name; the message gives the nearest.
    """
    if name not in FORMATS:
        nearest = difflib.get_close_matches(name.casefold(), FORMATS, n=1, cutoff=0.0)
        raise ConfigError(
            f"no format is called {name!r} (nearest: {nearest[0]!r}); "
            f"expected one of {', '.join(FORMATS)}"
        )
    return FORMATS[name]
