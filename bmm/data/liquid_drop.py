"""A liquid drop with eight terms: the bulk of every mass, with which tables are compared."""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray, IntArray

__all__ = ["fit_liquid_drop", "liquid_drop_energy"]


def fit_liquid_drop(Z: IntArray, N: IntArray, energy: FloatArray) -> FloatArray:
    """Fit the drop by least squares.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers.
    energy : array (nucleus,)
        Binding energy, MeV.

    Returns
    -------
    array (8,)
        Coefficients, MeV: of volume, surface, curvature, Coulomb energy, symmetry energy of volume
        and surface, Wigner energy and pairing.

    Examples
    --------
    With `measured` of the example of `bmm.fit`; the drop describes binding energies near tin to
    a few MeV:

    >>> import numpy as np
    >>> from bmm.conversions import binding_energy
    >>> from bmm.data.liquid_drop import fit_liquid_drop, liquid_drop_energy
    >>> Z, N = (measured.index.get_level_values(name).to_numpy() for name in "ZN")
    >>> energy = binding_energy(Z, N, measured["mass_excess"].to_numpy())
    >>> drop = fit_liquid_drop(Z, N, energy)
    >>> bool(np.std(liquid_drop_energy(Z, N, drop) - energy) < 3)
    True
    """
    return np.asarray(np.linalg.lstsq(_terms(Z, N), energy, rcond=None)[0])


def liquid_drop_energy(Z: IntArray, N: IntArray, coefficients: FloatArray) -> FloatArray:
    """Binding energy of the drop, array (nucleus,), MeV; see `fit_liquid_drop`."""
    return np.asarray(_terms(Z, N) @ coefficients)


def _terms(Z: IntArray, N: IntArray) -> FloatArray:
    A = (Z + N).astype(float)
    excess = np.abs(N - Z)
    pairing = ((Z % 2 == 0).astype(float) + (N % 2 == 0) - 1) / np.sqrt(A)
    volume, surface, curvature = A, A ** (2 / 3), A ** (1 / 3)
    coulomb, symmetry = Z**2 / A ** (1 / 3), excess**2 / A
    wigner, surface_symmetry = excess / A, excess**2 / A ** (4 / 3)
    return np.column_stack(
        [volume, surface, curvature, coulomb, symmetry, surface_symmetry, wigner, pairing]
    )
