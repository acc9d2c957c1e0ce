"""Measured masses: the shipped editions of the Atomic Mass Evaluation, and files of others."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import pandas as pd

from bmm.data.folders import check_name, data_folder
from bmm.nuclides import nuclide_index

__all__ = [
    "MEASURED_TABLES",
    "evaluation_name",
    "evaluation_path",
    "load_measured",
    "locate_measured",
]

MEASURED_TABLES = ("AME1995", "AME2003", "AME2012", "AME2016", "AME2020")
"""Names that `load_measured` knows, oldest first."""

_COLUMNS = (
    "mass_excess",
    "mass_excess_uncertainty",
    "binding_energy_per_nucleon",
    "binding_energy_per_nucleon_uncertainty",
)


def load_measured(name: str, *, estimated: bool = False) -> pd.DataFrame:
    """Return an edition of the Atomic Mass Evaluation, or the masses of a file.

    Parameters
    ----------
    name : str
        One of `MEASURED_TABLES`.  Of AME1995, it is the recommended table.  Or the path of a
        file: a mass file of an evaluation, such as ``mass_1.mas20``, or one of RIPL or CSV; see
        `bmm.data.evaluation_file.read_evaluation`.
    estimated : bool, default False
        Keep the values that AME marks with ``#``, which are estimated from trends of the mass
        surface and not measured.

    Returns
    -------
    pandas.DataFrame
        Indexed by (Z, N), sorted, with columns `mass_excess`, `mass_excess_uncertainty`,
        `binding_energy_per_nucleon`, `binding_energy_per_nucleon_uncertainty` (all MeV; binding
        energies in the atomic convention) and `estimated` (bool).

    Raises
    ------
    DataError
        If `name` is no shipped edition and no file, or the file cannot be used.
    """
    if _is_file(name):
        # It is checked against the shipped editions.
        from bmm.data.evaluation_file import read_evaluation

        table = read_evaluation(Path(name))
    else:
        check_name(name, MEASURED_TABLES, "measured")
        table = _read(name)
    return table.copy() if estimated else table[~table["estimated"]].copy()


def evaluation_path(name: str) -> Path:
    """Return the file of a shipped edition, or of measured masses of one's own.

    Raises
    ------
    DataError
        If `name` is neither.
    """
    if _is_file(name):
        return Path(name)
    check_name(name, MEASURED_TABLES, "measured")
    return data_folder() / "measured" / f"{name}.csv"


def locate_measured(name: str, folder: Path) -> str:
    """Return a name, or the path of a file with measured masses relative to a folder."""
    if name in MEASURED_TABLES or not os.path.isfile(folder / name):
        return name
    return str(folder / name)


def evaluation_name(name: str) -> str:
    """Return what to call measured masses: the edition, or the name of the file."""
    return Path(name).name if _is_file(name) else name


def _is_file(name: str) -> bool:
    # False for impossible names, such as one of 5,000 characters.
    return name not in MEASURED_TABLES and (os.path.isfile(name) or os.sep in name)


@lru_cache
def _read(name: str) -> pd.DataFrame:
    raw = pd.read_csv(data_folder() / "measured" / f"{name}.csv")
    A = raw["Z"] + raw["N"]
    for suffix in ("_keV", "_uncertainty_keV"):
        if f"binding_energy{suffix}" in raw:  # AME1995 prints that of the whole nucleus
            raw[f"binding_energy_per_nucleon{suffix}"] = raw[f"binding_energy{suffix}"] / A
    table = pd.DataFrame(
        {column: raw[f"{column}_keV"].to_numpy() / 1000 for column in _COLUMNS},
        index=nuclide_index(raw["Z"], raw["N"]),
    )
    table["estimated"] = raw["estimated"].to_numpy().astype(bool)
    return table.sort_index()
