"""Recalibration of probabilities: recovered truths, its limits, and that ranks stay."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from bmm.measurement.doubt import reliability
from bmm.measurement.recalibration import Recalibration


def draw(rng, n, intercept, slope):
    raw = special.expit(rng.normal(-3, 3, n))
    return raw, rng.uniform(size=n) < special.expit(intercept + slope * special.logit(raw))


def test_what_probabilities_are_worth_is_recovered():
    rng = np.random.default_rng(2)
    transitions = [draw(rng, 400, rng.normal(-0.6, 0.4), 0.5) for _ in range(10)]
    learnt = Recalibration.learn(transitions)
    assert learnt.intercept == pytest.approx(-0.6, abs=0.3)
    assert learnt.slope == pytest.approx(0.5, abs=0.05)
    assert learnt.scatter == pytest.approx(0.4, abs=0.2)
    assert (learnt.n, learnt.transitions) == (4000, 10)
    assert learnt.n_off == sum(off.sum() for _, off in transitions)
    # Of transitions that it has not seen, probabilities are right on average.
    later = [draw(rng, 300, rng.normal(-0.6, 0.4), 0.5) for _ in range(200)]
    raw, off = (np.concatenate(each) for each in zip(*later, strict=True))
    curve = reliability(learnt.apply(raw), off)
    assert curve["observed"].to_numpy() == pytest.approx(curve["expected"].to_numpy(), rel=0.4)
    assert curve["n"].sum() == raw.size


def test_ranks_stay():
    rng = np.random.default_rng(3)
    learnt = Recalibration.learn([draw(rng, 300, -1, 0.3)])
    raw = np.sort(np.concatenate([np.logspace(-12, -0.01, 500), 1 - np.logspace(-9, -0.3, 100)]))
    assert (np.diff(learnt.apply(raw)) > 0).all()
    # What is stated to be impossible, or certain, is neither.
    ends = learnt.apply(np.array([0.0, 1.0]))
    assert 0 < ends[0] < learnt.apply(raw)[0]
    assert learnt.apply(raw)[-1] <= ends[1] < 1


def test_without_history_it_is_the_mean_over_the_prior():
    learnt = Recalibration.learn([])
    assert learnt.apply(np.array([0.5]))[0] == pytest.approx(0.5, abs=1e-4)
    assert learnt.scatter == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.05)
    assert learnt.n == 0


def test_one_mass_by_quadrature():
    """The probability of a second mass, given that one of even odds was off."""
    learnt = Recalibration.learn([(np.array([0.5]), np.array([True]))])

    def moment(power):
        # Both intercepts are normal about a centre with variance 4 + scatter^2 and covariance 4.
        def inner(scatter):
            nodes, weights = np.polynomial.hermite_e.hermegauss(60)
            weights = weights / weights.sum()
            centre = 2.0 * nodes
            each = special.expit(centre[:, None] + scatter * nodes) @ weights
            return float(weights @ each**power) * stats.halfnorm(scale=0.5).pdf(scatter)

        return integrate.quad(inner, 0, 2.5)[0]

    expected = moment(2) / moment(1)
    assert learnt.apply(np.array([0.5]))[0] == pytest.approx(expected, abs=0.003)


def test_transitions_that_differ_widen_what_is_expected():
    rng = np.random.default_rng(5)
    raw, _ = draw(rng, 500, 0, 0.5)
    few, many = (rng.uniform(size=500) < share for share in (0.01, 0.2))
    apart = Recalibration.learn([(raw, few), (raw, many)])
    alike = Recalibration.learn([(raw, few | many), (raw, few | many)])
    assert apart.scatter > 1.5 * alike.scatter
