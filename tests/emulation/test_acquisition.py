"""Acquisitions against direct computations, and batches that are spread out."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from bmm.emulation.acquisition import ACQUISITIONS, choose, expected_reduction
from bmm.emulation.stationary import GaussianProcess
from bmm.errors import ConfigError

GRID = np.column_stack([x.ravel() for x in np.meshgrid(*[np.linspace(-1, 1, 15)] * 2)])
KNOWN = np.array([0, 20, 100, 112, 200])
ONES = np.ones(len(GRID))
LOGS = np.log([1.0, 0.01, 0.5, 0.5])


def process(computed):
    rng = np.random.default_rng(1)
    values = rng.normal(size=len(computed))
    return GaussianProcess(GRID[computed], values, LOGS, 0.0, 1.0, correlation="matern-3/2")


def chosen(name, batch, weight=ONES, seed=0):
    predicted = process(KNOWN).at(GRID)
    return choose(name, predicted, GRID, KNOWN, batch, weight, np.random.default_rng(seed))


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_a_batch_holds_new_points_once_each(name):
    batch = chosen(name, 12)
    assert len(set(batch.tolist())) == 12
    assert not set(batch.tolist()) & set(KNOWN.tolist())
    assert len(chosen(name, 10_000)) == len(GRID) - len(KNOWN)


def test_expected_reduction_is_what_a_new_value_takes_away():
    before = process(KNOWN).at(GRID)
    rows = np.arange(len(GRID))
    variance = np.diag(before.covariance(rows, rows))
    candidates = np.array([7, 60, 150, 224])
    expected = []
    for each in candidates:
        after = process(np.append(KNOWN, each)).at(GRID)
        expected.append((variance - np.diag(after.covariance(rows, rows))).sum())
    found = expected_reduction(before.covariance(rows, candidates), variance[candidates], ONES)
    np.testing.assert_allclose(found, expected, rtol=2e-3)  # the nugget is not in the formula


@pytest.mark.parametrize("name", ["spread", "error-reduction"])
def test_a_batch_is_as_good_as_points_chosen_one_by_one(name):
    computed = KNOWN
    for _ in range(5):
        predicted = process(computed).at(GRID)
        one = choose(name, predicted, GRID, computed, 1, ONES, np.random.default_rng(0))
        computed = np.append(computed, one)
    assert set(chosen(name, 5).tolist()) == set(computed[len(KNOWN) :].tolist())


@pytest.mark.parametrize("name", ["spread", "error-reduction", "space-filling"])
def test_a_batch_is_spread_out(name):
    predicted = process(KNOWN).at(GRID)
    clumped = np.argsort(-predicted.sd)[:10]
    random = [pdist(GRID[chosen("random", 10, seed=seed)]).min() for seed in range(20)]
    apart = pdist(GRID[chosen(name, 10)]).min()
    assert apart > 2 * pdist(GRID[clumped]).min()
    assert apart > np.quantile(random, 0.9)


@pytest.mark.parametrize("name", ["spread", "error-reduction"])
def test_points_that_do_not_matter_are_not_computed(name):
    weight = np.where(GRID[:, 0] < 0, 1.0, 1e-9)
    assert (GRID[chosen(name, 8, weight)][:, 0] < 0.3).all()


def test_an_unknown_acquisition_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'spread'"):
        chosen("spred", 3)
