"""The shipped editions of the Atomic Mass Evaluation, and which of them some masses are from."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.data.folders import check_name, data_folder
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = [
    "MEASURED_TABLES",
    "earlier_evaluations",
    "find_evaluation",
    "load_evaluation",
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
"""Names of the editions, oldest first."""

_UPDATED = "AME1993"
_COLUMNS = (
    "mass_excess",
    "mass_excess_uncertainty",
    "binding_energy_per_nucleon",
    "binding_energy_per_nucleon_uncertainty",
)


def load_evaluation(name: str, *, estimated: bool = False) -> pd.DataFrame:
    """Return a shipped edition of the Atomic Mass Evaluation; see `bmm.data.load_measured`.

    Parameters
    ----------
    name : str
        One of `MEASURED_TABLES`.
    estimated : bool, default False
        Keep the values that AME marks with ``#``.

    Raises
    ------
    DataError
        If `name` is no shipped edition.

    Examples
    --------
    >>> from bmm.data.evaluations import load_evaluation
    >>> len(load_evaluation("AME2003")), len(load_evaluation("AME2003", estimated=True))
    (2228, 3179)
    """
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
