import numpy as np
import pandas as pd
import pytest
import scoringrules
from scipy import stats

from bmm.distributions import StudentTMixture
from bmm.errors import DataError
from bmm.evaluation import scores as sc
from bmm.evaluation.nucleus_scores import interval_score, nucleus_scores
from bmm.nuclides import nuclide_index

INDEX = nuclide_index(np.repeat(np.arange(30, 38), 25), np.tile(np.arange(40, 65), 8))


@pytest.fixture
def normal_forecast():
    """N(mean, 0.3) and masses that scatter by 0.4 more."""
    rng = np.random.default_rng(5)
    mean = rng.normal(-50, 5, 200)
    measured = pd.DataFrame(
        {"mass_excess": rng.normal(mean, 0.5), "mass_excess_uncertainty": 0.4}, index=INDEX
    )
    return mean, StudentTMixture(mean[:, None], 0.3), measured


@pytest.mark.parametrize(("uncertainty", "sd"), [(True, 0.5), (False, 0.3)])
def test_scores_of_a_normal_forecast_with_and_without_the_measurements_uncertainty(
    normal_forecast, uncertainty, sd
):
    mean, forecast, measured = normal_forecast
    table = nucleus_scores(forecast, INDEX, measured, [0.68, 0.95], uncertainty=uncertainty)
    mass = measured["mass_excess"].to_numpy()
    assert table["error"].to_numpy() == pytest.approx(mean - mass)
    assert table["median_error"].to_numpy() == pytest.approx(mean - mass)
    expected = {
        "crps": scoringrules.crps_normal(mass, mean, sd),
        "pit": stats.norm.cdf(mass, mean, sd),
        "log_density": stats.norm.logpdf(mass, mean, sd),
        "width_68": 2 * sd * stats.norm.ppf(0.84),
        "interval_score_95": scoringrules.interval_score(
            mass, *stats.norm.ppf([[0.025], [0.975]], mean, sd), 0.05
        ),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(table[name], values + np.zeros(200), rtol=1e-8, atol=1e-10)


def test_exact_scores_are_those_of_many_draws(normal_forecast):
    _, _, measured = normal_forecast
    rng = np.random.default_rng(6)
    location = rng.normal(-50, 5, (200, 1)) + rng.normal(size=(200, 3))
    forecast = StudentTMixture(location, rng.uniform(0.2, 1, (200, 3)), nu=4.0)
    mass = forecast.widened(0.4).sample(1, rng)[0]
    table = nucleus_scores(forecast, INDEX, measured.assign(mass_excess=mass), [0.9])
    draws = forecast.widened(0.4).sample(6000, rng)
    np.testing.assert_allclose(table["crps"], sc.crps(draws, mass), atol=0.1)
    assert table["crps"].mean() == pytest.approx(sc.crps(draws, mass).mean(), abs=0.005)
    np.testing.assert_allclose(table["pit"], sc.pit(draws, mass), atol=0.03)
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    assert table["width_90"].mean() == pytest.approx((upper - lower).mean(), rel=0.02)


def test_interval_score_of_known_intervals():
    score = interval_score([0, 0, 0], [1, 1, 1], [0.5, -1, 3], 0.5)
    assert score == pytest.approx([1, 1 + 4, 1 + 8])


def test_nuclei_without_a_forecast_have_no_scores(normal_forecast):
    mean, _, measured = normal_forecast
    mean[3] = np.nan
    table = nucleus_scores(StudentTMixture(mean[:, None], 0.3), INDEX, measured, [0.5])
    assert table.isna().all(axis=1).tolist() == [i == 3 for i in range(200)]


def test_only_measured_nuclei_can_be_scored(normal_forecast):
    _, forecast, measured = normal_forecast
    with pytest.raises(DataError, match="measured nuclei only"):
        nucleus_scores(forecast, INDEX, measured.iloc[1:], [0.5])
