"""The most probable value of a mixture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bmm.arrays import FloatArray
from bmm.distributions import student_t
from bmm.distributions.logarithms import log_sum_exp

__all__ = ["mixture_mode"]

# Summits to climb: the highest locations of components.
_STARTS = 4
_ITERATIONS = 500
# Of the narrowest scale.
_PRECISION = 1e-9


def mixture_mode(
    weight: FloatArray, location: FloatArray, scale: FloatArray, nu: FloatArray
) -> FloatArray:
    """Highest point of the density sum_i w_i p_i(y) of each nucleus.

    Climbs from the four component locations at which the density is highest by the fixed-point
    step of expectation maximisation, which never goes downhill (Carreira-Perpinan, IEEE TPAMI 22,
    1318, 2000, doi:10.1109/34.888716), and keeps the highest summit.

    Parameters
    ----------
    weight, location, scale : array (nucleus, component)
        Weights, and locations and scales in one unit; a weight of 0 takes a component out.
    nu : array that broadcasts to (nucleus, component)
        Degrees of freedom; inf for normal components.

    Returns
    -------
    array (nucleus,)
        In that unit.

    Examples
    --------
    The lighter but narrower component stands higher:

    >>> mixture_mode(np.array([[0.6, 0.4]]), np.array([[0.0, 8.0]]),
    ...              np.array([[1.0, 0.1]]), np.array([[np.inf]])).round(3)
    array([8.])
    """
    # About the heaviest component: masses are large against their spread.
    heaviest = np.argmax(weight, axis=1)[:, None]
    reference = np.take_along_axis(location, heaviest, axis=1)
    about = np.where(weight > 0, location - reference, 0.0)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight)
    starts = _highest(_log_height(about, log_weight, about, scale, nu), about)
    y = np.take_along_axis(about, starts, axis=1)
    moving = np.arange(len(y))
    for _ in range(_ITERATIONS):
        degrees = nu if len(nu) == 1 else nu[moving]
        part = (log_weight[moving], about[moving], scale[moving])
        moved = _climbed(y[moving], *part, degrees)
        step = np.abs(moved - y[moving]).max(axis=1)
        y[moving] = moved
        moving = moving[step > _PRECISION * scale[moving].min(axis=1)]
        if not moving.size:
            break
    best = np.argmax(_log_height(y, log_weight, about, scale, nu), axis=1)[:, None]
    return np.asarray((reference + np.take_along_axis(y, best, axis=1))[:, 0])


def _climbed(
    y: FloatArray, log_weight: FloatArray, location: FloatArray, scale: FloatArray, nu: FloatArray
) -> FloatArray:
    """One step uphill from y (nucleus, start): the mean location, weighted by the pull there.

    A component pulls with w_i p_i / s_i^2, and a Student-t with (nu + 1) / (nu + z^2) of that.
    """
    degrees = nu[:, None]
    normal = np.isinf(degrees)
    finite = np.where(normal, 1.0, degrees)
    z2 = ((y[:, :, None] - location[:, None]) / scale[:, None]) ** 2
    constant = log_weight - 2 * np.log(scale) + student_t.log_density(0.0, scale, nu)
    fall = np.where(normal, 0.5 * z2, 0.5 * (finite + 3) * np.log1p(z2 / finite))
    # What does not depend on z, (nu + 1) / nu, matters where the components' nu differ.
    gain = np.where(normal, 1.0, (finite + 1) / finite)
    log_pull = constant[:, None] - fall
    pull = gain * np.exp(log_pull - log_pull.max(axis=-1, keepdims=True))
    return np.asarray((pull * location[:, None]).sum(axis=-1) / pull.sum(axis=-1))


def _log_height(
    y: FloatArray, log_weight: FloatArray, location: FloatArray, scale: FloatArray, nu: FloatArray
) -> FloatArray:
    """Log density at y (nucleus, start)."""
    joint = student_t.log_density(y[:, :, None] - location[:, None], scale[:, None], nu[:, None])
    return log_sum_exp(log_weight[:, None] + joint)


def _highest(height: FloatArray, location: FloatArray) -> npt.NDArray[np.intp]:
    """Positions of the highest of the distinct locations, int array (nucleus, start)."""
    order = np.argsort(location, axis=1, kind="stable")
    ordered = np.take_along_axis(location, order, axis=1)
    again = np.zeros(location.shape, dtype=bool)
    np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    ranked = np.argsort(np.where(again, -np.inf, height), axis=1)[:, ::-1]
    return np.asarray(ranked[:, :_STARTS])
