"""The nonstationary process: textbook formulas, learned values, and discontinuous surfaces."""

import numpy as np
import pytest
from scipy import optimize, stats

from bmm.emulation.energy_surface import Surface
from bmm.emulation.loop import LoopSettings, run_loop
from bmm.emulation.loop_state import read_state, write_state
from bmm.emulation.nonstationary import (
    NonstationaryLearner,
    NonstationaryProcess,
    local_roughness,
    negative_log_likelihood,
)
from bmm.emulation.stationary import ProcessLearner
from bmm.gp.stationary import Matern

RNG = np.random.default_rng(4)
POINTS = RNG.uniform(-1, 1, (30, 2))
VALUES = np.sin(3 * POINTS[:, 0]) + POINTS[:, 1] ** 2 + (POINTS[:, 0] > 0.2)
VALUES = (VALUES - VALUES.mean()) / VALUES.std()
SQUARED_RESIDUAL = RNG.exponential(size=30)
TILT = -0.4
LOGS = np.append(np.log([0.9, 0.6, 1.1, 0.4, 0.3, 0.7]), TILT)


def tear(points):
    """Where the sheets of `torn_energy` part: a curve that ends inside the surface, (n,)."""
    return (points[:, 0] > 0.1 + 0.3 * points[:, 1]) & (points[:, 1] > -0.4)


def torn_energy(points):
    x, y = points.T
    return 8 * np.cos(2 * x) * np.sin(1.5 * y) + 5 * x - 12 * (y + 0.4) * tear(points)


@pytest.fixture(scope="module")
def torn():
    grid = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 20), indexing="ij")
    points = np.column_stack([each.ravel() for each in grid])
    return Surface("torn", ("x", "y"), points, torn_energy(points))


def dense(first, second, first_rough, second_rough):
    first, second = (points @ [[1, 0], [TILT, 1]] for points in (first, second))
    total = np.zeros((len(first), len(second)))
    parts = (2.5, np.ones(len(first)), np.ones(len(second))), (0.5, first_rough, second_rough)
    for (smoothness, left, right), (amplitude, *lengths) in zip(
        parts, np.exp(LOGS[:6]).reshape(2, 3), strict=True
    ):
        kernel = Matern(tuple(lengths), smoothness=smoothness)
        total += amplitude**2 * np.outer(left, right) * kernel(first, second)
    return total


def test_likelihood_of_a_surface_that_is_rough_in_places():
    rough = np.sqrt(SQUARED_RESIDUAL)
    covariance = dense(POINTS, POINTS, rough, rough) + 1e-7 * np.eye(30)
    marginal = stats.multivariate_normal.logpdf(VALUES, np.zeros(30), covariance)
    value = negative_log_likelihood(LOGS, POINTS, VALUES, rough)[0]
    assert value == pytest.approx(-marginal - 15 * np.log(2 * np.pi))


def test_prediction_is_the_textbook_formula():
    process = NonstationaryProcess(
        POINTS, VALUES, LOGS, centre=-5.0, scale=2.0, squared_residual=SQUARED_RESIDUAL
    )
    new = RNG.uniform(-1, 1, (7, 2))
    predicted = process.at(new)
    rough, here = process.roughness(POINTS), process.roughness(new)
    inverse = np.linalg.inv(dense(POINTS, POINTS, rough, rough) + 1e-7 * np.eye(30))
    across = dense(new, POINTS, here, rough)
    np.testing.assert_allclose(predicted.mean, -5 + 2 * across @ inverse @ VALUES)
    expected = 4 * (dense(new, new, here, here) - across @ inverse @ across.T)
    everything = np.arange(7)
    np.testing.assert_allclose(predicted.covariance(everything, everything), expected, atol=1e-9)
    np.testing.assert_allclose(predicted.sd, np.sqrt(np.diag(expected)), rtol=1e-6)


def test_gradient_in_three_dimensions():
    points, rough = RNG.uniform(-1, 1, (20, 3)), np.sqrt(SQUARED_RESIDUAL[:20])
    logs = RNG.normal(scale=0.3, size=11)

    def value(logs):
        return negative_log_likelihood(logs, points, VALUES[:20], rough)[0]

    gradient = negative_log_likelihood(logs, points, VALUES[:20], rough)[1]
    numerical = optimize.approx_fprime(logs, value, 1e-6)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-4, atol=1e-4)


def test_directions_of_valleys_are_learned():
    """A valley that runs obliquely is learned as well as one along an axis."""
    points = np.random.default_rng(5).uniform(-1, 1, (250, 2))
    x, y = points.T
    values = np.cos(6 * (x - 0.5 * y)) + 0.3 * y
    process = NonstationaryLearner().fit(points[:60], values[:60], seed=0)
    assert process.logs[-1] == pytest.approx(-0.5, abs=0.05)
    stationary = ProcessLearner().fit(points[:60], values[:60], seed=0)
    errors = [(each.at(points).mean - values)[60:].std() for each in (process, stationary)]
    assert errors[0] < 0.5 * errors[1]


def test_roughness_is_one_far_from_all_and_grows_with_residuals_nearby():
    learned = np.array([[-0.9, -0.9], [0.9, 0.9]])
    (low, high), freedom = local_roughness(learned, np.array([0.0, 100.0]), learned)
    assert low < 1 < high
    assert freedom == pytest.approx(2 / 3, rel=1e-3)  # a residual, and a prior of twice its weight
    far, _ = local_roughness(np.tile(learned, (50, 1)), np.full(100, 100.0), np.zeros((1, 2)))
    assert far == pytest.approx(1.0)


def test_learned_values_are_returned_and_a_process_is_made_again(torn):
    chosen = np.random.default_rng(1).choice(len(torn), 120, replace=False)
    learner = NonstationaryLearner()
    process = learner.fit(torn.scaled[chosen], torn.energy[chosen], seed=0)
    predicted = process.at(torn.scaled)
    np.testing.assert_allclose(predicted.mean[chosen], torn.energy[chosen], atol=1e-3)
    again = learner.unpack(learner.pack(process), 2).at(torn.scaled)
    np.testing.assert_array_equal(again.mean, predicted.mean)
    np.testing.assert_array_equal(again.sd, predicted.sd)


def test_values_that_are_all_the_same_are_learned():
    predicted = (
        NonstationaryLearner().fit(POINTS, np.full(30, 7.0), seed=0).at(RNG.uniform(-1, 1, (9, 2)))
    )
    np.testing.assert_allclose(predicted.mean, 7.0)
    assert np.isfinite(predicted.sd).all()


def test_uncertainty_is_larger_beside_a_discontinuity(torn):
    """At the same distance from what is known, in the middle of squares of known points."""
    cells = np.stack(np.meshgrid(*[np.linspace(-1, 1, 15)] * 2), -1)
    known, middle = cells.reshape(-1, 2), ((cells[1:, 1:] + cells[:-1, :-1]) / 2).reshape(-1, 2)
    off = np.abs(middle[:, 0] - 0.1 - 0.3 * middle[:, 1])
    beside, far = (off < 0.08) & (middle[:, 1] > 0.1), off > 0.4
    ratios = []
    for learner in (NonstationaryLearner(), ProcessLearner()):
        sd = learner.fit(known, torn_energy(known), seed=0).at(middle).sd
        ratios.append(np.median(sd[beside]) / np.median(sd[far]))
    assert ratios[0] > 1.5
    assert ratios[1] < 1.1


def test_roughness_is_uniform_on_a_smooth_surface_and_local_at_a_discontinuity(torn):
    chosen = np.random.default_rng(1).choice(len(torn), 150, replace=False)
    points, learner = torn.scaled[chosen], NonstationaryLearner()
    x, y = points.T
    even = learner.fit(points, np.sin(3 * x) * np.cos(2 * y), seed=0)
    np.testing.assert_allclose(even.roughness(torn.scaled), 1.0)
    assert np.ptp(learner.fit(points, torn.energy[chosen], seed=0).roughness(torn.scaled)) > 1


def test_new_points_follow_discontinuities_better_than_with_a_stationary_process(torn):
    settings = LoopSettings(start=0.05, budget=0.2, growth=0.3)
    errors = {
        learner.name: np.median(
            [run_loop(torn, learner, settings, seed).rounds[-1].rmse for seed in range(3)]
        )
        for learner in (NonstationaryLearner(), ProcessLearner())
    }
    assert errors["nonstationary-gp"] < 0.5 * errors["gp"]


def test_a_resumed_loop_ends_as_an_uninterrupted_one(torn, tmp_path):
    settings, learner, states = LoopSettings(start=0.05, budget=0.1), NonstationaryLearner(), []
    whole = run_loop(torn, learner, settings, 3, after=states.append)
    path = tmp_path / "state.npz"
    write_state(path, states[1], learner, {})
    again = run_loop(torn, learner, settings, 3, resumed=read_state(path, learner, {}, 2))
    np.testing.assert_array_equal(again.computed, whole.computed)
    np.testing.assert_array_equal(again.means, whole.means)
