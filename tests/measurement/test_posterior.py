"""Measurement errors of an evaluation: limits, and a region that history has judged."""

import numpy as np
import pytest

from bmm.data import find_evaluation, load_measured
from bmm.errors import DataError
from bmm.measurement.link_errors import LinkErrors
from bmm.measurement.links import KINDS, link_masses
from bmm.measurement.posterior import (
    MeasurementErrors,
    TheoryAverage,
    infer_measurement_errors,
    link_posterior,
)
from bmm.measurement.treatment import treat_errors
from bmm.theory.adapters import numbers


def without_differences():
    from bmm.data import load_differences

    return load_differences("AME2003").iloc[:0]


def test_normal_errors_without_links_are_the_stated_ones(region):
    measured, theory = region
    links = link_masses(measured, without_differences())
    ones, none = np.ones(len(KINDS)), np.zeros(len(KINDS))
    law = LinkErrors(1e8, ones, none, 0.0, 1.0, none.astype(int))
    average = TheoryAverage.of(measured, theory)
    errors = MeasurementErrors(links, law, average, link_posterior(links, law, average))
    u = measured["mass_excess_uncertainty"].to_numpy()
    assert errors.errors.covariance == pytest.approx(np.diag(u**2), rel=2e-3, abs=1e-12)
    assert errors.errors.shift == pytest.approx(np.zeros(len(u)), abs=1e-4)
    # The posterior is then that of a field with independent noise.
    Z, N = numbers(measured.index)
    points = np.column_stack([Z, N]).astype(float)
    kernel = average.hyperparameters.kernel
    K = kernel(points, points) + np.diag(kernel.nugget_variance(points))
    gain = np.diag(u**2) @ np.linalg.inv(K + np.diag(u**2))
    assert errors.mean == pytest.approx(-gain @ average.residual, rel=1e-2, abs=1e-3)
    assert errors.sd**2 == pytest.approx(np.diag(np.diag(u**2) - gain @ np.diag(u**2)), rel=1e-2)


def test_expected_errors_are_those_found_later(region, found):
    measured, _ = region
    later = load_measured("AME2020").reindex(measured.index)
    error = (later["mass_excess"] - measured["mass_excess"]).to_numpy()
    u = measured["mass_excess_uncertainty"].to_numpy()
    anew = (later["mass_excess_uncertainty"].to_numpy() < 0.5 * u) & (u > 0.01)
    assert anew.sum() > 60
    left = error[anew] - found.mean[anew]
    assert np.mean(left**2) < 0.8 * np.mean(error[anew] ** 2)
    assert np.corrcoef(found.mean[anew], error[anew])[0, 1] > 0.5


def test_what_is_well_measured_stays(region, found):
    measured, _ = region
    precise = measured["mass_excess_uncertainty"].to_numpy() < 5e-3
    assert np.abs(found.mean[precise]).max() < 0.03
    assert (found.sd[precise] < 0.03).all()


def test_the_facts_are_plain_and_the_treatment_names_them(region, found):
    treated = treat_errors("learnt", *region)
    assert treated.facts == {"measurement_errors": found.facts}
    assert set(found.facts["kinds"]) == set(KINDS)
    assert treated.errors.shift == pytest.approx(found.errors.shift)
    assert treated.average == found.average.hyperparameters


def test_masses_of_no_evaluation_are_refused(region):
    measured, theory = region
    mine = measured.assign(mass_excess=measured["mass_excess"] + 1e-6)
    n = len(measured)
    with pytest.raises(DataError, match=f"0 of {n} are those of AME"):
        infer_measurement_errors(mine, theory)
    assert find_evaluation(measured) == "AME2003"
    with pytest.raises(DataError, match="no evaluation before AME1983"):
        treat_errors("factor", load_measured("AME1983").iloc[:200], theory)
    with pytest.raises(DataError, match="is measured, but no model predicts it"):
        TheoryAverage.of(measured, theory.isel(nucleus=slice(1, None)))
