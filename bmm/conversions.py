"""Conversions between the quantities that mass tables print, in one place.

bmm's own quantity is the **atomic mass excess in MeV**.  Binding energies are positive for a bound
nucleus and come in two conventions:

* *atomic*, ``Z Δ(¹H) + N Δ(n) - Δ``: what AME prints and what macroscopic-microscopic and HFB mass
  models are tabulated in;
* *nuclear*, ``Z m_p + N m_n - M_nucleus``: what a mean-field code returns.  It is smaller by the
  electrons' binding energy less Z times hydrogen's, 0.57 MeV in lead.

References
----------
M. Wang et al., Chinese Phys. C 45, 030003 (2021), doi:10.1088/1674-1137/abddaf (AME2020: Δ(¹H),
Δ(⁴He), Δ(n) and the atomic mass unit); E. Tiesinga et al., Rev. Mod. Phys. 93, 025010 (2021),
doi:10.1103/RevModPhys.93.025010 (electron mass, Rydberg energy); D. Lunney, J. M. Pearson,
C. Thibault, Rev. Mod. Phys. 75, 1021 (2003), doi:10.1103/RevModPhys.75.1021 (electron binding).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from bmm.arrays import FloatArray
from bmm.errors import DataError, quoted

__all__ = [
    "ATOMIC_MASS_UNIT",
    "ELECTRON_MASS",
    "HELIUM_MASS_EXCESS",
    "HYDROGEN_MASS_EXCESS",
    "NEUTRON_MASS_EXCESS",
    "Convention",
    "Quantity",
    "Unit",
    "atomic_mass",
    "binding_energy",
    "binding_energy_per_nucleon",
    "electron_binding_energy",
    "mass_excess",
    "nuclear_to_atomic_binding_energy",
    "to_mass_excess",
]

HYDROGEN_MASS_EXCESS = 7.288971064
"""Atomic mass excess of ¹H (MeV, AME2020)."""

NEUTRON_MASS_EXCESS = 8.07131806
"""Mass excess of the neutron (MeV, AME2020)."""

HELIUM_MASS_EXCESS = 2.42491587
"""Atomic mass excess of ⁴He (MeV, AME2020)."""

ATOMIC_MASS_UNIT = 931.49410242
"""Energy equivalent of the atomic mass unit (MeV, CODATA 2018 as used by AME2020)."""

ELECTRON_MASS = 0.51099895
"""Electron mass (MeV, CODATA 2018)."""

_HYDROGEN_BINDING = 13.6057e-6  # MeV, binding energy of the electron in 1H

Quantity = Literal[
    "mass_excess", "binding_energy", "binding_energy_per_nucleon", "atomic_mass", "nuclear_mass"
]
Unit = Literal["MeV", "keV", "u", "micro-u"]
Convention = Literal["atomic", "nuclear"]

_IN_MEV: dict[str, float] = {
    "MeV": 1.0,
    "keV": 1e-3,
    "u": ATOMIC_MASS_UNIT,
    "micro-u": ATOMIC_MASS_UNIT * 1e-6,
}


def binding_energy(Z: ArrayLike, N: ArrayLike, mass_excess: ArrayLike) -> FloatArray:
    """Binding energy (MeV, atomic convention) from the atomic mass excess (MeV).

    Parameters
    ----------
    Z, N : array_like
        Proton and neutron numbers.
    mass_excess : array_like
        Atomic mass excess in MeV.

    Returns
    -------
    ndarray
        AME's "binding energy / A" times A, in MeV; a numpy scalar if all arguments are scalars.

    Examples
    --------
    >>> from bmm.conversions import binding_energy
    >>> round(float(binding_energy(82, 126, -21.748598)), 3)
    1636.43
    """
    return _constituents(Z, N) - _floats(mass_excess)


def mass_excess(Z: ArrayLike, N: ArrayLike, binding_energy: ArrayLike) -> FloatArray:
    """Atomic mass excess (MeV) from the binding energy (MeV, atomic convention).

    Examples
    --------
    >>> from bmm.conversions import mass_excess
    >>> round(float(mass_excess(82, 126, 1636.430)), 2)
    -21.75
    """
    return _constituents(Z, N) - _floats(binding_energy)


def binding_energy_per_nucleon(Z: ArrayLike, N: ArrayLike, mass_excess: ArrayLike) -> FloatArray:
    """Binding energy per nucleon (MeV, atomic convention) from the atomic mass excess (MeV).

    Examples
    --------
    >>> from bmm.conversions import binding_energy_per_nucleon
    >>> round(float(binding_energy_per_nucleon(26, 30, -60.605398)), 3)
    8.79
    """
    return binding_energy(Z, N, mass_excess) / (_floats(Z) + _floats(N))


def atomic_mass(Z: ArrayLike, N: ArrayLike, mass_excess: ArrayLike) -> FloatArray:
    """Mass of the neutral atom (MeV) from its mass excess (MeV).

    Examples
    --------
    >>> from bmm.conversions import ATOMIC_MASS_UNIT, atomic_mass
    >>> round(float(atomic_mass(6, 6, 0.0) / ATOMIC_MASS_UNIT), 6)
    12.0
    """
    return (_floats(Z) + _floats(N)) * ATOMIC_MASS_UNIT + _floats(mass_excess)


def electron_binding_energy(Z: ArrayLike) -> FloatArray:
    """Total binding energy of the Z electrons of a neutral atom (MeV, positive).

    The formula of Lunney, Pearson and Thibault, ``14.4381 Z^2.39 + 1.55468e-6 Z^5.35`` eV.

    Examples
    --------
    >>> from bmm.conversions import electron_binding_energy
    >>> electron_binding_energy([8, 50, 82]).round(3)
    array([0.002, 0.168, 0.568])
    """
    return 14.4381e-6 * _floats(Z) ** 2.39 + 1.55468e-12 * _floats(Z) ** 5.35


def nuclear_to_atomic_binding_energy(Z: ArrayLike, binding_energy: ArrayLike) -> FloatArray:
    """Binding energy in the atomic convention (MeV) from the nuclear one (MeV).

    Examples
    --------
    >>> from bmm.conversions import nuclear_to_atomic_binding_energy
    >>> round(float(nuclear_to_atomic_binding_energy(82, 1635.863)), 2)
    1636.43
    """
    return _floats(binding_energy) + _electronic_part(Z)


def to_mass_excess(
    Z: ArrayLike,
    N: ArrayLike,
    value: ArrayLike,
    *,
    quantity: Quantity,
    unit: Unit,
    convention: Convention = "atomic",
) -> FloatArray:
    """Atomic mass excess (MeV) from any quantity that a table prints.

    Parameters
    ----------
    Z, N : array_like
        Proton and neutron numbers.
    value : array_like
        The table's column, in `unit`.
    quantity : str
        What the column holds: "mass_excess", "binding_energy" or "binding_energy_per_nucleon"
        (positive for bound nuclei), "atomic_mass", or "nuclear_mass", that of the bare nucleus.
    unit : {"MeV", "keV", "u", "micro-u"}
        Unit of the column.
    convention : {"atomic", "nuclear"}, default "atomic"
        Whether the electrons' binding energy is in the value (see the module's notes).  A nuclear
        mass excess is the mass of the bare nucleus less A atomic mass units.  Of no account for
        "nuclear_mass".

    Returns
    -------
    ndarray
        Atomic mass excess in MeV.

    Raises
    ------
    DataError
        If a name is unknown, or an atomic mass is declared nuclear.

    Examples
    --------
    >>> from bmm.conversions import to_mass_excess
    >>> round(float(to_mass_excess(6, 6, 12.0, quantity="atomic_mass", unit="u")), 6)
    0.0
    >>> to_mass_excess([82], [126], [-21748.598], quantity="mass_excess", unit="keV")
    array([-21.748598])
    """
    _check("quantity", quantity, get_args(Quantity))
    _check("unit", unit, get_args(Unit))
    _check("convention", convention, get_args(Convention))
    energy = _floats(value) * _IN_MEV[unit]
    nuclear = convention == "nuclear" or quantity == "nuclear_mass"
    if quantity == "atomic_mass" and nuclear:
        raise DataError(
            "An atomic mass includes its electrons; expected convention 'atomic', or the quantity "
            "'nuclear_mass'."
        )
    if quantity in ("atomic_mass", "nuclear_mass"):
        energy = energy - (_floats(Z) + _floats(N)) * ATOMIC_MASS_UNIT
    if quantity not in ("binding_energy", "binding_energy_per_nucleon"):
        electrons = _floats(Z) * ELECTRON_MASS - electron_binding_energy(Z)
        return energy + electrons if nuclear else energy
    if quantity == "binding_energy_per_nucleon":
        energy = energy * (_floats(Z) + _floats(N))
    return mass_excess(Z, N, nuclear_to_atomic_binding_energy(Z, energy) if nuclear else energy)


def _floats(value: ArrayLike) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


def _constituents(Z: ArrayLike, N: ArrayLike) -> FloatArray:
    return _floats(Z) * HYDROGEN_MASS_EXCESS + _floats(N) * NEUTRON_MASS_EXCESS


def _electronic_part(Z: ArrayLike) -> FloatArray:
    return electron_binding_energy(Z) - _HYDROGEN_BINDING * _floats(Z)


def _check(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise DataError(f"Unknown {what} {quoted(value)}; expected one of {', '.join(known)}.")
