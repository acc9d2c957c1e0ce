import numpy as np
import pytest
from scipy import special, stats

from bmm.mixing.density import local_mixture
from bmm.mixing.student_t import digamma

n, K = 12, 3


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def data(rng):
    """Masses, theory with gaps, added variances and mass numbers, as `local_mixture` takes them."""
    covers = rng.random((n, K)) < 0.7
    covers[:, 1] |= ~covers.any(axis=1)
    mass = rng.normal(scale=20, size=n)
    theory = mass[:, None] + rng.normal(scale=1.5, size=(n, K))
    variance = rng.choice([0, 0.04, 1.0], size=(n, K))
    return (
        mass,
        np.where(covers, theory, np.nan).T,
        variance.T,
        np.log(rng.integers(60, 250, n) / 100),
    )


def reference(field, sigma, nu, power, mass, theory, variance, log_A):
    """Log density by scipy, one nucleus at a time."""
    result = []
    for i in range(len(mass)):
        k = np.isfinite(theory[:, i])
        scale = np.hypot(0.1 * sigma[k] * np.exp(log_A[i]) ** power, np.sqrt(variance[k, i]))
        # scipy's Student-t with nu = inf is the normal distribution.
        density = stats.t.logpdf(mass[i], nu, theory[k, i], scale)
        result.append(special.logsumexp(special.log_softmax(field[k, i]) + density))
    return np.array(result)


def point(rng, nu):
    return rng.normal(scale=2, size=(K, n)), rng.gamma(10, size=K), nu, rng.normal()


@pytest.mark.parametrize("learn_nu", [True, False])
@pytest.mark.parametrize("nu", [0.7, 4.0, 60.0, np.inf])
def test_density_is_scipys(rng, data, nu, learn_nu):
    parameters = point(rng, nu)
    expected = reference(*parameters, *data)
    found = local_mixture(*parameters, *data, learn_nu)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_normal_noise_is_the_limit_of_student_t(rng, data):
    field, sigma, _, power = point(rng, np.inf)
    many = local_mixture(field, sigma, 1e9, power, *data)[0]
    np.testing.assert_allclose(
        many, local_mixture(field, sigma, np.inf, power, *data)[0], rtol=1e-5
    )


@pytest.mark.parametrize("nu", [0.7, 4.0, np.inf])
def test_derivatives_are_finite_differences(rng, data, assert_derivatives, nu):
    assert_derivatives(local_mixture, reference, point(rng, nu), data)


def test_derivatives_by_the_fields_of_a_nucleus_cancel(rng, data):
    # Adding the same number to every field changes no weight.
    d_field = local_mixture(*point(rng, 4.0), *data)[1]
    np.testing.assert_allclose(d_field.sum(axis=0), 0, atol=1e-14)


def test_digamma_is_scipys():
    x = np.geomspace(1e-3, 1e6, 200)
    np.testing.assert_allclose([digamma(value) for value in x], special.digamma(x), rtol=1e-8)


def test_extreme_fields_and_masses_stay_finite(rng, data):
    _, sigma, _, power = point(rng, 4.0)
    for size in (900.0, -900.0):
        field = size * np.sign(rng.normal(size=(K, n)))
        field[0] = -field[1]
        for nu, learn_nu in ((4.0, True), (4.0, False), (np.inf, False)):
            results = local_mixture(field, sigma, nu, power, *data, learn_nu)
            assert all(np.isfinite(result).all() for result in results)
            np.testing.assert_allclose(
                results[0], reference(field, sigma, nu, power, *data), rtol=1e-11
            )
    far = (data[0] + 1e4, *data[1:])
    results = local_mixture(np.zeros((K, n)), sigma, np.inf, power, *far)
    assert all(np.isfinite(result).all() for result in results)


@pytest.mark.parametrize("learn_nu", [True, False])
def test_what_is_said_of_a_model_that_is_missing_does_not_matter(rng, data, learn_nu):
    parameters = point(rng, 4.0)
    mass, theory, variance, log_A = data
    covers = np.isfinite(theory)
    before = local_mixture(*parameters, *data, learn_nu)
    field = np.where(covers, parameters[0], 50.0)
    variance = np.where(covers, variance, 1e3)
    after = local_mixture(field, *parameters[1:], mass, theory, variance, log_A, learn_nu)
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)
    assert not before[1][~covers].any()


def test_mean_of_the_mixture_over_dirichlet_weights_is_the_density(rng, data):
    field, sigma, nu, power = point(rng, 4.0)
    field *= 0.3
    mass, theory, variance, log_A = data
    theory = np.nan_to_num(theory)
    log_density = local_mixture(field, sigma, nu, power, mass, theory, variance, log_A)[0]
    scale = np.hypot(0.1 * sigma[:, None] * np.exp(power * log_A), np.sqrt(variance))
    components = stats.t.pdf(mass, nu, theory, scale)
    for i in range(n):
        sampled = rng.dirichlet(np.exp(field[:, i]), size=20_000) @ components[:, i]
        error = sampled.std() / np.sqrt(len(sampled))
        assert abs(sampled.mean() - np.exp(log_density[i])) < 4.5 * error
