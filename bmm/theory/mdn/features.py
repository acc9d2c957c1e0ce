"""Input features of the network: functions of Z and N that physics suggests.

M2 to M12 are those of Lovell et al. (Phys. Rev. C 106, 014305, 2022), the shell index being that of
the shells between magic numbers.  M16 to M24 continue with terms of the mass formulas: further
macroscopic ones, pairing, and the valence products to which Casten and Duflo and Zuker ascribe
deformation.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.nuclides import MAGIC_NUMBERS

__all__ = ["FEATURES", "FeatureSet", "feature_matrix", "feature_names"]


FeatureSet = Literal["M2", "M6", "M8", "M10", "M12", "M16", "M20", "M24"]

_MAGIC = np.array(MAGIC_NUMBERS)
# Shells that end with n nucleons; 258 and 350 go on as 126 and 184 do.
_CLOSURES = np.array((0, *MAGIC_NUMBERS, 258, 350))

FEATURES = (
    "N",
    "Z",
    "A",
    "A^(2/3)",
    "Coulomb",
    "asymmetry",
    "odd N",
    "odd Z",
    "distance of N to magic",
    "distance of Z to magic",
    "shell of N",
    "shell of Z",
    "promiscuity",
    "Wigner",
    "A^(1/3)",
    "surface asymmetry",
    "pairing",
    "odd-odd",
    "filling of N",
    "filling of Z",
    "valence of N",
    "valence of Z",
    "valence product",
    "Coulomb exchange",
)
"""All features; a set Mk has the first k.

Coulomb: Z (Z - 1) / A^(1/3).  Asymmetry: (N - Z)^2 / A.  Promiscuity: nu_Z nu_N / (nu_Z + nu_N)
with the distances nu to magic.  Wigner: |N - Z| / A.  Surface asymmetry: (N - Z)^2 / A^(4/3).
Pairing: number of even ones among Z and N, times A^(-1/2).  Odd-odd: 1 / A if both are odd.  With n
nucleons in a shell of size d: filling n / d, valence n (d - n) / d.  Coulomb exchange:
Z^(4/3) / A^(1/3).
"""


def feature_names(chosen: FeatureSet) -> tuple[str, ...]:
    """Names of the features of a set, in the order of `feature_matrix`'s columns.

    Examples
    --------
    >>> from bmm.theory.mdn.features import feature_names
    >>> feature_names("M2")
    ('N', 'Z')
    """
    return FEATURES[: int(chosen[1:])]


def feature_matrix(Z: IntArray, N: IntArray, chosen: FeatureSet) -> FloatArray:
    """Evaluate the features of a set.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers.
    chosen : {"M2", "M6", "M8", "M10", "M12", "M16", "M20", "M24"}
        The set; its number is that of its features.

    Returns
    -------
    array (nucleus, feature)
        Dimensionless; see `FEATURES`.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.theory.mdn.features import feature_matrix
    >>> feature_matrix(np.array([50]), np.array([82]), "M2").shape
    (1, 2)
    """
    assert chosen in get_args(FeatureSet)
    z, n = Z.astype(np.float64), N.astype(np.float64)
    A, excess = z + n, n - z
    to_magic_Z, to_magic_N = _to_magic(Z), _to_magic(N)
    (shell_Z, filled_Z, size_Z), (shell_N, filled_N, size_N) = _shell(Z), _shell(N)
    valence_Z = filled_Z * (size_Z - filled_Z) / size_Z
    valence_N = filled_N * (size_N - filled_N) / size_N
    columns = (
        n,
        z,
        A,
        A ** (2 / 3),
        z * (z - 1) / A ** (1 / 3),
        excess**2 / A,
        n % 2,
        z % 2,
        to_magic_N,
        to_magic_Z,
        shell_N,
        shell_Z,
        to_magic_Z * to_magic_N / np.maximum(to_magic_Z + to_magic_N, 1),
        np.abs(excess) / A,
        A ** (1 / 3),
        excess**2 / A ** (4 / 3),
        (2 - z % 2 - n % 2) / np.sqrt(A),
        (z % 2) * (n % 2) / A,
        filled_N / size_N,
        filled_Z / size_Z,
        valence_N,
        valence_Z,
        valence_N * valence_Z,
        z ** (4 / 3) / A ** (1 / 3),
    )
    return np.stack(columns[: int(chosen[1:])], axis=1)


def _to_magic(number: IntArray) -> IntArray:
    return np.asarray(np.abs(number[:, None] - _MAGIC).min(axis=1))


def _shell(number: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Index of the shell of the last nucleon, nucleons in it, and its size; a full one is full."""
    index = np.maximum(np.searchsorted(_CLOSURES, number, side="left"), 1) - 1
    return index, number - _CLOSURES[index], np.diff(_CLOSURES)[index]
