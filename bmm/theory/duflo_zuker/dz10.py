"""The ten-parameter mass formula of Duflo and Zuker (DZ10, February 1996).

B = sum_k b_k X_k(Z, N), linear in ten coefficients.  B is the *atomic* binding energy, the one
the AME tabulates: no electron-binding correction is needed or wanted.

References
----------
.. [1] J. Duflo and A. P. Zuker, private communication to AMDC (1996), du_zu_10.feb96.
.. [2] J. Mendoza-Temis, J. G. Hirsch and A. P. Zuker, Nucl. Phys. A 843, 14 (2010),
   arXiv:0912.0882.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bmm.theory.duflo_zuker.filling import (
    SHELL_SIZE,
    SHELLS,
    FloatArray,
    IntArray,
    check_numbers,
    natural_filling,
)
from bmm.theory.duflo_zuker.occupations import Family, promote

__all__ = [
    "DEFORMED_TERMS",
    "LAST_SPHERICAL_Z",
    "SPHERICAL_TERMS",
    "TERMS",
    "Kind",
    "binding_energy",
    "coulomb",
    "deformed_design",
    "design",
    "radius_scale",
    "spherical_design",
    "switch",
]

TERMS = (
    "Coulomb",
    "master volume + spin-orbit",
    "master surface",
    "asymmetry volume",
    "asymmetry surface + Wigner",
    "S3 volume",
    "S3 surface",
    "spherical quadrupole",
    "deformed quadrupole",
    "pairing",
)
"""Names of the ten terms, in the order of the columns and of the coefficients."""
SPHERICAL_TERMS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 9])
"""Columns that a spherical energy uses."""
DEFORMED_TERMS = np.array([0, 1, 2, 3, 4, 8, 9])
"""Columns that a deformed energy uses."""
LAST_SPHERICAL_Z = 50
"""The deformed energy is considered above this Z only; for light nuclei it is meaningless."""

Kind = Literal["D", "S"]
"""Deformed-type or spherical-type energy of a promoted configuration (see `design`)."""


class _Species(NamedTuple):
    """What DZ10 takes from one species, tabulated by its number."""

    master: FloatArray
    spin_orbit: FloatArray
    deformation: FloatArray


class _Valence(NamedTuple):
    """Valence-space products of the natural filling, tabulated by number."""

    cubic: FloatArray
    quadratic: FloatArray
    root_shell: FloatArray


def radius_scale(Z: IntArray, N: IntArray) -> tuple[FloatArray, FloatArray]:
    """Charge radius rc and scale rho = rc^2 / A^(1/3), both in units of the nuclear radius r0.

    Examples
    --------
    The charge radius grows about as A^(1/3), by which rho is divided:

    >>> import numpy as np
    >>> from bmm.theory.duflo_zuker.dz10 import radius_scale
    >>> rc, rho = radius_scale(np.array([50]), np.array([82]))
    >>> bool(np.allclose(rho, rc**2 / 132 ** (1 / 3)))
    True
    """
    A = Z + N
    rc = np.cbrt(A) * (1 - ((N - Z) / A) ** 2 / 4)
    return rc, rc**2 / np.cbrt(A)


def coulomb(Z: IntArray, N: IntArray) -> FloatArray:
    """Coulomb term, direct and exchange.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.theory.duflo_zuker.dz10 import coulomb
    >>> coulomb(np.array([50]), np.array([82])).shape
    (1,)
    """
    rc, _ = radius_scale(Z, N)
    charges = Z * (Z - 1.0)
    return np.asarray((-charges + 0.76 * charges ** (2 / 3)) / rc)


def design(
    Z: npt.ArrayLike,
    N: npt.ArrayLike,
    *,
    family: Family = "SO",
    configuration: tuple[int, int] = (0, 0),
    kind: Kind = "D",
) -> FloatArray:
    """Values of the ten terms for one configuration of a family.

    Parameters
    ----------
    Z, N : array of int, any broadcastable shapes
        Proton and neutron numbers.
    family : {"SO", "SO-core", "SO-up", "HO"}, default "SO"
        Closure that the promoted nucleons cross.
    configuration : tuple of int, default (0, 0)
        Promoted protons and neutrons (k_pi, k_nu).  (0, 0) is the spherical energy.
    kind : {"D", "S"}, default "D"
        ``"D"``: a promoted configuration carries the deformed quadrupole term in place of the
        three spherical valence terms.  ``"S"``: it keeps the natural spherical valence terms, and
        the promotion acts on the master and spin-orbit terms alone.

    Returns
    -------
    array (..., 10)
        X_1 ... X_10, dimensionless; energies are ``design(Z, N) @ b`` in MeV.

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.dz10 import design
    >>> design([50], [82]).shape
    (1, 10)
    """
    protons, neutrons = check_numbers(Z, N)
    k_pi, k_nu = configuration
    pi, nu = _species(family, k_pi), _species(family, k_nu)
    A = protons + neutrons
    t = np.abs(neutrons - protons)
    _, rho = radius_scale(protons, neutrons)
    master = pi.master[protons] + nu.master[neutrons]
    spin_orbit = pi.spin_orbit[protons] + nu.spin_orbit[neutrons]
    X = np.zeros((*A.shape, len(TERMS)))
    X[..., 0] = coulomb(protons, neutrons)
    X[..., 1] = (master + spin_orbit) / rho
    X[..., 2] = -master / rho**2
    X[..., 3] = -t * (t + 2) / (np.cbrt(A) ** 2 * rho)
    X[..., 4] = -X[..., 3] / rho + t * (1 - t) / (A * rho**4)
    if kind == "S" or configuration == (0, 0):
        X[..., 5:8] = _spherical_valence(protons, neutrons, rho)
    else:
        X[..., 8] = pi.deformation[protons] * nu.deformation[neutrons] / rho
    X[..., 9] = _pairing(protons, neutrons) / rho
    return X


def spherical_design(Z: npt.ArrayLike, N: npt.ArrayLike) -> FloatArray:
    """Values of the ten terms of the spherical energy; array (..., 10).

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.dz10 import spherical_design
    >>> spherical_design([50, 82], [82, 126]).shape
    (2, 10)
    """
    return design(Z, N)


def deformed_design(Z: npt.ArrayLike, N: npt.ArrayLike) -> FloatArray:
    """Values of the ten terms of the deformed energy, four nucleons of each species promoted.

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.dz10 import deformed_design
    >>> deformed_design([66], [98]).shape
    (1, 10)
    """
    return design(Z, N, family="HO", configuration=(4, 4))


def switch(Z: npt.ArrayLike, spherical: FloatArray, deformed: FloatArray) -> npt.NDArray[np.bool]:
    """Whether a nucleus is deformed: Z > 50 and the larger binding energy.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.theory.duflo_zuker.dz10 import switch
    >>> switch([50, 66], np.array([1100.0, 1330.0]), np.array([1101.0, 1332.0]))
    array([False,  True])
    """
    return (np.asarray(Z) > LAST_SPHERICAL_Z) & (deformed > spherical)


def binding_energy(Z: npt.ArrayLike, N: npt.ArrayLike, b: FloatArray) -> FloatArray:
    """Atomic binding energy of DZ10 with the spherical/deformed switch.

    Parameters
    ----------
    Z, N : array of int, any broadcastable shapes
        Proton and neutron numbers.
    b : array (10,)
        Coefficients, MeV.

    Returns
    -------
    array, the common shape of Z and N
        Binding energy, MeV, positive for a bound nucleus.

    Examples
    --------
    Sn-132 with the published coefficients, MeV; the measured one is 1102.8:

    >>> from bmm.theory.duflo_zuker.coefficients import PUBLISHED_DZ10
    >>> from bmm.theory.duflo_zuker.dz10 import binding_energy
    >>> binding_energy([50], [82], PUBLISHED_DZ10["published"]).round(0)
    array([1102.])
    """
    spherical = spherical_design(Z, N) @ b
    deformed = deformed_design(Z, N) @ b
    return np.where(switch(Z, spherical, deformed), deformed, spherical)


@cache
def _species(family: Family, k: int) -> _Species:
    filling = promote(family, k)
    j, r = filling.occupation[:, 0::2], filling.occupation[:, 1::2]
    a = (j + r) / np.sqrt(SHELL_SIZE)
    split = SHELLS / 2 * j - r  # vanishes for a full HO shell
    coupling = (1 + a) * SHELLS**2 + (1 - a) * (4 * SHELLS - 5)
    return _Species(
        master=a.sum(axis=1) ** 2,
        spin_orbit=(split * coupling / SHELL_SIZE**1.5).sum(axis=1),
        deformation=filling.deformation,
    )


@cache
def _valence() -> _Valence:
    filling = natural_filling()
    n_v, size = filling.valence, filling.size
    quadratic = n_v * (size - n_v) / size
    return _Valence(quadratic * (2 * n_v - size), quadratic, np.sqrt(filling.shell))


def _spherical_valence(Z: IntArray, N: IntArray, rho: FloatArray) -> FloatArray:
    """X_6, X_7, X_8: the cubic valence terms and the spherical quadrupole; array (..., 3)."""
    valence = _valence()
    cubic = (valence.cubic[Z] + valence.cubic[N]) / rho
    reach = 2.0 ** (valence.root_shell[Z] + valence.root_shell[N])
    quadrupole = valence.quadratic[Z] * valence.quadratic[N] * reach / rho
    return np.stack([cubic, -cubic / rho, quadrupole], axis=-1)


def _pairing(Z: IntArray, N: IntArray) -> FloatArray:
    A = Z + N
    excess = np.abs(N - Z) / A
    odd_z, odd_n = Z % 2 == 1, N % 2 == 1
    one_odd = np.where(np.where(N > Z, odd_n, odd_z), 1.0, 1 - excess)  # majority, minority
    return np.where(odd_z & odd_n, excess, np.where(odd_z | odd_n, one_odd, 2 - excess))
