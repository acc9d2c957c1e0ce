"""Weights of draws, where the answer is known."""

import numpy as np
import pytest

from bmm.errors import RunError
from bmm.mixing.importance import k_hat_limit, resample, reweight


def test_weights_turn_a_normal_prior_into_its_posterior():
    """theta ~ N(0, 1), y | theta ~ N(theta, 1): the posterior is N(y / 2, 1 / 2)."""
    theta = np.random.default_rng(1).standard_normal((4, 5000))
    found = reweight(-0.5 * (1.0 - theta) ** 2)
    assert found.reliable
    assert found.weight.sum() == pytest.approx(1)
    mean = (found.weight * theta).sum()
    error = np.sqrt(0.5 / found.effective)
    assert mean == pytest.approx(0.5, abs=4 * error)
    assert (found.weight * (theta - mean) ** 2).sum() == pytest.approx(0.5, rel=0.05)
    # E[w]^2 / E[w^2] of the normal ratios.
    assert found.effective / theta.size == pytest.approx(
        np.sqrt(3) / 2 * np.exp(-1 / 2 + 1 / 3), rel=0.1
    )
    drawn = theta.ravel()[resample(found.weight, np.random.default_rng(2))]
    assert drawn.shape == theta.shape
    assert drawn.mean() == pytest.approx(mean, abs=0.005)
    assert abs(np.corrcoef(drawn[0, :-1], drawn[0, 1:])[0, 1]) < 0.06


def test_equal_densities_change_nothing():
    found = reweight(np.full((2, 300), -7.0))
    assert found.weight == pytest.approx(1 / 600)
    assert found.effective == pytest.approx(600)
    assert np.array_equal(
        np.sort(resample(found.weight, np.random.default_rng(0)).ravel()), np.arange(600)
    )
    assert found.reliable


def test_data_far_from_all_draws_are_reported():
    theta = np.random.default_rng(1).standard_normal((2, 500))
    found = reweight(-0.5 * ((6.0 - theta) / 0.2) ** 2)
    assert found.k_hat > found.limit
    assert not found.reliable


def test_the_limit_grows_with_the_draws():
    """Vehtari et al. (2024): 1 - 1 / log10 S, no more than 0.7."""
    assert k_hat_limit(100) == pytest.approx(0.5)
    assert k_hat_limit(1000) == pytest.approx(2 / 3)
    assert k_hat_limit(4000) == k_hat_limit(10**6) == 0.7
    assert k_hat_limit(1) == -np.inf


def test_a_draw_comes_as_often_as_it_weighs():
    weight = np.random.default_rng(4).dirichlet(np.full(40, 0.3)).reshape(2, 20)
    chosen = resample(weight, np.random.default_rng(5))
    counts = np.bincount(chosen.ravel(), minlength=40)
    assert (np.abs(counts - 40 * weight.ravel()) < 1).all()


def test_a_few_draws_are_too_few():
    with pytest.raises(RunError, match="at least 100 draws"):
        reweight(np.zeros((2, 40)))
