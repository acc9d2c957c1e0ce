"""Doubtful masses: identities of left-out predictions, and what became of them."""

import numpy as np
import pytest

from bmm.data import load_measured
from bmm.measurement.doubt import (
    doubt_masses,
    found_first,
    off_limit,
    roc_area,
    what_became_of,
)
from bmm.theory.adapters import numbers


@pytest.fixture(scope="module")
def doubts(region, found):
    return doubt_masses(found, *region)


def test_left_out_is_the_field_of_all_others(region, found, doubts):
    """One nucleus out of all, by the ordinary formula."""
    measured, _ = region
    Z, N = numbers(found.links.nuclei)
    theory = found.links.mass - found.average.residual
    # A nucleus that shares its error with another.
    noise = found.errors.covariance
    i = int(np.argmax(np.sum(noise**2, axis=1) / np.diag(noise) ** 2))
    others = np.arange(len(Z)) != i
    kernel = found.average.hyperparameters.kernel
    points = np.column_stack([Z, N]).astype(float)
    true = kernel(points, points)
    true += np.diag(kernel.nugget_variance(points) + found.average.variance)
    seen = true + noise
    weights = np.linalg.solve(seen[np.ix_(others, others)], true[others, i])
    row = doubts.loc[found.links.nuclei[i]]
    r = found.average.residual + found.errors.shift
    assert row["left_out"] == pytest.approx(theory[i] + weights @ r[others], abs=1e-6)
    variance = true[i, i] - weights @ true[others, i]
    assert row["left_out_sd"] == pytest.approx(np.sqrt(variance), rel=1e-5)
    largest = found.links.nuclei[others][np.argsort(-np.abs(weights))[:4]]
    assert set(row["neighbours"].split()) == set(doubts.loc[largest, "nucleus"])
    assert row["mass_excess"] == measured["mass_excess"].iloc[i]


def test_the_models_deviations_average_to_that_of_their_average(doubts):
    each = doubts[["deviation_FRDM2012", "deviation_DZ28"]].mean(axis=1)
    assert each.to_numpy() == pytest.approx(doubts["deviation"].to_numpy(), abs=1e-8)


def test_the_first_are_those_found_wrong(doubts):
    assert doubts["posterior_probability"].is_monotonic_decreasing
    assert doubts["posterior_probability"].between(0, 1).all()
    judged = what_became_of(doubts, ["AME2012", "AME2020"])
    assert judged.index.equals(doubts.index)
    assert set(judged["later"]) <= {"AME2012", "AME2020", ""}
    off = (judged["outcome"] == "off").to_numpy()
    later = load_measured("AME2020").reindex(judged.index)["mass_excess"]
    moved = (later - judged["mass_excess"]).abs() > off_limit(judged["uncertainty"].to_numpy())
    known = later.notna()
    assert (off[known] == moved[known]).all()
    assert off.sum() >= 4
    score = judged["posterior_probability"].to_numpy()
    assert roc_area(score, off) > 0.85
    assert (judged.loc[judged["outcome"] == "confirmed", "measured_anew"]).all()


def test_limits_are_four_uncertainties_or_150_keV():
    assert off_limit(np.array([0.0, 0.0375, 0.05])) == pytest.approx([0.15, 0.15, 0.2])


def test_roc_area_and_count_of_wrong_masses_among_the_first():
    off = np.array([True, False, True, False])
    assert roc_area(np.array([4.0, 3.0, 2.0, 1.0]), off) == 0.75
    assert np.isnan(roc_area(np.ones(4), np.zeros(4, dtype=bool)))
    assert found_first(off, (1, 3)) == {1: 1, 3: 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("evaluation", "area", "first"), [("AME2003", 0.9, 13), ("AME2012", 0.9, 1)]
)
def test_doubts_of_an_evaluation_judged_by_AME2020(tmp_path, evaluation, area, first):
    from bmm.workflows.doubt import find_doubts

    result = find_doubts(evaluation, tmp_path / "doubts", recalibrate=False)
    validation = result.summary["validation"]
    assert validation["roc_area"] > area
    assert validation["off_among_first"]["50"] >= first
