"""The files in which a folder of sampled mass surfaces holds the surfaces themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from bmm.netcdf import write_dataset
from bmm.prediction.mass_tables import surface_table
from bmm.writing import write_whole

__all__ = ["write_surfaces"]


def write_surfaces(surfaces: xr.DataArray, provenance: Mapping[str, Any], folder: Path) -> None:
    """Write ``surfaces.csv`` and ``surfaces.nc``.

    The one has a row for each nucleus and a column for each surface, MeV; the other mass_excess
    (surface, nucleus), MeV, with its provenance.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Mass excess, MeV, with the coordinates Z and N.
    provenance : mapping
        Plain values; see `bmm.workflows.run_provenance`.
    folder : Path
        Where to.
    """
    frame = surface_table(surfaces)
    write = partial(frame.to_csv, index=False, float_format="%.6f")
    write_whole(folder / "surfaces.csv", write)
    data = surfaces.rename(draw="surface").to_dataset(name="mass_excess")
    data.attrs = {
        "description": "sampled mass surfaces: atomic mass excess, MeV",
        "provenance": json.dumps(provenance),
    }
    write_whole(folder / "surfaces.nc", partial(write_dataset, data))
