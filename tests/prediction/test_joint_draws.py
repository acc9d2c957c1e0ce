"""Joint draws: each nucleus as it is alone, neighbours as the field ties them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from bmm.distributions.student_t import NU
from bmm.nuclides import nuclide_index
from bmm.prediction.joint_draws import sample_surfaces
from bmm.theory.adapters import prediction
from bmm.theory.correction import CorrectedModel, Correction
from bmm.theory.residual_field import Hyperparameters, ResidualField

INDEX = nuclide_index(40 + np.arange(48) // 12, 50 + np.arange(48) % 12)
Z, N = (INDEX.get_level_values(name).to_numpy() for name in ("Z", "N"))
MEASURED = N < 55
COUNT = 20000


def field(seed, rho):
    learnt = Hyperparameters.of(np.append(np.log([1.0, rho, rho, *[0.1, 4, 4] * 4, 0.1]), 0.0))
    residual = np.random.default_rng(seed).normal(size=int(MEASURED.sum()))
    return ResidualField.conditioned(
        learnt, Z[MEASURED], N[MEASURED], residual, np.full(len(residual), 0.05)
    )


@pytest.fixture(scope="module")
def correction():
    """Two models, of which the second stops at N = 60."""
    models = {"one": CorrectedModel(field(1, 3.0), 0.7), "two": CorrectedModel(field(2, 5.0), 0.9)}
    centre = np.stack([each.field.at(Z, N)[0] for each in models.values()], axis=1)
    scale = np.stack([each.factor * each.field.at(Z, N)[1] for each in models.values()], axis=1)
    centre[N > 60, 1] = np.nan
    return Correction(prediction(INDEX, list(models), centre, scale), models)


@pytest.fixture(scope="module")
def measured():
    frame = pd.DataFrame({"mass_excess": -50.0, "mass_excess_uncertainty": 0.3}, index=INDEX)
    return frame[MEASURED]


@pytest.fixture(scope="module")
def surfaces(correction, measured):
    return sample_surfaces(correction, correction.theory, COUNT, 3, measured=measured)


def test_every_nucleus_keeps_its_own_distribution(correction, surfaces):
    part = correction.theory.transpose("nucleus", "theory")
    for i in np.flatnonzero(~MEASURED)[::5]:
        centre, scale = part["mass_excess"][i].to_numpy(), part["mass_excess_sd"][i].to_numpy()
        known = np.isfinite(centre)

        def cdf(y, centre=centre[known], scale=scale[known]):
            return stats.t(NU).cdf((np.asarray(y)[:, None] - centre) / scale).mean(axis=1)

        assert stats.kstest(surfaces.isel(nucleus=i).to_numpy(), cdf).pvalue > 1e-4


def test_measured_nuclei_are_drawn_from_their_measurement(surfaces):
    draws = surfaces.isel(nucleus=np.flatnonzero(MEASURED)).to_numpy()
    assert draws.mean(axis=0) == pytest.approx(-50, abs=5 * 0.3 / np.sqrt(COUNT))
    assert draws.std(axis=0) == pytest.approx(0.3, rel=0.05)
    apart = np.corrcoef(draws.T) - np.eye(draws.shape[1])
    assert np.abs(apart).max() < 6 / np.sqrt(COUNT)


def test_neighbours_err_together_as_the_field_says(correction):
    """With one model, the ranks' correlation is that of the conditioned field."""
    alone = Correction(correction.theory.isel(theory=[0]), {"one": correction.models["one"]})
    own = correction.models["one"]
    new = alone.theory.isel(nucleus=~MEASURED)
    draws = sample_surfaces(alone, new, COUNT, 5, average=own).to_numpy()
    covariance = own.field.covariance(Z[~MEASURED], N[~MEASURED])
    sd = np.sqrt(np.diag(covariance))
    exact = covariance / sd / sd[:, None]
    # Pearson's formula for a Gaussian copula.
    expected = 6 / np.pi * np.arcsin(exact / 2)
    found = stats.spearmanr(draws).statistic
    assert found == pytest.approx(expected, abs=6 / np.sqrt(COUNT))
    assert exact[0, 1] > 0.4


def test_neighbours_stay_tied_where_a_model_ends(surfaces):
    row = {n: surfaces.isel(nucleus=np.flatnonzero((Z == 41) & (n == N))).to_numpy()[:, 0]
           for n in (59, 60, 61)}  # fmt: skip
    assert np.corrcoef(row[60], row[61])[0, 1] > 0.2
    assert np.isfinite(row[61]).all()


def test_where_models_part_over_a_trend_differences_stay_sharp(correction):
    """Levels 4 MeV apart: either model may be right, but for both of two neighbours."""
    apart = correction.theory.copy(deep=True)
    level = xr.DataArray([-2.0, 2.0], dims="theory")
    apart["mass_excess"] = (0 * apart["mass_excess"] + level).transpose("nucleus", "theory")
    apart["mass_excess_sd"] = 0 * apart["mass_excess_sd"] + 0.1
    average = CorrectedModel(field(3, 3.0), 0.1)
    new = apart.isel(nucleus=(Z == 41) & (N > 57) & (N <= 60))
    draws = sample_surfaces(
        Correction(apart, correction.models), new, COUNT, 6, average=average
    ).to_numpy()
    assert draws.std(axis=0) == pytest.approx(2.0, rel=0.1)
    assert np.diff(draws, axis=1).std(axis=0).max() < 0.5 * draws.std()


def test_what_nobody_knows_is_unknown(correction):
    elsewhere = prediction(nuclide_index([90, 41], [140, 56]), ["one"], np.zeros((2, 1)))
    draws = sample_surfaces(correction, elsewhere, 10, 1)
    assert np.isnan(draws.isel(nucleus=0)).all()
    assert np.isfinite(draws.isel(nucleus=1)).all()


def test_the_same_seed_draws_the_same(correction, measured, surfaces):
    again = sample_surfaces(correction, correction.theory, COUNT, 3, measured=measured)
    assert again.identical(surfaces)
