"""A guess at how a text file is divided into cells: what separates them, and where rows begin."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from bmm.configuration import checked
from bmm.data.layout import TextLayout
from bmm.data.text_table import TextTable, parse_number, read_cells, read_text
from bmm.errors import DataError

__all__ = ["GuessedText", "guess_text", "is_number"]

_DIVISIONS: tuple[tuple[Literal["csv", "whitespace"], str, str], ...] = (
    ("csv", ",", "."),
    ("csv", ";", "."),
    ("csv", "\t", "."),
    ("csv", ";", ","),
    ("csv", "\t", ","),
    ("whitespace", "", "."),
    ("whitespace", "", ","),
)
_FEWEST = 2  # cells of a row: the nucleus, and a mass
_OF_NUMBERS = 3  # numbers of a row whose cells may touch
_SAMPLE = 400  # lines that are looked at
_TOKEN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?#?|[^\W\d]+|[*]+")
_NUCLIDE = re.compile(r"[A-Za-z]{1,3}-?[0-9]{1,3}|[0-9]{1,3}-?[A-Za-z]{1,3}")
_SYMBOL = 3  # letters of a row that are words, such as the symbol of an element
_RARE = 0.03  # share of rows in which a column of fixed width must end a cell


@dataclass(frozen=True)
class GuessedText:
    """A file as rows of cells.

    Parameters
    ----------
    keys : dict
        Those of `TextLayout` that differ from the defaults.
    table : TextTable
        Its cells.
    """

    keys: dict[str, Any]
    table: TextTable


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a number, as it may be printed in a mass table.

    Examples
    --------
    >>> from bmm.data.text_guess import is_number
    >>> is_number("-83.55"), is_number("Sn")
    (True, False)
    """
    return parse_number(cell.replace("#", "").replace(decimal, ".")) is not None


def guess_text(path: Path) -> GuessedText:
    """Guess how a file is divided.

    Parameters
    ----------
    path : Path
        A text file.

    Raises
    ------
    DataError
        If no way gives rows with a number of cells in common.
    """
    lines = re.split(r"\r\n|\r|\n", read_text(path))
    ways = [_divided(lines, *way) for way in _DIVISIONS]
    found = max((way for way in ways if way is not None), key=lambda way: way[0], default=None)
    if found is not None:
        keys, header = found[1], found[2]
        try:
            return _read(path, keys, header)
        except DataError:
            if keys["format"] != "whitespace":
                raise
        skip = keys.get("skip", 0) + bool(header)
    else:  # so many cells are blank that no number of them is usual
        skip = next((k for k, line in enumerate(lines) if _is_row(line)), len(lines))
    keys = {"format": "fixed", "widths": _widths(lines, skip)} | ({"skip": skip} if skip else {})
    if not keys["widths"]:
        raise DataError(
            f"{path}: no rows of numbers found; expected a table with one nucleus per line."
        )
    return _read(path, keys, [])


def _read(path: Path, keys: dict[str, Any], header: list[str]) -> GuessedText:
    layout = checked(TextLayout, keys, path, error=DataError)
    return GuessedText(keys, read_cells(path, layout, header))


type _Way = tuple[tuple[int, int], dict[str, Any], list[str]]


def _divided(lines: list[str], kind: str, separator: str, decimal: str) -> _Way | None:
    """Divide lines in one way: how well that does, the keys, and the header."""

    def cells(line: str) -> list[str]:
        parts = line.split(separator) if separator else line.split()
        return [part.strip().strip('"') for part in parts]

    divided = [(k, cells(line)) for k, line in enumerate(lines) if line.strip()]
    rows = [
        (k, row)
        for k, row in divided
        if not lines[k].lstrip().startswith("#") and _names_and_numbers(row, decimal) >= _FEWEST
    ]
    counts = Counter(len(row) for _, row in rows[:_SAMPLE])
    width = max(counts, key=lambda n: (counts[n], n), default=0)
    if width < _FEWEST or counts[width] < 0.5 * sum(counts.values()):
        return None
    first = _begin(lines, next(k for k, row in rows if len(row) == width))
    numbers = sum(is_number(c, decimal) for _, row in rows[:_SAMPLE] for c in row)
    header_at, header = _header(lines, divided, first, width, cells)
    keys: dict[str, Any] = {"format": kind}
    if decimal != ".":
        keys["decimal"] = decimal
    begin = first if header_at is None else header_at
    if any(line.strip() and not line.lstrip().startswith("#") for line in lines[:begin]):
        keys["skip"] = begin
    return (counts[width], numbers), keys, header


def _names_and_numbers(row: list[str], decimal: str) -> int:
    """Count the cells that are numbers, or the name of a nuclide, such as Sn-132."""
    return sum(is_number(cell, decimal) or bool(_NUCLIDE.fullmatch(cell)) for cell in row)


def _header(
    lines: list[str], divided: list[tuple[int, list[str]]], first: int, width: int, cells: Any
) -> tuple[int | None, list[str]]:
    """Find names of the columns above the first row."""
    for k, _ in reversed([each for each in divided if each[0] < first]):
        names = cells(lines[k].lstrip().lstrip("#"))
        wordy = len(names) == width and not any(is_number(name) for name in names)
        if (
            wordy
            and all(names)
            and len(set(names)) == width
            and any(re.search(r"\w", n) for n in names)
        ):
            return k, names
    return None, []


def _begin(lines: list[str], first: int) -> int:
    """Go up from a row to the first of the rows above it, whose cells may touch or be blank."""
    begin = first
    for k in range(first - 1, -1, -1):
        if not lines[k].strip():
            continue
        if not _is_row(lines[k]):
            break
        begin = k
    return begin


def _is_row(line: str) -> bool:
    tokens = _TOKEN.findall(line)
    numbers = sum(is_number(token) for token in tokens)
    return (
        numbers >= _OF_NUMBERS
        and not line.lstrip().startswith("#")
        and all(len(token) <= _SYMBOL or is_number(token) for token in tokens)
    )


def _widths(lines: list[str], skip: int) -> list[int]:
    """Widths of columns whose cells touch or are blank: where numbers end in several rows."""
    rows = [line for line in lines[skip:] if _is_row(line)]
    rows = rows[:: max(1, len(rows) // _SAMPLE)]
    ends = Counter(found.end() for row in rows for found in _TOKEN.finditer(row))
    enough = max(2, _RARE * len(rows))
    places = sorted(place for place, count in ends.items() if count >= enough)
    return [after - before for before, after in pairwise([0, *places])]
