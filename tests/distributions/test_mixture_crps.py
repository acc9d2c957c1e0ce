"""The CRPS of a mixture against closed forms, the definition by draws, and identities."""

import numpy as np
import pytest
import scoringrules

from bmm.distributions import StudentTMixture
from bmm.evaluation.scores import crps as crps_of_draws


def test_normal_mixtures_are_those_of_scoringrules():
    rng = np.random.default_rng(1)
    n, C = 60, 5
    weight = rng.dirichlet(np.ones(C), size=n)
    location = rng.normal(-80, 2, size=(n, C))
    scale = np.exp(rng.normal(-1, 1.5, size=(n, C)))
    y = rng.normal(-80, 3, size=n)
    found = StudentTMixture(location, scale, weight).crps(y)
    expected = scoringrules.crps_mixnorm(y, location, scale, weight)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("apart", [10.0, 1e4])
def test_narrow_components_far_apart(apart):
    location, scale = np.array([[0.0, apart, -apart]]), np.array([[1e-3, 0.5, 2e-3]])
    weight = np.array([[0.3, 0.1, 0.6]])
    for y in (0.3, apart + 1e-3, -2 * apart):
        found = StudentTMixture(location, scale, weight).crps(np.array([y]))
        expected = scoringrules.crps_mixnorm(y, location[0], scale[0], weight[0])
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("nu", [1.2, 4.0, 11.0])
def test_equal_components_are_one_student_t(nu):
    # Two of them: the quadrature, not the closed form.
    y = np.array([-90.0, -88.1, -87.9, -70.0])
    twice = StudentTMixture(np.full((4, 2), -88.0), 0.3, nu=nu).crps(y)
    expected = [scoringrules.crps_t(each, nu, -88.0, 0.3) for each in y]
    np.testing.assert_allclose(twice, expected, rtol=1e-8)


def test_student_t_mixture_is_that_of_many_draws():
    location, scale = np.array([[-1.0, 0.5, 2.0]]), np.array([[0.3, 1.0, 0.2]])
    mixture = StudentTMixture(location, scale, [[0.5, 0.3, 0.2]], [[4.0, 6.0, np.inf]])
    draws = mixture.sample(200_000, np.random.default_rng(4))
    for y in (-1.2, 0.4, 3.0):
        # The standard error of the draws' score is about 0.002.
        expected = crps_of_draws(draws, np.array([y]))
        assert mixture.crps(np.array([y])) == pytest.approx(expected, abs=0.008)


def test_crps_is_the_integral_of_the_squared_difference_of_distribution_functions():
    mixture = StudentTMixture([[0.0, 3.0]], [[0.4, 1.0]], [[0.7, 0.3]], 4.0)
    y = 1.1
    x = np.concatenate([np.linspace(-400, y, 2_000_001), np.linspace(y, 400, 2_000_001)])
    step = np.append(np.zeros(2_000_001), np.ones(2_000_001))
    integrand = (mixture.cdf(x[None])[0] - step) ** 2
    assert mixture.crps(np.array([y]))[0] == pytest.approx(np.trapezoid(integrand, x), rel=1e-8)


def test_units_and_origin_do_not_matter():
    rng = np.random.default_rng(2)
    location, scale = rng.normal(size=(5, 3)), np.exp(rng.normal(size=(5, 3)))
    y = rng.normal(size=5)
    in_MeV = StudentTMixture(location, scale, nu=4.0).crps(y)
    in_keV = StudentTMixture(1000 * (location - 70), 1000 * scale, nu=4.0).crps(1000 * (y - 70))
    np.testing.assert_allclose(in_keV, 1000 * in_MeV, rtol=1e-8)


def test_a_distribution_without_a_mean_has_no_score():
    assert np.isnan(StudentTMixture([[0.0, 1.0]], 1.0, nu=[[4.0, 1.0]]).crps(np.zeros(1)))[0]
