"""Expected reductions of the variance, where they are known otherwise."""

import numpy as np
import pytest

from bmm.design import find_candidates, rank_candidates, read_target
from bmm.design.copula import ConditionedCopula, hermite_coefficients
from bmm.nuclides import nuclide_index, numbers
from bmm.prediction.derived import derive

TAU = 0.02


def rank(forecast, target, candidates, **options):
    return rank_candidates(
        forecast,
        find_candidates(candidates, forecast),
        read_target(target, forecast),
        **({"precision": TAU, "count": 1} | options),
    )


def covariance(forecast, nuclei):
    """Of the residual field, MeV^2, which is that of the masses where they are normal."""
    return forecast.average.field.covariance(*numbers(nuclei))


def test_one_gaussian_target_and_one_candidate(patch):
    found = rank(patch.normal, "masses 42,58", "42,57")
    V = covariance(patch.normal, nuclide_index([42, 42], [57, 58]))
    assert found.before**2 == pytest.approx(V[1, 1])
    row = found.alone.iloc[0]
    assert row["reduction"] * V[1, 1] == pytest.approx(V[0, 1] ** 2 / (V[0, 0] + TAU**2))
    assert row["reduction_error"] == 0
    assert row["sd"] == pytest.approx(np.sqrt(V[0, 0]))
    assert found.together.iloc[0]["reduction"] == row["reduction"]


def test_measuring_the_target_itself_leaves_the_precision(patch):
    found = rank(patch.normal, "masses 42,58", "42,58")
    v = covariance(patch.normal, nuclide_index([42], [58]))[0, 0]
    assert found.alone["left"].iloc[0] == pytest.approx(np.sqrt(1 / (1 / v + 1 / TAU**2)))


def test_a_set_is_conditioning_on_all_of_it(patch):
    """Greedy steps add up to the joint conditional normal."""
    text = "S_2n Z=41-43 N=56-59"
    found = rank(patch.normal, text, "Z=42 N=56-61", count=3)
    chosen = nuclide_index(*numbers(found.together.index))
    V = covariance(patch.normal, patch.index)
    at = patch.index.get_indexer(chosen)
    inner = V[np.ix_(at, at)] + TAU**2 * np.eye(3)
    after = V - V[:, at] @ np.linalg.solve(inner, V[at])
    measured = patch.normal.measured.index

    def mean_variance(matrix):
        total = []
        for Z, N in read_target(text, patch.normal).nuclei:
            weights = np.zeros(len(patch.index))
            for dN, factor in ((-2, 1.0), (0, -1.0)):
                if (Z, N + dN) not in measured:
                    weights[patch.index.get_loc((Z, N + dN))] = factor
            known = 0.05**2 if (Z, N - 2) in measured else 0.0
            total.append(weights @ matrix @ weights + known)
        return np.mean(total)

    assert found.before**2 == pytest.approx(mean_variance(V), rel=1e-6)
    assert found.together["left"].iloc[-1] ** 2 == pytest.approx(mean_variance(after), rel=1e-6)


def test_the_first_of_a_set_is_the_best_alone_and_sets_only_gain(patch):
    found = rank(patch.forecast, "masses Z=41-43 N=57-61", "Z=40-44 N=56-57", count=4)
    assert len(found.together) == 4
    assert found.together.index[0] == found.alone.index[0]
    assert found.alone["reduction"].is_monotonic_decreasing
    assert found.together["reduction"].is_monotonic_increasing
    assert found.together.index.is_unique
    assert (found.alone["reduction"] > 0).all()
    assert found.together["reduction"].iloc[-1] < 1


def test_conditioning_is_fitting_the_field_with_the_datum(patch):
    """At fixed hyperparameters; the datum's uncertainty is 0.02 MeV on both sides."""
    refitted = patch.make(True, late=[(42, 57)])
    others = patch.index[(patch.index.get_level_values("N") >= 58)]
    expected = np.diag(covariance(refitted, others))
    found = [
        rank(patch.normal, f"masses {Z},{N}", "42,57").alone["left"].iloc[0] ** 2
        for Z, N in others[:10]
    ]
    assert found == pytest.approx(expected[:10], rel=1e-8)


def test_squares_of_coefficients_add_up_to_the_variance(patch):
    law, rows = patch.forecast.law, np.arange(0, len(patch.forecast.law.Z), 3)
    found = (hermite_coefficients(law.table, rows) ** 2).sum(axis=1)
    at = patch.index.get_indexer(nuclide_index(law.Z[rows], law.N[rows]))
    assert np.sqrt(found) == pytest.approx(patch.forecast.distribution.sd[at], rel=5e-3)


def test_the_variance_before_is_that_of_joint_draws(patch):
    target = read_target("S_2n Z=42", patch.forecast)
    found = rank(patch.forecast, "S_2n Z=42", "neighbours")
    energy = derive(patch.forecast.draws(40000), "S_2n")
    expected = energy.isel(nucleus=patch.index.isin(target.nuclei)).var("draw").mean()
    assert found.before == pytest.approx(float(np.sqrt(expected)), rel=0.02)
    assert found.quantities == len(target.nuclei) == 6


def test_the_average_over_outcomes_is_that_of_simulated_measurements(patch):
    """Draw truths and outcomes, and condition the normal scores of each by its outcome."""
    law = patch.forecast.law
    both = patch.forecast.law_rows(nuclide_index([42, 42], [57, 59]))
    copula = ConditionedCopula(law, both, both[:1], 0.3)
    across, total = copula.innovation(0)
    rng = np.random.default_rng(1)
    scores = law.standard_normal(4000, rng, both)
    outcome = scores[:, 0] + copula.noise_sd(0) * rng.standard_normal(4000)
    mean = across[1] * outcome / total
    sd = np.sqrt(1 - across[1] ** 2 / total)
    z = mean[:, None] + sd * rng.standard_normal((4000, 800))
    drawn = law.table.masses(z.reshape(-1, 1), both[1:]).reshape(z.shape)
    expected = drawn.var(axis=1).mean()
    found = rank(patch.forecast, "masses 42,59", "42,57", precision=0.3)
    assert found.alone["left"].iloc[0] == pytest.approx(np.sqrt(expected), rel=0.03)
