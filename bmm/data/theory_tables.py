"""The shipped theoretical mass tables."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from bmm.conversions import to_mass_excess
from bmm.data.folders import check_name, data_folder
from bmm.data.provenance import read_provenance
from bmm.nuclides import nuclide_index

__all__ = ["THEORY_TABLES", "load_theory"]

THEORY_TABLES = (
    "BCPM",
    "D1M",
    "DD-ME2",
    "DD-MEdelta",
    "DD-PC1",
    "DZ28",
    "ETFSI",
    "FRDM1995",
    "FRDM2012",
    "HFB14",
    "HFB24",
    "HFB26",
    "KTUY05",
    "MDN",
    "NL3star",
    "SLy4",
    "SV-min",
    "SkMstar",
    "SkP",
    "UNEDF0",
    "UNEDF1",
    "UNEDF2",
    "WS3RBF2011",
    "WS4",
    "WSstarRBF2010",
)
"""Names that `load_theory` takes; data/README.md describes each one."""


def load_theory(name: str) -> pd.DataFrame:
    """Return a shipped theoretical mass table.

    Parameters
    ----------
    name : str
        One of `THEORY_TABLES`.

    Returns
    -------
    pandas.DataFrame
        Indexed by (Z, N), sorted, with the column `mass_excess`: atomic mass excess in MeV,
        converted from what the table prints as its provenance record says.  A table that states
        a spread of its own for each nucleus also has the column `mass_excess_sd`, MeV.

    Raises
    ------
    DataError
        If `name` is no shipped table.

    Examples
    --------
    >>> from bmm.data import load_theory
    >>> round(float(load_theory("FRDM2012")["mass_excess"][50, 82]), 2)
    -75.93
    """
    check_name(name, THEORY_TABLES, "theory")
    return _read(name).copy()


@lru_cache
def _read(name: str) -> pd.DataFrame:
    record = read_provenance(name)
    raw = pd.read_csv(data_folder() / "theory" / record.file)
    mass_excess = to_mass_excess(
        raw["Z"],
        raw["N"],
        raw[record.quantity],
        quantity=record.quantity,
        unit=record.unit,
        convention=record.electron_binding,
    )
    index = nuclide_index(raw)
    table = pd.DataFrame({"mass_excess": mass_excess}, index=index)
    if "mass_excess_sd" in raw:
        table["mass_excess_sd"] = raw["mass_excess_sd"].to_numpy()
    return table.sort_index()
