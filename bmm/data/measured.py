"""The shipped editions of the Atomic Mass Evaluation."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from bmm.data.folders import check_name, data_folder
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

__all__ = ["MEASURED_TABLES", "earlier_evaluations", "find_evaluation", "load_measured"]

MEASURED_TABLES = (
    "AME1983",
    "AME1993",
    "AME1995",
    "AME2003",
    "AME2012",
    "AME2016",
    "AME2020",
)
"""Names that `load_measured` knows, oldest first."""

_UPDATED = "AME1993"
_COLUMNS = (
    "mass_excess",
    "mass_excess_uncertainty",
    "binding_energy_per_nucleon",
    "binding_energy_per_nucleon_uncertainty",
)


def load_measured(name: str, *, estimated: bool = False) -> pd.DataFrame:
    """Return an edition of the Atomic Mass Evaluation.

    Parameters
    ----------
    name : str
        One of `MEASURED_TABLES`.  Of AME1993 and AME1995, it is the recommended table.
    estimated : bool, default False
        Keep the values that AME marks with ``#``, which are estimated from trends of the mass
        surface and not measured.

    Returns
    -------
    pandas.DataFrame
        Indexed by (Z, N), sorted, with columns `mass_excess`, `mass_excess_uncertainty`,
        `binding_energy_per_nucleon`, `binding_energy_per_nucleon_uncertainty` (all MeV; binding
        energies in the atomic convention), `estimated` (bool) and `origin` (str): how AME ties the
        mass to others, "" for a primary nuclide, "x" for one that hangs on a mass measurement,
        "+" and "-" for one tied to its beta-decay daughter by the energy of a beta minus or a beta
        plus decay, "-a" and "+a" by that of an alpha decay, or the particles that a reaction adds
        and removes.

    Raises
    ------
    DataError
        If `name` is no shipped edition.
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
    columns = ["mass_excess", "mass_excess_uncertainty"]
    values = measured[columns].to_numpy()
    same = {
        name: int((_read(name)[columns].reindex(measured.index).to_numpy() == values).all(1).sum())
        for name in MEASURED_TABLES
    }
    found = [name for name, count in same.items() if count == len(measured)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"the masses may be those of any of {', '.join(found)}: expected more")
    closest = max(same, key=same.__getitem__)
    raise DataError(
        f"expected masses and uncertainties of one evaluation: {same[closest]} of {len(measured)} "
        f"are those of {closest}"
    )


@lru_cache
def _read(name: str) -> pd.DataFrame:
    raw = pd.read_csv(data_folder() / "measured" / f"{name}.csv", dtype={"origin": "str"})
    A = raw["Z"] + raw["N"]
    for suffix in ("_keV", "_uncertainty_keV"):
        if f"binding_energy{suffix}" in raw:  # to 1995 that of the whole nucleus is printed
            raw[f"binding_energy_per_nucleon{suffix}"] = raw[f"binding_energy{suffix}"] / A
    table = pd.DataFrame(
        {column: raw[f"{column}_keV"].to_numpy() / 1000 for column in _COLUMNS},
        index=nuclide_index(raw["Z"], raw["N"]),
    )
    table["estimated"] = raw["estimated"].to_numpy().astype(bool)
    table["origin"] = raw["origin"].fillna("").to_numpy()
    return table.sort_index()
