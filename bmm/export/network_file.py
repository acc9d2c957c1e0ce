"""Nuclear data of reaction networks: names, spins, mass excesses, partition functions.

The files ``winvn`` (WinNet, SkyNet) and ``netwinv`` (XNet) have these parts:

* a line that is free (``winvn``) or begins with the number of nuclides, ``i5`` (``netwinv``);
* the grid of temperatures, T9;
* the names, ``a5``, one a line; ``winvn`` repeats the last one to end the list;
* for each nuclide a line ``(a5,f12.3,2i4,f6.1,f10.3)`` with name, A, Z, N, spin, mass excess (MeV)
  and a free text, here the source of the mass; then 24 partition functions, normalised to that of
  the ground state, eight a line.

Sources: subroutine read_winvn of WinNet (src/benam_class.f90); subroutine read_nuclear_data of
XNet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bmm.errors import DataError
from bmm.export.columns import DESCRIPTOR_WIDTH

__all__ = ["GRID_SIZE", "Entry", "NetworkFile", "read_network_file"]

GRID_SIZE = 24
"""Temperatures at which partition functions are given."""

_ENTRY = re.compile(
    r"(?P<before>(?P<name>.{5})\s*\S+\s+(?P<Z>\d+)\s+(?P<N>\d+)\s+\S+)"
    r"(?P<mass>\s+[-+]?\d*\.?\d+)(?P<rest>(?:[ \t][^\r\n]*)?)(?P<end>\s*)"
)
_PARTITION_FUNCTIONS = re.compile(r"[\s\d.+*EeDd-]*\d[\s\d.+*EeDd-]*")
_LINES = 3


@dataclass(frozen=True)
class Entry:
    """One nuclide, or one isomer of it.

    Parameters
    ----------
    lines : tuple of str
        With their line endings: the first holds the mass.
    name : str
        As it is printed, blanks included.
    Z, N : int
    mass_excess : float
        MeV.
    """

    lines: tuple[str, ...]
    name: str
    Z: int
    N: int
    mass_excess: float

    def with_mass(self, mass_excess: float, source: str) -> Entry:
        """Replace the mass, with the digits it had, and the text that says where it is from."""
        parts = _ENTRY.fullmatch(self.lines[0])
        assert parts is not None  # it was read so
        printed = parts["mass"]
        decimals = len(printed.partition(".")[2])
        mass = f"{mass_excess:{len(printed)}.{decimals}f}"
        if len(mass) > len(printed) or not mass.startswith(" "):
            raise DataError(
                f"the mass excess of {self.name.strip()}, {mass_excess:g} MeV, does not fit into "
                f"the {len(printed)} columns of the template"
            )
        rest = f" {source}".ljust(len(parts["rest"]))
        first = f"{parts['before']}{mass}{rest}{parts['end']}"
        return replace(self, lines=(first, *self.lines[1:]), mass_excess=mass_excess)


@dataclass(frozen=True)
class NetworkFile:
    """A whole file.

    Parameters
    ----------
    head : tuple of str
        Its first two lines.
    names : tuple of str
        Lines of the list of names, without the repeated one.
    entries : tuple of Entry
    tail : tuple of str
        Whatever follows.
    counted : bool
        Whether the first line holds the number of nuclides (``netwinv``), instead of the list of
        names ending with a repeated one.
    """

    head: tuple[str, str]
    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    tail: tuple[str, ...] = ()
    counted: bool = False

    @property
    def line_ending(self) -> str:
        """How its lines end."""
        return self.head[1][len(self.head[1].rstrip("\r\n")) :]

    def content(self) -> bytes:
        """Give it back, byte for byte where nothing was replaced."""
        repeated = () if self.counted else self.names[-1:]
        lines = [*self.head, *self.names, *repeated]
        lines += [line for entry in self.entries for line in entry.lines]
        return "".join([*lines, *self.tail]).encode("utf-8", "surrogateescape")


def read_network_file(path: Path, *, counted: bool) -> NetworkFile:
    """Read a file and keep every byte of it; a missing line ending at its end is added.

    Parameters
    ----------
    path : Path
        The file.
    counted : bool
        Whether its first line holds the number of nuclides (``netwinv``).

    Raises
    ------
    DataError
        If it cannot be read; the message names the line.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise DataError(f"{path}: expected a template, but {error.strerror}") from error
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
    lines[-1:] = [line if line.endswith(("\n", "\r")) else f"{line}\n" for line in lines[-1:]]
    if len(lines) < 4:
        raise DataError(f"{path}: expected a {'netwinv' if counted else 'winvn'} file")
    names = _names(path, lines, counted)
    begin = 2 + len(names) + (0 if counted else 1)
    entries, used = [], begin
    for entry, after in _entries(path, lines, begin):
        entries.append(entry)
        used = after
    if not entries:
        raise DataError(f"{path}, line {begin + 1}: expected the first nuclide")
    return NetworkFile(
        (lines[0], lines[1]), tuple(names), tuple(entries), tuple(lines[used:]), counted=counted
    )


def _names(path: Path, lines: list[str], counted: bool) -> list[str]:
    if counted:
        try:
            count = int(lines[0][:DESCRIPTOR_WIDTH])
        except ValueError as error:
            raise DataError(f"{path}, line 1: expected the number of nuclides (i5)") from error
        return lines[2 : 2 + count]
    for i in range(3, len(lines)):
        if len(lines[i].strip()) > DESCRIPTOR_WIDTH:
            break
        if lines[i].strip() == lines[i - 1].strip():
            return lines[2:i]
    raise DataError(
        f"{path}, line {i + 1}: expected a list of names that ends with the last one repeated"
    )


def _entries(path: Path, lines: list[str], begin: int) -> Iterator[tuple[Entry, int]]:
    """Nuclides, each with the number of the line after it."""
    at = begin
    while at < len(lines) and lines[at].strip():
        parts = _ENTRY.fullmatch(lines[at])
        if parts is None:
            raise DataError(
                f"{path}, line {at + 1}: expected name, A, Z, N, spin and mass excess "
                "(a5,f12.3,2i4,f6.1,f10.3)"
            )
        after = at + 1 + _LINES
        values = lines[at + 1 : after]
        if len(values) < _LINES or not all(map(_PARTITION_FUNCTIONS.fullmatch, values)):
            raise DataError(
                f"{path}, line {at + 2}: expected the {GRID_SIZE} partition functions of "
                f"{parts['name'].strip()}, eight a line"
            )
        Z, N, mass = int(parts["Z"]), int(parts["N"]), float(parts["mass"])
        yield Entry(tuple(lines[at:after]), parts["name"], Z, N, mass), after
        at = after
