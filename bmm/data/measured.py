"""Measured masses: the shipped editions of the Atomic Mass Evaluation, and files of others."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.data.folders import check_name, data_folder
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = [
    "MEASURED_TABLES",
    "earlier_evaluations",
    "evaluation_name",
    "evaluation_path",
    "find_evaluation",
    "load_measured",
    "locate_measured",
    "split_evaluation",
]


MEASURED_TABLES = (
    "AME1983",
    "AME1993",
    "AME1995",
    "AME2003",
    "AME2012",
    "AME2016",
    "AME2020",
)
"""Names that `load_measured` takes, oldest first."""

_UPDATED = "AME1993"
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
    if _is_file(name):
        # It is checked against the shipped editions.
        from bmm.data.evaluation_file import read_evaluation

        table = read_evaluation(Path(name))
    else:
        check_name(name, MEASURED_TABLES, "measured")
        table = _read(name)
    return table.copy() if estimated else table[~table["estimated"]].copy()


def earlier_evaluations(name: str) -> tuple[str, ...]:
    """Return the evaluations before one, oldest first.

    AME1993 is left out before AME1995, which is an update of it, and later ones.

    Parameters
    ----------
    name : str
        One of `MEASURED_TABLES`.

    Examples
    --------
    >>> from bmm.data import earlier_evaluations
    >>> earlier_evaluations("AME2003")
    ('AME1983', 'AME1995')
    """
    check_name(name, MEASURED_TABLES, "measured")
    return tuple(
        each for each in MEASURED_TABLES[: MEASURED_TABLES.index(name)] if each != _UPDATED
    )


def find_evaluation(measured: pd.DataFrame) -> str:
    """Find the shipped evaluation that some masses are from.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Raises
    ------
    DataError
        If no evaluation, or more than one, has all of these values.

    Examples
    --------
    >>> from bmm.data import find_evaluation, load_measured
    >>> find_evaluation(load_measured("AME2003").head(100))
    'AME2003'
    """
    same = _shared_rows(measured)
    found = [name for name, rows in same.items() if rows.all()]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"the masses may be those of any of {', '.join(found)}: expected more")
    closest = max(same, key=lambda name: same[name].sum())
    raise DataError(
        f"expected masses and uncertainties of one evaluation: {same[closest].sum()} of "
        f"{len(measured)} are those of {closest}"
    )


def split_evaluation(measured: pd.DataFrame) -> tuple[str, npt.NDArray[np.bool]]:
    """Tell the masses of a shipped evaluation from those that were added or replaced.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Returns
    -------
    name : str
        Of the evaluation that has most of these values.
    shared : bool array (n,)
        Which values are those of the evaluation.

    Raises
    ------
    DataError
        If no evaluation has half of them, or two have as many.

    Examples
    --------
    >>> from bmm.data import load_measured, split_evaluation
    >>> masses = load_measured("AME2003").head(100)
    >>> masses.iloc[0, masses.columns.get_loc("mass_excess")] += 0.1
    >>> name, shared = split_evaluation(masses)
    >>> name, int(shared.sum())
    ('AME2003', 99)
    """
    same = _shared_rows(measured)
    first, second = sorted(same, key=lambda name: same[name].sum(), reverse=True)[:2]
    count, next_count = int(same[first].sum()), int(same[second].sum())
    if 2 * count < len(measured) or not count:
        raise DataError(
            f"expected masses and uncertainties of a shipped evaluation: {count} of "
            f"{len(measured)} are those of {first}"
        )
    if count == next_count:
        raise DataError(f"the masses may be those of {first} or {second}: expected more")
    return first, same[first]


def _shared_rows(measured: pd.DataFrame) -> dict[str, npt.NDArray[np.bool]]:
    """Which masses are those of each evaluation, to the last digit."""
    columns = ["mass_excess", "mass_excess_uncertainty"]
    values = measured[columns].to_numpy()
    return {
        name: np.asarray((_read(name)[columns].reindex(measured.index).to_numpy() == values).all(1))
        for name in MEASURED_TABLES
    }


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


@lru_cache
def _read(name: str) -> pd.DataFrame:
    raw = pd.read_csv(data_folder() / "measured" / f"{name}.csv", dtype={"origin": "str"})
    A = raw["Z"] + raw["N"]
    for suffix in ("_keV", "_uncertainty_keV"):
        if f"binding_energy{suffix}" in raw:  # to 1995 that of the whole nucleus is printed
            raw[f"binding_energy_per_nucleon{suffix}"] = raw[f"binding_energy{suffix}"] / A
    table = pd.DataFrame(
        {column: raw[f"{column}_keV"].to_numpy() / 1000 for column in _COLUMNS},
        index=nuclide_index(raw),
    )
    table["estimated"] = raw["estimated"].to_numpy().astype(bool)
    table["origin"] = raw["origin"].fillna("").to_numpy()
    return table.sort_index()
