"""Mass file of the Reference Input Parameter Library (RIPL, IAEA).

Four lines of header, then ``(2i4,1x,a2,1x,i1,3f10.3)``: Z, A, element, flag, measured mass excess
and its uncertainty, calculated mass excess, MeV.  Flag 2 is a measured mass, 1 one estimated from
trends, 0 none.  Further columns, in which RIPL's models give shell corrections and deformations,
are not written.

Source: RIPL-4 as read by riplpy 0.6, ``masses/ws4.py`` and ``masses/d1m.py``.
"""

from __future__ import annotations

from pathlib import Path

from bmm.export.columns import check_symbol, fixed, refuse_template, write_lines
from bmm.export.mass_table import ExportSettings, MassTable, Surface

__all__ = ["write_ripl"]

_FILE = "mass-bmm.dat"
_FLAGS = {"measured": 2, "estimated": 1, "predicted": 0}


def write_ripl(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``mean/mass-bmm.dat`` and, for every draw, ``draw-001/mass-bmm.dat`` and so on.

    The calculated mass of a measured nucleus is the measured one, or its draw.  See
    `bmm.export.formats.Writer` for what a writer takes, returns and raises.

    Raises
    ------
    DataError
        If an element's symbol has more than 2 characters (Z > 118).
    """
    refuse_template("ripl", settings)
    symbols = [
        check_symbol("ripl", name, 2, int(Z), int(N))
        for name, Z, N in zip(table.symbols, table.Z, table.N, strict=True)
    ]
    for surface in table.surfaces():
        into = folder / surface.name
        into.mkdir()
        write_lines(into / _FILE, [*_header(surface), *_rows(table, surface, symbols)])
    return ["Mth of a measured nucleus is its measured mass (or its draw), so that it can be used."]


def _header(surface: Surface) -> list[str]:
    return [
        f"# {surface.origin}",
        "#  Z   A s fl     Mexp      Err       Mth   flag: 2 measured, 1 estimated, 0 predicted",
        "#                [MeV]     [MeV]     [MeV]",
        f"#{'-' * 60}",
    ]


def _rows(table: MassTable, surface: Surface, symbols: list[str]) -> list[str]:
    rows = []
    for Z, A, name, status, known, sd, mass in zip(
        table.Z, table.Z + table.N, symbols, table.status, table.mass_excess,
        table.mass_excess_sd, surface.mass_excess, strict=True,
    ):  # fmt: skip
        flag = _FLAGS[str(status)]
        measured = f"{fixed(known, 10, 3)}{fixed(sd, 10, 3)}" if flag else " " * 20
        rows.append(f"{Z:4d}{A:4d} {name:<2} {flag}{measured}{fixed(mass, 10, 3)}")
    return rows
