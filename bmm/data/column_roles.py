"""Which columns of a table name the nuclei, and which hold numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.data.layout import Column
from bmm.data.text_guess import GuessedText, is_number
from bmm.data.text_table import parse_number
from bmm.errors import DomainError
from bmm.nuclides import is_plausible, parse_nuclide, proton_number

__all__ = ["Roles", "find_roles", "number_columns"]

_NAMES = {
    "Z": {"z", "proton", "protons", "protonnumber", "atomicnumber", "charge"},
    "N": {"n", "neutron", "neutrons", "neutronnumber"},
    "A": {"a", "massnumber", "nucleons"},
    "nuclide": {"nuclide", "nucleus", "isotope", "nucl"},
    "symbol": {"symbol", "element", "el", "elt", "sym"},
}
_WHOLE = re.compile(r"[0-9]{1,3}(?:\.0*)?")
_MOST = 6  # columns of whole numbers that are tried


@dataclass(frozen=True)
class Roles:
    """Columns that name the nuclei.

    Parameters
    ----------
    keys : dict
        Of `bmm.data.layout.RowLayout`: the columns, by name or by number.
    Z, N : int array (row,)
        What they say.
    """

    keys: dict[str, Column]
    Z: IntArray
    N: IntArray

    @property
    def score(self) -> int:
        """How many rows name a plausible nucleus of its own."""
        good = np.asarray(is_plausible(self.Z, self.N))
        return len({*zip(self.Z[good].tolist(), self.N[good].tolist(), strict=True)})


def find_roles(text: GuessedText) -> list[Roles]:
    """Find the columns that may name the nuclei, the likeliest first.

    Columns that are called so come first; without these, every pair of columns of whole numbers
    that names plausible nuclei, each once.
    """
    columns = _columns(text)
    named = [*_by_name(columns)]
    found = [each for each in named or _by_value(columns) if each.score == len(each.Z) > 0]
    return found or [each for each in named if each.score > 0.9 * len(each.Z)]


def number_columns(text: GuessedText, roles: Roles) -> dict[Column, FloatArray]:
    """Columns of numbers besides those of the nuclei; NaN where a cell holds none.

    A column counts if at least half of its cells are numbers and they are not all the same.
    """
    decimal = text.keys.get("decimal", ".")
    found: dict[Column, FloatArray] = {}
    for name, cells in _columns(text).items():
        if name in roles.keys.values():
            continue
        values = np.array([_number(cell, decimal) for cell in cells])
        known = values[np.isfinite(values)]
        if len(known) >= 0.5 * len(cells) and len(np.unique(known)) > 1:
            found[name] = values
    return found


def _columns(text: GuessedText) -> dict[Column, list[str]]:
    names: list[Column] = [*(text.table.header or range(1, len(text.table.rows[0].cells) + 1))]
    cells = zip(*(row.cells for row in text.table.rows), strict=True)
    return dict(zip(names, map(list, cells), strict=True))


def _number(cell: str, decimal: str) -> float:
    number = parse_number(cell.replace("#", "").replace(decimal, "."))
    return np.nan if number is None else number


def _by_name(columns: dict[Column, list[str]]) -> Iterator[Roles]:
    called = {
        role: next((c for c in columns if _plain(c) in names), None)
        for role, names in _NAMES.items()
    }
    protons = called["Z"] or called["symbol"]
    if protons is not None:
        for role in ("N", "A"):
            second = called[role]
            if second is not None:
                yield from _pair(columns, protons, second, role)
    elif called["nuclide"] is not None:
        yield from _nuclides(columns, called["nuclide"])


def _plain(column: Column) -> str:
    return re.sub(r"[^a-z]", "", str(column).split("[")[0].split("(")[0].casefold())


def _by_value(columns: dict[Column, list[str]]) -> Iterator[Roles]:
    whole = [c for c, cells in columns.items() if all(_WHOLE.fullmatch(each) for each in cells)]
    words = [c for c, cells in columns.items() if all(_is_symbol(each) for each in cells)]
    for protons in (*whole[:_MOST], *words[:1]):
        for second in whole[:_MOST]:
            if protons != second:
                for role in ("N", "A"):
                    yield from _pair(columns, protons, second, role)
    for column in columns:
        yield from _nuclides(columns, column)


def _is_symbol(cell: str) -> bool:
    try:
        proton_number(cell)
    except DomainError:
        return False
    return True


def _pair(
    columns: dict[Column, list[str]], protons: Column, second: Column, role: str
) -> Iterator[Roles]:
    try:
        Z = np.array([_protons(cell) for cell in columns[protons]], dtype=np.int64)
        number = np.array([int(float(cell)) for cell in columns[second]], dtype=np.int64)
    except (DomainError, ValueError, OverflowError):
        return
    yield Roles({"Z": protons, role: second}, Z, number if role == "N" else number - Z)


def _protons(cell: str) -> int:
    return int(float(cell)) if is_number(cell) else proton_number(cell)


def _nuclides(columns: dict[Column, list[str]], column: Column) -> Iterator[Roles]:
    try:
        pairs = [_nuclide(cell) for cell in columns[column]]
    except DomainError:
        return
    Z, N = np.array(pairs, dtype=np.int64).T
    yield Roles({"nuclide": column}, Z, N)


def _nuclide(cell: str) -> tuple[int, int]:
    if re.fullmatch(r"[0-9]{4,6}", cell):
        return int(cell[:-3]), int(cell[-3:]) - int(cell[:-3])
    return parse_nuclide(cell)
