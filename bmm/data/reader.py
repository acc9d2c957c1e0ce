"""Reader for the user's own mass tables."""

from __future__ import annotations

import csv
import logging
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import model_validator

from bmm.configuration import Configuration
from bmm.conversions import Convention, Quantity, Unit, to_mass_excess
from bmm.data.smoothness import check_units, find_suspects
from bmm.errors import DataError
from bmm.nuclides import MAX_N, MAX_Z, nuclide_index

__all__ = ["TableLayout", "read_mass_table", "read_rows"]

logger = logging.getLogger(__name__)

_LISTED = 20  # suspects named in the log; find_suspects returns all

type Column = str | int


class TableLayout(Configuration):
    """How to read a mass table from a text file.

    A column is named as in the header line, or counted from 1 where the file has no header.

    Attributes
    ----------
    format : {"csv", "whitespace"}, default "csv"
        What separates the cells.
    Z, N, A : str or int
        Columns of the proton number and of the neutron or the mass number (give one of the two).
    value : str or int
        Column of the mass.
    quantity, unit, convention : str
        What that column holds; see `bmm.conversions.to_mass_excess`.
    sd : str or int, optional
        Column of the model's own standard deviation of the mass, in the same quantity and unit.
    skip : int, default 0
        Number of lines before the header, or before the first row where there is no header.
    comment : str, default "#"
        Lines that begin with it are left out, as are empty lines.
    missing : tuple of str
        Cells of `value` that mean "no mass"; their rows are left out.
    """

    format: Literal["csv", "whitespace"] = "csv"
    Z: Column = "Z"
    N: Column | None = None
    A: Column | None = None
    value: Column
    quantity: Quantity
    unit: Unit
    convention: Convention = "atomic"
    sd: Column | None = None
    skip: int = 0
    comment: str = "#"
    missing: tuple[str, ...] = ("", "nan", "NaN", "*", "-")

    @model_validator(mode="after")
    def _consistent(self) -> TableLayout:
        if (self.N is None) == (self.A is None):
            raise ValueError("give the column of N or the column of A, not both")
        columns = self.columns
        if len({type(column) for column in columns}) > 1:
            raise ValueError("give all columns by name or all by number")
        if any(isinstance(column, int) and column < 1 for column in columns):
            raise ValueError("columns are counted from 1")
        return self

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of Z, of N or A, of the mass, and of its spread if there is one."""
        second = self.N if self.N is not None else self.A
        assert second is not None
        return (self.Z, second, self.value, *(() if self.sd is None else (self.sd,)))


@dataclass(frozen=True)
class _Line:
    where: str
    cells: list[str]


def read_mass_table(path: str | Path, layout: TableLayout) -> pd.DataFrame:
    """Read a mass table and convert it to atomic mass excesses.

    The table is checked: units by comparison with AME2020, and smoothness, whose suspects are
    logged as a warning and not removed.

    Parameters
    ----------
    path : str or Path
        Text file; lines may end with LF, CRLF or CR.
    layout : TableLayout
        Where the numbers stand and what they are.

    Returns
    -------
    pandas.DataFrame
        Indexed by (Z, N), sorted, with the column `mass_excess` (atomic mass excess in MeV), and
        `mass_excess_sd` (MeV) if the layout names its column.

    Raises
    ------
    DataError
        If the file cannot be read as `layout` says; the sentence names the file and the line.
    """
    path = Path(path)
    rows = read_rows(path, layout)
    return _checked(path, rows, layout)


def read_rows(path: Path, layout: TableLayout) -> dict[tuple[int, int], tuple[float, ...]]:
    """Read the numbers that stand in the columns of the layout, as they are.

    Parameters
    ----------
    path : Path
        Text file.
    layout : TableLayout
        Where the numbers stand.

    Returns
    -------
    dict of (Z, N) to tuple of float
        The value, and the sd if the layout names its column, in the order of the file; rows without
        a number are left out.

    Raises
    ------
    DataError
        If the file cannot be read as `layout` says; the sentence names the file and the line.
    """
    lines = _lines(path, layout)
    positions = _positions(path, lines, layout)
    rows: dict[tuple[int, int], tuple[float, ...]] = {}
    for line in lines:
        row = _row(line, positions, layout)
        if row is None:
            continue
        nucleus, values = row
        if nucleus in rows:
            raise DataError(f"{line.where}: Z={nucleus[0]}, N={nucleus[1]} comes a second time.")
        rows[nucleus] = values
    if not rows:
        raise DataError(f"{path}: no masses found; expected one nucleus per line.")
    return rows


def _lines(path: Path, layout: TableLayout) -> list[_Line]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a UTF-8 text file (byte {error.start}).") from error
    lines = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        bare = line.strip()
        is_comment = layout.comment and bare.startswith(layout.comment)
        if number <= layout.skip or not bare or is_comment:
            continue
        cells = next(csv.reader([bare])) if layout.format == "csv" else bare.split()
        lines.append(_Line(f"{path}, line {number}", [cell.strip() for cell in cells]))
    return lines


def _positions(path: Path, lines: list[_Line], layout: TableLayout) -> list[int]:
    """Return the zero-based places of the layout's columns; takes the header off `lines`."""
    if isinstance(layout.Z, int):
        return [int(column) - 1 for column in layout.columns]
    if not lines:
        raise DataError(f"{path}: empty; expected a header line.")
    header = lines.pop(0)
    for column in layout.columns:
        if column not in header.cells:
            raise DataError(
                f"{header.where}: no column {column!r}; the header has {', '.join(header.cells)}."
            )
    return [header.cells.index(str(column)) for column in layout.columns]


def _row(
    line: _Line, positions: list[int], layout: TableLayout
) -> tuple[tuple[int, int], tuple[float, ...]] | None:
    if len(line.cells) <= max(positions):
        raise DataError(
            f"{line.where}: {len(line.cells)} cells; expected at least {max(positions) + 1}."
        )
    protons, second, value, *spread = (line.cells[position] for position in positions)
    if value in layout.missing:
        return None
    Z = _integer(line, layout.Z, protons)
    N = _integer(line, layout.columns[1], second) - (Z if layout.N is None else 0)
    if not (0 <= Z <= MAX_Z and 0 <= N <= MAX_N and Z + N > 0):
        raise DataError(
            f"{line.where}: Z={Z}, N={N} is no nuclide; expected 0 <= Z <= {MAX_Z} and "
            f"0 <= N <= {MAX_N}."
        )
    mass = _number(line, layout.value, value)
    sds = [_number(line, layout.columns[-1], cell) for cell in spread]
    if any(sd < 0 for sd in sds):
        raise DataError(f"{line.where}: the standard deviation {spread[0]} is negative.")
    return (Z, N), (mass, *sds)


def _number(line: _Line, column: Column, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise DataError(f"{line.where}: {cell!r} in column {column!r} is not a number.")
    return number


def _integer(line: _Line, column: Column, cell: str) -> int:
    if not re.fullmatch(r"[+-]?\d+(\.0*)?", cell):
        raise DataError(f"{line.where}: {cell!r} in column {column!r} is not a whole number.")
    return int(cell.split(".")[0])


def _checked(
    path: Path, rows: dict[tuple[int, int], tuple[float, ...]], layout: TableLayout
) -> pd.DataFrame:
    Z, N = zip(*rows, strict=True)
    values, *sds = (np.array(column) for column in zip(*rows.values(), strict=True))
    convert = partial(
        to_mass_excess,
        Z,
        N,
        quantity=layout.quantity,
        unit=layout.unit,
        convention=layout.convention,
    )
    table = pd.DataFrame({"mass_excess": convert(values)}, index=nuclide_index(Z, N))
    for sd in sds:
        # Every conversion is linear in the value.
        table["mass_excess_sd"] = np.abs(convert(values + sd) - table["mass_excess"].to_numpy())
    table = table.sort_index()
    try:
        check_units(table["mass_excess"])
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    _report(path, find_suspects(table["mass_excess"]))
    return table


def _report(path: Path, suspects: pd.DataFrame) -> None:
    if suspects.empty:
        return
    pairs = zip(suspects["Z"][:_LISTED], suspects["N"][:_LISTED], strict=True)
    names = ", ".join(f"Z={Z} N={N}" for Z, N in pairs)
    rest = f" and {len(suspects) - _LISTED} more" if len(suspects) > _LISTED else ""
    logger.warning(
        "%s: %d masses do not fit their neighbours: %s%s", path, len(suspects), names, rest
    )
