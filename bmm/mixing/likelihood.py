"""The local mixture likelihood, in its density form.

For a nucleus x with measured mass y,

    p(y | w) = sum_k w_k p_k(y),      w ~ Dirichlet(alpha(x)).

Each nucleus is measured once, so w(x) enters a single factor, linearly, and can be integrated
out exactly: the mean of a Dirichlet is alpha_k / alpha_0 with alpha_0 = sum_k alpha_k, hence

    p(y | alpha) = sum_k (alpha_k / alpha_0) p_k(y).

Sampling w(x) for every nucleus would give the same posterior of everything else at a far higher
price.  (The data therefore say nothing about alpha_0 beyond its prior.)  A model that does not
cover the nucleus is left out of both sums.

p_k is normal or Student-t about the model's mass, with the variance

    s_k^2 = [sigma_k unit (A / 100)^power]^2 + v,

v collecting the measurement's variance and the model's own stated one.

With four degrees of freedom, the default, there is a shorter way: `bmm.mixing.student_t4`.
"""

from __future__ import annotations

from math import lgamma, log, pi

import numba
import numpy as np

from bmm.arrays import FloatArray
from bmm.mixing.vectorized import exponential, inner, logarithm

__all__ = ["SIGMA_UNIT", "component", "local_mixture"]


SIGMA_UNIT = 0.1
"""MeV of total energy at A = 100 for sigma_k = 1 keV per nucleon."""


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
def local_mixture(
    field: FloatArray,
    sigma: FloatArray,
    nu: float,
    power: float,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
    log_A: FloatArray,
    learn_nu: bool = True,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log density of each measured mass, with its derivatives.

    Parameters
    ----------
    field : array (model, nucleus)
        log alpha_k(x).
    sigma : array (model,)
        Spreads, keV per nucleon at A = 100.
    nu : float
        Degrees of freedom of the Student-t; inf for normal noise.
    power : float
        Growth of the spread with A.
    mass : array (nucleus,)
        Measured mass excess, MeV.
    theory : array (model, nucleus)
        Model mass excess, MeV; not finite where the model does not cover the nucleus.
    variance : array (model, nucleus)
        Variance added to each component, MeV^2.
    log_A : array (nucleus,)
        log(A / 100).
    learn_nu : bool, default True
        Whether the derivative with respect to nu is wanted; it may be left at zero otherwise.

    Returns
    -------
    log_density : array (nucleus,)
        In units of log(1/MeV).
    d_field, d_sigma : array (model, nucleus)
        Derivatives with respect to field and sigma.
    d_nu, d_power : array (nucleus,)
        Derivatives with respect to nu and power.
    """
    K, n = field.shape
    terms = _terms(field, sigma, power, mass, theory, variance, log_A)
    joint, prior, by_scale, by_nu = terms
    for k in range(K):
        component(joint[k], by_scale[k], by_nu[k], nu)
        for i in range(n):
            joint[k, i] += prior[k, i]
    top, total = _exponentiate(joint)
    prior_top, prior_total = _exponentiate(prior)
    log_density = np.empty(n)
    for i in range(n):
        log_density[i] = top[i] - prior_top[i] + logarithm(total[i] / prior_total[i])
    derivatives = _derivatives(terms, total, prior_total, theory, sigma, log_A, learn_nu)
    d_field, d_sigma, d_nu, d_power = derivatives
    return log_density, d_field, d_sigma, d_nu, d_power


# The loops below are divided as was found to be fastest.


@inner
def _terms(
    field: FloatArray,
    sigma: FloatArray,
    power: float,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
    log_A: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Prepare s_k^2, log alpha_k, sigma's own part of s_k^2 and the squared deviations."""
    K, n = field.shape
    unit = np.empty(n)
    for i in range(n):
        unit[i] = exponential(power * log_A[i])
    joint, prior = np.empty((K, n)), np.empty((K, n))
    by_scale, by_nu = np.empty((K, n)), np.empty((K, n))
    for k in range(K):
        for i in range(n):
            by_scale[k, i] = (SIGMA_UNIT * sigma[k] * unit[i]) ** 2
            joint[k, i] = by_scale[k, i] + variance[k, i]
        for i in range(n):
            covered = np.isfinite(theory[k, i])
            by_nu[k, i] = (mass[i] - theory[k, i]) ** 2 if covered else 0.0
            prior[k, i] = field[k, i] if covered else -np.inf
    return joint, prior, by_scale, by_nu


@inner
def _derivatives(
    terms: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    total: FloatArray,
    prior_total: FloatArray,
    theory: FloatArray,
    sigma: FloatArray,
    log_A: FloatArray,
    learn_nu: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Differentiate by field, sigma, nu and power; terms and totals are used up."""
    joint, prior, by_scale, by_nu = terms
    K, n = joint.shape
    for i in range(n):
        total[i] = 1.0 / total[i]
        prior_total[i] = 1.0 / prior_total[i]
    d_field, d_sigma = np.empty((K, n)), np.empty((K, n))
    d_nu, d_power = np.zeros(n), np.zeros(n)
    for k in range(K):
        per_sigma = 1.0 / sigma[k]
        for i in range(n):
            covered = np.isfinite(theory[k, i])
            joint[k, i] = joint[k, i] * total[i] if covered else 0.0
            d_field[k, i] = joint[k, i] - (prior[k, i] * prior_total[i] if covered else 0.0)
        for i in range(n):
            by_log_scale = joint[k, i] * by_scale[k, i]
            d_sigma[k, i] = by_log_scale * per_sigma
            d_power[i] += by_log_scale * log_A[i]
        if learn_nu:
            for i in range(n):
                d_nu[i] += joint[k, i] * by_nu[k, i]
    return d_field, d_sigma, d_nu, d_power


@numba.njit(cache=True, error_model="numpy")
def component(density: FloatArray, by_scale: FloatArray, by_nu: FloatArray, nu: float) -> None:
    """Log density of one component, and its derivatives by log sigma and by nu, in place.

    The arrays (n,) come in as s_k^2, as sigma's own part of it and as the squared deviation.
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


@inner
def _exponentiate(terms: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Exponentiate terms (model, nucleus) less their top, in place; return top and the sums."""
    K, n = terms.shape
    top, total = terms[0].copy(), np.zeros(n)
    for k in range(1, K):
        for i in range(n):
            top[i] = max(top[i], terms[k, i])
    for k in range(K):
        for i in range(n):
            terms[k, i] = exponential(terms[k, i] - top[i])
            total[i] += terms[k, i]
    return top, total
