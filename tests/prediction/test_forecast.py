"""A forecast: each nucleus as it is alone, neighbours tied by the residual field."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from bmm.distributions import StudentTMixture
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.nuclides import nuclide_index
from bmm.prediction.derived import QUANTITIES, derive
from bmm.prediction.existence import drip_lines, existence
from bmm.prediction.forecast import Forecast
from bmm.theory.adapters import prediction
from bmm.theory.corrected_model import CorrectedModel
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


ONE, TWO = CorrectedModel(field(1, 3.0), 0.7), CorrectedModel(field(2, 5.0), 0.9)


@pytest.fixture(scope="module")
def distribution():
    """Two models, of which the second stops at N = 60."""
    centre = np.stack([each.field.at(Z, N)[0] for each in (ONE, TWO)], axis=1)
    scale = np.stack([each.factor * each.field.at(Z, N)[1] for each in (ONE, TWO)], axis=1)
    centre[N > 60, 1] = np.nan
    return StudentTMixture(centre, scale, nu=NU)


@pytest.fixture(scope="module")
def nuclei():
    return prediction(INDEX, ["one"], np.zeros((len(INDEX), 1)))


@pytest.fixture(scope="module")
def measured():
    frame = pd.DataFrame({"mass_excess": -50.0, "mass_excess_uncertainty": 0.3}, index=INDEX)
    return frame[MEASURED]


@pytest.fixture(scope="module")
def known(nuclei, distribution, measured):
    return Forecast(nuclei, distribution, ONE, measured, seed=3)


@pytest.fixture(scope="module")
def surfaces(known):
    return known.draws(COUNT)


def test_every_nucleus_keeps_its_own_distribution(distribution, surfaces):
    for i in np.flatnonzero(~MEASURED)[::5]:
        some = distribution[[i]]

        def cdf(y, some=some):
            return some.cdf(np.asarray(y)[None])[0]

        assert stats.kstest(surfaces.isel(nucleus=i).to_numpy(), cdf).pvalue > 1e-4


def test_measured_nuclei_are_drawn_from_their_measurement(surfaces):
    draws = surfaces.isel(nucleus=np.flatnonzero(MEASURED)).to_numpy()
    assert draws.mean(axis=0) == pytest.approx(-50, abs=5 * 0.3 / np.sqrt(COUNT))
    assert draws.std(axis=0) == pytest.approx(0.3, rel=0.05)
    apart = np.corrcoef(draws.T) - np.eye(draws.shape[1])
    assert np.abs(apart).max() < 6 / np.sqrt(COUNT)


def test_neighbours_err_together_as_the_field_says(nuclei, distribution):
    """With one model as the average, the ranks' correlation is that of its conditioned field."""
    alone = StudentTMixture(distribution.location[:, :1], distribution.scale[:, :1], nu=NU)
    new = nuclei.isel(nucleus=~MEASURED)
    draws = Forecast(new, alone[~MEASURED], ONE, seed=5).draws(COUNT).to_numpy()
    covariance = ONE.field.covariance(Z[~MEASURED], N[~MEASURED])
    sd = np.sqrt(np.diag(covariance))
    exact = covariance / sd / sd[:, None]
    # Pearson's formula for a Gaussian copula.
    expected = 6 / np.pi * np.arcsin(exact / 2)
    found = stats.spearmanr(draws).statistic
    assert found == pytest.approx(expected, abs=6 / np.sqrt(COUNT))
    assert exact[0, 1] > 0.4


def test_the_correlation_of_the_law_is_that_of_its_draws(known):
    rows = np.arange(0, len(known.law.Z), 2)
    scores = known.law.standard_normal(COUNT, np.random.default_rng(8), rows)
    expected = known.law.correlation(rows, rows)
    assert np.corrcoef(scores.T) == pytest.approx(expected, abs=6 / np.sqrt(COUNT))
    assert scores.std(axis=0) == pytest.approx(1.0, rel=0.03)


def test_windows_of_the_chart_are_drawn_from_the_law_of_the_whole_chart(known):
    n = len(known.law.Z)
    whole = known.law.draws(COUNT, np.random.default_rng(11))
    # Two that overlap, and one of nuclei far from each other.
    for seed, rows in enumerate((np.arange(n // 2), np.arange(n // 4, n), np.arange(0, n, 5))):
        part = known.law.draws(COUNT, np.random.default_rng(seed), rows)
        assert part.shape == (COUNT, len(rows))
        for drawn, of_whole in zip(part.T, whole[:, rows].T, strict=True):
            assert stats.ks_2samp(drawn, of_whole).pvalue > 1e-5
        one, other = (stats.spearmanr(each).statistic for each in (part, whole[:, rows]))
        assert one == pytest.approx(other, abs=6 * np.sqrt(2 / COUNT))
        # They are tied: the test would not notice if all were independent.
        assert np.abs(other - np.eye(len(rows))).max() > 0.1


def test_neighbours_stay_tied_where_a_model_ends(surfaces):
    row = {n: surfaces.isel(nucleus=np.flatnonzero((Z == 41) & (n == N))).to_numpy()[:, 0]
           for n in (59, 60, 61)}  # fmt: skip
    assert np.corrcoef(row[60], row[61])[0, 1] > 0.2
    assert np.isfinite(row[61]).all()


def test_where_models_part_over_a_trend_differences_stay_sharp(nuclei):
    """Levels 4 MeV apart: either model may be right, but for both of two neighbours."""
    some = (Z == 41) & (N > 57) & (N <= 60)
    apart = StudentTMixture(np.tile([-2.0, 2.0], (int(some.sum()), 1)), 0.1, nu=NU)
    average = CorrectedModel(field(3, 3.0), 0.1)
    draws = Forecast(nuclei.isel(nucleus=some), apart, average, seed=6).draws(COUNT).to_numpy()
    assert draws.std(axis=0) == pytest.approx(2.0, rel=0.1)
    assert np.diff(draws, axis=1).std(axis=0).max() < 0.5 * draws.std()


def test_without_a_field_a_trend_ties_neighbours(nuclei, distribution):
    new = nuclei.isel(nucleus=~MEASURED)
    law = Forecast(new, distribution[~MEASURED]).law
    apart = np.hypot(law.Z[0] - law.Z, law.N[0] - law.N)
    expected = np.exp(-0.5 * (apart / 12) ** 2)
    assert law.correlation(np.array([0]), np.arange(len(law.Z)))[0] == pytest.approx(
        expected, abs=1e-3
    )


def test_draws_of_a_nucleus_without_a_prediction_are_nan(distribution):
    elsewhere = prediction(nuclide_index([90, 41], [140, 56]), ["one"], np.zeros((2, 1)))
    rows = INDEX.get_indexer(nuclide_index([90, 41], [140, 56]))
    draws = Forecast(elsewhere, distribution.take(rows), ONE).draws(10)
    assert np.isnan(draws.isel(nucleus=0)).all()
    assert np.isfinite(draws.isel(nucleus=1)).all()


def test_the_same_seed_draws_the_same(known, surfaces):
    assert known.draws(COUNT).identical(surfaces)
    assert not known.draws(COUNT, seed=4).identical(surfaces)


def test_every_table_is_made_of_the_same_draws(known):
    """Derived quantities, existence and drip lines follow from `joint` by their definitions."""
    table = known.derived_table()
    for name in QUANTITIES:
        draws = derive(known.joint, name).to_numpy()
        assert table[f"{name}_mean"].to_numpy() == pytest.approx(draws.mean(axis=0), nan_ok=True)
        lower = np.quantile(draws, 0.16, axis=0)
        assert table[f"{name}_lower_68"].to_numpy() == pytest.approx(lower, nan_ok=True)
        assert known.derived(name)["mean"].to_numpy() == pytest.approx(
            draws.mean(axis=0), nan_ok=True
        )
    assert table["existence"].to_numpy() == pytest.approx(
        existence(known.joint).to_numpy(), nan_ok=True
    )
    pd.testing.assert_frame_equal(known.drip_lines(), drip_lines(known.joint))


def test_the_joined_table_is_measured_where_measured(known, distribution):
    table = known.masses()
    assert table["measured"].to_numpy().tolist() == MEASURED.tolist()
    assert (table.loc[MEASURED, "mass_excess"] == -50.0).all()
    assert (table.loc[MEASURED, "mass_excess_sd"] == 0.3).all()
    assert table.loc[~MEASURED, "mass_excess"].to_numpy() == pytest.approx(
        distribution.mean[~MEASURED]
    )


def test_distributions_of_other_nuclei_are_refused(nuclei, distribution):
    with pytest.raises(DataError, match="expected distributions of 48 nuclei, not of 3"):
        Forecast(nuclei, distribution[:3])


def test_draws_are_labelled(surfaces):
    assert isinstance(surfaces, xr.DataArray)
    assert surfaces.dims == ("draw", "nucleus")
    assert surfaces.attrs["units"] == "MeV"
