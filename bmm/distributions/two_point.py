"""Two points in place of many that lie close together."""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray

__all__ = ["two_point_rule"]

# Below this variance the third moment is rounding.
_NOTHING = 1e-12


def two_point_rule(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gauss quadrature with two points: the first four moments of weighted points are kept.

    With the mean m, the standard deviation s and the skewness g of the points, the two are

        m + s [g / 2 -+ sqrt(1 + g^2 / 4)]   with shares   [1 +- (g / 2) / sqrt(1 + g^2 / 4)] / 2

    (the roots of the second orthogonal polynomial; Golub & Welsch, Math. Comput. 23, 221, 1969,
    doi:10.1090/S0025-5718-69-99647-1).  They lie between the outermost points.

    Parameters
    ----------
    moments : array (4, ...)
        Sums of w, w x, w x^2 and w x^3 over points x with weights w; x is best taken about a value
        near the points.

    Returns
    -------
    weight, x : array (2, ...)
        Two points with the same four sums.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 0.0, 2.0])
    >>> weight, two = two_point_rule(np.array([(x**j).sum() for j in range(4)]))
    >>> [float((weight * two**j).sum().round(9)) for j in range(4)]
    [4.0, 1.0, 5.0, 7.0]
    """
    total = moments[0]
    mean, second, third = moments[1:] / np.where(total > 0, total, 1.0)
    variance = np.maximum(second - mean**2, 0.0)
    some = variance > _NOTHING
    sd = np.sqrt(variance)
    central = third - 3 * mean * second + 2 * mean**3
    half_skewness = np.where(some, 0.5 * central / np.where(some, sd, 1.0) ** 3, 0.0)
    root = np.sqrt(1 + half_skewness**2)
    points = np.stack([mean + sd * (half_skewness - root), mean + sd * (half_skewness + root)])
    share = 0.5 * (1 + half_skewness / root)
    return np.stack([total * share, total * (1 - share)]), points
