"""Labelled arrays as netCDF4 files, compressed and with checksums of their blocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmm.errors import RunError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["read_dataset", "read_tree", "write_dataset", "write_tree"]

_ENCODING = {"zlib": True, "complevel": 1, "fletcher32": True}


def write_dataset(data: xr.Dataset, path: Path) -> None:
    """Write a dataset; for `bmm.writing.write_whole`.

    Raises
    ------
    OSError
        If the file system refuses.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import xarray as xr
    >>> from bmm.netcdf import read_dataset, write_dataset
    >>> path = Path(tempfile.mkdtemp()) / "masses.nc"
    >>> write_dataset(xr.Dataset({"mass_excess": ("nucleus", [-76.5])}), path)
    >>> read_dataset(path)["mass_excess"].to_numpy()
    array([-76.5])
    """
    _write(data, path, _encoding(data))


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a tree; for `bmm.writing.write_whole`.

    Raises
    ------
    OSError
        If the file system refuses.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import xarray as xr
    >>> from bmm.netcdf import read_tree, write_tree
    >>> path = Path(tempfile.mkdtemp()) / "posterior.nc"
    >>> tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"rho_Z": ("draw", [9.0, 11.0])})})
    >>> write_tree(tree, path)
    >>> read_tree(path)["posterior"]["rho_Z"].to_numpy()
    array([ 9., 11.])
    """
    groups = {f"/{group.name}": _encoding(group.to_dataset()) for group in tree.children.values()}
    _write(tree, path, groups)


def read_dataset(path: Path) -> xr.Dataset:
    """Read a dataset into memory.

    Raises
    ------
    RunError
        If the file is missing or damaged.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import xarray as xr
    >>> from bmm.netcdf import read_dataset, write_dataset
    >>> path = Path(tempfile.mkdtemp()) / "masses.nc"
    >>> write_dataset(xr.Dataset({"mass_excess": ("nucleus", [-76.5])}), path)
    >>> dict(read_dataset(path).sizes)
    {'nucleus': 1}
    """
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="netcdf4") as data:
            return data.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error})") from error


def read_tree(path: Path) -> xr.DataTree:
    """Read a tree into memory.

    Raises
    ------
    RunError
        If the file is missing or damaged.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import xarray as xr
    >>> from bmm.netcdf import read_tree, write_tree
    >>> path = Path(tempfile.mkdtemp()) / "posterior.nc"
    >>> write_tree(xr.DataTree.from_dict({"prior": xr.Dataset({"mu": ("draw", [0.3])})}), path)
    >>> list(read_tree(path).children)
    ['prior']
    """
    import xarray as xr

    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            return tree.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error})") from error


def _encoding(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Compress numbers; text is left as it is."""
    return {
        str(name): dict(_ENCODING)
        for name, array in data.data_vars.items()
        if array.dtype.kind in "fibu"
    }


def _write(data: xr.Dataset | xr.DataTree, path: Path, encoding: Any) -> None:
    try:
        data.to_netcdf(path, engine="netcdf4", encoding=encoding)
    except RuntimeError as error:  # what netCDF4 makes of a full disk
        raise OSError(f"{error}; is the disk full?") from error
