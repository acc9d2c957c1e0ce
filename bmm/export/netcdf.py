"""One netCDF file, for xarray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from bmm.export.columns import refuse_template
from bmm.export.mass_table import ExportSettings, MassTable
from bmm.nuclides import labels
from bmm.writing import write_whole

__all__ = ["write_netcdf"]

_STATUS = ("predicted", "estimated", "measured")
_COMPRESSED = {"zlib": True, "complevel": 1, "fletcher32": True}


def write_netcdf(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``masses.nc``: mass_excess, mass_excess_sd and draws in MeV, status, along `nucleus`.

    See `bmm.export.formats.Writer` for what a writer takes, returns and raises.
    """
    refuse_template("netcdf", settings)
    MeV = {"units": "MeV"}
    codes = np.array([_STATUS.index(each) for each in table.status], dtype=np.int8)
    flags = {"flag_values": np.arange(3, dtype=np.int8), "flag_meanings": " ".join(_STATUS)}
    variables = {
        "mass_excess": ("nucleus", table.mass_excess, MeV),
        "mass_excess_sd": ("nucleus", table.mass_excess_sd, MeV),
        "status": ("nucleus", codes, flags),
    }
    data = xr.Dataset(
        variables,
        coords={
            "nucleus": labels(table.Z.tolist(), table.N.tolist()),
            "Z": ("nucleus", table.Z),
            "N": ("nucleus", table.N),
        },
        attrs=table.origin.attributes(),
    )
    if table.draws is not None:
        data["draws"] = xr.Variable(("draw", "nucleus"), table.draws, MeV)
    encoding = {name: dict(_COMPRESSED) for name in data.data_vars}
    write_whole(
        folder / "masses.nc",
        lambda path: data.to_netcdf(path, engine="netcdf4", encoding=encoding),
    )
    return []
