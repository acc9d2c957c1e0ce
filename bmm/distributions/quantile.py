"""Quantiles of a mixture, by root finding for all nuclei at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import student_t

__all__ = ["mixture_quantile"]

# Numbers worked on at a time, which fit into the processor's cache.
_TOGETHER = 200_000
_TOLERANCE = 1e-13
_ITERATIONS = 500


def mixture_quantile(
    weight: FloatArray, location: FloatArray, scale: FloatArray, nu: FloatArray, p: FloatArray
) -> FloatArray:
    """Values below which a mixture of Student-t or normal distributions has given probabilities.

    The root of F(y) = p lies between the smallest and the largest p-quantile of the components.  It
    is found there by Chandrupatla's method (Adv. Eng. Softw. 28, 145, 1997,
    doi:10.1016/S0965-9978(96)00051-8), which brackets it at every step, so that components that are
    narrow or far apart do no harm.

    Parameters
    ----------
    weight, location, scale : array (nucleus, component)
        Weights that sum to one, and locations and scales in one unit.
    nu : array that broadcasts to (nucleus, component)
        Degrees of freedom; inf is the normal distribution.
    p : array (point,)
        Probabilities, between 0 and 1, exclusive.

    Returns
    -------
    array (nucleus, point)
        In that unit, to 1e-13 of the largest scale.  Between components so far apart that F is flat
        in floating-point numbers, any value that has the probability.

    Examples
    --------
    >>> half = np.array([[0.5, 0.5]])
    >>> two = half, np.array([[-1.0, 1.0]]), half, np.array([[4.0]])
    >>> mixture_quantile(*two, np.array([0.025, 0.5, 0.84])).round(4)
    array([[-2.0819,  0.    ,  1.2609]])
    """
    from scipy.optimize import elementwise

    mean = (weight * location).sum(axis=1, keepdims=True)
    unit = np.where(weight > 0, scale, 0.0).max(axis=1, keepdims=True)
    about, spread = (location - mean) / unit, scale / unit
    ends = about + spread * student_t.quantile(p[:, None, None], nu)
    low = np.where(weight > 0, ends, np.inf).min(axis=-1).T
    high = np.where(weight > 0, ends, -np.inf).max(axis=-1).T
    # A root at the very end must not be lost to rounding.
    margin = 1e-6 * (1 + high - low)
    root = elementwise.find_root(
        _excess(weight, about, spread, nu),
        ((low - margin).ravel(), (high + margin).ravel()),
        args=(np.repeat(np.arange(len(weight)), len(p)), np.tile(p, len(weight))),
        tolerances={"xatol": _TOLERANCE, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0},
        maxiter=_ITERATIONS,
    )
    return np.asarray(mean + unit * root.x.reshape(low.shape))


def _excess(
    weight: FloatArray, location: FloatArray, scale: FloatArray, nu: FloatArray
) -> Callable[[FloatArray, IntArray, FloatArray], FloatArray]:
    """Make the function F(x) - p of x, the nucleus and p, arrays (point,)."""
    step = max(1, _TOGETHER // location.shape[1])

    def excess(x: FloatArray, row: IntArray, p: FloatArray) -> FloatArray:
        values = np.empty(x.shape)
        for start in range(0, x.size, step):
            part = slice(start, start + step)
            at = row[part]
            z = (x[part, None] - location[at]) / scale[at]
            below = student_t.cdf(z, nu if len(nu) == 1 else nu[at])
            values[part] = np.einsum("ij,ij->i", below, weight[at]) - p[part]
        return values

    return excess
