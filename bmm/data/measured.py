"""The shipped editions of the Atomic Mass Evaluation."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from bmm.data.folders import check_name, data_folder
from bmm.nuclides import nuclide_index

__all__ = ["MEASURED_TABLES", "load_measured"]

MEASURED_TABLES = ("AME1995", "AME2003", "AME2012", "AME2016", "AME2020")
"""Names that `load_measured` knows, oldest first."""

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
        One of `MEASURED_TABLES`.  Of AME1995, it is the recommended table.
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
        If `name` is no shipped edition.
    """
    check_name(name, MEASURED_TABLES, "measured")
    table = _read(name)
    return table.copy() if estimated else table[~table["estimated"]].copy()


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
