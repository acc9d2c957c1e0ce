"""Measured masses: the shipped editions of the Atomic Mass Evaluation, and files of others."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from bmm.data.evaluation_file import read_evaluation
from bmm.data.evaluations import MEASURED_TABLES, load_evaluation
from bmm.data.folders import check_name, data_folder

__all__ = ["evaluation_name", "evaluation_path", "load_measured", "locate_measured"]


def load_measured(name: str, *, estimated: bool = False) -> pd.DataFrame:
    """Return an edition of the Atomic Mass Evaluation, or the masses of a file.

    Parameters
    ----------
    name : str
        One of `MEASURED_TABLES`.  Of AME1993 and AME1995, it is the recommended table.  Or the
        path of a file: a mass file of an evaluation, such as ``mass_1.mas20``, or one of RIPL or
        CSV; see `bmm.data.evaluation_file.read_evaluation`.
    estimated : bool, default False
        Keep the values that AME marks with ``#``, which are estimated from trends of the mass
        surface and not measured.

    Returns
    -------
    pandas.DataFrame
        Indexed by (Z, N), sorted, with columns `mass_excess`, `mass_excess_uncertainty`,
        `binding_energy_per_nucleon`, `binding_energy_per_nucleon_uncertainty` (all MeV; binding
        energies in the atomic convention), `estimated` (bool) and, of an edition, `origin` (str):
        how AME ties the mass to others, "" for a primary nuclide, "x" for one that hangs on a mass
        measurement, "+" and "-" for one tied to its beta-decay daughter by the energy of a beta
        minus or a beta plus decay, "-a" and "+a" by that of an alpha decay, or the particles that
        a reaction adds and removes.

    Raises
    ------
    DataError
        If `name` is no shipped edition and no file, or the file cannot be used.

    Examples
    --------
    >>> from bmm.data import load_measured
    >>> measured = load_measured("AME2020")
    >>> measured.loc[(50, 82), ["mass_excess", "mass_excess_uncertainty"]].tolist()
    [-76.546554, 0.001976]
    >>> len(measured)
    2550
    """
    if not _is_file(name):
        return load_evaluation(name, estimated=estimated)
    table = read_evaluation(Path(name))
    return table if estimated else table[~table["estimated"]].copy()


def evaluation_path(name: str) -> Path:
    """Return the file of a shipped edition, or of measured masses of one's own.

    Raises
    ------
    DataError
        If `name` is neither.

    Examples
    --------
    >>> from bmm.data.measured import evaluation_path
    >>> evaluation_path("AME2020").name
    'AME2020.csv'
    """
    if _is_file(name):
        return Path(name)
    check_name(name, MEASURED_TABLES, "measured")
    return data_folder() / "measured" / f"{name}.csv"


def locate_measured(name: str, folder: Path) -> str:
    """Return a name, or the path of a file with measured masses relative to a folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> from bmm.data.measured import locate_measured
    >>> locate_measured("AME2020", Path("/home/me"))
    'AME2020'
    """
    if name in MEASURED_TABLES or not os.path.isfile(folder / name):
        return name
    return str(folder / name)


def evaluation_name(name: str) -> str:
    """Return what to call measured masses: the edition, or the name of the file.

    Examples
    --------
    >>> from bmm.data.measured import evaluation_name
    >>> evaluation_name("AME2020"), evaluation_name("/home/me/masses.csv")
    ('AME2020', 'masses.csv')
    """
    return Path(name).name if _is_file(name) else name


def _is_file(name: str) -> bool:
    # False for impossible names, such as one of 5,000 characters.
    return name not in MEASURED_TABLES and (os.path.isfile(name) or os.sep in name)
