"""Mass folders of TALYS: one file for each element, ``Sn.mass``, in one folder for each surface.

A line holds Z, A, atomic mass (u), mass excess (MeV), beta_2, beta_4, 20 characters that are
skipped, spin and parity of the ground state: ``(2i4,2f12.6,2f8.4,20x,f4.1,i2)``.  TALYS reads up to
column 74 and has no comments; the rest of the line says where a mass is from. Lines ascend in A.
Deformations, spins and parities are those of a template, which is such a folder; without one,
nuclei are spherical, with spin 0 or 1/2 and positive parity.

Source: subroutine masses of TALYS (source/masses.f90); symbols of Z > 118 from constants.f90.
"""

from __future__ import annotations

from pathlib import Path

from bmm.arrays import IntArray
from bmm.conversions import ATOMIC_MASS_UNIT, atomic_mass
from bmm.errors import DataError
from bmm.export.columns import fixed, write_lines
from bmm.export.mass_table import ExportSettings, MassTable, Surface
from bmm.nuclides import label, symbol

__all__ = ["write_talys"]

MAX_Z = 124
"""Heaviest element that TALYS has a symbol for."""

_BEYOND_OGANESSON = {119: "B9", 120: "C0", 121: "C1", 122: "C2", 123: "C3", 124: "C4"}
_MASSES = slice(8, 32)
_STRUCTURE = slice(32, 74)
_README = """\
{origin}.

Units: u and MeV.  After column 74, which TALYS does not read: nuclide, whether its mass is
measured, estimated or predicted, bmm's version, run.  {structure}
"""


def write_talys(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write folders that TALYS reads as its ``massdir``.

    Parameters
    ----------
    table : MassTable
        Neutrons (Z = 0), whose mass is built into TALYS, are left out.
    folder : Path
        Gets ``mean/`` and, for every draw, ``draw-001/`` and so on.
    settings : ExportSettings
        The template is a folder of ``.mass`` files.  Its elements and nuclides that the table
        lacks are kept.

    Returns
    -------
    list of str
        What the user should know.

    Raises
    ------
    DataError
        If an element is beyond Z = 124, or the template is no such folder.
    """
    beyond = table.Z > MAX_Z
    if beyond.any():
        Z, N = int(table.Z[beyond][0]), int(table.N[beyond][0])
        raise DataError(
            f"TALYS has elements up to Z = {MAX_Z}, but the table has {label(Z, N)} "
            f"(Z = {Z}); leave it out with --Z 0-{MAX_Z}"
        )
    template = _read_template(settings.template)
    structure = _say_structure(table, template, settings.template)
    for surface in table.surfaces():
        into = folder / surface.name
        into.mkdir()
        for name, lines in _elements(table, surface, template).items():
            write_lines(into / name, lines)
        text = _README.format(origin=surface.origin, structure=structure)
        write_lines(into / "README.txt", text.splitlines())
    return [structure]


def _say_structure(
    table: MassTable, template: dict[str, dict[int, str]], origin: Path | None
) -> str:
    rest = "nuclei are spherical, with spin 0 (even A) or 1/2 (odd A) and positive parity."
    if not template:
        return f"No template: all {rest}"
    nuclides = zip(table.Z.tolist(), _A(table).tolist(), strict=True)
    given = sum(A in template.get(_file(Z), {}) for Z, A in nuclides if Z > 0)
    return f"Deformations, spins and parities of {given} nuclei are those of {origin}; other {rest}"


def _file(Z: int) -> str:
    return f"{_BEYOND_OGANESSON.get(Z) or symbol(Z)}.mass"


def _A(table: MassTable) -> IntArray:
    return table.Z + table.N


def _elements(
    table: MassTable, surface: Surface, template: dict[str, dict[int, str]]
) -> dict[str, list[str]]:
    """Lines of every element's file."""
    lines = {name: dict(rows) for name, rows in template.items()}
    masses = atomic_mass(table.Z, table.N, surface.mass_excess) / ATOMIC_MASS_UNIT
    tag = f"bmm {table.origin.version} {table.origin.run}"
    rows = zip(table.Z.tolist(), _A(table).tolist(), masses.tolist(),
               surface.mass_excess.tolist(), table.status, strict=True)  # fmt: skip
    for Z, A, mass, excess, status in rows:
        if Z == 0:
            continue
        known = lines.setdefault(_file(Z), {})
        structure = known.get(A, "")[_STRUCTURE].ljust(_STRUCTURE.stop - _STRUCTURE.start)
        if not structure.strip():
            structure = f"{0:8.4f}{0:8.4f}{'':20}{0.5 * (A % 2):4.1f}{1:2d}"
        name = f"{symbol(Z)}{A}"
        known[A] = (
            f"{Z:4d}{A:4d}{fixed(mass, 12, 6)}{fixed(excess, 12, 6)}{structure} "
            f"{name:<6} {status:<9} {tag}"
        )
    return {name: [known[A] for A in sorted(known)] for name, known in lines.items()}


def _read_template(folder: Path | None) -> dict[str, dict[int, str]]:
    """Lines of a folder's files, by A."""
    if folder is None:
        return {}
    files = sorted(folder.glob("*.mass"))
    if not files:
        raise DataError(f"{folder}: expected a folder of TALYS mass files, such as Sn.mass")
    found: dict[str, dict[int, str]] = {}
    for file in files:
        found[file.name] = {}
        for number, line in enumerate(file.read_text(encoding="latin-1").splitlines(), start=1):
            try:
                A = int(line[4:8])
                float(line[_MASSES][12:])
            except ValueError as error:
                raise DataError(
                    f"{file}, line {number}: expected Z, A, mass and mass excess in columns "
                    "2i4, 2f12.6"
                ) from error
            found[file.name][A] = line
    return found
