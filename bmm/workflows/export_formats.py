"""Formats in which sampled mass surfaces are written, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from bmm.netcdf import write_dataset
from bmm.prediction.mass_tables import surface_table
from bmm.registry import Registry
from bmm.writing import write_whole

__all__ = ["EXPORT_FORMATS", "OWN_FORMATS", "ExportFormat", "write_csv", "write_netcdf"]

type ExportFormat = Callable[[xr.DataArray, Mapping[str, Any], Path], object]
"""A writer: a function of the surfaces (draw, nucleus), mass excess in MeV with the coordinates Z
and N; of their provenance, plain values; and of the folder.  It writes files whole, by
`bmm.writing.write_whole`."""


def write_csv(surfaces: xr.DataArray, provenance: Mapping[str, Any], folder: Path) -> None:
    """Write ``surfaces.csv``: one row for each nucleus, one column for each surface, MeV."""
    frame = surface_table(surfaces)
    write = partial(frame.to_csv, index=False, float_format="%.6f")
    write_whole(folder / "surfaces.csv", write)


def write_netcdf(surfaces: xr.DataArray, provenance: Mapping[str, Any], folder: Path) -> None:
    """Write ``surfaces.nc``: mass_excess (surface, nucleus), MeV, with its provenance."""
    data = surfaces.rename(draw="surface").to_dataset(name="mass_excess")
    data.attrs = {
        "description": "sampled mass surfaces: atomic mass excess, MeV",
        "provenance": json.dumps(provenance),
    }
    write_whole(folder / "surfaces.nc", partial(write_dataset, data))


OWN_FORMATS = {"csv": f"{__name__}:write_csv", "netcdf": f"{__name__}:write_netcdf"}
"""Formats of bmm itself."""

EXPORT_FORMATS: Registry[ExportFormat] = Registry(
    "export format", "bmm.export_formats", OWN_FORMATS
)
"""Formats, each a function that writes surfaces into a folder."""
