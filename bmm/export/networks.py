"""Nuclear data files of reaction networks: ``winvn`` for WinNet and SkyNet, ``netwinv`` for XNet.

What a network needs besides masses comes from a template, a file of the user's: spins, partition
functions, and isomers, which keep their excitation energy.  Without one, spins are 0 and partition
functions 1.  See `bmm.export.network_file` for the layout.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from bmm.export.columns import DESCRIPTOR_WIDTH, check_symbol, fixed
from bmm.export.mass_table import ExportSettings, MassTable
from bmm.export.network_file import GRID_SIZE, Entry, NetworkFile, read_network_file
from bmm.nuclides import symbol
from bmm.writing import write_whole

__all__ = ["write_netwinv", "write_winvn"]

type Nuclide = tuple[int, int]

_T9 = (
    *(0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5),
    *(2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0),
)
_LIGHTEST = {(0, 1): "n", (1, 0): "p", (1, 1): "d", (1, 2): "t"}
_TAGS = {"measured": "bmm-m", "estimated": "bmm-e", "predicted": "bmm-p"}
_NO_TEMPLATE = (
    "No template: spins are 0 and partition functions 1, which is wrong for most nuclides of a "
    "network; give --template."
)
_FREE = 5  # columns of netwinv's first line that are read


def write_winvn(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``winvn`` files, for WinNet and SkyNet.

    Parameters
    ----------
    table : MassTable
    folder : Path
        Gets ``mean/winvn`` and, for every draw, ``draw-001/winvn`` and so on.
    settings : ExportSettings
        The template is such a file.

    Returns
    -------
    list of str
        What the user should know.

    Raises
    ------
    DataError
        If a name has more than 5 characters, or the template is no such file.
    """
    return _write(table, folder, settings, "winvn", counted=False)


def write_netwinv(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``netwinv`` files, for XNet; see `write_winvn`."""
    return _write(table, folder, settings, "netwinv", counted=True)


def _write(
    table: MassTable, folder: Path, settings: ExportSettings, layout: str, *, counted: bool
) -> list[str]:
    if settings.template is None:
        basis, remarks = _empty(counted), [_NO_TEMPLATE]
    else:
        basis = read_network_file(settings.template, counted=counted)
        remarks = _remarks(table, basis, settings)
    append = settings.append or settings.template is None
    here = [(int(Z), int(N)) for Z, N in table.index]
    new = {
        nuclide: _name(layout, *nuclide)
        for nuclide in here
        if append and nuclide not in _ground_states(basis)
    }
    tags = dict(zip(here, (_TAGS[each] for each in table.status), strict=True))
    for surface in table.surfaces():
        masses = dict(zip(here, surface.mass_excess.tolist(), strict=True))
        filled = _append(_replace_masses(basis, masses, tags), masses, tags, new)
        filled = _say_origin(filled, surface.origin)
        into = folder / surface.name
        into.mkdir()
        write_whole(into / layout, partial(Path.write_bytes, data=filled.content()))
    return remarks


def _name(layout: str, Z: int, N: int) -> str:
    name = _LIGHTEST.get((Z, N)) or f"{symbol(Z).lower()}{Z + N}"
    return check_symbol(layout, name, DESCRIPTOR_WIDTH, Z, N)


def _empty(counted: bool) -> NetworkFile:
    """Give a file without nuclides."""
    scaled = [round(100 * T9) for T9 in _T9[:-1]] + [round(10 * _T9[-1])]
    grid = "".join(f"{each:3d}" if counted else f"{each:03d}" for each in scaled)
    return NetworkFile(("    0\n" if counted else "\n", f"{grid}\n"), (), (), counted=counted)


def _ground_states(basis: NetworkFile) -> dict[Nuclide, float]:
    """Mass excess of the lightest entry of every nuclide, MeV: the others are its isomers."""
    ground: dict[Nuclide, float] = {}
    for each in basis.entries:
        at = (each.Z, each.N)
        ground[at] = min(each.mass_excess, ground.get(at, each.mass_excess))
    return ground


def _replace_masses(
    basis: NetworkFile, masses: dict[Nuclide, float], tags: dict[Nuclide, str]
) -> NetworkFile:
    """Put masses into a file; an isomer keeps its excitation energy."""
    ground = _ground_states(basis)
    entries = []
    for each in basis.entries:
        at = (each.Z, each.N)
        if at in masses:
            excitation = each.mass_excess - ground[at]
            entries.append(each.with_mass(masses[at] + excitation, tags[at]))
        else:
            entries.append(each)
    return replace(basis, entries=tuple(entries))


def _append(
    basis: NetworkFile,
    masses: dict[Nuclide, float],
    tags: dict[Nuclide, str],
    names: dict[Nuclide, str],
) -> NetworkFile:
    """Append nuclides by name, with spin 0 and partition functions of 1."""
    end = basis.line_ending
    one = f"{1:9.2f}" if basis.counted else "  1.00000E+0"
    ones = (f"{8 * one}{end}",) * (GRID_SIZE // 8)
    entries = []
    for (Z, N), name in names.items():
        mass = fixed(masses[Z, N], 10, 3)
        first = f"{name:>5}{Z + N:12.3f}{Z:4d}{N:4d}{0:6.1f}{mass} {tags[Z, N]}{end}"
        entries.append(Entry((first, *ones), name, Z, N, masses[Z, N]))
    listed = (f"{name:>5}{end}" for name in names.values())
    return replace(basis, names=(*basis.names, *listed), entries=(*basis.entries, *entries))


def _say_origin(basis: NetworkFile, origin: str) -> NetworkFile:
    """Say where the masses are from in what no reader reads of the first line."""
    first = basis.head[0].rstrip()
    count = f"{len(basis.names):{_FREE}d} " if basis.counted else ""
    text = (first[_FREE:] if basis.counted else first).strip()
    line = f"{count}{text + '; ' if text else ''}{origin}{basis.line_ending}"
    return replace(basis, head=(line, basis.head[1]))


def _remarks(table: MassTable, basis: NetworkFile, settings: ExportSettings) -> list[str]:
    ground = _ground_states(basis)
    here = {(int(Z), int(N)) for Z, N in table.index}
    known, new = len(ground.keys() & here), len(here - ground.keys())
    isomers = sum((each.Z, each.N) in here for each in basis.entries) - known
    remarks = [
        f"{known} of the template's {len(ground)} nuclides have new masses; "
        f"{len(ground) - known} keep those of {settings.template}."
    ]
    if isomers:
        remarks.append(f"{isomers} isomers are shifted with their ground states.")
    if new and settings.append:
        remarks.append(f"{new} nuclides are appended with spin 0 and partition functions of 1.")
    elif new:
        remarks.append(f"{new} nuclides that the template lacks are left out; see --append.")
    return remarks
