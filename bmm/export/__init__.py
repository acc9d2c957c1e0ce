"""Masses as files that reaction and network codes read, one file of code per layout."""

from bmm.export.formats import FORMATS, Writer
from bmm.export.mass_table import ExportSettings, MassTable, Origin, Surface

__all__ = [
    "FORMATS",
    "ExportSettings",
    "MassTable",
    "Origin",
    "Surface",
    "Writer",
]
