"""The local mixture likelihood, in its density form.

For a nucleus x with measured mass y,

    p(y | w) = sum_k w_k p_k(y),      w ~ Dirichlet(alpha(x)).

Each nucleus is measured once, so w(x) enters a single factor, linearly, and can be integrated
out exactly: the mean of a Dirichlet is alpha_k / alpha_0 with alpha_0 = sum_k alpha_k, so that

    p(y | alpha) = sum_k (alpha_k / alpha_0) p_k(y).

Sampling w(x) for every nucleus would give the same posterior of everything else at a far higher
cost.  (The data therefore say nothing about alpha_0 beyond its prior.)  A model that does not cover
the nucleus is left out of both sums.

p_k is normal or Student-t about the model's mass, with the variance

    s_k^2 = [sigma_k unit (A / 100)^power]^2 + v,

v collecting the measurement's variance and the model's own stated one.

With four degrees of freedom, the default, `bmm.mixing.student_t4` computes the same faster.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bmm.arrays import FloatArray
from bmm.mixing.draws import Components, Draws, Nuclei, log_normalise
from bmm.mixing.named_model import Terms
from bmm.mixing.noise import SIGMA_UNIT
from bmm.mixing.noise_form import (
    FormWithNoise,
    NoiseLogLikelihood,
    log_likelihood_with,
    raised,
    sum_up,
)
from bmm.mixing.student_t import component
from bmm.mixing.student_t4 import FOUR, student_t4_mixture
from bmm.mixing.vectorized import exponential, inner, logarithm

__all__ = ["DensityForm", "DensityLogLikelihood", "density_form", "local_mixture"]


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

    Examples
    --------
    One nucleus between two models of equal weight; the first is right, and the derivatives by the
    fields say so:

    >>> import numpy as np
    >>> from bmm.mixing.density import local_mixture
    >>> theory = np.array([[-88.0], [-87.0]])  # MeV
    >>> log_density, d_field, *_ = local_mixture(
    ...     np.zeros((2, 1)), np.full(2, 5.0), 4.0, 0.0, np.array([-88.0]), theory,
    ...     np.zeros((2, 1)), np.zeros(1),
    ... )
    >>> log_density.round(4), d_field.round(3)
    (array([-0.8181]), array([[ 0.35],
           [-0.35]]))
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


class DensityLogLikelihood(NoiseLogLikelihood):
    """PyTensor operation of `density_form`."""

    function = staticmethod(log_likelihood_with(density_form))


class DensityForm(FormWithNoise):
    """Each mass is that of one model; see the module.

    Examples
    --------
    >>> from bmm.mixing.density import DensityForm
    >>> from bmm.mixing.settings import Mixing
    >>> DensityForm().hyperparameters(Mixing(noise={"nu": "learn"}))
    ['sigma', 'mu', 'eta', 'rho_Z', 'rho_N', 'nu']
    """

    by_model = True
    operation = DensityLogLikelihood

    def observe(self, terms: Terms) -> None:
        """Observe the masses as a mixture of one component for each model."""
        nu = np.inf if terms.nu is None else terms.nu
        pm.CustomDist(
            "mass_excess",
            terms.log_weight,
            terms.theory,
            terms.scale,
            pt.as_tensor(np.float64(nu) if isinstance(nu, float | int) else nu),
            logp=_normal_mixture if terms.nu is None else _student_t_mixture,
            random=_draw_mixture,
            signature="(k),(k),(k),()->()",
            observed=terms.mass,
            dims="nucleus",
        )

    def components(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> Components:
        """Make one component of every model."""
        log_weight = log_normalise(field, np.isfinite(nuclei.theory))
        weight = np.exp(log_weight)
        scale = np.sqrt(draws.scale(nuclei.Z + nuclei.N, part) ** 2 + nuclei.variance)
        centre = np.nan_to_num(nuclei.theory)[None]
        return Components(part, weight, weight, log_weight, centre, scale)


def _student_t_mixture(value: Any, log_weight: Any, centre: Any, scale: Any, nu: Any) -> Any:
    each = pm.StudentT.dist(nu=nu[..., None], mu=centre, sigma=scale)
    return pt.logsumexp(log_weight + pm.logp(each, value[..., None]), axis=-1)


def _normal_mixture(value: Any, log_weight: Any, centre: Any, scale: Any, nu: Any) -> Any:
    each = pm.Normal.dist(mu=centre, sigma=scale)
    return pt.logsumexp(log_weight + pm.logp(each, value[..., None]), axis=-1)


def _draw_mixture(
    log_weight: Any, centre: Any, scale: Any, nu: Any, rng: Any = None, size: Any = None
) -> Any:
    log_weight, centre, scale = np.broadcast_arrays(log_weight, centre, scale)
    chosen = np.argmax(log_weight + rng.gumbel(size=log_weight.shape), axis=-1)[..., None]
    middle, spread = (np.take_along_axis(x, chosen, axis=-1)[..., 0] for x in (centre, scale))
    nu = np.broadcast_to(nu, middle.shape)
    deviation = rng.standard_normal(middle.shape)
    finite = np.isfinite(nu)
    some = np.where(finite, nu, 1.0)
    deviation *= np.where(finite, np.sqrt(0.5 * some / rng.standard_gamma(0.5 * some)), 1.0)
    return middle + spread * deviation
