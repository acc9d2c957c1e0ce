"""One Student-t or normal distribution against scipy and scoringrules."""

import numpy as np
import pytest
import scoringrules
from scipy import stats

from bmm.distributions import student_t

NUS = (1.5, 4.0, 7.3, np.inf)
Z = np.array([-60.0, -3.0, -0.4, 0.0, 0.7, 2.5, 40.0])


@pytest.mark.parametrize("nu", NUS)
def test_log_density_is_scipys(nu):
    expected = stats.t.logpdf(Z, nu) - np.log(0.3)
    np.testing.assert_allclose(student_t.log_density(0.3 * Z, 0.3, nu), expected, rtol=1e-12)


@pytest.mark.parametrize("nu", NUS)
def test_cdf_is_scipys_far_out_too(nu):
    np.testing.assert_allclose(student_t.cdf(Z, nu), stats.t.cdf(Z, nu), rtol=1e-13)


@pytest.mark.parametrize("nu", NUS)
def test_quantile_inverts_the_cdf(nu):
    p = np.array([1e-6, 0.025, 0.16, 0.5, 0.99])
    np.testing.assert_allclose(student_t.cdf(student_t.quantile(p, nu), nu), p, rtol=1e-9)


def test_degrees_of_freedom_may_differ_from_element_to_element():
    z, nu = np.meshgrid(Z, NUS)
    np.testing.assert_allclose(student_t.log_density(z, 1.0, nu), stats.t.logpdf(z, nu), rtol=1e-12)
    np.testing.assert_allclose(student_t.cdf(z, nu), stats.t.cdf(z, nu), rtol=1e-13)
    p = np.full(nu.shape, 0.2)
    np.testing.assert_allclose(student_t.quantile(p, nu), stats.t.ppf(p, nu), rtol=1e-10)


def test_inflation_is_the_variance_at_scale_one():
    found = student_t.inflation([1.0, 2.0, 2.5, 4.0, np.inf])
    assert found.tolist() == [np.inf, np.inf, 5.0, 2.0, 1.0]


@pytest.mark.parametrize("nu", NUS)
def test_crps_is_that_of_scoringrules(nu):
    y = 0.3 * Z
    if np.isinf(nu):
        expected = [scoringrules.crps_normal(value, 0.0, 0.3) for value in y]
    else:
        expected = [scoringrules.crps_t(value, nu, 0.0, 0.3) for value in y]
    np.testing.assert_allclose(student_t.crps(y, 0.3, nu), expected, rtol=1e-10)
