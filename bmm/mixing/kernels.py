"""The likelihood of the density form behind one signature, compiled for the sampler.

Which compiled code computes it, the general one or that for four degrees of freedom, is decided
here and nowhere else.  What it computes is the log density of a
`bmm.distributions.StudentTMixture`, which the tests hold it against.
"""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray
from bmm.mixing.likelihood import local_mixture
from bmm.mixing.student_t4 import FOUR, student_t4_mixture
from bmm.mixing.vectorized import inner, total

__all__ = ["density_form", "raised", "sum_up"]


@inner
def density_form(
    field: FloatArray,
    shift: FloatArray,
    sigma: FloatArray,
    nu: float,
    power: float,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
    log_A: FloatArray,
    learn_nu: bool,
) -> tuple[float, FloatArray, FloatArray, FloatArray, float, float]:
    """Log likelihood of all masses in the density form, with its derivatives.

    Parameters
    ----------
    field : array (nucleus, theory)
        log alpha_k(x), up to the shift.
    shift : array (theory,)
        What is to be added to it.
    sigma, nu, power, mass, theory, variance, log_A
        See `bmm.mixing.likelihood.local_mixture`.
    learn_nu : bool
        Whether the derivative by nu is wanted.

    Returns
    -------
    value : float
        In units of log(1/MeV).
    d_field : array (nucleus, theory)
        Derivatives by the fields.
    d_shift, d_sigma : array (theory,)
        Derivatives by shift and sigma.
    d_nu, d_power : float
        Derivatives by nu and power.

    Examples
    --------
    One nucleus between two models of equal weight, one of them 1 MeV off:

    >>> theory = np.array([[-88.0], [-87.0]])
    >>> value, *_ = density_form(np.zeros((1, 2)), np.zeros(2), np.full(2, 5.0), 4.0, 0.0,
    ...                          np.array([-88.0]), theory, np.zeros((2, 1)), np.zeros(1), False)
    >>> round(value, 4)
    -0.8181
    """
    if nu == FOUR and not learn_nu:
        value, d_field, d_shift, d_sigma, d_power = student_t4_mixture(
            field, shift, sigma, power, mass, theory, variance, log_A
        )
        return value, d_field, d_shift, d_sigma, 0.0, d_power
    return sum_up(
        local_mixture(
            raised(field, shift), sigma, nu, power, mass, theory, variance, log_A, learn_nu
        )
    )


@inner
def raised(field: FloatArray, shift: FloatArray) -> FloatArray:
    """Add a shift to every field (nucleus, theory); give them as (theory, nucleus)."""
    n, K = field.shape
    raised = np.empty((K, n))
    for k in range(K):
        for i in range(n):
            raised[k, i] = field[i, k] + shift[k]
    return raised


@inner
def sum_up(
    by_nucleus: tuple[FloatArray, ...],
) -> tuple[float, FloatArray, FloatArray, FloatArray, float, float]:
    """Sum over the nuclei what the likelihoods give for each; d_field as (nucleus, theory)."""
    log_density, by_field, by_sigma, d_nu, d_power = by_nucleus
    K, n = by_field.shape
    d_field, d_shift, d_sigma = np.empty((n, K)), np.empty(K), np.empty(K)
    for k in range(K):
        d_shift[k] = total(by_field[k])
        d_sigma[k] = total(by_sigma[k])
        for i in range(n):
            d_field[i, k] = by_field[k, i]
    return total(log_density), d_field, d_shift, d_sigma, total(d_nu), total(d_power)
