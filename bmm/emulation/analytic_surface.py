"""A fission potential energy surface in closed form, for tests and demonstrations.

Coordinates are the axis ratio q = c/a of a spheroid and an octupole deformation alpha_3 on top of
it.  The liquid drop of charge Z and mass A has the energy

    E_LD = a_s A^(2/3) [B_s(q) - 1] + a_c Z^2 A^(-1/3) [B_c(q) - 1] + C_3 alpha_3^2 / 2,

with the surface and Coulomb energies of a prolate spheroid relative to the sphere (Bohr & Wheeler,
Phys. Rev. 56, 426 (1939)), e^2 = 1 - 1/q^2:

    B_s = q^(-2/3) [1 + (q / e) arcsin e] / 2,      B_c = q^(-2/3) log[(1 + e) / (1 - e)] / (2 e),

and the stiffness of the sphere against alpha_3, C_3 = (10/7) a_s A^(2/3) - (20/49) a_c Z^2 A^(-1/3)
(the same reference, eq. 9; lambda = 3).  The shell energy

    E_shell = S (1 - 2 t^2) exp(-t^2) - D_2 exp[-(q - 2)^2 / 2 w^2 - alpha_3^2 / 2 v^2]
              - D_3 exp[-(q - 2.6)^2 / 2 w^2 - (|alpha_3| - 0.2)^2 / 2 v^2],   t = (q - q_0) / w_0,

has the attenuation of Myers & Swiatecki (Nucl. Phys. 81, 1 (1966)) about a deformed ground state,
and two wells, placed and sized roughly as Strutinsky calculations find them in actinides: the
isomer at the axis ratio 2, and a mass-asymmetric shoulder beyond it.  Charge and mass are those of
Fm-250, but the surface is not a model of that nucleus.
"""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray
from bmm.emulation.energy_surface import Surface
from bmm.errors import DataError

__all__ = ["analytic_energy", "analytic_surface", "coulomb_of_spheroid", "surface_of_spheroid"]


_Z, _A = 100, 250
# Surface and Coulomb coefficients of Myers & Swiatecki (1966), MeV.
_A_S, _A_C = 17.9439 * (1 - 1.7826 * ((_A - 2 * _Z) / _A) ** 2), 0.7053
_GROUND, _GROUND_WIDTH, _GROUND_DEPTH = 1.28, 0.25, -4.0
_WELL_WIDTH, _WELL_REACH, _ISOMER, _SHOULDER = 0.18, 0.12, 3.5, 5.0


def surface_of_spheroid(q: FloatArray) -> FloatArray:
    """Surface of a prolate spheroid relative to the sphere of the same volume; q > 1.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.analytic_surface import surface_of_spheroid
    >>> surface_of_spheroid(np.array([1.001, 2.0])).round(4)
    array([1.    , 1.0767])
    """
    e = np.sqrt(1 - q**-2.0)
    return np.asarray(0.5 * q ** (-2 / 3) * (1 + q / e * np.arcsin(e)))


def coulomb_of_spheroid(q: FloatArray) -> FloatArray:
    """Coulomb energy of a homogeneous prolate spheroid relative to the sphere; q > 1.

    Examples
    --------
    A deformed nucleus has less Coulomb energy, and more surface:

    >>> import numpy as np
    >>> from bmm.emulation.analytic_surface import coulomb_of_spheroid
    >>> coulomb_of_spheroid(np.array([1.001, 2.0])).round(4)
    array([1.   , 0.958])
    """
    e = np.sqrt(1 - q**-2.0)
    return np.asarray(q ** (-2 / 3) * np.log((1 + e) / (1 - e)) / (2 * e))


def analytic_energy(q: FloatArray, alpha_3: FloatArray) -> FloatArray:
    """Energy relative to the spherical liquid drop, MeV.

    Parameters
    ----------
    q : array
        Axis ratio, above 1.
    alpha_3 : array
        Octupole deformation.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.analytic_surface import analytic_energy
    >>> energy = analytic_energy(np.array([1.3, 2.0]), np.array([0.1, 0.1]))  # MeV
    >>> mirrored = analytic_energy(np.array([1.3, 2.0]), np.array([-0.1, -0.1]))
    >>> bool(np.allclose(energy, mirrored))  # even in the octupole deformation
    True
    """
    surface, coulomb = _A_S * _A ** (2 / 3), _A_C * _Z**2 / _A ** (1 / 3)
    drop = surface * (surface_of_spheroid(q) - 1) + coulomb * (coulomb_of_spheroid(q) - 1)
    drop += 0.5 * (10 / 7 * surface - 20 / 49 * coulomb) * alpha_3**2
    t = (q - _GROUND) / _GROUND_WIDTH
    shell = _GROUND_DEPTH * (1 - 2 * t**2) * np.exp(-(t**2))
    isomer = ((q - 2.0) / _WELL_WIDTH) ** 2 + (alpha_3 / _WELL_REACH) ** 2
    shoulder = ((q - 2.6) / _WELL_WIDTH) ** 2 + ((np.abs(alpha_3) - 0.2) / _WELL_REACH) ** 2
    return np.asarray(
        drop + shell - _ISOMER * np.exp(-0.5 * isomer) - _SHOULDER * np.exp(-0.5 * shoulder)
    )


def analytic_surface(n_q: int = 45, n_alpha: int = 25) -> Surface:
    """Tabulate the energy on a grid of 1.02 <= q <= 3.2 and -0.1 <= alpha_3 <= 0.4.

    Parameters
    ----------
    n_q, n_alpha : int, default 45, 25
        Points along the two axes.

    Raises
    ------
    DataError
        If either is smaller than 3.

    Examples
    --------
    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> len(analytic_surface(9, 5))
    45
    """
    if min(n_q, n_alpha) < 3:
        raise DataError(f"an analytic surface of {n_q} x {n_alpha} points: expected at least 3")
    grid = np.meshgrid(np.linspace(1.02, 3.2, n_q), np.linspace(-0.1, 0.4, n_alpha), indexing="ij")
    q, alpha_3 = (each.ravel() for each in grid)
    points = np.column_stack([q, alpha_3])
    return Surface("analytic PES", ("q", "alpha_3"), points, analytic_energy(q, alpha_3))
