"""How much of a nucleus's neighbourhood is measured."""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray, IntArray

__all__ = ["RADIUS", "data_support"]

RADIUS = 3
"""Distance, in nucleons, up to which nuclei count as neighbours: 28 of them."""

_OFFSETS = [
    (dZ, dN)
    for dZ in range(-RADIUS, RADIUS + 1)
    for dN in range(-RADIUS, RADIUS + 1)
    if 0 < dZ**2 + dN**2 <= RADIUS**2
]


def data_support(Z: IntArray, N: IntArray, data_Z: IntArray, data_N: IntArray) -> FloatArray:
    """Share of the neighbours of each nucleus that are measured; the nucleus itself does not count.

    It is 1 among the data, about 0.4 at their border, and 0 more than three nucleons beyond.

    Parameters
    ----------
    Z, N : int array (n,)
        The nuclei.
    data_Z, data_N : int array (m,)
        Those that are measured.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.theory.support import data_support
    >>> Z, N = np.meshgrid(np.arange(40, 51), np.arange(50, 61))
    >>> data_support(np.array([45, 60]), np.array([55, 60]), Z.ravel(), N.ravel())
    array([1., 0.])
    """
    reach = RADIUS + max((int(each.max(initial=0)) for each in (Z, N, data_Z, data_N)), default=0)
    known = np.zeros((reach + RADIUS + 1, reach + RADIUS + 1))
    known[data_Z + RADIUS, data_N + RADIUS] = 1.0
    near = [known[Z + RADIUS + dZ, N + RADIUS + dN] for dZ, dN in _OFFSETS]
    return np.asarray(np.mean(near, axis=0))
