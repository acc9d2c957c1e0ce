"""The Birge ratio of stated uncertainties: known truths, identities and the evaluations."""

import numpy as np
import pandas as pd
import pytest
import scoringrules
from scipy import optimize

from bmm.data import load_measured, uncertainty_scale_factor
from bmm.errors import DataError
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain


def evaluation(mass, uncertainty):
    """Masses of a made-up chart."""
    n = len(mass)
    index = nuclide_index(20 + np.arange(n) // 50, 20 + np.arange(n) % 50)
    return pd.DataFrame({"mass_excess": mass, "mass_excess_uncertainty": uncertainty}, index=index)


def remeasured(n, factor, deviate, *, later_factor=None, seed=3):
    """Two evaluations: the second holds weighted means of the first and of new measurements.

    Errors are the stated uncertainties times a factor, that of the new measurements the same
    unless another is given.
    """
    rng = np.random.default_rng(seed)
    later_factor = factor if later_factor is None else later_factor
    u, u_new = rng.uniform(0.05, 0.5, n), rng.uniform(0.01, 0.25, n)
    truth = rng.normal(-50, 20, n)
    old = truth + factor * u * deviate(rng, n)
    new = truth + later_factor * u_new * deviate(rng, n)
    weight = u**2 / (u**2 + u_new**2)
    return evaluation(old, u), evaluation(
        old + weight * (new - old), u * u_new / np.hypot(u, u_new)
    )


def normal(rng, n):
    return rng.normal(size=n)


def test_a_weighted_mean_moves_by_the_difference_of_the_squares():
    # The premise: w (new - old) has the variance w^2 (u^2 + u_new^2) = u^2 - u_later^2.
    u, u_new = np.array([0.3, 1.0, 2.0]), np.array([0.1, 1.0, 0.5])
    weight = u**2 / (u**2 + u_new**2)
    u_later = (u**-2 + u_new**-2) ** -0.5
    assert weight**2 * (u**2 + u_new**2) == pytest.approx(u**2 - u_later**2)


@pytest.mark.parametrize("factor", [1.3, 2.0, 5.0])
def test_a_known_factor_is_recovered(factor):
    found = uncertainty_scale_factor(*remeasured(3000, factor, normal))
    assert found.nuclei > 1500
    assert found.factor == pytest.approx(factor, abs=4 * found.standard_error)
    assert found.standard_error < 0.03 * factor
    for level, share in found.coverage_learnt.items():
        assert share == pytest.approx(float(level) / 100, abs=0.03)
        assert found.coverage_stated[level] < share


def test_right_uncertainties_are_left_alone():
    found = uncertainty_scale_factor(*remeasured(3000, 1.0, normal))
    assert found.factor == pytest.approx(1, abs=0.05)
    assert found.coverage_stated["68"] == pytest.approx(0.68, abs=0.03)


def test_overcautious_uncertainties_are_not_made_smaller():
    found = uncertainty_scale_factor(*remeasured(500, 0.5, normal))
    assert found.factor == 1
    assert found.coverage_learnt == found.coverage_stated
    assert found.coverage_stated["68"] > 0.9


def test_new_measurements_that_are_right_hide_a_part_of_the_factor():
    found = uncertainty_scale_factor(*remeasured(3000, 2.0, normal, later_factor=1.0))
    # At least half of the uncertainty gone: the new one has u_new^2 <= u^2 / 3.
    assert np.sqrt((4 + 1 / 3) / (4 / 3)) < found.factor < 2


def test_a_few_gross_errors_hardly_count():
    def gross(rng, n):
        return np.where(rng.random(n) < 0.03, 100.0, 1.0) * rng.normal(size=n)

    found = uncertainty_scale_factor(*remeasured(3000, 1.5, gross))
    assert 1.5 < found.factor < 1.75
    tails = uncertainty_scale_factor(
        *remeasured(3000, 1.5, lambda rng, n: rng.standard_t(2, size=n))
    )
    assert 1.5 < tails.factor < 3.0  # a spread of 1.5 x infinity
    assert tails.coverage_learnt["68"] == pytest.approx(0.74, abs=0.05)


def test_the_factor_has_the_least_mean_crps():
    earlier, later = remeasured(300, 2.0, lambda rng, n: rng.standard_t(3, size=n))
    found = uncertainty_scale_factor(earlier, later)
    u, u_later = earlier["mass_excess_uncertainty"], later["mass_excess_uncertainty"]
    z = (later["mass_excess"] - earlier["mass_excess"]) / np.sqrt(u**2 - u_later**2)
    z = z[u_later < u / 2].to_numpy()
    best = optimize.minimize_scalar(
        lambda f: scoringrules.crps_normal(z, 0.0, f).mean(), bounds=(0.1, 20), method="bounded",
        options={"xatol": 1e-8},
    ).x  # fmt: skip
    assert len(z) == found.nuclei
    assert found.factor == pytest.approx(best, rel=1e-6)


def test_the_standard_error_is_the_spread_of_the_factor():
    found = [
        uncertainty_scale_factor(*remeasured(200, 2.0, normal, seed=seed)) for seed in range(100)
    ]
    spread = np.std([each.factor for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.15)


def test_only_nuclei_in_both_count_in_whatever_order():
    earlier, later = remeasured(400, 2.0, normal)
    found = uncertainty_scale_factor(earlier, later)
    assert uncertainty_scale_factor(earlier.iloc[::-1], later).factor == pytest.approx(
        found.factor, rel=1e-9
    )
    part = uncertainty_scale_factor(earlier.iloc[:200], later)
    assert part == uncertainty_scale_factor(earlier, later.iloc[:200])
    assert part.nuclei < found.nuclei


def test_too_little_or_the_wrong_way_round_is_refused():
    earlier, later = remeasured(400, 2.0, normal)
    with pytest.raises(DataError, match=r"0 nuclei have at most half .* at least 20"):
        uncertainty_scale_factor(earlier, earlier)
    with pytest.raises(DataError, match="at least 20"):
        uncertainty_scale_factor(earlier, later.iloc[:15])
    with pytest.raises(DataError, match="expected the earlier evaluation first"):
        uncertainty_scale_factor(later, earlier)


def test_ame1995_was_revised_as_ame2003_was():
    factors = {}
    for earlier, later in (("AME1995", "AME2003"), ("AME2003", "AME2020")):
        table = load_measured(later)
        found = uncertainty_scale_factor(
            load_measured(earlier), table[Domain(Z=(8, 100), N=(8, 320)).covers(table.index)]
        )
        factors[earlier] = found
    assert factors["AME1995"].nuclei == 324
    assert factors["AME1995"].factor == pytest.approx(1.79, abs=0.005)
    assert factors["AME1995"].standard_error == pytest.approx(0.14, abs=0.005)
    # The factor that the rule gives for AME2003 agrees with AME2020.
    difference = factors["AME1995"].factor - factors["AME2003"].factor
    error = np.hypot(*(each.standard_error for each in factors.values()))
    assert abs(difference) < 2 * error
