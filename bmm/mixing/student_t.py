"""One Student-t or normal component of a likelihood, with its derivatives, compiled."""

from __future__ import annotations

from math import lgamma, log, pi

import numba
import numpy as np

from bmm.arrays import FloatArray
from bmm.mixing.vectorized import logarithm

__all__ = ["component"]


@numba.njit(cache=True)
def digamma(x: float) -> float:
    """Logarithmic derivative of the gamma function, x > 0.

    Recurrence up to x >= 6, then the asymptotic series (Abramowitz & Stegun 6.3.18).
    """
    shift = 0.0
    while x < 6.0:
        shift -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132)))))
    return shift + log(x) - 0.5 / x - series


@numba.njit(cache=True, error_model="numpy")
def component(density: FloatArray, by_scale: FloatArray, by_nu: FloatArray, nu: float) -> None:
    """Log density of one component, and its derivatives by log sigma and by nu, in place.

    The arrays (n,) come in as s_k^2, as sigma's own part of it and as the squared deviation.

    Examples
    --------
    A normal component of variance 0.25 MeV^2, half a MeV off, in place:

    >>> import numpy as np
    >>> from bmm.mixing.student_t import component
    >>> density, by_log_sigma, by_nu = np.array([0.25]), np.array([0.25]), np.array([0.25])
    >>> component(density, by_log_sigma, by_nu, np.inf)
    >>> density.round(4), by_log_sigma  # z = 1, where the derivative z^2 - 1 vanishes
    (array([-0.7258]), array([0.]))
    """
    n = density.size
    if np.isinf(nu):
        for i in range(n):
            z2 = by_nu[i] / density[i]
            by_scale[i] *= (z2 - 1.0) / density[i]
            by_nu[i] = 0.0
            density[i] = -0.5 * (log(2 * pi) + logarithm(density[i]) + z2)
        return
    constant = lgamma(0.5 * (nu + 1)) - lgamma(0.5 * nu) - 0.5 * log(nu * pi)
    constant_by_nu = 0.5 * (digamma(0.5 * (nu + 1)) - digamma(0.5 * nu) - 1.0 / nu)
    log_nu, half_per_nu = log(nu), 0.5 / nu
    for i in range(n):
        tail = nu * density[i] + by_nu[i]
        pull = (nu + 1) * by_nu[i] / tail
        by_scale[i] *= (pull - 1.0) / density[i]
        log_variance = logarithm(density[i])
        log_tail = logarithm(tail) - log_variance - log_nu  # log(1 + z^2 / nu)
        density[i] = constant - 0.5 * log_variance - 0.5 * (nu + 1) * log_tail
        by_nu[i] = constant_by_nu - 0.5 * log_tail + half_per_nu * pull
