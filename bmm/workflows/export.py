"""The masses of a run as files of another code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pandas as pd

from bmm.errors import RunError
from bmm.export import FORMATS, ExportSettings, MassTable, Writer
from bmm.export.energies import write_energies
from bmm.nuclides import select_nuclei
from bmm.workflows.exported_table import mass_table_of
from bmm.writing import write_folder_whole, write_json

__all__ = ["Export", "export_run"]

_MARK = "export.json"


@dataclass(frozen=True)
class Export:
    """What was written.

    Parameters
    ----------
    path : Path
        The folder.
    nuclei, measured, draws : int
        How many there are.
    remarks : list of str
        What the user should know.
    """

    path: Path
    nuclei: int
    measured: int
    draws: int
    remarks: list[str]


def export_run(
    run: Path,
    to: str,
    output: Path | None = None,
    *,
    draws: int = 0,
    seed: int | None = None,
    nuclei: Sequence[str] = (),
    Z: str | None = None,
    N: str | None = None,
    settings: ExportSettings | None = None,
    overwrite: bool = False,
) -> Export:
    """Write the masses of a run, and joint draws of them, in the layout of another code.

    A layout that holds one mass for each nucleus gets a folder for the masses, ``mean/``, and one
    for each draw, ``draw-001/`` and so on; ``energies.csv`` in each holds S_1n, Q_alpha and Q_beta.

    Parameters
    ----------
    run : Path
        Folder of a complete run.
    to : str
        Key of `bmm.export.FORMATS`.
    output : Path, optional
        The folder; by default beside the run, ``<run>-<format>``.
    draws : int, default 0
        Joint draws to write.
    seed : int, optional
        Of the draws; by default the run's.
    nuclei : sequence of str, default ()
        Nuclei or chains, as `bmm.nuclides.select_nuclei` reads them; by default all.
    Z, N : str, optional
        Only these proton and neutron numbers, "50" or "50-82".
    settings : ExportSettings, optional
        See there.
    overwrite : bool, default False
        Replace the folder of an earlier export.

    Raises
    ------
    BmmError
        If the run, the format, a selection, the template or the folder cannot be used.
    """
    write = FORMATS[to]
    home = run.resolve()
    path = output or home.with_name(f"{home.name}-{to}")
    if path.resolve() in (home, *home.parents):
        raise RunError(f"{path}: expected a folder outside the run")
    table = mass_table_of(run, draws, seed)
    chosen = table.select(_selected(table, nuclei, Z, N))
    remarks: list[str] = []
    write_folder_whole(
        path,
        lambda folder: remarks.extend(
            _write(write, to, table, chosen, folder, settings or ExportSettings())
        ),
        mark=_MARK,
        overwrite=overwrite,
    )
    measured = int(chosen.nuclei["measured"].sum())
    return Export(path, len(chosen.nuclei), measured, draws, remarks)


def _write(
    write: Writer,
    to: str,
    table: MassTable,
    chosen: MassTable,
    folder: Path,
    settings: ExportSettings,
) -> list[str]:
    remarks = write(chosen, folder, settings)
    for surface in table.surfaces():
        if (folder / surface.name).is_dir():
            write_energies(table, surface, chosen.index, folder / surface.name)
    content = {
        "format": to,
        **table.origin.attributes(),
        "models": list(table.origin.models),
        "nuclei": len(chosen.nuclei),
        "measured": int(chosen.nuclei["measured"].sum()),
        "draws": 0 if table.draws is None else len(table.draws),
        "remarks": remarks,
    }
    write_json(folder / _MARK, content)
    return remarks


def _selected(
    table: MassTable, nuclei: Sequence[str], Z: str | None, N: str | None
) -> pd.MultiIndex:
    chosen = table.index
    if nuclei:
        parts = [select_nuclei(each, chosen) for each in nuclei]
        chosen = reduce(lambda one, other: one.union(other), parts)
    for name, numbers in (("Z", Z), ("N", N)):
        if numbers is not None:
            chosen = select_nuclei(f"{name}={numbers}", chosen)
    return chosen
