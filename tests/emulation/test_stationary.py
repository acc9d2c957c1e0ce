"""The Gaussian process against textbook formulas and finite differences."""

import numpy as np
import pytest
from scipy import optimize, stats

from bmm.emulation.stationary import (
    MATERN,
    GaussianProcess,
    ProcessLearner,
    negative_log_likelihood,
)
from bmm.gp.stationary import Matern

RNG = np.random.default_rng(4)
POINTS = RNG.uniform(-1, 1, (30, 2))
VALUES = np.sin(3 * POINTS[:, 0]) + POINTS[:, 1] ** 2 + 0.05 * RNG.normal(size=30)
VALUES = (VALUES - VALUES.mean()) / VALUES.std()
SMOOTHNESS = (0.5, 1.5, 2.5)
LOGS = np.log([0.9, 0.1, 0.6, 1.1])


def dense(first, second, smoothness):
    amplitude, _, *lengths = np.exp(LOGS)
    return amplitude**2 * Matern(tuple(lengths), smoothness=smoothness)(first, second)


@pytest.mark.parametrize("smoothness", SMOOTHNESS)
def test_likelihood_with_the_nugget_and_its_gradient(smoothness):
    name = dict(zip(SMOOTHNESS, MATERN, strict=True))[smoothness]

    def value(logs):
        return negative_log_likelihood(logs, POINTS, VALUES, name)[0]

    numerical = optimize.approx_fprime(LOGS, value, 1e-6)
    gradient = negative_log_likelihood(LOGS, POINTS, VALUES, name)[1]
    np.testing.assert_allclose(gradient, numerical, rtol=1e-4, atol=1e-4)
    covariance = dense(POINTS, POINTS, smoothness) + (0.1**2 + 1e-8) * np.eye(30)
    marginal = stats.multivariate_normal.logpdf(VALUES, np.zeros(30), covariance)
    assert value(LOGS) == pytest.approx(-marginal - 15 * np.log(2 * np.pi))


def test_prediction_is_the_textbook_formula():
    process = GaussianProcess(
        POINTS, VALUES, LOGS, centre=-5.0, scale=2.0, correlation="matern-3/2"
    )
    new = RNG.uniform(-1, 1, (7, 2))
    predicted = process.at(new)
    inverse = np.linalg.inv(dense(POINTS, POINTS, 1.5) + (0.1**2 + 1e-8) * np.eye(30))
    across = dense(new, POINTS, 1.5)
    np.testing.assert_allclose(predicted.mean, -5 + 2 * across @ inverse @ VALUES)
    expected = 4 * (dense(new, new, 1.5) - across @ inverse @ across.T)
    everything = np.arange(7)
    np.testing.assert_allclose(predicted.covariance(everything, everything), expected, atol=1e-9)
    np.testing.assert_allclose(predicted.sd, np.sqrt(np.diag(expected) + 4 * 0.1**2), rtol=1e-6)


def test_a_smooth_function_is_recovered():
    points = np.random.default_rng(0).uniform(-1, 1, (80, 2))

    def truth(x):
        return -700 + 20 * np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1])

    learner = ProcessLearner()
    process = learner.fit(points, truth(points), seed=0)
    new = np.random.default_rng(1).uniform(-0.9, 0.9, (200, 2))
    error = process.at(new).mean - truth(new)
    assert np.sqrt((error**2).mean()) < 0.3
    again = learner.unpack(learner.pack(process), 2).at(new)
    np.testing.assert_array_equal(again.mean, process.at(new).mean)
