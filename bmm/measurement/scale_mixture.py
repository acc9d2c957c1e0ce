"""A Student-t as a mixture of normals of one mean, the precisions of which are gamma distributed.

t_nu = N(0, 1 / g) with g ~ Gamma(nu / 2, nu / 2): Andrews & Mallows, J. R. Stat. Soc. B 36, 99
(1974), doi:10.1111/j.2517-6161.1974.tb00989.x.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from bmm.arrays import FloatArray

__all__ = ["student_t_mixture"]

_COMPONENTS = 24
# The widest components, which make the tails, hold this probability.
_TAIL = 0.1
_LEAST = 1e-5


def student_t_mixture(nu: float) -> tuple[FloatArray, FloatArray]:
    """Weights (k,) of normals that make up a Student-t of unit scale, and their variances (k,).

    Parameters
    ----------
    nu : float
        Degrees of freedom.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> from bmm.measurement.scale_mixture import student_t_mixture
    >>> weight, variance = student_t_mixture(3.0)
    >>> tail = 2 * (weight * stats.norm.sf(5 / np.sqrt(variance))).sum()
    >>> round(tail, 4), round(2 * stats.t(3).sf(5), 4)
    (np.float64(0.0148), np.float64(0.0154))
    """
    half = _COMPONENTS // 2
    wide = np.logspace(np.log10(_LEAST), np.log10(_TAIL), half)
    narrow = np.linspace(_TAIL, 1, _COMPONENTS - half + 1)[1:]
    edges = np.concatenate([[0], wide, narrow])
    precision = stats.gamma(nu / 2, scale=2 / nu).ppf(0.5 * (edges[1:] + edges[:-1]))
    return np.diff(edges), 1.0 / precision
