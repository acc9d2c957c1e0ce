"""The local mixture with Student-t noise of four degrees of freedom, the default.

The density and its derivatives are those of `bmm.mixing.density`.  With four degrees of freedom
a component is made of products and a root,

    p_k = 12 s_k^4 / t^(5/2),      t = 4 s_k^2 + (y - m_k)^2,

and so is the derivative of its logarithm by log sigma_k,

    (sigma_k unit)^2 (4 t - 20 s_k^2) / (s_k^2 t),      unit = (A / 100)^power,

without logarithms and gamma functions.  Nuclei are taken in blocks, so that what one loop leaves to
the next stays in the processor's nearest cache.
"""

from __future__ import annotations

from math import sqrt

import numba
import numpy as np

from bmm.arrays import FloatArray
from bmm.mixing.noise import SIGMA_UNIT
from bmm.mixing.vectorized import exponential, inner, logarithm, total

__all__ = ["BLOCK", "FOUR", "student_t4_mixture"]


FOUR = 4.0
"""The degrees of freedom."""

BLOCK = 256
"""Nuclei in a block: for four models, 24 KiB are kept of them."""


@numba.njit(cache=True, error_model="numpy")
def student_t4_mixture(
    field: FloatArray,
    shift: FloatArray,
    sigma: FloatArray,
    power: float,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
    log_A: FloatArray,
) -> tuple[float, FloatArray, FloatArray, FloatArray, float]:
    """Log density of all masses, with its derivatives.

    Parameters
    ----------
    field : array (nucleus, theory)
        log alpha_k(x), up to the shift.
    shift : array (model,)
        What is to be added to it.
    sigma, power, mass, theory, variance, log_A
        See `bmm.mixing.density.local_mixture`.

    Returns
    -------
    log_density : float
        Sum over the nuclei, in units of log(1/MeV).
    d_field : array (nucleus, theory)
        Derivatives with respect to the fields.
    d_shift, d_sigma : arrays (model,)
        Derivatives with respect to shift and sigma.
    d_power : float
        Derivative with respect to power.

    Examples
    --------
    One nucleus between two models of equal weight, one of them 1 MeV off:

    >>> import numpy as np
    >>> from bmm.mixing.student_t4 import student_t4_mixture
    >>> theory = np.array([[-88.0], [-87.0]])  # MeV
    >>> value, d_field, *_ = student_t4_mixture(
    ...     np.zeros((1, 2)), np.zeros(2), np.full(2, 5.0), 0.0, np.array([-88.0]), theory,
    ...     np.zeros((2, 1)), np.zeros(1),
    ... )
    >>> round(value, 4), d_field.round(3)
    (-0.8181, array([[ 0.35, -0.35]]))
    """
    n, K = field.shape
    d_field = np.empty((n, K))
    prior, density, by_sigma = np.empty((K, BLOCK)), np.empty((K, BLOCK)), np.empty((K, BLOCK))
    # Sums over the blocks, for each place in a block apart: no addition waits for another.
    value, d_power = np.zeros(BLOCK), np.zeros(BLOCK)
    d_shift, d_sigma = np.zeros((K, BLOCK)), np.zeros((K, BLOCK))
    for start in range(0, n, BLOCK):
        here = slice(start, min(start + BLOCK, n))
        unit = _squared_unit(power, log_A[here])
        for k in range(K):
            of_model = theory[k, here], variance[k, here]
            _centre(prior[k], field[here, k], shift[k], theory[k, here])
            _component(density[k], by_sigma[k], sigma[k], unit, mass[here], *of_model)
        per_joint, per_weight = _weigh(prior, density, value[: unit.size])
        for k in range(K):
            _differentiate(prior[k], density[k], by_sigma[k], per_joint, per_weight)
            _add(d_shift[k], d_sigma[k], d_power, prior[k], by_sigma[k], log_A[here])
            for i in range(unit.size):
                d_field[start + i, k] = prior[k, i]
    by_shift, by_spread = np.empty(K), np.empty(K)
    for k in range(K):
        by_shift[k] = total(d_shift[k])
        by_spread[k] = total(d_sigma[k]) / sigma[k]
    return total(value), d_field, by_shift, by_spread, total(d_power)


@inner
def _squared_unit(power: float, log_A: FloatArray) -> FloatArray:
    """Return (A / 100)^(2 power)."""
    unit = np.ones(log_A.size)
    if power != 0.0:
        for i in range(unit.size):
            unit[i] = exponential(2.0 * power * log_A[i])
    return unit


@inner
def _centre(prior: FloatArray, field: FloatArray, shift: float, theory: FloatArray) -> None:
    """Write log alpha_k; that of a model that does not cover the nucleus is -inf."""
    for i in range(field.size):
        prior[i] = field[i] + shift if np.isfinite(theory[i]) else -np.inf


@inner
def _component(
    density: FloatArray,
    by_sigma: FloatArray,
    sigma: float,
    unit: FloatArray,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
) -> None:
    """Write p_k and the derivative of its logarithm by log sigma_k."""
    spread = (SIGMA_UNIT * sigma) ** 2
    for i in range(unit.size):
        covered = np.isfinite(theory[i])
        own = spread * unit[i]
        scale = own + variance[i]
        deviation = mass[i] - theory[i] if covered else 0.0
        tail = FOUR * scale + deviation * deviation
        root = sqrt(tail)
        inverse = 1.0 / (scale * tail * root)  # one division for all
        part = scale * (scale * inverse)  # s^2 / t^(3/2)
        by_sigma[i] = own * (4.0 * tail - 20.0 * scale) * (root * inverse)
        density[i] = 12.0 * part * part * root if covered else 0.0


@inner
def _weigh(
    prior: FloatArray, density: FloatArray, value: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Turn log alpha_k into alpha_k, up to a factor of the nucleus, and p_k into alpha_k p_k.

    Adds the log density to value, array (nucleus,), and returns one over their sums, of alpha_k p_k
    first.
    """
    K, n = prior.shape[0], value.size
    top, joint, weight = np.full(n, -np.inf), np.zeros(n), np.zeros(n)
    for k in range(K):
        for i in range(n):
            top[i] = max(top[i], prior[k, i])
    for k in range(K):
        for i in range(n):
            exponent = prior[k, i] - top[i]
            alpha = exponential(exponent)
            prior[k, i] = alpha if exponent > -np.inf else 0.0
    for k in range(K):
        for i in range(n):
            density[k, i] *= prior[k, i]
            joint[i] += density[k, i]
            weight[i] += prior[k, i]
    for i in range(n):
        inverse = 1.0 / (joint[i] * weight[i])
        value[i] += logarithm(joint[i] * joint[i] * inverse)
        joint[i], weight[i] = weight[i] * inverse, joint[i] * inverse
    return joint, weight


@inner
def _differentiate(
    prior: FloatArray,
    density: FloatArray,
    by_sigma: FloatArray,
    per_joint: FloatArray,
    per_weight: FloatArray,
) -> None:
    """Write the derivatives by the field and by log sigma_k over prior and by_sigma."""
    for i in range(per_joint.size):
        posterior = density[i] * per_joint[i]
        prior[i] = posterior - prior[i] * per_weight[i]
        by_sigma[i] *= posterior


@inner
def _add(
    d_shift: FloatArray,
    d_sigma: FloatArray,
    d_power: FloatArray,
    by_field: FloatArray,
    by_sigma: FloatArray,
    log_A: FloatArray,
) -> None:
    """Add the derivatives of a block to the sums."""
    for i in range(log_A.size):
        d_shift[i] += by_field[i]
        d_sigma[i] += by_sigma[i]
        d_power[i] += by_sigma[i] * log_A[i]
