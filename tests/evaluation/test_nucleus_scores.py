import numpy as np
import pandas as pd
import pytest
import scoringrules
import xarray as xr
from scipy import stats

from bmm.errors import DataError
from bmm.evaluation.nucleus_scores import interval_score, nucleus_scores
from bmm.nuclides import nuclide_index


@pytest.fixture
def normal_forecast():
    """Draws of N(mean, 0.3) and masses that scatter by 0.4 more."""
    rng = np.random.default_rng(5)
    Z, N = np.repeat(np.arange(30, 38), 25), np.tile(np.arange(40, 65), 8)
    mean = rng.normal(-50, 5, 200)
    draws = rng.normal(mean, 0.3, (6000, 200))
    measured = pd.DataFrame(
        {"mass_excess": rng.normal(mean, 0.5), "mass_excess_uncertainty": 0.4},
        index=nuclide_index(Z, N),
    )
    columns = {"mean": mean, "median": mean, "log_density": np.zeros(200)}
    forecast = xr.Dataset(
        {name: ("nucleus", values) for name, values in columns.items()}
        | {"draws": (("draw", "nucleus"), draws)},
        coords={"Z": ("nucleus", Z), "N": ("nucleus", N)},
    )
    return forecast, measured


def test_scores_of_a_normal_forecast_with_measurement_noise(normal_forecast):
    forecast, measured = normal_forecast
    table = nucleus_scores(forecast, measured, [0.68, 0.95], seed=1)
    mean, mass = forecast["mean"].to_numpy(), measured["mass_excess"].to_numpy()
    assert table["error"].to_numpy() == pytest.approx(mean - mass)
    exact = scoringrules.crps_normal(mass, mean, 0.5)
    assert table["crps"].to_numpy() == pytest.approx(exact, abs=0.04)
    assert table["crps"].mean() == pytest.approx(exact.mean(), abs=0.003)
    assert table["pit"].to_numpy() == pytest.approx(stats.norm.cdf(mass, mean, 0.5), abs=0.04)
    half = stats.norm.ppf([0.84, 0.975]) * 0.5
    assert table[["width_68", "width_95"]].mean().to_numpy() == pytest.approx(2 * half, rel=0.01)
    exact = scoringrules.interval_score(mass, mean - half[1], mean + half[1], 0.05)
    assert table["interval_score_95"].mean() == pytest.approx(exact.mean(), rel=0.02)


def test_interval_score_of_known_intervals():
    score = interval_score([0, 0, 0], [1, 1, 1], [0.5, -1, 3], 0.5)
    assert score == pytest.approx([1, 1 + 4, 1 + 8])


def test_nuclei_without_a_forecast_have_no_scores(normal_forecast):
    forecast, measured = normal_forecast
    gone = forecast.where(xr.DataArray(np.arange(200) != 3, dims="nucleus"))
    gone = gone.assign_coords(forecast.coords)
    table = nucleus_scores(gone, measured, [0.5], seed=1)
    assert table.isna().all(axis=1).tolist() == [i == 3 for i in range(200)]


def test_only_measured_nuclei_can_be_scored(normal_forecast):
    forecast, measured = normal_forecast
    with pytest.raises(DataError, match="measured nuclei only"):
        nucleus_scores(forecast, measured.iloc[1:], [0.5], seed=1)
