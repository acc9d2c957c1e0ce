"""Masses added to corrected models, and the gain of sets chosen beforehand."""

import numpy as np
import pandas as pd
import pytest

from bmm.design import rank_candidates, read_target
from bmm.distributions import StudentTMixture
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.evaluation.retrospective import Later, compare_sets
from bmm.gp.lattice_kernel import lattice_points
from bmm.nuclides import nuclide_index, numbers
from bmm.prediction.forecast import Forecast
from bmm.theory.adapters import prediction
from bmm.theory.corrected_model import CorrectedModel
from bmm.theory.correction import Correction
from bmm.theory.residual_field import Hyperparameters, ResidualField

INDEX = nuclide_index(40 + np.arange(70) // 14, 50 + np.arange(70) % 14)
Z, N = numbers(INDEX)
KNOWN = N < 55
LEARNT = Hyperparameters.of(np.append(np.log([1.0, 2.0, 3.0, *[0.1, 5, 5] * 4, 0.1]), 0.0))
FACTOR = 1 / np.sqrt(2)


def corrected(residual, known):
    """One model that predicts -60 MeV everywhere, corrected by deviations at known nuclei."""
    field = ResidualField.conditioned(
        LEARNT, Z[known], N[known], residual[known], np.full(known.sum(), 0.02)
    )
    mean, sd = field.at(Z, N)
    model = CorrectedModel(field, FACTOR)
    scale = model.factor_at(Z, N) * sd
    return Correction(
        prediction(INDEX, ["one"], -60 + mean[:, None], scale[:, None]), {"one": model}
    )


def worlds(count):
    """Deviations from the model, drawn from the field."""
    points = lattice_points(Z, N)
    covariance = LEARNT.kernel(points, points) + LEARNT.nugget**2 * np.eye(len(Z))
    factor = np.linalg.cholesky(covariance)
    return (factor @ np.random.default_rng(6).standard_normal((len(Z), count))).T


def frame(residual, chosen):
    columns = {"mass_excess": -60 + residual, "mass_excess_uncertainty": 0.02}
    return pd.DataFrame(columns, index=INDEX)[chosen]


def test_adding_masses_is_correcting_by_them_as_well():
    residual = worlds(1)[0]
    later = Later(corrected(residual, KNOWN), frame(residual, ~KNOWN))
    added = np.array([0, 7, 20])
    centre, scale = later.given(added)
    both = KNOWN.copy()
    both[np.flatnonzero(~KNOWN)[added]] = True
    before, after = (corrected(residual, known).models["one"] for known in (KNOWN, both))
    expected = corrected(residual, both).theory.isel(nucleus=~KNOWN)
    # The local spread stays what it was before the masses were added.
    kept = (before.factor_at(Z, N) / after.factor_at(Z, N))[~KNOWN]
    others = np.setdiff1d(np.arange((~KNOWN).sum()), added)
    assert centre[0, others] == pytest.approx(
        expected["mass_excess"].to_numpy()[others, 0], abs=1e-7
    )
    assert scale[0, others] == pytest.approx(
        (expected["mass_excess_sd"].to_numpy()[:, 0] * kept)[others], abs=1e-6
    )
    rms, _ = later.score(added, others)
    error = centre[0, others] - frame(residual, ~KNOWN)["mass_excess"].to_numpy()[others]
    assert rms == pytest.approx(np.sqrt((error**2).mean()))


def test_chosen_sets_are_better_in_simulations_of_the_joint_law():
    candidates = INDEX[(N >= 55) & (N <= 58)]
    names = " ".join(f"{z},{n}" for z, n in INDEX[~KNOWN])
    residuals = worlds(40)
    # The choice of one Gaussian model depends on the places of the masses only.
    correction, measured = corrected(residuals[0], KNOWN), frame(residuals[0], KNOWN)
    theory = correction.theory
    distribution = StudentTMixture(theory["mass_excess"], theory["mass_excess_sd"], nu=NU)
    (average,) = correction.models.values()
    forecast = Forecast(theory, distribution, average, measured)
    target = read_target(f"masses {names}", forecast)
    ranking = rank_candidates(forecast, candidates, target, precision=0.02, count=4)
    chosen = nuclide_index(ranking.together.index)
    gains = []
    for residual in residuals:
        later = Later(corrected(residual, KNOWN), frame(residual, ~KNOWN))
        found = compare_sets(later, chosen, candidates, 6, seed=1)
        gains.append((found["rms_MeV_random"] ** 2 - found["rms_MeV_chosen"] ** 2).mean())
        assert found["judged"].between(len(later.nuclei) - 8, len(later.nuclei) - 4).all()
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert np.mean(gains) > 2 * error


def test_sets_from_elsewhere_are_refused():
    residual = worlds(1)[0]
    later = Later(corrected(residual, KNOWN), frame(residual, ~KNOWN))
    with pytest.raises(DataError, match="measured later"):
        compare_sets(later, INDEX[:2], INDEX[~KNOWN], 3)
    outside = frame(residual, ~KNOWN).rename(index={44: 90}, level="Z")
    with pytest.raises(DataError, match="no model covers"):
        Later(corrected(residual, KNOWN), outside)
