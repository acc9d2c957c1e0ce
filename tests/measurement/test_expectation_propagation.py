from itertools import product

import numpy as np
import pytest
from scipy import sparse

from bmm.measurement.expectation_propagation import MixturePrior, match_moments
from bmm.measurement.scale_mixture import student_t_mixture


def problem(n, nu, seed):
    """Links of a chain, seen through correlated noise."""
    rng = np.random.default_rng(seed)
    place = np.arange(n)
    K = 0.3 * np.exp(-0.5 * (place[:, None] - place) ** 2 / 4) + 0.05 * np.eye(n)
    spread = sparse.csr_array(np.eye(n) + 0.7 * np.eye(n, k=1))
    weight, widening = student_t_mixture(nu)
    scale = rng.uniform(0.2, 0.6, n)
    prior = MixturePrior(weight, rng.normal(0, 0.1, n), scale[:, None] ** 2 * widening)
    return prior, K, spread, rng.normal(0, 1.0, n)


def exact(prior, K, spread, seen):
    """Mean and variance of links and masses: every choice of components is a normal problem."""
    S = spread.toarray()
    total, first, second = 0.0, 0.0, 0.0
    choices = list(product(range(len(prior.weight)), repeat=len(seen)))
    log_weights, moments = [], []
    for choice in choices:
        D = np.diag(prior.variance[np.arange(len(seen)), choice])
        C = K + S @ D @ S.T
        off = seen + S @ prior.centre  # r = y - S l
        gain = D @ S.T @ np.linalg.inv(C)
        mean = prior.centre - gain @ off
        moments.append((mean, D - gain @ S @ D + np.outer(mean, mean)))
        log_weights.append(
            np.log(prior.weight[list(choice)]).sum()
            - 0.5 * np.linalg.slogdet(C)[1]
            - 0.5 * off @ np.linalg.solve(C, off)
        )
    weights = np.exp(np.array(log_weights) - max(log_weights))
    for weight, (mean, square) in zip(weights / weights.sum(), moments, strict=True):
        total, first, second = total + weight, first + weight * mean, second + weight * square
    assert total == pytest.approx(1)
    return first, second - np.outer(first, first)


def of_links(found, prior_covariance):
    """Posterior mean and variance of the links by the sites."""
    S, D = found.spread.toarray(), np.diag(found.variance)
    mean = found.mean - D @ S.T @ found.pull
    return mean, np.diag(D - D @ S.T @ found.precision @ S @ D)


@pytest.mark.parametrize("seed", range(4))
def test_moments_are_those_of_all_combinations_of_components(seed):
    prior, K, spread, seen = problem(2, 3.0, seed)
    found = match_moments(prior, K, spread, seen, np.full(2, 0.1), iterations=200)
    assert found.converged
    mean, covariance = exact(prior, K, spread, seen)
    its_mean, its_variance = of_links(found, K)
    sd = np.sqrt(np.diag(covariance))
    assert its_mean == pytest.approx(mean, abs=0.12 * sd.max())
    assert np.sqrt(its_variance) == pytest.approx(sd, rel=0.12)


def test_one_link_is_exact():
    prior, K, spread, seen = problem(1, 2.0, 3)
    found = match_moments(prior, K, spread, seen, np.full(1, 1e-3), iterations=200)
    mean, covariance = exact(prior, K, spread, seen)
    its_mean, its_variance = of_links(found, K)
    assert its_mean == pytest.approx(mean, abs=1e-3)
    assert its_variance == pytest.approx(np.diag(covariance), rel=1e-3)


def test_normal_links_are_exact():
    prior, K, spread, seen = problem(5, 3.0, 0)
    same = MixturePrior(prior.weight, prior.centre, np.full_like(prior.variance, 0.2))
    found = match_moments(same, K, spread, seen, np.full(5, 0.1))
    assert found.mean == pytest.approx(same.centre)
    assert found.variance == pytest.approx(np.full(5, 0.2))
    one = MixturePrior(np.ones(1), prior.centre, np.full((5, 1), 0.2))
    mean, covariance = exact(one, K, spread, seen)
    its_mean, its_variance = of_links(found, K)
    assert its_mean == pytest.approx(mean)
    assert its_variance == pytest.approx(np.diag(covariance))


def test_the_cavity_leaves_the_prior_of_a_link_out():
    prior, K, spread, seen = problem(3, 3.0, 2)
    found = match_moments(prior, K, spread, seen, np.full(3, 0.1))
    mean, variance = found.cavity
    S = spread.toarray()
    for i in range(3):
        # Without its site the precision of l is S^T K^-1 S plus that of the others.
        told = S.T @ np.linalg.inv(K)
        others = np.where(np.arange(3) == i, 0.0, 1 / found.variance)
        covariance = np.linalg.inv(told @ S + np.diag(others))
        expected = covariance @ (others * found.mean - told @ seen)
        assert mean[i] == pytest.approx(expected[i])
        assert variance[i] == pytest.approx(covariance[i, i])


def test_a_gross_error_is_found_and_a_small_one_is_not():
    # A smooth field, one mass ten stated uncertainties off it.
    n = 30
    place = np.arange(n)
    K = np.exp(-0.5 * (place[:, None] - place) ** 2 / 100) + 0.02**2 * np.eye(n)
    weight, widening = student_t_mixture(1.8)
    prior = MixturePrior(weight, np.zeros(n), np.full(n, 0.05)[:, None] ** 2 * widening)
    rng = np.random.default_rng(5)
    error = rng.normal(0, 0.05, n)
    error[12] = 0.5
    seen = np.sin(place / 10) - error
    spread = sparse.eye_array(n, format="csr")
    found = match_moments(prior, K, spread, seen, np.full(n, 0.02))
    mean, variance = of_links(found, K)
    assert abs(mean[12] - 0.5) < 3 * np.sqrt(variance[12]) < 0.3
    assert np.abs(np.delete(mean, 12)).max() < 0.2
