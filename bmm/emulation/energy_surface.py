"""A table of energies over a few coordinates, such as a potential energy surface (PES).

The table stands for the theory: an emulator learns from some of its points and is scored on the
others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bmm.arrays import FloatArray
from bmm.data.text_table import Row, TextTable, parse_number, read_points
from bmm.errors import DataError, quoted

__all__ = ["Surface", "read_surface"]


_FEWEST = 10
_LARGEST, _FARTHEST = 1e5, 1e9  # MeV, and units of a coordinate
_NO_NUMBER = ("", "nan", "inf", "infinity")


@dataclass(frozen=True)
class Surface:
    """Energies at points, each point once.

    Parameters
    ----------
    name : str
        Name in messages, such as that of its file.
    axes : tuple of str
        Names of the d coordinates.
    points : array (n, d)
        Coordinates, each in its own unit.
    energy : array (n,)
        MeV.

    Raises
    ------
    DataError
        If there are fewer than 10 points, a number is not finite or too large, a point occurs twice
        or a coordinate has the same value everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.energy_surface import Surface
    >>> Q20, Q30 = (x.ravel() for x in np.meshgrid([0.0, 50.0, 100.0], [0.0, 5.0, 10.0, 15.0]))
    >>> surface = Surface("valley", ("Q20", "Q30"), np.stack([Q20, Q30], axis=1), 0.01 * Q30**2)
    >>> len(surface), surface.scaled[0], surface.describe(0)
    (12, array([-1., -1.]), 'Q20=0, Q30=0')
    """

    name: str
    axes: tuple[str, ...]
    points: FloatArray
    energy: FloatArray

    def __post_init__(self) -> None:
        n = len(self.energy)
        if self.points.shape != (n, len(self.axes)):
            raise DataError(
                f"{self.name}: expected points of shape ({n}, {len(self.axes)}), "
                f"not {self.points.shape}"
            )
        if n < _FEWEST:
            raise DataError(f"{self.name}: {n} points; expected at least {_FEWEST}")
        for i in np.flatnonzero(~np.isfinite(np.column_stack([self.points, self.energy])).all(1)):
            raise DataError(
                f"{self.name}: the energy or a coordinate at {self.describe(int(i))} "
                "is not a finite number"
            )
        far = np.abs(self.energy) > _LARGEST
        for i in np.flatnonzero(far | (np.abs(self.points) > _FARTHEST).any(1)):
            raise DataError(
                f"{self.name}: {self.energy[i]:g} at {self.describe(int(i))}: expected energies "
                f"up to {_LARGEST:g} MeV and coordinates up to {_FARTHEST:g}"
            )
        _, first, counts = np.unique(
            self.points + 0.0, axis=0, return_index=True, return_counts=True
        )
        for i in first[counts > 1]:
            raise DataError(
                f"{self.name}: the point {self.describe(int(i))} comes more than once; expected "
                "one energy for each point"
            )
        for axis, values in zip(self.axes, self.points.T, strict=True):
            if np.ptp(values) == 0:
                raise DataError(
                    f"{self.name}: {axis} is {values[0]:g} at every point; leave this axis out"
                )

    def __len__(self) -> int:
        return len(self.energy)

    @property
    def scaled(self) -> FloatArray:
        """The points with each coordinate between -1 and 1; array (n, d)."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        return np.asarray(2 * (self.points - low) / (high - low) - 1)

    def describe(self, i: int) -> str:
        """Coordinates of a point, such as "Q20=24, Q30=0"."""
        return ", ".join(
            f"{axis}={value + 0.0:g}" for axis, value in zip(self.axes, self.points[i], strict=True)
        )

    def without(self, left_out: npt.NDArray[np.bool]) -> Surface:
        """Leave points out; `left_out` is an array (n,)."""
        return replace(self, points=self.points[~left_out], energy=self.energy[~left_out])

    def lattice(self) -> FloatArray:
        """Energies (first axis, second axis) on the grid of the coordinates' values, MeV.

        Returns
        -------
        array
            NaN where the table has no point.

        Raises
        ------
        DataError
            If the surface is not two-dimensional or fills less than a third of such a grid.
        """
        grid = np.full(self._grid_shape(), np.nan)
        grid[self.cells()] = self.energy
        return grid

    def cells(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Row and column of each point in `lattice`; two arrays (n,)."""
        self._grid_shape()
        first, second = (np.unique(x + 0.0, return_inverse=True)[1] for x in self.points.T)
        return first, second

    def _grid_shape(self) -> tuple[int, int]:
        if len(self.axes) != 2:
            raise DataError(
                f"{self.name}: {len(self.axes)}-dimensional; expected two axes, not "
                f"{', '.join(self.axes)}"
            )
        shape = len(np.unique(self.points[:, 0])), len(np.unique(self.points[:, 1]))
        if len(self) < shape[0] * shape[1] / 3:
            raise DataError(
                f"{self.name}: {len(self)} points on a grid of {shape[0]} x {shape[1]}; expected "
                "at least a third of it to be filled"
            )
        return shape


def read_surface(
    path: str | Path,
    axes: Sequence[str | int] = (1, 2),
    energy: str | int = 3,
    *,
    skip_nan: bool = False,
) -> Surface:
    r"""Read a surface from a table of numbers.

    Parameters
    ----------
    path : str or Path
        Lines of numbers between blanks, commas, semicolons or tabs; see
        `bmm.data.text_table.read_points`.
    axes : sequence of str or int, default (1, 2)
        Columns of the coordinates, by name or counted from 1.
    energy : str or int, default 3
        Column of the energy, MeV.
    skip_nan : bool, default False
        Leave out rows whose energy is not a number, instead of refusing them.

    Raises
    ------
    DataError
        If the file cannot be read so, or the surface is refused (see `Surface`).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.emulation.energy_surface import read_surface
    >>> path = Path(tempfile.mkdtemp()) / "pes.dat"
    >>> _ = path.write_text("\n".join(f"{q} {r} {r**2}" for q in range(4) for r in range(4)))
    >>> surface = read_surface(path)
    >>> surface.axes, surface.energy.max()
    (('column 1', 'column 2'), np.float64(9.0))
    """
    path = Path(path)
    table = read_points(path)
    columns = [_position(path, column, table) for column in (*axes, energy)]
    names = tuple(_name(table, i) for i in columns[: len(axes)])
    values: list[list[float]] = []
    for row in table.rows:
        numbers = [_number(row, i) for i in columns]
        if np.isfinite(numbers).all():
            values.append(numbers)
        elif not skip_nan or not np.isfinite(numbers[:-1]).all():
            raise DataError(
                f"{row.where}: expected finite numbers, not {quoted(' '.join(row.cells))}"
            )
    points = np.array(values).reshape(-1, len(columns))
    return Surface(path.name, names, points[:, :-1] + 0.0, points[:, -1])


def _position(path: Path, column: str | int, table: TextTable) -> int:
    """Zero-based place of a column."""
    if isinstance(column, int) or re.fullmatch("[0-9]{1,4}", column):
        if int(column) < 1:
            raise DataError(f"{path}: columns are counted from 1, not {column}")
        first = table.rows[0]
        if int(column) > len(first.cells):
            raise DataError(f"{first.where}: {len(first.cells)} cells; expected at least {column}")
        return int(column) - 1
    header = table.header
    if column not in header:
        shown = quoted(", ".join(header))[1:-1]
        named = f"the header has {shown}" if header else "the file has no header"
        raise DataError(f"{path}: no column {quoted(column)}; {named}")
    cells = len(table.rows[0].cells)
    if len(header) != cells:
        raise DataError(
            f"{path}: {len(header)} names above rows of {cells} cells; expected one name for each "
            "column, without blanks, or columns by number"
        )
    if header.count(column) > 1:
        raise DataError(f"{path}: two columns are called {quoted(column)}")
    return header.index(column)


def _name(table: TextTable, position: int) -> str:
    header = table.header
    return header[position] if len(header) == len(table.rows[0].cells) else f"column {position + 1}"


def _number(row: Row, position: int) -> float:
    cell = row.cells[position]
    number = parse_number(cell)
    if number is None and cell.lower().lstrip("+-") in _NO_NUMBER:
        return float("nan")
    if number is None:
        raise DataError(f"{row.where}: {quoted(cell)} is not a number")
    return number
