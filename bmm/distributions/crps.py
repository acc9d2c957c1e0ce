"""The continuous ranked probability score of a mixture, to nine digits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import student_t

__all__ = ["mixture_crps"]

# Four Gauss-Lobatto points and their Kronrod extension to seven: Gander & Gautschi, BIT 40, 84
# (2000), doi:10.1023/A:1022318402393.  Both ends of a panel are among them, and a distribution
# function is monotone: no step can hide between the points.
_NODES = np.array([-1.0, -np.sqrt(2 / 3), -np.sqrt(0.2), 0.0, np.sqrt(0.2), np.sqrt(2 / 3), 1.0])
_FOUR = np.array([1 / 6, 0, 5 / 6, 0, 5 / 6, 0, 1 / 6])
_SEVEN = np.array([11 / 210, 72 / 245, 125 / 294, 16 / 35, 125 / 294, 72 / 245, 11 / 210])
# By how much the two may differ, in units of the scale; the better one errs far less.
_TOLERANCE = 1e-8
_NARROWEST = 1e-9
# What the cut tails may contribute, in units of the scale.
_TAIL = 1e-13
_TOGETHER = 200_000


def mixture_crps(
    weight: FloatArray, location: FloatArray, scale: FloatArray, nu: FloatArray, y: FloatArray
) -> FloatArray:
    """Score observed values by mixtures of Student-t or normal distributions.

    The integral

        CRPS = int_{-inf}^y F(x)^2 dx + int_y^inf [1 - F(x)]^2 dx

    (Gneiting & Raftery 2007, doi:10.1198/016214506000001437) over u with x = y + s sinh u, s the
    mean scale, by bisection of panels until two rules agree.  A single component has a closed form,
    `bmm.distributions.student_t.crps`; two Student-t's of different scales have none.

    Parameters
    ----------
    weight, location, scale : array (nucleus, component)
        Weights that sum to one, and locations and scales in one unit.
    nu : array that broadcasts to (nucleus, component)
        Degrees of freedom; inf is the normal distribution.
    y : array (nucleus,)
        Observed values, in the same unit.

    Returns
    -------
    array (nucleus,)
        In that unit, to 1e-9 of the scale; smaller is better.  NaN where a component has nu <= 1,
        for such a distribution has no mean.

    Examples
    --------
    >>> half = np.array([[0.5, 0.5]])
    >>> mixture_crps(half, np.array([[-1.0, 1.0]]), half, np.array([[4.0]]), np.zeros(1)).round(6)
    array([0.367789])
    """
    shape = location.shape
    if shape[1] == 1:
        found = student_t.crps(y[:, None] - location, scale, nu)[:, 0]
    else:
        found = _integrate(weight, location - y[:, None], scale, nu)
    without_mean = (np.broadcast_to(nu, shape) <= 1) & (weight > 0)
    return np.where(without_mean.any(axis=1), np.nan, found)


def _integrate(
    weight: FloatArray, about: FloatArray, scale: FloatArray, nu: FloatArray
) -> FloatArray:
    """Integrate both sides of an observation at zero, array (nucleus,)."""
    unit = (weight * scale).sum(axis=1, keepdims=True)
    about, scale = about / unit, scale / unit
    # Beyond a tail probability p < _TAIL^[nu / (2 nu - 1)], the integral of p(x)^2 is negligible.
    heavy = np.where(np.isinf(nu) | (nu <= 1), 2.0, nu)
    exponent = np.where(np.isinf(nu), 0.5, heavy / (2 * heavy - 1))
    reach = -student_t.quantile(_TAIL**exponent, np.where(nu <= 1, 2.0, nu))
    furthest = np.where(weight > 0, np.abs(about) + reach * scale, 0.0).max(axis=1)
    n = len(about)
    # Of every panel: nucleus, side of the observation (-1 below, 1 above), and ends in u.
    row = np.tile(np.arange(n), 2)
    side = np.repeat([-1.0, 1.0], n)
    left, right = np.zeros(2 * n), np.tile(np.arcsinh(furthest), 2)
    total = np.zeros(n)
    while row.size:
        half = 0.5 * (right - left)
        u = (left + half)[:, None] + half[:, None] * _NODES
        values = _beyond(u, row, side, (weight, about, scale, nu)) ** 2 * np.cosh(u)
        coarse, fine = half * (values @ _FOUR), half * (values @ _SEVEN)
        done = (np.abs(fine - coarse) <= _TOLERANCE) | (half <= _NARROWEST)
        np.add.at(total, row[done], fine[done])
        row, side, left, right = (each[~done] for each in (row, side, left, right))
        middle = 0.5 * (left + right)
        row, side = np.tile(row, 2), np.tile(side, 2)
        left, right = np.append(left, middle), np.append(middle, right)
    return np.asarray(total * unit[:, 0])


def _beyond(
    u: FloatArray, row: IntArray, side: FloatArray, mixture: tuple[FloatArray, ...]
) -> FloatArray:
    """Probability further out than side * sinh(u), array (panel, point)."""
    weight, about, scale, nu = mixture
    values: npt.NDArray[np.float64] = np.empty(u.shape)
    step = max(1, _TOGETHER // (u.shape[1] * about.shape[1]))
    for start in range(0, len(row), step):
        part = slice(start, start + step)
        at = row[part]
        z = side[part, None, None] * about[at, None] - np.sinh(u[part])[:, :, None]
        some = nu if len(nu) == 1 else nu[at]
        below = student_t.cdf(z / scale[at, None], some[:, None])
        values[part] = (below @ weight[at, :, None])[..., 0]
    return values
