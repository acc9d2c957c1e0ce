"""Uncertainties of differences of masses, which tell how an evaluation ties masses together.

AME prints separation, decay and reaction energies with uncertainties of their own.  Each energy is
a difference of two masses up to constants, so that its uncertainty u_ij gives their covariance,

    cov(M_i, M_j) = (u_i^2 + u_j^2 - u_ij^2) / 2.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from bmm.data.evaluations import MEASURED_TABLES
from bmm.data.folders import check_name, data_folder

__all__ = ["DIFFERENCES", "load_differences"]

DIFFERENCES: dict[str, tuple[int, int]] = {
    "S_1n": (0, -1),
    "S_2n": (0, -2),
    "S_1p": (-1, 0),
    "S_2p": (-2, 0),
    "Q_alpha": (-2, -2),
    "Q_beta": (1, -1),
    "Q_2beta": (2, -2),
    "Q_4beta": (4, -4),
    "Q_ep": (-2, 1),
    "Q_beta_n": (1, -2),
    "Q_d_alpha": (-1, -1),
    "Q_p_alpha": (-1, -2),
    "Q_n_alpha": (-2, -1),
}
"""Steps (Z, N) to the other nucleus of each energy.  No pair of nuclei has two of them."""


def load_differences(name: str) -> pd.DataFrame:
    """Return the stated uncertainties of differences of masses of an evaluation.

    Parameters
    ----------
    name : str
        One of `bmm.data.MEASURED_TABLES`.  Of AME1983, whose lists of reaction energies are
        rounded, there are beta-decay energies only.

    Returns
    -------
    pandas.DataFrame
        One row for each energy that is no estimate, with columns `quantity` (a key of
        `DIFFERENCES`), `Z` and `N` of the nucleus it is listed for, `Z_other` and `N_other`, and
        `uncertainty` (MeV).

    Raises
    ------
    DataError
        If `name` is no shipped edition.

    Examples
    --------
    >>> from bmm.data import load_differences
    >>> found = load_differences("AME2020").query("Z == 50 and N == 84").set_index("quantity")
    >>> found.loc["Q_beta", ["Z_other", "N_other", "uncertainty"]].tolist()
    [51.0, 83.0, 0.0044136]
    """
    check_name(name, MEASURED_TABLES, "measured")
    return _read(name).copy()


@lru_cache
def _read(name: str) -> pd.DataFrame:
    raw = pd.read_csv(data_folder() / "measured" / f"{name}-differences.csv")
    parts = []
    for quantity, (dZ, dN) in DIFFERENCES.items():
        column = f"{quantity}_uncertainty_keV"
        if column not in raw:
            continue
        rows = raw.loc[raw[column].notna(), ["Z", "N", column]]
        part = pd.DataFrame({"quantity": quantity, "Z": rows["Z"], "N": rows["N"]})
        parts.append(
            part.assign(
                Z_other=rows["Z"] + dZ, N_other=rows["N"] + dN, uncertainty=rows[column] / 1000
            )
        )
    return pd.concat(parts, ignore_index=True)
