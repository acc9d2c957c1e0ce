"""Text files as rows of cells: decoding, separators, headers, and rows of the wrong length."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bmm.data.hdf5_frame import read_frame
from bmm.data.layout import Column, TextLayout
from bmm.errors import DataError, quoted

__all__ = [
    "Row",
    "TextTable",
    "parse_number",
    "read_cells",
    "read_points",
    "read_text",
]

_LARGEST = 200_000_000  # bytes; a table of 10,000 nuclei with 30 columns has some 3 million
_SEPARATORS = (",", ";", "\t")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]{1,3})?")
_CUT = re.compile(r"[.][0-9]*$")
_SHOWN = 8


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Parameters
    ----------
    where : str
        File and line, for messages.
    cells : list of str
        Without blanks around them.
    """

    where: str
    cells: list[str]


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    Parameters
    ----------
    header : list of str
        Names of the columns; empty where they are counted.
    rows : list of Row
        All with the same number of cells.
    ended : bool
        Whether the last line ends as lines do; if not, the file may have been cut off.
    """

    header: list[str]
    rows: list[Row]
    ended: bool


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    is_comment: bool


def read_text(path: Path) -> str:
    """Read a text file, as it is or compressed by gzip.

    UTF-8, UTF-16 with a byte-order mark, and Latin-1 are understood.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DataError
        If it cannot be read, is no text, or is larger than 200 MB.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.text_table import read_text
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("50 82 -76.5")
    >>> read_text(path)
    '50 82 -76.5'
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if data[:2] == b"\x1f\x8b":
            with gzip.open(path) as compressed:
                data = compressed.read(_LARGEST + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: cannot be decompressed ({error}).") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason}).") from error
    if len(data) > _LARGEST:
        raise DataError(f"{path}: larger than {_LARGEST // 1_000_000} MB; expected a mass table.")
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise DataError(f"{path}: not a text file.")
    return text


def read_cells(path: Path, layout: TextLayout, columns: Sequence[Column]) -> TextTable:
    """Divide a file into rows of cells.

    Parameters
    ----------
    path : Path
        The file.
    layout : TextLayout
        What separates cells, and where the rows begin.
    columns : sequence of str or int
        Columns that are wanted; those by name, the header has to name.

    Raises
    ------
    DataError
        If the header lacks a name or has it twice, a row has another number of cells than the
        header or the other rows, or widths cut the decimals of a wanted column; the message names
        the line.
    """
    names = [column for column in columns if isinstance(column, str)]
    if layout.format == "hdf5":
        return _frame_cells(path, layout, names)
    text = read_text(path)
    lines = _lines(text, layout)
    separator = _separator(lines, layout)
    header: list[str] = []
    rows = [line for line in lines if not line.is_comment]
    where = f"{path}, line "
    if names:
        if not lines:
            raise DataError(f"{path}: empty; expected a header line.")
        found = _header(lines, layout, separator, names, where)
        header = _cells(found, layout, separator)
        rows = [line for line in rows if line.number > found.number]
        for name in names:
            if header.count(name) > 1:
                raise DataError(f"{where}{found.number}: two columns are called {quoted(name)}.")
    cells = [Row(f"{where}{line.number}", _cells(line, layout, separator)) for line in rows]
    if layout.format == "fixed":
        _refuse_tabs(rows, where)
        counted = [column - 1 for column in columns if isinstance(column, int)]
        wanted = [*map(header.index, names), *counted]
        _refuse_cut_numbers(rows, [end for _, end in layout.spans], wanted, where)
    elif cells:
        _refuse_ragged(cells, header, f"{where}{found.number}" if names else "", layout)
    return TextTable(header, cells, text[-1:] in ("\n", "\r"))


def _frame_cells(path: Path, layout: TextLayout, names: Sequence[str]) -> TextTable:
    """Take the wanted columns of a frame as cells, whose numbers are printed in full."""
    frame = read_frame(path, layout.group)
    missing = next((name for name in names if name not in frame), None)
    if missing is not None:
        shown = ", ".join(quoted(name)[1:-1] for name in list(frame)[:_SHOWN])
        raise DataError(f"{path}: no column {quoted(missing)}; the frame has {shown}.")
    header = list(dict.fromkeys(names))
    columns = zip(*(frame[name].tolist() for name in header), strict=True)
    rows = [
        Row(f"{path}, row {number}", [repr(value) for value in values])
        for number, values in enumerate(columns, start=1)
    ]
    return TextTable(header, rows, ended=True)


def read_points(path: Path) -> TextTable:
    r"""Divide a table of numbers, whose columns may or may not have names, into rows of cells.

    Blanks, or the commas, semicolons or tabs of CSV, separate the cells.  The last line before the
    first row, with or without a leading "#", names the columns; other lines before it are left out.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DataError
        If there is no row of numbers, or a row has another number of cells than the others; the
        sentence names the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.text_table import read_points
    >>> path = Path(tempfile.mkdtemp()) / "points.txt"
    >>> _ = path.write_text("0.0 1.5\n0.1 1.7\n")
    >>> len(read_points(path).rows)
    2
    """
    text = read_text(path)
    lines = _lines(text, TextLayout())
    rows = [line for line in lines if not line.is_comment]
    first = next((line for line in rows if _begins_with_a_number(line.text)), None)
    if first is None:
        raise DataError(f"{path}: no numbers found; expected one point per line.")
    separated = any(each in first.text for each in _SEPARATORS)
    layout = TextLayout(format="csv" if separated else "whitespace")
    separator = max(_SEPARATORS, key=first.text.count)
    above = [line for line in lines if line.number < first.number]
    where = f"{path}, line "
    cells = [
        Row(f"{where}{line.number}", _cells(line, layout, separator))
        for line in rows
        if line.number >= first.number
    ]
    _refuse_ragged(cells, [], "", layout)
    header = _cells(above[-1], layout, separator) if above else []
    return TextTable(header, cells, text[-1:] in ("\n", "\r"))


def parse_number(cell: str) -> float | None:
    """Read a number in ASCII digits, in which a Fortran D may stand for E.

    Returns
    -------
    float or None
        None for what is no finite number.

    Examples
    --------
    >>> from bmm.data.text_table import parse_number
    >>> parse_number("-8.355D+01"), parse_number("*")
    (-83.55, None)
    """
    if not _NUMBER.fullmatch(cell):
        return None
    number = float(cell.replace("d", "e").replace("D", "e"))
    return number if abs(number) < float("inf") else None


def _begins_with_a_number(line: str) -> bool:
    first, *_ = re.split(r"[\s,;]+", line.strip(), maxsplit=1)
    return parse_number(first) is not None


def _lines(text: str, layout: TextLayout) -> list[_Line]:
    lines = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if number > layout.skip and line.strip():
            is_comment = bool(layout.comment) and line.lstrip().startswith(layout.comment)
            lines.append(_Line(number, line, is_comment))
    return lines


def _separator(lines: list[_Line], layout: TextLayout) -> str:
    """Return the separator of CSV: as stated, or that which divides the first line most."""
    if layout.separator is not None:
        return layout.separator
    first = next((line.text for line in lines if not line.is_comment), "")
    return max(_SEPARATORS, key=first.count)


def _cells(line: _Line, layout: TextLayout, separator: str) -> list[str]:
    text = line.text
    if line.is_comment:
        # Of fixed width, the names stand above their columns.
        bare = text.lstrip().lstrip(layout.comment)
        text = bare.rjust(len(text)) if layout.format == "fixed" else bare
    match layout.format:
        case "fixed":
            cells = [text[first:last] for first, last in layout.spans]
        case "csv":
            try:
                cells = next(csv.reader([text.strip(" ")], delimiter=separator), [])
            except csv.Error:  # a cell of more than 131,072 characters
                cells = text.split(separator)
        case _:
            cells = text.split()
    return [cell.strip() for cell in cells]


def _header(
    lines: list[_Line], layout: TextLayout, separator: str, names: Sequence[str], where: str
) -> _Line:
    """Find the line that names the columns: the first, or else the last comment before it."""
    first = next((line for line in lines if not line.is_comment), lines[-1])
    above = [line for line in lines if line.is_comment and line.number < first.number]
    for line in (first, *reversed(above)):
        if set(names) <= set(_cells(line, layout, separator)):
            return line
    header = _cells(first, layout, separator)
    missing = next(name for name in names if name not in header)
    shown = ", ".join(quoted(name)[1:-1] for name in header[:_SHOWN])
    rest = f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else ""
    raise DataError(
        f"{where}{first.number}: no column {quoted(missing)}; the header has {shown}{rest}."
    )


def _refuse_ragged(rows: list[Row], header: list[str], where: str, layout: TextLayout) -> None:
    """Refuse rows of another length: a cell is blank, or a label or number is split."""
    counts = Counter(len(row.cells) for row in rows)
    usual, often = counts.most_common(1)[0]
    expected = len(header) or usual
    if header and often == len(rows) and usual != expected:
        raise DataError(
            f"{where}: {expected} names above rows of {usual} cells; expected one name for each "
            "column" + (", without blanks." if layout.format == "whitespace" else ".")
        )
    for row in rows:
        if len(row.cells) != expected:
            raise DataError(
                f"{row.where}: {len(row.cells)} cells; expected {expected}, as in the "
                + ("header" if header else "other rows")
                + (
                    " (where cells are blank or touch, format = 'fixed' with widths reads them)."
                    if layout.format == "whitespace"
                    else "."
                )
            )


def _refuse_cut_numbers(
    lines: list[_Line], ends: list[int], columns: list[int], where: str
) -> None:
    """Refuse widths that part decimals from their number, which would be rounded unseen."""
    for end in (ends[column] for column in columns if column < len(ends)):
        cut = [line for line in lines if _CUT.search(line.text[:end]) and _parted(line.text, end)]
        if 2 * len(cut) > len(lines):
            raise DataError(
                f"{where}{cut[0].number}: character {end}, where a column ends, is inside the "
                f"number {quoted(_word(cut[0].text, end))}, as in most rows; expected other widths."
            )


def _parted(text: str, place: int) -> bool:
    return text[place : place + 1].isdigit() and parse_number(_word(text, place)) is not None


def _word(text: str, place: int) -> str:
    """Return what stands around a place, up to blanks."""
    return text[:place].split(" ")[-1] + text[place:].split(" ")[0]


def _refuse_tabs(lines: list[_Line], where: str) -> None:
    for line in lines:
        if "\t" in line.text:
            raise DataError(
                f"{where}{line.number}: a tab among columns of fixed width; expected blanks."
            )
