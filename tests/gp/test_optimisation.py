"""The most probable parameters of objectives whose minimum is known."""

import numpy as np
import pytest
from scipy import optimize

from bmm.gp.optimisation import NormalPrior, most_probable

PRIOR = NormalPrior(np.array([0.0, 1.0]), np.array([1.5, 0.5]))


def bowl(x):
    """A parabola around (3, 3)."""
    return 0.5 * float(((x - 3) ** 2).sum()), x - 3


def test_the_penalty_is_the_normal_density_with_its_gradient():
    x = np.array([0.7, 0.2])
    value, gradient = PRIOR.penalty(x)
    assert value == pytest.approx(0.5 * (0.7 / 1.5) ** 2 + 0.5 * (0.8 / 0.5) ** 2)
    numerical = optimize.approx_fprime(x, lambda x: PRIOR.penalty(x)[0], 1e-7)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-5)


def test_the_optimum_weighs_likelihood_and_prior():
    found = most_probable(bowl, np.zeros(2), PRIOR, reach=5.0, evaluations=50)
    precision = 1 / PRIOR.spread**2
    expected = (3 + precision * PRIOR.centre) / (1 + precision)
    np.testing.assert_allclose(found.parameters, expected, atol=1e-5)
    assert found.value == pytest.approx(bowl(expected)[0] + PRIOR.penalty(expected)[0])


def test_the_search_stays_within_reach_of_the_centres():
    found = most_probable(bowl, np.zeros(2), PRIOR, reach=0.25, evaluations=50)
    np.testing.assert_allclose(found.parameters, [0.25, 1.25])


def test_the_search_ends_after_the_evaluations():
    found = most_probable(bowl, np.zeros(2), PRIOR, reach=5.0, evaluations=1)
    assert found.evaluations <= 3
