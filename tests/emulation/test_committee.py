"""Committees: what they learn, their spread against their errors, the points each member sees."""

import numpy as np
import pytest
from scipy import stats

from bmm.distributions.student_t import NU
from bmm.emulation.calibration import Calibration, fit_calibration
from bmm.emulation.committee import CommitteeLearner, feeding
from bmm.emulation.network_settings import PRESETS, CommitteeSettings, preset
from bmm.emulation.networks import evaluate, make_networks, train_networks
from bmm.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def learned(small, surface, energy_window):
    """A committee calibrated on a fifth of the surface, and its errors on the rest."""
    rows = np.random.default_rng(3).choice(len(surface), len(surface) // 5, replace=False)
    values = energy_window.compress(surface.energy)
    committee = small.fit(surface.scaled[rows], values[rows], seed=0)
    committee = small.calibrated(committee, surface.scaled[rows], values[rows], seed=1)
    left = np.ones(len(surface), dtype=bool)
    left[rows] = False
    predicted = committee.at(surface.scaled)
    return committee, predicted, values, left


def test_a_surface_is_learned(learned):
    _, predicted, values, left = learned
    error = (predicted.mean - values)[left]
    assert np.sqrt((error**2).mean()) < 0.15 * values[left].std()


def test_the_spread_ranks_the_errors(learned):
    _, predicted, values, left = learned
    error = np.abs(predicted.mean - values)[left]
    assert stats.spearmanr(error, predicted.spread[left])[0] > 0.2


def test_held_out_points_calibrate_the_spread(learned):
    committee, predicted, values, left = learned
    z = np.abs(predicted.mean - values)[left] / predicted.sd[left]
    for level in (0.5, 0.68, 0.9):
        inside = (z < stats.t.ppf(0.5 + level / 2, NU)).mean()
        assert inside == pytest.approx(level, abs=0.15)
    assert committee.calibration.factor > 0


def test_the_covariance_is_tapered_and_positive(learned):
    committee, predicted, _, _ = learned
    rows = np.arange(0, len(predicted.mean), 7)
    covariance = predicted.covariance(rows, rows)
    factor = committee.calibration.factor
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), factor * predicted.spread[rows])
    assert np.linalg.eigvalsh(covariance).min() > -1e-8 * covariance.max()
    far = np.abs(predicted.points[rows, None] - predicted.points[None, rows]).max(-1) > 1
    assert np.abs(covariance[far]).max() < 1e-3 * covariance.max()


def test_a_committee_is_packed_and_made_again(learned, small, surface):
    committee, predicted, _, _ = learned
    again = small.unpack(small.pack(committee), 2).at(surface.scaled)
    np.testing.assert_array_equal(again.members, predicted.members)
    np.testing.assert_array_equal(again.sd, predicted.sd)


def test_the_same_seed_gives_the_same_committee(small, surface):
    points, values = surface.scaled[:60], surface.energy[:60]
    first, second, other = (small.fit(points, values, seed).at(points).mean for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_members_see_shared_bootstrap_or_split_points():
    rng = np.random.default_rng(0)
    weights = {
        feed: feeding(CommitteeSettings(members=5, feed=feed), 40, rng)
        for feed in ("shared", "bootstrap", "split")
    }
    assert (weights["shared"] == 1).all()
    np.testing.assert_array_equal(weights["bootstrap"].sum(axis=1), 40)
    assert 0.2 < (weights["bootstrap"] == 0).mean() < 0.5
    np.testing.assert_array_equal(weights["split"].sum(axis=0), 1)
    np.testing.assert_array_equal(weights["split"].sum(axis=1), 8)


def test_a_member_depends_on_its_own_points_only(small, surface):
    settings = small.settings.model_copy(update={"members": 2})
    points, values = surface.scaled[:40], np.linspace(-1, 1, 40)
    weights = np.ones((2, 40))
    weights[0, 5] = 0.0
    start = make_networks(0, 2, settings)
    changed = values.copy()
    changed[5] += 3.0
    before, after = (
        evaluate(train_networks(start, points, each, weights, 50, 0, settings)[0], points)
        for each in (values, changed)
    )
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[1] != after[1]).all()


def test_batches_and_the_presets(surface):
    published = preset("published")
    assert (published.width, published.activation, published.optimizer, published.epochs) == (
        150, "relu", "adamax", 2000,
    )  # fmt: skip
    assert 3 <= published.hidden_layers <= 6
    assert 10 <= published.batch <= 60
    shorter = published.model_copy(update={"epochs": 80, "width": 32, "members": 2})
    points, values = surface.scaled[::6], surface.energy[::6]
    error = CommitteeLearner(shorter).fit(points, values, seed=0).at(points).mean - values
    assert np.sqrt((error**2).mean()) < 0.5 * values.std()
    assert set(PRESETS) == {"default", "published"}


def test_calibration_recovers_factor_and_floor():
    rng = np.random.default_rng(0)
    spread = rng.lognormal(0, 1, 3000)
    error = rng.standard_t(NU, 3000) * np.hypot(2.5 * spread, 0.7)
    found = fit_calibration(error, spread)
    assert found.factor == pytest.approx(2.5, rel=0.1)
    assert found.floor == pytest.approx(0.7, rel=0.2)
    np.testing.assert_allclose(Calibration(2, 3).sd(np.array([0.0, 2.0])), [3, 5])


def test_bad_settings_are_refused(surface):
    with pytest.raises(ConfigError, match="did you mean 'published'"):
        preset("publishd")
    split = CommitteeLearner(CommitteeSettings(feed="split"))
    with pytest.raises(DataError, match="10 points cannot be split among 8 members"):
        split.fit(surface.scaled[:10], surface.energy[:10], seed=0)
    wild = CommitteeLearner(CommitteeSettings(members=2, width=8, learning_rate=1e30, epochs=20))
    with pytest.raises(DataError, match="diverged: expected a smaller learning_rate"):
        wild.fit(surface.scaled[:30], surface.energy[:30], seed=0)


def test_without_the_packages_one_command_is_named(monkeypatch):
    monkeypatch.setattr("bmm.emulation.extra.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'nuclear-bmm\[emulate\]'"):
        CommitteeLearner()
