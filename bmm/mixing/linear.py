"""The local mixture likelihood, in its linear form.

The mass itself is a local average of the models (Kejzlar, Neufcourt & Nazarewicz, Sci. Rep. 13,
19600, 2023),

    y = sum_k w_k m_k + e,      w ~ Dirichlet(alpha(x)),

and not that of one of them.  Given alpha, with mean weights a_k = alpha_k / alpha_0, the sum has

    the mean L = sum_k a_k m_k and the variance V / (1 + alpha_0),  V = sum_k a_k (m_k - L)^2.

The error e has the local average of the models' own variances, and y is taken as normal or
Student-t about L with the squared scale

    S = sum_k a_k s_k^2 + V / (1 + alpha_0):

the more the models disagree, the wider.  The s_k are those of `bmm.mixing.density`.  Here the
data do determine alpha_0.
"""

from __future__ import annotations

import numba
import numpy as np
import pytensor.tensor as pt

from bmm.arrays import FloatArray
from bmm.mixing.draws import Components, Draws, Nuclei, log_normalise
from bmm.mixing.named_model import NOTHING, Terms, observe
from bmm.mixing.noise import SIGMA_UNIT
from bmm.mixing.noise_form import (
    FormWithNoise,
    NoiseLogLikelihood,
    log_likelihood_with,
    raised,
    sum_up,
)
from bmm.mixing.student_t import component
from bmm.mixing.vectorized import exponential, inner, logarithm

__all__ = ["LinearForm", "LinearLogLikelihood", "linear_form", "linear_mixture"]


@numba.njit(cache=True, error_model="numpy")
def linear_mixture(
    field: FloatArray,
    sigma: FloatArray,
    nu: float,
    power: float,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
    log_A: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log density of each measured mass, with its derivatives.

    Parameters and results are those of `bmm.mixing.density.local_mixture`.

    Examples
    --------
    The mass is that of the average of both models:

    >>> import numpy as np
    >>> from bmm.mixing.linear import linear_mixture
    >>> theory = np.array([[-88.0], [-87.0]])  # MeV
    >>> log_density, d_field, *_ = linear_mixture(
    ...     np.zeros((2, 1)), np.full(2, 5.0), 4.0, 0.0, np.array([-87.5]), theory,
    ...     np.zeros((2, 1)), np.zeros(1),
    ... )
    >>> log_density.round(4)
    array([-0.4315])
    """
    K, n = field.shape
    weight, total = _weights(field, theory)
    centre, spread, apart, unit = np.zeros(n), np.zeros(n), np.zeros(n), np.empty(n)
    for i in range(n):
        unit[i] = (SIGMA_UNIT * exponential(power * log_A[i])) ** 2
    own = np.empty((K, n))
    for k in range(K):
        for i in range(n):
            own[k, i] = unit[i] * sigma[k] ** 2
            if weight[k, i] > 0.0:
                centre[i] += weight[k, i] * theory[k, i]
                spread[i] += weight[k, i] * (own[k, i] + variance[k, i])
    for k in range(K):
        for i in range(n):
            if weight[k, i] > 0.0:
                apart[i] += weight[k, i] * (theory[k, i] - centre[i]) ** 2
    mean_spread, density, d_nu = spread.copy(), np.empty(n), np.empty(n)
    by_spread = np.ones(n)
    for i in range(n):
        density[i] = spread[i] + apart[i] / (1.0 + total[i])
        d_nu[i] = (mass[i] - centre[i]) ** 2
        spread[i] = density[i]
    # by_spread comes back as twice the derivative by S.
    component(density, by_spread, d_nu, nu)
    d_field, d_sigma, d_power = np.zeros((K, n)), np.zeros((K, n)), np.zeros(n)
    normal = np.isinf(nu)
    for k in range(K):
        for i in range(n):
            a = weight[k, i]
            if a > 0.0:
                r = mass[i] - centre[i]
                pull = r / spread[i] if normal else (nu + 1) * r / (nu * spread[i] + r * r)
                off = theory[k, i] - centre[i]
                known = 1.0 / (1.0 + total[i])
                by_field = own[k, i] + variance[k, i] - mean_spread[i]
                by_field += known * (off**2 - apart[i])
                # alpha_0 known^2, without infinity over infinity.
                by_field -= apart[i] * (1.0 - known) * known
                half = 0.5 * by_spread[i]
                d_field[k, i] = a * (pull * off + half * by_field)
                by_log_sigma = a * by_spread[i] * own[k, i]
                d_sigma[k, i] = by_log_sigma / sigma[k]
                d_power[i] += by_log_sigma * log_A[i]
    return density, d_field, d_sigma, d_nu, d_power


@inner
def _weights(field: FloatArray, theory: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean weights (model, nucleus) of the models that cover a nucleus, and alpha_0 (nucleus,)."""
    K, n = field.shape
    weight, top, total = np.zeros((K, n)), np.full(n, -np.inf), np.zeros(n)
    for k in range(K):
        for i in range(n):
            if np.isfinite(theory[k, i]):
                top[i] = max(top[i], field[k, i])
    for k in range(K):
        for i in range(n):
            if np.isfinite(theory[k, i]):
                weight[k, i] = exponential(field[k, i] - top[i])
                total[i] += weight[k, i]
    for k in range(K):
        for i in range(n):
            weight[k, i] /= total[i]
    for i in range(n):
        total[i] = exponential(min(top[i] + logarithm(total[i]), 700.0))
    return weight, total


@inner
def linear_form(
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
    """Log likelihood of all masses in the linear form.

    See `bmm.mixing.density.density_form`.  The derivative by nu comes in any case.

    Examples
    --------
    >>> theory = np.array([[-88.0], [-87.0]])
    >>> value, *_ = linear_form(np.zeros((1, 2)), np.zeros(2), np.full(2, 5.0), 4.0, 0.0,
    ...                         np.array([-87.5]), theory, np.zeros((2, 1)), np.zeros(1), False)
    >>> round(value, 4)
    -0.4315
    """
    return sum_up(
        linear_mixture(raised(field, shift), sigma, nu, power, mass, theory, variance, log_A)
    )


class LinearLogLikelihood(NoiseLogLikelihood):
    """PyTensor operation of `linear_form`."""

    function = staticmethod(log_likelihood_with(linear_form))


class LinearForm(FormWithNoise):
    """Each mass is an average of the models.

    Examples
    --------
    >>> from bmm.mixing.linear import LinearForm
    >>> LinearForm.by_model, LinearForm.corrected  # an average of uncorrected models
    (False, False)
    """

    operation = LinearLogLikelihood

    def observe(self, terms: Terms) -> None:
        """Observe the masses about the average; see the module."""
        weight = terms.weight
        location = (weight * terms.theory).sum(axis=1)
        apart = (weight * (terms.theory - location[:, None]) ** 2).sum(axis=1)
        alpha_0 = pt.exp(pt.logsumexp(pt.where(terms.covers, terms.log_alpha, NOTHING), axis=1))
        squared = (weight * terms.scale**2).sum(axis=1) + apart / (1 + alpha_0)
        observe(terms, location, squared)

    def components(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> Components:
        """Make a single component, about the average."""
        covers, centre = np.isfinite(nuclei.theory), np.nan_to_num(nuclei.theory)
        weight = np.exp(log_normalise(field, covers))
        squared = draws.scale(nuclei.Z + nuclei.N, part) ** 2 + nuclei.variance
        mean = (weight * centre).sum(axis=-1)
        apart = (weight * (centre - mean[..., None]) ** 2).sum(axis=-1)
        total = np.exp(np.where(covers, field, -np.inf)).sum(axis=-1)
        spread = (weight * squared).sum(axis=-1) + apart / (1 + total)
        return Components.single(part, weight, mean, np.sqrt(spread))
