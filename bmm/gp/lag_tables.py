"""Compiled loops over pairs of nuclei, whose covariance depends on |dZ| and |dN| alone.

All covariances are look-ups in a table of about 110 x 180 numbers, and all derivatives are sums by
lag, collected in one pass over the pairs.

Examples
--------
>>> import numpy as np
>>> from bmm.gp.lag_tables import fill_across, fill_lower, sum_by_lag
>>> table, scale = np.array([[1.0, 0.5], [0.4, 0.2]]), np.ones(2)
>>> Z, N = np.array([50, 51]), np.array([82, 82])
>>> covariance = np.zeros((2, 2), order="F")
>>> fill_lower(table, Z, N, scale, covariance)
>>> covariance
array([[1. , 0. ],
       [0.4, 1. ]])
>>> fill_across(table, Z, N, scale, np.array([50]), np.array([83]), np.ones(1))
array([[0.5],
       [0.2]])
>>> inverse, pull = np.asfortranarray(np.eye(2)), np.array([1.0, 2.0])
>>> sum_by_lag(table, Z, N, scale, inverse, pull)[0]
array([[1.5, 0. ],
       [2. , 0. ]])
"""

from __future__ import annotations

import numba
import numpy as np

from bmm.arrays import FloatArray, IntArray

__all__ = ["fill_across", "fill_lower", "sum_by_lag"]


@numba.njit(cache=True, error_model="numpy")
def fill_lower(
    table: FloatArray, Z: IntArray, N: IntArray, scale: FloatArray, out: FloatArray
) -> None:
    """Write s_i s_j T[|dZ|, |dN|] into the lower triangle of `out` (n, n), in Fortran order.

    Parameters
    ----------
    table : array (lag in Z, lag in N)
        T.
    Z, N : int array (n,)
        Nuclei.
    scale : array (n,)
        s.
    out : array (n, n)
        Its upper triangle is left as it is.

    Examples
    --------
    Two isotones, one proton apart:

    >>> import numpy as np
    >>> from bmm.gp.lag_tables import fill_lower
    >>> table, covariance = np.array([[1.0, 0.5], [0.4, 0.2]]), np.zeros((2, 2), order="F")
    >>> fill_lower(table, np.array([50, 51]), np.array([82, 82]), np.array([1.0, 2.0]), covariance)
    >>> covariance
    array([[1. , 0. ],
           [0.8, 4. ]])
    """
    for j in range(len(Z)):
        for i in range(j, len(Z)):
            out[i, j] = scale[i] * scale[j] * table[abs(Z[i] - Z[j]), abs(N[i] - N[j])]


@numba.njit(cache=True, error_model="numpy")
def fill_across(
    table: FloatArray,
    Z: IntArray,
    N: IntArray,
    scale: FloatArray,
    other_Z: IntArray,
    other_N: IntArray,
    other_scale: FloatArray,
) -> FloatArray:
    """Give s_i s_j T[|dZ|, |dN|] between two sets of nuclei, array (n, m); see `fill_lower`.

    Examples
    --------
    Proton and neutron number differ by one each, and the second nucleus has the scale 2:

    >>> import numpy as np
    >>> from bmm.gp.lag_tables import fill_across
    >>> table, Z, N = np.array([[1.0, 0.5], [0.4, 0.2]]), np.array([50]), np.array([82])
    >>> fill_across(table, Z, N, np.ones(1), Z + 1, N + 1, np.array([2.0]))
    array([[0.4]])
    """
    out = np.empty((len(Z), len(other_Z)))
    for i in range(len(Z)):
        for j in range(len(other_Z)):
            lag = table[abs(Z[i] - other_Z[j]), abs(N[i] - other_N[j])]
            out[i, j] = scale[i] * other_scale[j] * lag
    return out


@numba.njit(cache=True, error_model="numpy")
def sum_by_lag(
    table: FloatArray,
    Z: IntArray,
    N: IntArray,
    scale: FloatArray,
    inverse: FloatArray,
    pull: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Differentiate a log likelihood by the table, by the scales and by the noise.

    With W = (a a^T - K^-1) / 2, the derivatives by the entries of K, and K_ij = s_i s_j T, those by
    T at a lag are the sum of W_ij s_i s_j over the pairs with that lag, and those by log s_i are
    twice the sum of W_ij K_ij over j.

    Parameters
    ----------
    table, Z, N, scale
        As for `fill_lower`.
    inverse : array (n, n)
        K^-1, its lower triangle, in Fortran order.
    pull : array (n,)
        a = K^-1 y.

    Returns
    -------
    by_table : array (lag in Z, lag in N)
    by_log_scale, by_noise : array (n,)
    """
    n = len(Z)
    by_table = np.zeros(table.shape)
    by_log_scale, by_noise = np.zeros(n), np.empty(n)
    for j in range(n):
        by_noise[j] = 0.5 * (pull[j] * pull[j] - inverse[j, j])
        weight = by_noise[j] * scale[j] * scale[j]
        by_table[0, 0] += weight
        own = 2.0 * weight * table[0, 0]
        for i in range(j + 1, n):
            weight = (pull[i] * pull[j] - inverse[i, j]) * scale[i] * scale[j]
            dZ, dN = abs(Z[i] - Z[j]), abs(N[i] - N[j])
            by_table[dZ, dN] += weight
            shared = weight * table[dZ, dN]
            by_log_scale[i] += shared
            own += shared
        by_log_scale[j] += own
    return by_table, by_log_scale, by_noise
