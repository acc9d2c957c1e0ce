"""Sub-shells of the Duflo-Zuker formulas and their natural filling.

Each harmonic-oscillator (HO) shell p holds D_p = (p+1)(p+2) nucleons of one species and is split
into ``j_p`` (the orbit of largest j, 2(p+1) nucleons) and ``r_p`` (the rest, p(p+1) nucleons),
filled in the order j0, r0, j1, r1, ...  Position 2p of every sub-shell array below is j_p and
position 2p+1 is r_p.  An extruder-intruder (EI) shell is (r_q, j_{q+1}).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from bmm.arrays import FloatArray, IntArray
from bmm.errors import DomainError

__all__ = [
    "CAPACITY",
    "HIGHEST_NUMBER",
    "SHELLS",
    "SHELL_SIZE",
    "Filling",
    "FloatArray",
    "IntArray",
    "check_numbers",
    "natural_filling",
]


SHELLS = np.arange(10)
"""HO numbers p of the shells that are kept."""
SHELL_SIZE = (SHELLS + 1) * (SHELLS + 2)
"""D_p of each HO shell."""
CAPACITY = np.stack([2 * (SHELLS + 1), SHELLS * (SHELLS + 1)], axis=1).ravel()
"""Capacity of each sub-shell j0, r0, j1, r1, ..."""
_FILLED = np.cumsum(CAPACITY)
_FILLED_BELOW = _FILLED - CAPACITY

HIGHEST_NUMBER = int(_FILLED[-3])
"""Largest proton or neutron number: the last shell is left empty, as room for promotions."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Natural filling of one species, tabulated for n = 0 ... ``HIGHEST_NUMBER``.

    Everything Duflo and Zuker take from a species depends on its own number only, so it is
    tabulated once and then looked up by Z or N.

    Parameters
    ----------
    occupation : array (n, sub-shell)
        Nucleons in each sub-shell.
    last : array (n,)
        Position of the last sub-shell.
    in_last : array (n,)
        Nucleons in the last sub-shell.
    valence, size : array (n,)
        Nucleons n_v in, and size D of, the EI shell that contains the last sub-shell.
    """

    occupation: FloatArray
    last: IntArray
    in_last: IntArray
    valence: IntArray
    size: IntArray

    @property
    def shell(self) -> IntArray:
        """HO number p* of the last sub-shell."""
        return self.last // 2

    @property
    def in_j(self) -> npt.NDArray[np.bool]:
        """Whether the last sub-shell is a j_p."""
        return np.asarray(self.last % 2 == 0, dtype=np.bool)


@cache
def natural_filling(*, closed_is_last: bool = True) -> Filling:
    """Fill the sub-shells in their natural order.

    Parameters
    ----------
    closed_is_last : bool, default True
        Whether a sub-shell just filled is the last one (DZ10), or the empty one above it (DZ33).
    """
    n = np.arange(HIGHEST_NUMBER + 1)
    last = np.searchsorted(_FILLED, n, side="left" if closed_is_last else "right")
    in_last = n - _FILLED_BELOW[last]
    p = last // 2
    in_j = last % 2 == 0
    return Filling(
        occupation=np.clip(n[:, None] - _FILLED_BELOW, 0, CAPACITY).astype(float),
        last=last,
        in_last=in_last,
        valence=np.where(in_j, in_last + p * (p - 1), in_last),  # r_{p-1} is full below j_p
        size=np.where(in_j, p * (p + 1), (p + 1) * (p + 2)) + 2,
    )


def check_numbers(
    Z: npt.ArrayLike, N: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Broadcast proton and neutron numbers, and refuse those the sub-shells cannot hold.

    Parameters
    ----------
    Z, N : array of int, any broadcastable shapes

    Returns
    -------
    Z, N : array of int, the common shape

    Raises
    ------
    DomainError
        If a number is not an integer in 1 ... ``HIGHEST_NUMBER``.

    Examples
    --------
    >>> from bmm.theory.duflo_zuker.filling import check_numbers
    >>> check_numbers(50, [82, 84])
    (array([50, 50]), array([82, 84]))
    """
    protons, neutrons = np.broadcast_arrays(np.asarray(Z), np.asarray(N))
    for name, numbers in (("Z", protons), ("N", neutrons)):
        if not np.issubdtype(numbers.dtype, np.integer):
            raise DomainError(f"{name} must be an array of integers, not of {numbers.dtype}")
        outside = (numbers < 1) | (numbers > HIGHEST_NUMBER)
        if outside.any():
            raise DomainError(
                f"{name} = {numbers[outside].flat[0]}: the Duflo-Zuker formulas need "
                f"1 <= {name} <= {HIGHEST_NUMBER}"
            )
    return protons.astype(np.int64), neutrons.astype(np.int64)
