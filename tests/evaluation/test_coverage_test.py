"""How far from nominal coverage may be, where the forecast is known to be right or wrong."""

import numpy as np
import pytest
from scipy import stats

from bmm.evaluation import scores as sc
from bmm.evaluation.coverage_test import chance, count_inside, inside_if_true

LEVELS = (0.5, 0.68, 0.9)


def joint(rng, count, n=60, groups=6):
    """Draws of values whose errors are mostly those of their group."""
    common = np.repeat(rng.standard_normal((count, groups)), n // groups, axis=1)
    return common + 0.5 * rng.standard_normal((count, n))


def coverage_of(draws, truth):
    return np.array([(2 * np.abs(sc.pit(draws, truth) - 0.5) <= level).mean() for level in LEVELS])


def test_counts_are_those_of_scoring_each_draw_against_all():
    draws = joint(np.random.default_rng(1), 101)
    expected = [60 * coverage_of(draws, draw) for draw in draws]
    np.testing.assert_array_equal(inside_if_true(draws, LEVELS), np.rint(expected))


def test_counts_of_parts_add_up_to_those_of_the_whole():
    draws = joint(np.random.default_rng(3), 500)
    among = np.arange(60) % 3 == 0
    some, rest = count_inside(draws, LEVELS, [among, ~among])
    np.testing.assert_array_equal(some, inside_if_true(draws[:, among], LEVELS))
    np.testing.assert_array_equal(some + rest, inside_if_true(draws, LEVELS))


def test_an_interval_narrower_than_one_draw_holds_the_middle_one_or_none():
    values = np.arange(6.0)[:, None]
    assert inside_if_true(values[:5], [0.1])[:, 0].tolist() == [0, 0, 1, 0, 0]
    assert inside_if_true(values, [0.1])[:, 0].tolist() == [0] * 6


def test_simulated_coverage_of_independent_nuclei_is_binomial():
    rng = np.random.default_rng(2)
    inside = inside_if_true(rng.standard_normal((4000, 100)), [0.5])[:, 0]
    assert inside.mean() == pytest.approx(50, abs=0.05)
    assert inside.std() == pytest.approx(5, rel=0.05)


def test_coverage_p_value_is_uniform_if_the_forecast_is_right():
    rng = np.random.default_rng(5)
    # So many values that hardly two draws deviate by the same.
    draws, truths = joint(rng, 1000, n=1800, groups=20), joint(rng, 300, n=1800, groups=20)
    inside = inside_if_true(draws, LEVELS)
    found = [chance(inside, 1800, coverage_of(draws, each), LEVELS) for each in truths]
    assert stats.kstest(found, "uniform").pvalue > 0.05


def test_coverage_p_value_is_small_for_larger_or_correlated_errors():
    rng = np.random.default_rng(4)
    draws = joint(rng, 2000)
    inside = inside_if_true(draws, LEVELS)
    wide = [chance(inside, 60, coverage_of(draws, 3 * each), LEVELS) for each in joint(rng, 50)]
    assert np.median(wide) < 0.01
    alone = rng.permuted(draws, axis=0)
    claimed = inside_if_true(alone, LEVELS)
    shared = [chance(claimed, 60, coverage_of(alone, each), LEVELS) for each in joint(rng, 200)]
    assert np.mean(np.array(shared) < 0.05) > 0.4


def test_the_largest_deviation_of_all_still_has_a_chance():
    inside = np.full((99, 1), 5)
    assert chance(inside, 10, np.array([1.0]), [0.5]) == 0.01
    assert chance(inside, 10, np.array([0.5]), [0.5]) == 1.0
