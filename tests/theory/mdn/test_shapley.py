"""Shapley values: axioms, a case in closed form, and shap against all subsets."""

import numpy as np
import pytest

from bmm.nuclides import numbers
from bmm.theory.mdn.features import feature_matrix
from bmm.theory.mdn.shapley import exact_values, rank_features, shapley_values


def test_exact_shapley_values_of_a_sum_and_a_product():
    rows = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]])
    reference = np.zeros(3)
    values = exact_values(lambda x: 5 * x[:, 0] + x[:, 1] * x[:, 2], rows, reference)
    product = rows[:, 1] * rows[:, 2]
    expected = np.stack([5 * rows[:, 0], product / 2, product / 2], axis=1)
    np.testing.assert_allclose(values, expected, atol=1e-12)


@pytest.fixture(scope="module")
def explained(small, masses):
    return small.ensemble, masses.index[::60]


def test_the_values_sum_to_the_mass_less_the_reference(explained):
    ensemble, nuclei = explained
    values = shapley_values(ensemble, nuclei)
    mass = np.exp(ensemble.log_weight) @ ensemble.member_means(
        feature_matrix(*numbers(nuclei), "M12")
    )
    reference = np.exp(ensemble.log_weight) @ ensemble.member_means(ensemble.centre[None])
    np.testing.assert_allclose(values.sum(axis=1), mass - reference, atol=1e-6)


def test_shap_agrees_with_all_subsets(explained):
    ensemble, nuclei = explained
    exact = shapley_values(ensemble, nuclei, method="exact")
    sampled = shapley_values(ensemble, nuclei, rounds=60, seed=1)
    size = exact.abs().to_numpy().max()
    assert np.abs(exact - sampled).to_numpy().max() < 0.02 * size
    ranks = rank_features(exact), rank_features(sampled)
    assert list(ranks[0].index[:4]) == list(ranks[1].index[:4])
    assert ranks[0]["mean_absolute"].is_monotonic_decreasing
