"""The layouts by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bmm.export.mass_table import ExportSettings, MassTable
from bmm.registry import Registry

__all__ = ["FORMATS", "Writer"]

type Writer = Callable[[MassTable, Path, ExportSettings], list[str]]
"""A function that writes masses in one layout.

Parameters
----------
table : MassTable
    What to write.
folder : Path
    The empty folder to fill.  A layout that holds one mass for each nucleus gets a folder in it for
    each surface, see `bmm.export.MassTable.surfaces`: ``mean/``, ``draw-001/`` and so on.
settings : ExportSettings
    A template, for the layouts that take one.

Returns
-------
list of str
    What the user should know.

Raises
------
DataError
    If the layout cannot hold a nuclide or a number, or takes no template and got one.
"""

FORMATS: Registry[Writer] = Registry(
    "export format",
    "bmm.export_formats",
    {
        "talys": "bmm.export.talys:write_talys",
        "winvn": "bmm.export.networks:write_winvn",
        "netwinv": "bmm.export.networks:write_netwinv",
        "pynucastro": "bmm.export.pynucastro:write_pynucastro",
        "ripl": "bmm.export.ripl:write_ripl",
        "csv": "bmm.export.csv_table:write_csv",
        "netcdf": "bmm.export.netcdf:write_netcdf",
        "parquet": "bmm.export.parquet:write_parquet",
    },
)
"""Writers by the name of their layout, for `bmm export`; each is imported when
it is asked for."""
