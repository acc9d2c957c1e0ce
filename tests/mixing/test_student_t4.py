"""The shorter way for four degrees of freedom against the general one, which is scipy's."""

import numpy as np
import pytest

from bmm.mixing.density import local_mixture
from bmm.mixing.student_t4 import BLOCK, FOUR, student_t4_mixture

K = 3


@pytest.fixture
def rng():
    return np.random.default_rng(23)


def made(rng, n):
    """Masses, theory with gaps, added variances and mass numbers, as both ways take them."""
    covers = rng.random((K, n)) < 0.7
    covers[1] |= ~covers.any(axis=0)
    mass = rng.normal(scale=20, size=n)
    theory = np.where(covers, mass + rng.normal(scale=1.5, size=(K, n)), np.inf)
    variance = rng.choice([0, 0.04, 1.0], size=(K, n))
    return mass, theory, variance, np.log(rng.integers(60, 250, n) / 100)


def both_ways(field, shift, sigma, power, data):
    """Sum of the log densities and derivatives by field, shift, sigma and power, twice."""
    log_density, d_field, d_sigma, _, d_power = local_mixture(
        np.ascontiguousarray((field + shift).T), sigma, FOUR, power, *data
    )
    sums = d_field.sum(axis=1), d_sigma.sum(axis=1), d_power.sum()
    return (
        student_t4_mixture(field, shift, sigma, power, *data),
        (log_density.sum(), d_field.T, *sums),
    )


def point(rng, n):
    return rng.normal(scale=2, size=(n, K)), rng.normal(size=K), rng.gamma(10, size=K)


@pytest.mark.parametrize("n", [1, 12, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 100])
@pytest.mark.parametrize("power", [0.0, -0.7, 1.0])
def test_both_ways_agree_however_the_nuclei_fall_into_blocks(rng, n, power):
    ways = both_ways(*point(rng, n), power, made(rng, n))
    for shorter, general in zip(*ways, strict=True):
        np.testing.assert_allclose(shorter, general, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_both_ways_agree_near_and_far_from_the_models(rng, scale):
    mass, theory, *rest = made(rng, 40)
    ways = both_ways(*point(rng, 40), 0.5, (scale * mass, scale * theory, *rest))
    for shorter, general in zip(*ways, strict=True):
        np.testing.assert_allclose(shorter, general, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("sigma", [1e-12, 1e-3, 1e6])
def test_both_ways_agree_for_spreads_that_a_sampler_may_try(rng, sigma):
    mass, theory, _, log_A = made(rng, 40)
    field, shift, _ = point(rng, 40)
    data = mass, theory, np.zeros((K, 40)), log_A
    shorter, general = both_ways(field, shift, np.full(K, sigma), 0.0, data)
    for one, other in zip(shorter, general, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_extreme_fields_and_masses_stay_finite(rng):
    mass, *rest = made(rng, 40)
    field = 900.0 * np.sign(rng.normal(size=(40, K)))
    ways = both_ways(field, np.zeros(K), rng.gamma(10, size=K), 0.5, (mass + 1e4, *rest))
    for shorter, general in zip(*ways, strict=True):
        assert np.isfinite(shorter).all()
        np.testing.assert_allclose(shorter, general, rtol=1e-11, atol=1e-12)


def test_what_is_said_of_a_model_that_is_missing_does_not_matter(rng):
    field, *others = point(rng, 40)
    mass, theory, variance, log_A = made(rng, 40)
    covers = np.isfinite(theory)
    before = student_t4_mixture(field, *others, 0.5, mass, theory, variance, log_A)
    changed = np.where(covers, variance, 1e3)
    moved = np.where(covers.T, field, 50.0)
    after = student_t4_mixture(moved, *others, 0.5, mass, theory, changed, log_A)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not before[1][~covers.T].any()
