"""Separation energies, Q values and gaps: sums and differences of masses of neighbours.

All follow from atomic mass excesses Δ(Z, N), in which electrons and atomic mass units cancel:

==============  ===========================================================  =====================
S_1n            Δ(Z, N-1) + Δ_n - Δ(Z, N)                                    one-neutron separation
S_2n            Δ(Z, N-2) + 2 Δ_n - Δ(Z, N)
S_1p            Δ(Z-1, N) + Δ_H - Δ(Z, N)                                    one-proton separation
S_2p            Δ(Z-2, N) + 2 Δ_H - Δ(Z, N)
Q_alpha         Δ(Z, N) - Δ(Z-2, N-2) - Δ_He                                 alpha decay
Q_beta          Δ(Z, N) - Δ(Z+1, N-1)                                        beta-minus decay
pairing_gap_n   (-1)^N [Δ(Z, N-1) - 2 Δ(Z, N) + Δ(Z, N+1)] / 2               three-point
pairing_gap_p   (-1)^Z [Δ(Z-1, N) - 2 Δ(Z, N) + Δ(Z+1, N)] / 2
shell_gap_n     S_2n(Z, N) - S_2n(Z, N+2)                                    two-neutron
shell_gap_p     S_2p(Z, N) - S_2p(Z+2, N)
==============  ===========================================================  =====================

Definitions as in AME2020 (M. Wang et al., Chinese Phys. C 45, 030003, 2021) and, for the gaps,
Lunney, Pearson & Thibault (Rev. Mod. Phys. 75, 1021, 2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.conversions import HELIUM_MASS_EXCESS, HYDROGEN_MASS_EXCESS, NEUTRON_MASS_EXCESS
from bmm.errors import ConfigError
from bmm.nuclides import nuclide_index

__all__ = ["QUANTITIES", "Quantity", "derive", "partners"]


@dataclass(frozen=True)
class Quantity:
    """A sum of mass excesses of a nucleus and its neighbours.

    Parameters
    ----------
    terms : tuple of (int, int, float)
        dZ and dN from the nucleus, and the coefficient.
    constant : float
        MeV.
    alternates_with : {"", "Z", "N"}
        Number whose parity gives the sign of it all.
    meaning : str
        One line.
    """

    terms: tuple[tuple[int, int, float], ...]
    constant: float
    meaning: str
    alternates_with: str = ""


_n, _H, _He = NEUTRON_MASS_EXCESS, HYDROGEN_MASS_EXCESS, HELIUM_MASS_EXCESS

QUANTITIES = {
    "S_1n": Quantity(((0, -1, 1), (0, 0, -1)), _n, "one-neutron separation energy"),
    "S_2n": Quantity(((0, -2, 1), (0, 0, -1)), 2 * _n, "two-neutron separation energy"),
    "S_1p": Quantity(((-1, 0, 1), (0, 0, -1)), _H, "one-proton separation energy"),
    "S_2p": Quantity(((-2, 0, 1), (0, 0, -1)), 2 * _H, "two-proton separation energy"),
    "Q_alpha": Quantity(((0, 0, 1), (-2, -2, -1)), -_He, "Q value of alpha decay"),
    "Q_beta": Quantity(((0, 0, 1), (1, -1, -1)), 0.0, "Q value of beta-minus decay"),
    "pairing_gap_n": Quantity(
        ((0, -1, 0.5), (0, 0, -1), (0, 1, 0.5)), 0.0, "three-point neutron pairing gap", "N"
    ),
    "pairing_gap_p": Quantity(
        ((-1, 0, 0.5), (0, 0, -1), (1, 0, 0.5)), 0.0, "three-point proton pairing gap", "Z"
    ),
    "shell_gap_n": Quantity(((0, -2, 1), (0, 0, -2), (0, 2, 1)), 0.0, "two-neutron shell gap"),
    "shell_gap_p": Quantity(((-2, 0, 1), (0, 0, -2), (2, 0, 1)), 0.0, "two-proton shell gap"),
}
"""Derived quantities by name."""


def partners(quantity: str, nuclei: pd.MultiIndex) -> npt.NDArray[np.intp]:
    """Positions of a quantity's masses among the nuclei, array (nucleus, term); -1 if absent.

    Parameters
    ----------
    quantity : str
        Key of `QUANTITIES`.
    nuclei : MultiIndex (Z, N)
        Whose masses are known.

    Raises
    ------
    ConfigError
        If there is no such quantity.
    """
    Z, N = (nuclei.get_level_values(name).to_numpy() for name in ("Z", "N"))
    found = [
        nuclei.get_indexer(pd.MultiIndex.from_arrays([Z + dZ, N + dN], names=["Z", "N"]))
        for dZ, dN, _ in _look_up(quantity).terms
    ]
    return np.stack(found, axis=1)


def derive(masses: xr.DataArray, quantity: str) -> xr.DataArray:
    """Derive a quantity from mass surfaces, draw by draw.

    Parameters
    ----------
    masses : DataArray (..., nucleus)
        Mass excess in MeV, with coordinates Z and N; for their covariance to count, joint draws.
    quantity : str
        Key of `QUANTITIES`.

    Returns
    -------
    DataArray
        The same dims and coordinates, MeV; NaN where a neighbour is missing.

    Raises
    ------
    ConfigError
        If there is no such quantity.
    """
    definition = _look_up(quantity)
    Z, N = masses["Z"].to_numpy(), masses["N"].to_numpy()
    rows = partners(quantity, nuclide_index(Z, N))
    values = masses.transpose(..., "nucleus").to_numpy()
    total = np.full(values.shape, definition.constant)
    for (_, _, coefficient), at in zip(definition.terms, rows.T, strict=True):
        total += coefficient * values[..., at]
    if definition.alternates_with:
        total *= 1 - 2 * ((Z if definition.alternates_with == "Z" else N) % 2)
    total[..., (rows < 0).any(axis=1)] = np.nan
    derived = masses.transpose(..., "nucleus").copy(data=total)
    derived.name = quantity
    derived.attrs = {"units": "MeV", "long_name": definition.meaning}
    return derived


def _look_up(quantity: str) -> Quantity:
    if quantity not in QUANTITIES:
        raise ConfigError(
            f"no quantity is called {quantity!r}; expected one of {', '.join(QUANTITIES)}"
        )
    return QUANTITIES[quantity]
