"""Corrected theories: blind to the nucleus itself, and as wide as they need be."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bmm.data import MassErrors
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction
from bmm.theory.corrected_model import FittedHyperparameters
from bmm.theory.correction import correct_average, correct_theory
from bmm.theory.residual_field import Hyperparameters

INDEX = nuclide_index(30 + np.arange(440) // 22, 40 + np.arange(440) % 22)
Z, N = (INDEX.get_level_values(name).to_numpy() for name in ("Z", "N"))
MEASURED = (np.arange(440) % 5 != 0) & (N < 60)


@pytest.fixture(scope="module")
def world():
    """Two models whose errors are smooth, one with gaps; measured on four nuclei of five."""
    rng = np.random.default_rng(12)
    apart = np.exp(-((Z[:, None] - Z) ** 2) / (2 * 3.0**2) - (N[:, None] - N) ** 2 / (2 * 4.0**2))
    smooth = rng.multivariate_normal(np.zeros(440), 0.64 * apart + 1e-8 * np.eye(440), size=2)
    mass = -60 + 0.1 * (N - 50.0) ** 2
    noise = 0.2 * rng.standard_t(NU, size=(2, 440))
    theory = (mass - smooth - noise).T
    theory[(Z == 33), 1] = np.nan
    frame = pd.DataFrame({"mass_excess": mass, "mass_excess_uncertainty": 0.01}, index=INDEX)
    return frame, prediction(INDEX, ["one", "two"], theory)


@pytest.fixture(scope="module")
def corrected(world):
    return correct_theory(world[0][MEASURED], world[1])


def test_corrected_masses_are_better_and_as_far_off_as_they_say(world, corrected):
    deviation = (
        world[0]["mass_excess"].to_numpy()[:, None] - corrected.theory["mass_excess"].to_numpy()
    )
    before = world[0]["mass_excess"].to_numpy()[:, None] - world[1]["mass_excess"].to_numpy()
    for part in (MEASURED, ~MEASURED):
        assert np.nanmean(deviation[part] ** 2) < 0.5 * np.nanmean(before[part] ** 2)
        z = deviation[part] / corrected.theory["mass_excess_sd"].to_numpy()[part]
        z = z[np.isfinite(z)]
        for level in (0.5, 0.68, 0.95):
            inside = np.mean(np.abs(z) < stats.t(NU).ppf(0.5 + level / 2))
            assert inside == pytest.approx(level, abs=0.1)


def test_gaps_stay_and_spreads_grow_away_from_the_data(world, corrected):
    gap = np.isnan(world[1]["mass_excess"].to_numpy())
    for name in ("mass_excess", "mass_excess_sd"):
        assert np.array_equal(np.isnan(corrected.theory[name].to_numpy()), gap)
    sd = corrected.theory["mass_excess_sd"].to_numpy()[:, 0]
    assert sd[N == 61].mean() > 1.2 * sd[N == 50].mean()


def test_a_measured_nucleus_is_corrected_by_the_others_only(world):
    learnt = Hyperparameters.of(np.append(np.log([0.8, 3, 4, *[0.05, 5, 5] * 4, 0.2]), 0.0))
    models = dict.fromkeys(("one", "two"), FittedHyperparameters(learnt, 0.7))
    before = world[0][MEASURED]
    after = before.copy()
    after.iloc[100, 0] += 1.0
    one, other = (
        correct_theory(each, world[1], learnt=models).theory["mass_excess"]
        for each in (before, after)
    )
    change = (other - one).to_numpy()[:, 0]
    itself = before.index[100]
    above = INDEX.get_indexer([(itself[0] + 1, itself[1])])[0]
    assert change[INDEX.get_indexer([itself])[0]] == pytest.approx(0, abs=1e-9)
    assert change[above] > 0.05


def test_what_was_learnt_is_told(corrected):
    facts = corrected.facts["two"]
    assert facts["n_training"] == int((MEASURED & (Z != 33)).sum())
    # The one slow field of this world is found by either of the two.
    stronger = max(("smooth", "broad"), key=facts["amplitude"].__getitem__)
    assert facts["amplitude"][stronger] == pytest.approx(0.8, rel=0.5)
    assert facts["rho_N"][stronger] == pytest.approx(4.0, rel=0.5)
    assert 0.4 < facts["factor"] < 1.2


def test_bad_input_is_named(world):
    frame, theory = world
    with pytest.raises(DataError, match="Zn-71 is measured, but theory lists no prediction"):
        correct_theory(frame[MEASURED], theory.isel(nucleus=N != 41))
    with pytest.raises(DataError, match=r"^one: covers no measured nucleus"):
        correct_theory(frame[MEASURED], theory.where(theory["theory"] != "one"))
    with pytest.raises(DataError, match=r"^a field of residuals needs at least 20"):
        correct_average(frame[MEASURED].iloc[:10], theory)


def test_a_model_with_few_measured_nuclei_is_as_wide_as_its_residuals(world, caplog):
    frame, theory = world
    few = frame[MEASURED].iloc[:10]
    found = correct_theory(few, theory.isel(theory=[0]))
    assert found.models == {}
    assert "one covers 10 measured nuclei, fewer than 20: it is not corrected" in caplog.text
    np.testing.assert_array_equal(found.theory["mass_excess"], theory["mass_excess"][:, [0]])
    at = theory["mass_excess"].to_numpy()[INDEX.get_indexer(few.index), 0]
    rms = np.sqrt(np.mean((few["mass_excess"] - at) ** 2))
    sd = found.theory["mass_excess_sd"].to_numpy()[:, 0] * np.sqrt(NU / (NU - 2))
    stated = np.nan_to_num(theory["mass_excess_sd"].to_numpy()[:, 0]) * np.sqrt(NU / (NU - 2))
    assert sd == pytest.approx(np.hypot(rms, stated))


def test_what_was_learnt_can_be_taken_over(world, corrected):
    frame, theory = world
    learnt = {name: each.learnt for name, each in corrected.models.items()}
    again = correct_theory(frame[MEASURED], theory, learnt=learnt)
    for name in ("mass_excess", "mass_excess_sd"):
        np.testing.assert_array_equal(again.theory[name], corrected.theory[name])
    part = Z < 36
    some = correct_theory(frame[MEASURED & part], theory.isel(nucleus=part), learnt=learnt)
    assert some.models["one"].learnt == learnt["one"]


def test_the_average_of_one_model_is_that_model(world):
    masses, theory = world[0][MEASURED], world[1].isel(theory=[0])
    alone = correct_theory(masses, theory).models
    average = correct_average(masses, theory)
    assert average.factor == pytest.approx(alone["one"].factor)
    assert average.facts == alone["one"].facts


def test_what_models_get_wrong_by_themselves_averages_out(world, corrected):
    """At 80 % of the nuclei both have errors of their own; at Z = 33 only one predicts."""
    average = correct_average(world[0][MEASURED], world[1])
    own = corrected.models["one"].field
    assert np.array_equal(average.field.Z, own.Z)
    both = own.Z != 33
    pair = np.stack([own.residual[both], corrected.models["two"].field.residual])
    assert average.field.residual[both] == pytest.approx(pair.mean(axis=0))
    assert average.field.residual[~both] == pytest.approx(own.residual[~both])
    sd = average.factor * average.field.at(Z[~MEASURED], N[~MEASURED])[1]
    each = corrected.theory["mass_excess_sd"].to_numpy()[~MEASURED]
    assert np.nanmedian(sd / each[:, 0]) == pytest.approx(np.sqrt(0.5), abs=0.1)
    again = correct_average(world[0][MEASURED], world[1], learnt=average.learnt)
    assert again.facts == average.facts


def stated_errors(frame, shift=0.0):
    u = frame["mass_excess_uncertainty"].to_numpy()
    return MassErrors(frame.index, np.full(len(u), shift), np.diag(u**2))


def test_errors_as_stated_change_nothing(world, corrected):
    frame = world[0][MEASURED]
    found = correct_theory(frame, world[1], errors=stated_errors(frame))
    for name in ("mass_excess", "mass_excess_sd"):
        expected = corrected.theory[name].to_numpy()
        assert found.theory[name].to_numpy() == pytest.approx(expected, nan_ok=True, rel=1e-7)
    learnt = correct_average(frame, world[1])
    average = correct_average(
        frame, world[1], learnt=learnt.field.hyperparameters, errors=stated_errors(frame)
    )
    assert average.factor == pytest.approx(learnt.factor, rel=1e-6)
    assert average.field.log_evidence == pytest.approx(learnt.field.log_evidence)


def test_errors_known_beforehand_are_taken_off(world, corrected):
    # All masses 0.3 MeV too high, and known to be.
    frame = world[0][MEASURED]
    wrong = frame.assign(mass_excess=frame["mass_excess"] + 0.3)
    learnt = {name: each.learnt for name, each in corrected.models.items()}
    found = correct_theory(wrong, world[1], learnt=learnt, errors=stated_errors(frame, -0.3))
    expected = corrected.theory["mass_excess"].to_numpy()
    assert found.theory["mass_excess"].to_numpy() == pytest.approx(expected, nan_ok=True)


def test_an_error_that_neighbours_share_moves_the_field_less(world, corrected):
    frame = world[0][MEASURED]
    learnt = {name: each.learnt for name, each in corrected.models.items()}
    shared = stated_errors(frame)
    inside = np.abs(frame.index.get_level_values("Z") - 40) < 3
    covariance = shared.covariance + 4.0 * np.outer(inside, inside)
    moved = frame.assign(mass_excess=frame["mass_excess"] + inside)
    errors = MassErrors(frame.index, shared.shift, covariance)
    change = {
        name: (
            correct_theory(moved, world[1], learnt=learnt, errors=each).theory["mass_excess"]
            - corrected.theory["mass_excess"]
        ).to_numpy()[(Z == 40) & (N == 61), 0]
        for name, each in (("independent", shared), ("shared", errors))
    }
    assert abs(change["shared"]) < 0.5 * abs(change["independent"])


def test_errors_must_be_those_of_the_masses(world):
    frame = world[0][MEASURED]
    with pytest.raises(DataError, match="the error of Zn-71 is not among those given"):
        correct_theory(frame, world[1], errors=stated_errors(frame.iloc[1:]))
    with pytest.raises(DataError, match="expected hyperparameters too"):
        correct_average(frame, world[1], errors=stated_errors(frame))
    with pytest.raises(DataError, match="as many shifts and a square covariance"):
        MassErrors(frame.index, np.zeros(2), np.eye(2))
