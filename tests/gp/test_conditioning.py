"""Normal vectors: densities against SciPy, conditioning against textbook formulas and refits."""

import numpy as np
import pytest
from scipy import stats

from bmm.errors import DomainError
from bmm.gp.conditioning import (
    Conditioning,
    add_noise,
    cholesky,
    draw_normal,
    inverse_triangle,
    left_out,
    log_density,
    mirrored,
)

RNG = np.random.default_rng(3)
n = 12
ROOT = RNG.normal(size=(n, n))
COVARIANCE = ROOT @ ROOT.T + 0.1 * np.eye(n)
VALUES = RNG.normal(size=n)


def test_the_density_is_that_of_the_multivariate_normal():
    value, pull = log_density(cholesky(COVARIANCE.copy()), VALUES)
    assert value == pytest.approx(stats.multivariate_normal(cov=COVARIANCE).logpdf(VALUES))
    np.testing.assert_allclose(COVARIANCE @ pull, VALUES, atol=1e-9)


def test_only_the_lower_triangle_counts():
    half = np.tril(COVARIANCE)
    factor = cholesky(half.copy())
    np.testing.assert_allclose(np.tril(factor), np.linalg.cholesky(COVARIANCE), rtol=1e-10)
    inverse = mirrored(inverse_triangle(factor))
    np.testing.assert_allclose(inverse @ COVARIANCE, np.eye(n), atol=1e-8)


@pytest.mark.parametrize("noise", [0.3, RNG.uniform(size=n), COVARIANCE])
def test_noise_is_a_variance_or_a_covariance(noise):
    noisy = COVARIANCE.copy()
    add_noise(noisy, noise)
    expected = noise if np.ndim(noise) == 2 else np.diag(np.broadcast_to(noise, n))
    np.testing.assert_array_equal(noisy, COVARIANCE + expected)


@pytest.mark.parametrize("k", [1, 4])
def test_conditioning_is_the_textbook_formula(k):
    inner, across, rest = COVARIANCE[:k, :k], COVARIANCE[:k, k:], COVARIANCE[k:, k:]
    known = Conditioning.of(inner, across)
    gain = across.T @ np.linalg.inv(inner)
    np.testing.assert_allclose(known.gain, gain, rtol=1e-9)
    deviation = RNG.normal(size=(2, 3, k))
    np.testing.assert_allclose(known.shift(deviation), deviation @ gain.T, rtol=1e-9)
    np.testing.assert_allclose(known.shift(deviation[0, 0]), gain @ deviation[0, 0], rtol=1e-9)
    gone = gain @ across
    np.testing.assert_allclose(known.explained(slice(None), np.arange(2)), gone[:, :2], rtol=1e-8)
    np.testing.assert_allclose(known.explained_variance, np.diag(gone), rtol=1e-8)
    np.testing.assert_allclose(known.explained_with(across[:, :3]), gone[:3], rtol=1e-8)
    left = np.linalg.inv(np.linalg.inv(COVARIANCE)[k:, k:])  # the Schur complement
    np.testing.assert_allclose(rest - gone, left, rtol=1e-6, atol=1e-9)


def test_conditioning_one_by_one_is_conditioning_together():
    covariance, mean = COVARIANCE.copy(), np.zeros(n)
    for point in range(3):
        known = Conditioning.of(covariance[point : point + 1, point : point + 1] + 0.5,
                                covariance[None, point])  # fmt: skip
        mean = mean + known.shift(VALUES[point : point + 1] - mean[point])
        covariance -= known.explained(slice(None), slice(None))
    together = Conditioning.of(COVARIANCE[:3, :3] + 0.5 * np.eye(3), COVARIANCE[:3])
    np.testing.assert_allclose(mean, together.shift(VALUES[:3]), rtol=1e-8)
    np.testing.assert_allclose(
        covariance, COVARIANCE - together.explained(slice(None), slice(None)), atol=1e-9
    )


def test_observing_nothing_changes_nothing():
    known = Conditioning.of(np.empty((0, 0)), np.empty((0, n)))
    np.testing.assert_array_equal(known.shift(np.empty(0)), np.zeros(n))
    np.testing.assert_array_equal(known.explained_variance, np.zeros(n))


@pytest.mark.parametrize("block", [np.arange(n), np.arange(n) // 5, np.arange(n) % 2])
def test_leaving_out_is_doing_without(block):
    mean, sd = left_out(np.linalg.inv(COVARIANCE), VALUES, block)
    for number in np.unique(block):
        inside, rest = np.flatnonzero(block == number), np.flatnonzero(block != number)
        known = Conditioning.of(COVARIANCE[np.ix_(rest, rest)], COVARIANCE[np.ix_(rest, inside)])
        np.testing.assert_allclose(mean[inside], known.shift(VALUES[rest]), rtol=1e-6)
        left = np.diag(COVARIANCE)[inside] - known.explained_variance
        np.testing.assert_allclose(sd[inside] ** 2, left, rtol=1e-6)


def test_draws_have_their_mean_and_covariance():
    kept = COVARIANCE.copy()
    draws = draw_normal(VALUES, kept, 200_000, np.random.default_rng(0))
    np.testing.assert_array_equal(kept, COVARIANCE)
    sd = np.sqrt(np.diag(COVARIANCE))
    np.testing.assert_allclose(draws.mean(axis=0), VALUES, atol=5 * sd.max() / np.sqrt(200_000))
    scaled = np.cov(draws.T) / np.outer(sd, sd)
    np.testing.assert_allclose(scaled, COVARIANCE / np.outer(sd, sd), atol=0.015)


def test_draws_of_equal_values_need_a_jitter():
    same = np.ones((3, 3))
    with pytest.raises(DomainError, match="3 values is not positive definite"):
        draw_normal(0.0, same, 5, np.random.default_rng(0))
    draws = draw_normal(0.0, same, 5, np.random.default_rng(0), jitter=1e-9)
    np.testing.assert_allclose(draws, np.repeat(draws[:, :1], 3, axis=1), atol=1e-3)
