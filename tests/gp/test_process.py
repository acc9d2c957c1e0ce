"""Exact processes at scattered points against SciPy's normal density and textbook formulas."""

import numpy as np
import pytest
from scipy import optimize, stats

from bmm.errors import DomainError
from bmm.gp.kernels import Constant
from bmm.gp.nonstationary import LocalScale, Sheared
from bmm.gp.process import ExactProcess, marginal_likelihood
from bmm.gp.stationary import Matern

RNG = np.random.default_rng(4)
POINTS = np.column_stack([RNG.uniform(-1, 1, (25, 2)), RNG.uniform(0.5, 2, 25)])
NEW = np.column_stack([RNG.uniform(-1, 1, (7, 2)), RNG.uniform(0.5, 2, 7)])
VALUES = np.sin(3 * POINTS[:, 0]) + (POINTS[:, 0] > 0.2)
NOISE = RNG.uniform(0.01, 0.05, 25)
# Smooth and rough in places, along oblique directions.
KERNEL = Sheared(
    Constant(0.9) * Matern((0.6, 1.1))
    + Constant(0.4) * LocalScale() * Matern((0.3, 0.7), smoothness=0.5),
    (-0.4,),
)


def dense(kernel=KERNEL, noise=NOISE):
    return kernel(POINTS, POINTS) + np.diag(noise)


def test_the_likelihood_is_the_normal_density_and_derivatives_finite_differences():
    found = marginal_likelihood(KERNEL, POINTS, VALUES, NOISE)
    assert found.value == pytest.approx(stats.multivariate_normal(cov=dense()).logpdf(VALUES))

    def value(parameters, noise):
        return marginal_likelihood(KERNEL.with_parameters(parameters), POINTS, VALUES, noise).value

    numerical = optimize.approx_fprime(KERNEL.parameters, value, 1e-6, NOISE)
    np.testing.assert_allclose(found.by_parameters, numerical, rtol=1e-4, atol=1e-4)
    numerical = optimize.approx_fprime(NOISE, lambda x: value(KERNEL.parameters, x), 1e-7)
    np.testing.assert_allclose(found.by_noise, numerical, rtol=1e-4, atol=1e-4)


def test_one_noise_variance_is_that_of_every_value():
    one = marginal_likelihood(KERNEL, POINTS, VALUES, 0.02)
    each = marginal_likelihood(KERNEL, POINTS, VALUES, np.full(25, 0.02))
    matrix = marginal_likelihood(KERNEL, POINTS, VALUES, 0.02 * np.eye(25))
    assert one.value == pytest.approx(each.value, rel=1e-12)
    assert one.value == pytest.approx(matrix.value, rel=1e-12)


def test_prediction_is_the_textbook_formula():
    process = ExactProcess(KERNEL, POINTS, VALUES, NOISE)
    predicted = process.at(NEW)
    inverse, across = np.linalg.inv(dense()), KERNEL(NEW, POINTS)
    np.testing.assert_allclose(predicted.mean, across @ inverse @ VALUES, rtol=1e-9)
    expected = KERNEL(NEW, NEW) - across @ inverse @ across.T
    np.testing.assert_allclose(predicted.variance, np.diag(expected), rtol=1e-9)
    np.testing.assert_allclose(
        predicted.covariance(np.arange(3), slice(2, None)), expected[:3, 2:], atol=1e-12
    )
    density = stats.multivariate_normal(cov=dense()).logpdf(VALUES)
    assert process.log_likelihood == pytest.approx(density)
    np.testing.assert_allclose(process.precision, inverse, rtol=1e-8, atol=1e-8)


def test_leaving_out_is_a_process_without_the_value():
    mean, sd = ExactProcess(KERNEL, POINTS, VALUES, NOISE).left_out(np.arange(25))
    for i in (0, 9, 24):
        rest = np.delete(np.arange(25), i)
        without = ExactProcess(KERNEL, POINTS[rest], VALUES[rest], NOISE[rest])
        predicted = without.at(POINTS[i : i + 1])
        assert mean[i] == pytest.approx(predicted.mean[0], rel=1e-8)
        assert sd[i] ** 2 == pytest.approx(predicted.variance[0] + NOISE[i], rel=1e-8)


def test_draws_are_of_the_conditional_process():
    predicted = ExactProcess(KERNEL, POINTS, VALUES, NOISE).at(NEW)
    draws = predicted.draws(100_000, np.random.default_rng(0))
    sd = np.sqrt(predicted.variance)
    np.testing.assert_allclose((draws.mean(axis=0) - predicted.mean) / sd, 0, atol=0.015)
    expected = predicted.covariance(slice(None), slice(None)) / np.outer(sd, sd)
    np.testing.assert_allclose(np.cov(draws.T) / np.outer(sd, sd), expected, atol=0.02)


def test_the_same_point_twice_without_noise_is_refused():
    twice = np.repeat(POINTS[:3], 2, axis=0)
    with pytest.raises(DomainError, match="6 values is not positive definite"):
        ExactProcess(KERNEL, twice, np.zeros(6), 0.0)
