"""The 33-parameter mass formula of Duflo and Zuker (DZ33, March 1995).

Linear in its coefficients, like DZ10, with its own filling rule.  It is not the 28-parameter
formula of the paper (DZ28, a shipped table): the two differ by 0.14 MeV rms on measured nuclei.

References
----------
.. [1] J. Duflo and A. P. Zuker, Phys. Rev. C 52, R23 (1995).
.. [2] J. Duflo and A. P. Zuker, private communication to AMDC, code of March 1995.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from bmm.theory.duflo_zuker.dz10 import coulomb, radius_scale, switch
from bmm.theory.duflo_zuker.filling import (
    SHELL_SIZE,
    SHELLS,
    FloatArray,
    IntArray,
    check_numbers,
    natural_filling,
)

__all__ = ["PUBLISHED_DZ33", "TERMS", "binding_energy", "deformed_design", "spherical_design"]

_VOLUME_AND_SURFACE: dict[str, tuple[float, float]] = {
    "FM+": (9.0914, 6.3355),
    "FS+": (4.5791, 19.8946),
    "FS-": (1.7325, 7.5247),
    "FC+": (-7.1953, -39.9787),
    "PM+": (-0.3976, 0.8131),
    "PS+": (-0.7435, -3.7291),
    "PS-": (-0.1305, -0.6387),
    "S3": (0.4534, 2.0605),
    "SQ-": (0.3449, 1.4727),
    "D3": (-1.0433, 0.0),
    "QQ+": (5.2495, 0.0),
    "D0": (-32.1007, -151.1164),
    "QQ-": (-4.6103, -32.4238),
    "TT": (-37.3226, -52.1673),
    "SS": (0.9597, 3.0024),
}
_SINGLE = {"Coulomb": 0.6977, "pairing": 6.0390, "last in r": 17.7960}

TERMS = (
    *(f"{term} {part}" for term in _VOLUME_AND_SURFACE for part in ("volume", "surface")),
    *_SINGLE,
)
"""Names of the 33 terms, in the order of the columns and of the coefficients."""

PUBLISHED_DZ33: FloatArray = np.array(
    [*np.ravel([*_VOLUME_AND_SURFACE.values()]), *_SINGLE.values()]
)
"""Coefficients of the code of March 1995, MeV."""

_PROMOTED = 4
"""Nucleons of each species that the deformed branch promotes."""


@dataclass(frozen=True, slots=True)
class _Species:
    """What DZ33 takes from one species, tabulated by its number.

    `isospin_even` holds, in its last axis, the species' shares of the terms that have no
    neutron-proton product: FM+, FS+, FC+, PM+, PS+ and SS.
    """

    isospin_even: FloatArray
    spin_orbit: FloatArray
    spin_orbit_sum: FloatArray
    quadratic: FloatArray
    cubic: FloatArray


def spherical_design(Z: npt.ArrayLike, N: npt.ArrayLike) -> FloatArray:
    """Values of the 33 terms of the spherical energy.

    Parameters
    ----------
    Z, N : array of int, any broadcastable shapes
        Proton and neutron numbers.

    Returns
    -------
    array (..., 33)
        Columns named by `TERMS`, dimensionless; energies are ``spherical_design(Z, N) @ c`` MeV.

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.dz33 import spherical_design
    >>> spherical_design([50, 82], [82, 126]).shape
    (2, 33)
    """
    return _design(*check_numbers(Z, N), deformed=False)


def deformed_design(Z: npt.ArrayLike, N: npt.ArrayLike) -> FloatArray:
    """Values of the 33 terms of the deformed energy; array (..., 33).

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.dz33 import deformed_design
    >>> deformed_design([66], [98]).shape
    (1, 33)
    """
    return _design(*check_numbers(Z, N), deformed=True)


def binding_energy(
    Z: npt.ArrayLike, N: npt.ArrayLike, c: FloatArray = PUBLISHED_DZ33
) -> FloatArray:
    """Atomic binding energy of DZ33 with its spherical/deformed switch; for Z, N >= 6.

    Parameters
    ----------
    Z, N : array of int, any broadcastable shapes
        Proton and neutron numbers.
    c : array (33,), default `PUBLISHED_DZ33`
        Coefficients, MeV.

    Returns
    -------
    array, the common shape of Z and N
        Binding energy, MeV, positive for a bound nucleus.

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.dz33 import binding_energy
    >>> binding_energy([50, 82], [82, 126]).round(1)
    array([1102., 1637.])
    """
    spherical = spherical_design(Z, N) @ c
    deformed = deformed_design(Z, N) @ c
    return np.where(switch(Z, spherical, deformed), deformed, spherical)


def _design(Z: IntArray, N: IntArray, *, deformed: bool) -> FloatArray:
    terms = _form_factors(Z, N, deformed=deformed)
    _, rho = radius_scale(Z, N)
    X = np.zeros((*rho.shape, len(TERMS)))
    for i, term in enumerate(_VOLUME_AND_SURFACE):
        if term in terms:
            X[..., 2 * i] = terms[term] / rho
            X[..., 2 * i + 1] = -terms[term] / rho**2
    in_r = ~natural_filling().in_j
    X[..., -3] = coulomb(Z, N)
    X[..., -2] = _pairing(Z, N) / rho
    X[..., -1] = (in_r[Z].astype(int) + in_r[N]) / (Z + N)
    return X


def _form_factors(Z: IntArray, N: IntArray, *, deformed: bool) -> dict[str, FloatArray]:
    """Return the F of each volume-and-surface term; a spherical or deformed one may be absent."""
    species = _species(_PROMOTED if deformed else 0)
    t = np.abs(N - Z)
    even = np.moveaxis(species.isospin_even[Z] + species.isospin_even[N], -1, 0)
    terms = dict(zip(("FM+", "FS+", "FC+", "PM+", "PS+", "SS"), even, strict=True))
    # (x_n + x_z)^2 - (x_n - x_z)^2 = 4 x_n x_z
    terms["FS-"] = 4 * species.spin_orbit_sum[Z] * species.spin_orbit_sum[N]
    products = species.spin_orbit[Z] * species.spin_orbit[N]
    terms["PS-"] = 4 * products @ np.sqrt(SHELL_SIZE)
    terms["TT"] = t * (t + 2) / np.cbrt(Z + N) ** 2
    cubic = species.cubic[Z] + species.cubic[N]
    q_z, q_n = species.quadratic[Z], species.quadratic[N]
    if deformed:
        terms |= {"D3": cubic, "QQ+": 2 * (q_n**2 + q_z**2)}
        terms |= {"D0": 16 - 4 * q_n * q_z, "QQ-": 4 * q_n * q_z}
    else:
        terms |= {"S3": cubic, "SQ-": 4 * q_n * q_z}
    return terms


@cache
def _species(promoted: int) -> _Species:
    filling = natural_filling(closed_is_last=False)
    occupation = _promoted_occupation(promoted)
    j, r = occupation[:, 0::2], occupation[:, 1::2]
    root = np.sqrt(SHELL_SIZE)
    a = (j + r) / root
    s = (SHELLS / 2 * j - r) / (SHELLS + 1)
    # (x_n + x_z)^2 + (x_n - x_z)^2 = 2 x_n^2 + 2 x_z^2, and likewise for products
    even = [
        2 * a.sum(axis=1) ** 2,
        2 * s.sum(axis=1) ** 2,
        2 * (a / root).sum(axis=1) * (s / root).sum(axis=1),
        2 * a**2 @ root,
        2 * s**2 @ root,
        _spin_spin(j),
    ]
    n_v, size = filling.valence - promoted, filling.size
    pairs = n_v * (size - n_v)
    return _Species(
        isospin_even=np.stack(even, axis=-1),
        spin_orbit=s,
        spin_orbit_sum=s.sum(axis=1),
        quadratic=pairs / size ** (1.5 if promoted else 1.0),
        cubic=pairs * (2 * n_v - size) / size ** (2.0 if promoted else 1.0),
    )


def _promoted_occupation(promoted: int) -> FloatArray:
    """Bring the intruder up to `promoted` nucleons; array (n, sub-shell)."""
    filling = natural_filling(closed_is_last=False)
    moved = np.where(filling.in_j, np.maximum(promoted - filling.in_last, 0), promoted)
    # into j_p: from r_{p-1}; out of r_p: to j_{p+1}
    source = np.where(filling.in_j, np.maximum(filling.last - 1, 0), filling.last)
    occupation = filling.occupation.copy()
    rows = np.arange(len(occupation))
    occupation[rows, source] -= moved
    occupation[rows, source + 1] += moved
    return occupation


def _spin_spin(j: FloatArray) -> FloatArray:
    """Return the SS term of one species from its intruder occupations; array (n,)."""
    p, size = SHELLS[3:], SHELL_SIZE[3:]
    o = j[:, 3:]
    core = p * (p - 1)
    g = np.where(o <= core, o * (p - 1) / (2 * p), core * (p - 1) / (2 * p) - (o - core) / p)
    return np.asarray((g * (o / np.sqrt(size) + p / 2 * o / (p + 1))).sum(axis=1))


def _pairing(Z: IntArray, N: IntArray) -> FloatArray:
    excess = np.abs(N - Z) / (Z + N)
    even_z, even_n = Z % 2 == 0, N % 2 == 0
    majority_even = np.where(N >= Z, even_n, even_z)
    minority_even = np.where(N >= Z, even_z, even_n)
    evens = even_z.astype(int) + even_n
    return np.asarray(-2 + (1 - excess) * evens - excess * (majority_even & ~minority_even))
