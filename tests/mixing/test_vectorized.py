import math

import numba
import numpy as np
import pytest

from bmm.mixing.vectorized import exponential, logarithm, total


@numba.njit
def exponentials(x):
    result = np.empty_like(x)
    for i in range(x.size):
        result[i] = exponential(x[i])
    return result


@numba.njit
def logarithms(x):
    result = np.empty_like(x)
    for i in range(x.size):
        result[i] = logarithm(x[i])
    return result


# One number, too few for a vector register, and many.
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_exponential_is_that_of_the_c_library(size):
    x = np.random.default_rng(1).uniform(-690, 690, size=size)
    np.testing.assert_allclose(exponentials(x), np.exp(x), rtol=5e-16)
    assert exponential(x[0]) == exponentials(x)[0]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_logarithm_is_that_of_the_c_library(size):
    x = np.exp(np.random.default_rng(2).uniform(-690, 690, size=size))
    np.testing.assert_allclose(logarithms(x), np.log(x), rtol=5e-16, atol=5e-16)
    near_one = 1 + np.random.default_rng(3).uniform(-0.3, 0.4, size=size)
    np.testing.assert_allclose(logarithms(near_one), np.log(near_one), rtol=1e-15, atol=0)


def test_nothing_is_made_of_zero_weights():
    assert exponential(0.0) == 1.0
    assert exponential(-np.inf) < 1e-300
    assert exponential(-1e9) < 1e-300


def test_nan_stays_nan():
    assert np.isnan(exponential(np.nan))
    assert np.isnan(logarithm(np.nan))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 17, 1000])
def test_total_is_the_sum_of_every_term_once(size):
    powers = 2.0 ** np.arange(size).clip(max=40)
    assert total(powers) == powers.sum()
    x = np.random.default_rng(4).normal(size=size)
    assert total(x) == pytest.approx(math.fsum(x), abs=1e-12)


def test_total_hides_no_number_that_is_none():
    assert np.isnan(total(np.array([1.0, np.nan, 2.0])))
    assert total(np.array([1.0, -np.inf])) == -np.inf
