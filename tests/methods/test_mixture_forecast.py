import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bmm.errors import DataError
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

INDEX = nuclide_index([50, 50, 51], [70, 71, 72])
THEORY = prediction(INDEX, ["a"], np.zeros((3, 1)))
MEASURED = pd.DataFrame(
    {"mass_excess": [0.3, -1.0, 2.0], "mass_excess_uncertainty": [0.0, 0.5, 0.1]}, index=INDEX
)


def test_two_normals_and_a_student_t():
    centre = np.array([[0.0, 1.0, 2.0], [1.0, -1.0, 3.0], [0.5, 0.0, 0.0]])
    scale, weight = np.array([[0.5], [1.0], [0.7]]), np.array([[0.2], [0.3], [0.5]])
    nu = np.array([[np.inf], [np.inf], [4.0]])
    forecast = MixtureForecast(THEORY, centre, scale, np.log(3 * weight), nu, seed=1)
    assert forecast.mean.to_numpy() == pytest.approx((weight * centre).sum(axis=0))
    wide = np.hypot(scale, MEASURED["mass_excess_uncertainty"].to_numpy())
    z = (MEASURED["mass_excess"].to_numpy() - centre) / wide
    density = weight * stats.t.pdf(z, nu) / wide
    assert forecast.log_density(MEASURED).to_numpy() == pytest.approx(np.log(density.sum(axis=0)))
    for i in range(3):

        def cdf(x, i=i):
            each = stats.t.cdf((x[..., None] - centre[:, i]) / scale[:, 0], nu[:, 0])
            return each @ weight[:, 0]

        assert stats.kstest(forecast.draws.to_numpy()[:, i], cdf).pvalue > 0.001
        assert cdf(forecast.median.to_numpy())[i] == pytest.approx(0.5, abs=0.04)
    assert forecast.draws.coords["nucleus"].to_numpy().tolist() == ["Sn-120", "Sn-121", "Sb-123"]


def test_the_seed_decides_the_draws():
    def draws(seed):
        return MixtureForecast(THEORY, np.zeros((2, 3)), 1.0, seed=seed).draws

    assert draws(1).equals(draws(1))
    assert not draws(1).equals(draws(2))


def test_what_is_missing_leaves_its_weight_to_the_others():
    centre = np.array([[0.0, np.nan, np.nan], [1.0, 1.0, np.nan]])
    # The second weight is too small for a float; alone, it still is the whole.
    forecast = MixtureForecast(THEORY, centre, 0.5, [[0.0], [-5000.0]], seed=1)
    assert forecast.mean.to_numpy() == pytest.approx([0, 1, np.nan], nan_ok=True)
    density = forecast.log_density(MEASURED).to_numpy()
    assert density[1] == pytest.approx(stats.norm.logpdf(-2, 0, np.hypot(0.5, 0.5)))
    assert np.isnan([density[2], forecast.median[2], *forecast.draws[:, 2]]).all()


def test_a_model_that_does_not_cover_a_nucleus_has_no_spread_there_and_says_nothing():
    centre, scale = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0]]), np.full((2, 3), 0.5)
    scale[0, 1] = np.nan
    forecast = MixtureForecast(THEORY, centre, scale, seed=1)
    index = nuclide_index(THEORY["Z"].to_numpy(), THEORY["N"].to_numpy())
    measured = pd.DataFrame({"mass_excess": 4.2, "mass_excess_uncertainty": 0.0}, index=index)
    expected = stats.norm.logpdf(4.2, 4.0, 0.5)
    assert forecast.log_density(measured).to_numpy()[1] == pytest.approx(expected)
    assert np.isfinite(forecast.draws).all()


def test_unmeasured_nuclei_have_no_log_density():
    forecast = MixtureForecast(THEORY, np.zeros((1, 3)), 1.0, seed=1)
    assert np.isnan(forecast.log_density(MEASURED.iloc[:2])).to_numpy().tolist() == [
        False, False, True,
    ]  # fmt: skip


def test_centres_must_fit_the_nuclei():
    with pytest.raises(DataError, match="for 3 nuclei"):
        MixtureForecast(THEORY, np.zeros((1, 4)), 1.0, seed=1)
