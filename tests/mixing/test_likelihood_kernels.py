"""The compiled likelihoods against the one predictive density and automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import gammaln, logsumexp

from bmm.distributions import StudentTMixture
from bmm.mixing.density import density_form
from bmm.mixing.linear import linear_form

n, K = 17, 3
NUS = [(4.0, False), (4.0, True), (2.7, True), (np.inf, False)]


@pytest.fixture
def problem():
    """Parameters, and data of which every model leaves something out."""
    rng = np.random.default_rng(41)
    covers = rng.random((K, n)) < 0.7
    covers[1] |= ~covers.any(axis=0)
    mass = rng.normal(-70, 20, size=n)
    theory = np.where(covers, mass + rng.normal(scale=1.5, size=(K, n)), np.inf)
    data = mass, theory, rng.choice([0, 0.04, 1.0], size=(K, n)), rng.normal(scale=0.3, size=n)
    field, shift = rng.normal(scale=2, size=(n, K)), rng.normal(size=K)
    return field, shift, rng.gamma(10, size=K), data


def components(field, shift, sigma, power, theory, variance, log_A):
    """Weights, masses and squared scales (nucleus, theory), with JAX or NumPy arrays."""
    covers = np.isfinite(theory).T
    raised = jnp.where(covers, field + shift, -jnp.inf)
    weight = jnp.exp(raised - logsumexp(raised, axis=1, keepdims=True))
    squared = (0.1 * sigma * jnp.exp(power * log_A)[:, None]) ** 2 + variance.T
    return weight, jnp.where(covers, theory.T, 0.0), squared, jnp.exp(raised).sum(axis=1)


def log_t(deviation, squared, nu):
    """Log density of a Student-t, or of the normal distribution if nu is None."""
    if nu is None:
        return -0.5 * (jnp.log(2 * jnp.pi * squared) + deviation**2 / squared)
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * jnp.log(nu * jnp.pi * squared)
    return constant - (nu + 1) / 2 * jnp.log1p(deviation**2 / (nu * squared))


def density_reference(parameters, data):
    field, shift, sigma, power, nu = parameters
    mass, theory, *rest = data
    weight, centre, squared, _ = components(field, shift, sigma, power, theory, *rest)
    density = jnp.exp(log_t(mass[:, None] - centre, squared, nu))
    return jnp.log((weight * density).sum(axis=1)).sum()


def linear_reference(parameters, data):
    field, shift, sigma, power, nu = parameters
    mass, theory, *rest = data
    weight, centre, squared, total = components(field, shift, sigma, power, theory, *rest)
    mean = (weight * centre).sum(axis=1)
    apart = (weight * (centre - mean[:, None]) ** 2).sum(axis=1)
    spread = (weight * squared).sum(axis=1) + apart / (1 + total)
    return log_t(mass - mean, spread, nu).sum()


FORMS = {"density": (density_form, density_reference), "linear": (linear_form, linear_reference)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("nu", "learn_nu"), NUS)
def test_value_and_derivatives_are_those_of_automatic_differentiation(problem, form, nu, learn_nu):
    kernel, reference = FORMS[form]
    field, shift, sigma, data = problem
    power = 0.4
    value, *found = kernel(field, shift, sigma, nu, power, *data, learn_nu)
    with jax.enable_x64(True):
        known = None if np.isinf(nu) else jnp.float64(nu)
        point = (*(jnp.asarray(x) for x in (field, shift, sigma)), jnp.float64(power), known)
        expected, gradient = jax.value_and_grad(reference)(point, data)
    assert value == pytest.approx(float(expected), rel=1e-11)
    d_field, d_shift, d_sigma, d_power, d_nu = gradient
    names = ["d_field", "d_shift", "d_sigma", "d_nu", "d_power"]
    of_name = dict(zip(names, found, strict=True))
    pairs = {"d_field": d_field, "d_shift": d_shift, "d_sigma": d_sigma, "d_power": d_power}
    if learn_nu:
        pairs["d_nu"] = d_nu
    for name, values in pairs.items():
        np.testing.assert_allclose(of_name[name], values, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize(("nu", "learn_nu"), NUS)
def test_the_sampler_and_the_predictions_have_one_density(problem, nu, learn_nu):
    field, shift, sigma, (mass, theory, variance, log_A) = problem
    scale = np.sqrt((0.1 * sigma[:, None] * np.exp(0.4 * log_A)) ** 2 + variance)
    mixture = StudentTMixture(theory.T, scale.T, nu=nu, log_weight=field + shift)
    value, *_ = density_form(field, shift, sigma, nu, 0.4, mass, theory, variance, log_A, learn_nu)
    assert value == pytest.approx(mixture.log_density(mass).sum(), rel=1e-11)
