"""The predictive mixture: moments, intervals, folds and calibration."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bmm.nuclides import numbers
from bmm.theory.mdn.ensemble import Calibration, Mixture, calibrate
from bmm.theory.mdn.features import feature_matrix


def _features(nuclei):
    return feature_matrix(*numbers(nuclei.index), "M12")


@pytest.fixture
def two():
    return Mixture(np.array([[0.0], [3.0]]), np.array([[1.0], [0.5]]), np.array([[0.7], [0.3]]))


def test_moments_density_and_probability_of_a_mixture(two):
    rng = np.random.default_rng(1)
    first = rng.random(400_000) < 0.7
    draws = np.where(first, rng.normal(0, 1, first.size), rng.normal(3, 0.5, first.size))
    assert two.mean[0] == pytest.approx(draws.mean(), abs=0.01)
    assert two.sd[0] == pytest.approx(draws.std(), rel=0.01)
    y, u = np.array([1.2]), np.array([0.4])
    density = 0.7 * stats.norm.pdf(1.2, 0, np.hypot(1, 0.4)) + 0.3 * stats.norm.pdf(
        1.2, 3, np.hypot(0.5, 0.4)
    )
    assert two.log_density(y, u)[0] == pytest.approx(np.log(density))
    noisy = draws + rng.normal(0, 0.4, draws.size)
    assert two.pit(y, u)[0] == pytest.approx((noisy < 1.2).mean(), abs=0.005)


def test_calibration_finds_spreads_that_are_wrong():
    rng = np.random.default_rng(2)
    n, members = 3000, 6
    stated = rng.uniform(0.2, 1.0, n)
    truth = rng.normal(size=n) * np.hypot(2 * stated, 0.3)
    mixture = Mixture(np.zeros((members, n)), np.tile(stated, (members, 1)), np.full(
        (members, n), 1 / members
    ))  # fmt: skip
    zero = np.zeros(n)
    found = calibrate(mixture, truth, zero)
    assert found.stretch == pytest.approx(2, rel=0.1)
    assert found.floor == pytest.approx(0.3, rel=0.25)
    fixed = mixture.calibrated(found)
    for level in (0.5, 0.68, 0.95):
        assert fixed.coverage(truth, zero, level) == pytest.approx(level, abs=0.02)
    assert mixture.coverage(truth, zero, 0.68) < 0.5


def test_a_training_nucleus_is_predicted_out_of_fold(small, training):
    ensemble = small.ensemble
    said = ensemble.predict(training.index, out_of_fold=True)
    C = ensemble.settings.components
    share = said.weights.reshape(len(ensemble.skip), C, -1).sum(axis=1)
    for member in range(len(ensemble.skip)):
        silent = ensemble.fold != member % ensemble.settings.folds
        assert (share[member, silent] == 0).all()
        assert share[member, ~silent] == pytest.approx(1 / 2)
    elsewhere = ensemble.predict(training.index)
    assert (elsewhere.weights.reshape(share.shape[0], C, -1).sum(axis=1) > 0).all()


def test_out_of_fold_errors_equal_errors_of_new_nuclei(small, masses, training):
    ensemble, rest = small.ensemble, masses.drop(training.index)

    def rms(nuclei, **how):
        error = ensemble.predict(nuclei.index, **how).mean - nuclei["mass_excess"].to_numpy()
        return np.sqrt((error**2).mean())

    assert rms(training) < rms(training, out_of_fold=True)
    assert rms(training, out_of_fold=True) > 0.9 * rms(rest)


def test_without_folds_the_validation_parts_are_unseen(small):
    free = small.ensemble.settings.model_copy(update={"folds": 0})
    ensemble = replace(small.ensemble, settings=free)
    mixture, kept = ensemble.unseen()
    assert (kept == ensemble.validates.any(axis=0)).all()
    assert mixture.means.shape[1] == kept.sum()
    np.testing.assert_allclose(mixture.weights.sum(axis=0), 1)


def test_the_mean_of_all_members_has_smaller_errors_than_that_of_a_few(small, training):
    assert small.ensemble.all_over_few(training["mass_excess"].to_numpy()) == 1
    rng = np.random.default_rng(3)
    few, members = 4, 40
    Z, N = (np.tile(each, 20) for each in numbers(training.index))
    n = len(Z)
    # Networks without layers to speak of, which differ by a bias of their own.
    bias = stats.norm.ppf((np.arange(members)[:, None] + 0.5) / members)
    free = small.ensemble.settings.model_copy(update={"folds": 0, "members": members})
    ensemble = replace(
        small.ensemble,
        settings=free,
        scale=1.0,
        skip=np.zeros((members, 12)),
        Z=Z,
        N=N,
        matrices=(np.zeros((members, 6, 12)), np.zeros((members, 6, 6))),
        biases=(np.zeros((members, 6)), np.repeat(bias, 6, axis=1)),
        validates=rng.random((members, n)).argsort(axis=0) < few,
        log_weight=np.full(members, -np.log(members)),
    )
    truth = ensemble.member_means(feature_matrix(Z, N, "M12")).mean(axis=0) + rng.normal(0, 0.6, n)
    of_few = bias.var(ddof=1) * (1 / few - 1 / members)
    assert ensemble.all_over_few(truth) ** 2 == pytest.approx(0.36 / (0.36 + of_few), abs=0.08)


def test_calibration_widens():
    mixture = Mixture(np.zeros((1, 2)), np.ones((1, 2)), np.ones((1, 2)))
    np.testing.assert_allclose(mixture.calibrated(Calibration(2.0, 1.5)).sds, 2.5)
