"""Reader for the user's own tables: nuclei, and the numbers that stand beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bmm.data.isomers import is_isomer
from bmm.data.layout import Column, RowLayout
from bmm.data.table_files import table_files
from bmm.data.text_table import Row, TextTable, parse_number, read_cells
from bmm.errors import DataError, DomainError, quoted
from bmm.nuclides import MAX_N, MAX_Z, is_plausible, parse_nuclide, proton_number

__all__ = ["NucleusRow", "read_rows"]

_WHOLE = re.compile(r"[+-]?[0-9]{1,6}(?:\.0*)?")
_ZA = re.compile(r"[0-9]{1,3}[0-9]{3}")
_ELEMENT_FILE = re.compile(r"[zZ]?(?P<number>[0-9]{1,3})|(?P<symbol>[A-Za-z]{1,3})")


@dataclass(frozen=True)
class NucleusRow:
    """The values of a table for one nucleus.

    Parameters
    ----------
    where : str
        File and line, for messages.
    numbers : tuple of float
        Numbers in the layout's `number_columns`, as they are printed.
    """

    where: str
    numbers: tuple[float, ...]


def read_rows(
    path: Path, layout: RowLayout, columns: Sequence[Column] | None = None
) -> dict[tuple[int, int], NucleusRow]:
    """Read the numbers that stand in some columns of a table, as they are.

    Parameters
    ----------
    path : Path
        Text file, folder of files or pattern; see `bmm.data.table_files.table_files`.
    layout : RowLayout
        Where the nuclei stand, and what is left out.
    columns : sequence of str or int, optional
        Of the numbers; by default those of the layout.  A row is left out whose cell in the first
        is missing.

    Returns
    -------
    dict of (Z, N) to NucleusRow
        In the order of the file.

    Raises
    ------
    DataError
        If the file cannot be read as `layout` says; the message names the file and the line.
    """
    columns = layout.number_columns if columns is None else columns
    rows: dict[tuple[int, int], NucleusRow] = {}
    for file in table_files(path, layout.files):
        for nucleus, row in _rows_of_file(file, layout, columns):
            if nucleus in rows:
                Z, N = nucleus
                raise DataError(f"{row.where}: Z={Z}, N={N} comes a second time.")
            rows[nucleus] = row
    if not rows:
        raise DataError(f"{path}: no masses found; expected one nucleus per line.")
    return rows


def _rows_of_file(
    path: Path, layout: RowLayout, columns: Sequence[Column]
) -> list[tuple[tuple[int, int], NucleusRow]]:
    wanted = [*layout.nucleus_columns.values(), *columns]
    skipped = {
        (key if layout.named else int(key)): each for key, each in layout.skip_rows_with.items()
    }
    table = read_cells(path, layout, [*wanted, *skipped])
    _refuse_too_few(table, [*wanted, *skipped])
    place = {column: _position(table, column) for column in (*wanted, *skipped)}
    Z = _proton_number_of(path) if layout.Z_from_file_name else None
    isomers = None if layout.isomers == "refuse" else layout.nuclide
    found = []
    for row in table.rows:
        if any(
            fnmatchcase(row.cells[place[column]], text)
            for column, texts in skipped.items()
            for text in texts
        ):
            continue
        if isomers is not None and is_isomer(row.cells[place[isomers]]):
            continue
        cells = [row.cells[place[column]] for column in columns]
        if cells and _left_out(cells, layout):
            continue
        nucleus = _nucleus(row, layout, place, Z)
        numbers = [
            _number(row, column, cell, layout) for column, cell in zip(columns, cells, strict=True)
        ]
        found.append((nucleus, NucleusRow(row.where, tuple(numbers))))
    _refuse_cut_off(table, [place[column] for column in wanted])
    return found


def _position(table: TextTable, column: Column) -> int:
    return column - 1 if isinstance(column, int) else table.header.index(column)


def _refuse_too_few(table: TextTable, columns: Sequence[Column]) -> None:
    last = max((column for column in columns if isinstance(column, int)), default=0)
    if table.rows and len(table.rows[0].cells) < last:
        row = table.rows[0]
        raise DataError(f"{row.where}: {len(row.cells)} cells; expected at least {last}.")


def _left_out(cells: list[str], layout: RowLayout) -> bool:
    """Whether the mass is missing, or estimated and not wanted."""
    if layout.estimated == "skip" and any("#" in cell for cell in cells):
        return True
    return cells[0] in layout.missing or any(
        _same_number(cells[0], missing, layout.decimal) for missing in layout.missing
    )


def _same_number(cell: str, other: str, decimal: str) -> bool:
    """Whether two texts are the same number, such as 999.990 and 999.99."""
    one, two = (parse_number(each.replace(decimal, ".")) for each in (cell, other))
    return one is not None and one == two


def _nucleus(
    row: Row, layout: RowLayout, place: dict[Column, int], Z: int | None
) -> tuple[int, int]:
    column = layout.nucleus_columns
    cells = {role: row.cells[place[each]] for role, each in column.items()}
    if "nuclide" in cells:
        Z, N = _named_nucleus(row, column["nuclide"], cells["nuclide"])
    else:
        if Z is None:
            Z = _protons(row, column["Z"], cells["Z"])
        second = "N" if "N" in cells else "A"
        number = _integer(row, column[second], cells[second])
        N = number if second == "N" else number - Z
    if not is_plausible(Z, N):
        swapped = " (are Z and N swapped?)" if is_plausible(N, Z) else ""
        limits = f"0 <= Z <= {MAX_Z}, 0 <= N <= {MAX_N}, and N near those of known nuclei"
        raise DataError(f"{row.where}: Z={Z}, N={N} is no nuclide{swapped}; expected {limits}.")
    return Z, N


def _named_nucleus(row: Row, column: Column, cell: str) -> tuple[int, int]:
    if _ZA.fullmatch(cell):
        return int(cell[:-3]), int(cell[-3:]) - int(cell[:-3])
    try:
        return parse_nuclide(cell)
    except DomainError as error:
        raise DataError(
            f"{row.where}: {quoted(cell)} in column {quoted(column)} is no nuclide; expected one "
            "such as 'sn132', '132Sn' or 50132 (to leave isomers out, write isomers = 'skip')."
        ) from error


def _protons(row: Row, column: Column, cell: str) -> int:
    if not (cell.isascii() and cell.isalpha()):
        return _integer(row, column, cell)
    try:
        return proton_number(cell)
    except DomainError as error:
        raise DataError(f"{row.where}: in column {quoted(column)}, {error}") from error


def _proton_number_of(path: Path) -> int:
    """Read the element that a file is named after."""
    stem = path.name.split(".")[0]
    found = _ELEMENT_FILE.fullmatch(stem)
    try:
        if found is None:
            raise DomainError("no element")
        return int(found["number"]) if found["number"] else proton_number(found["symbol"])
    except DomainError as error:
        raise DataError(
            f"{path}: the file's name names no element; expected one such as Sn.mass or z050.dat."
        ) from error


def _number(row: Row, column: Column, cell: str, layout: RowLayout) -> float:
    """Read a number, in which a Fortran D may stand for E."""
    text, where = cell, f"{row.where}: {quoted(cell)} in column {quoted(column)}"
    if "#" in text:
        if layout.estimated == "refuse":
            raise DataError(
                f"{where} is marked as estimated; to leave such rows out, or to use them, write "
                "estimated = 'skip' or 'keep'."
            )
        # AME prints it in place of the decimal point.
        text = text.replace("#", "." if "." not in text else "", 1)
    if layout.decimal == ",":
        text = text.replace(",", ".")
    number = parse_number(text)
    if number is None:
        is_comma = parse_number(text.replace(",", ".")) is not None
        hint = "; where commas are decimal signs, write decimal = ','" if is_comma else ""
        raise DataError(f"{where} is not a number{hint}.")
    return number


def _integer(row: Row, column: Column, cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise DataError(
            f"{row.where}: {quoted(cell)} in column {quoted(column)} is not a whole number."
        )
    return int(cell.split(".")[0])


def _refuse_cut_off(table: TextTable, places: list[int]) -> None:
    """Refuse a last number that is printed shorter than all others, where the file ends in it."""
    if table.ended or len(table.rows) < 4:
        return
    last = len(table.rows[-1].cells) - 1
    if last not in places:
        return
    cell, *others = (_printed(row.cells[last]) for row in reversed(table.rows))
    if all(cell < other for other in others):
        row = table.rows[-1]
        raise DataError(
            f"{row.where}: the file ends in {quoted(row.cells[last])}, which is printed shorter "
            "than all numbers above it; expected a whole line."
        )


def _printed(cell: str) -> tuple[bool, int]:
    """Whether a number has an exponent, and how many decimals."""
    digits, *exponent = re.split("[eEdD]", cell)
    return bool(exponent), len(digits.replace(",", ".").partition(".")[2])
