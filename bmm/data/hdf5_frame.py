"""Frames in HDF5 files, as pandas writes them (format "fixed").

A group holds the names and the values of each block of columns with numbers of one kind, in
``block0_items``, ``block0_values`` (row, column) and so on; see pandas.io.pytables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bmm.errors import DataError, quoted

__all__ = ["frame_groups", "read_frame"]

_SHOWN = 20
_FIRST = "block0_items"


def frame_groups(path: Path) -> list[str]:
    """Names of the frames in an HDF5 file.

    Raises
    ------
    DataError
        If it is no HDF5 file, or the package h5py is not installed.
    """
    with _opened(path) as file:
        return [name for name, item in file.items() if hasattr(item, "items") and _FIRST in item]


def read_frame(path: Path, group: str = "") -> dict[str, NDArray[Any]]:
    """Read the columns of numbers of a frame.

    Parameters
    ----------
    path : Path
        The file.
    group : str, optional
        The frame; it may be left out where there is only one.

    Returns
    -------
    dict of str to array (row,)
        By the name of the column.

    Raises
    ------
    DataError
        If the file cannot be read, or has no such frame.
    """
    groups = frame_groups(path)
    if not group and len(groups) == 1:
        group = groups[0]
    if group not in groups:
        shown = ", ".join(groups[:_SHOWN]) or "none"
        there = f"no frame {quoted(group)}" if group else f"{len(groups)} frames and no 'group'"
        raise DataError(f"{path}: {there}; expected the key group to name one of {shown}.")
    columns: dict[str, NDArray[Any]] = {}
    with _opened(path) as file:
        frame = file[group]
        for number in range(int(frame.attrs.get("nblocks", 0))):
            if frame[f"block{number}_values"].dtype.kind not in "iuf":
                continue  # text, which pandas pickles
            names = [name.decode() for name in frame[f"block{number}_items"][:]]
            columns |= dict(zip(names, np.asarray(frame[f"block{number}_values"]).T, strict=True))
    return columns


def _opened(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f"{path}: HDF5 needs the package h5py; expected pip install 'nuclear-bmm[hdf5]'"
        ) from error
    try:
        return h5py.File(path)
    except OSError as error:
        raise DataError(f"{path}: not an HDF5 file that can be read.") from error
