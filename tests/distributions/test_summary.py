import numpy as np
import pytest
import xarray as xr

from bmm.distributions import WIDE_INTERVALS, StudentTMixture, interval_ends, summarise_draws

MeV = {"units": "MeV"}


def test_names_of_intervals_are_their_percentages():
    assert interval_ends(WIDE_INTERVALS) == pytest.approx(
        {
            "lower_68": 0.16, "upper_68": 0.84, "lower_95": 0.025, "upper_95": 0.975,
            "lower_99.7": 0.0015, "upper_99.7": 0.9985,
        }
    )  # fmt: skip


def test_draws_and_distribution_are_summarised_under_the_same_names():
    mixture = StudentTMixture([[0.0, 2.0], [5.0, 5.5]], 0.4, nu=6.0)
    draws = xr.DataArray(
        mixture.sample(40_000, np.random.default_rng(3)), dims=("draw", "nucleus"), attrs=MeV
    )
    exact, sampled = mixture.summary(), summarise_draws(draws)
    assert list(exact) == list(sampled)
    for name in exact:
        assert sampled[name].attrs == exact[name].attrs == MeV
        np.testing.assert_allclose(sampled[name], exact[name], atol=0.05)


def test_summary_keeps_the_coordinates_and_marks_what_is_missing():
    draws = xr.DataArray(
        [[1.0, np.nan], [3.0, 4.0]], dims=("draw", "nucleus"), coords={"Z": ("nucleus", [50, 51])}
    )
    found = summarise_draws(draws)
    assert found["Z"].to_numpy().tolist() == [50, 51]
    assert found["mean"].to_numpy() == pytest.approx([2, np.nan], nan_ok=True)
    assert found["sd"].to_numpy() == pytest.approx([np.sqrt(2), np.nan], nan_ok=True)
    assert np.isnan(found["lower_95"][1])


def test_quantiles_of_whole_numbers_were_drawn():
    draws = xr.DataArray([50, 52, 52, 60], dims="draw")
    found = summarise_draws(draws, whole=True)
    assert {float(found[name]) for name in interval_ends()} <= {50, 52, 60}
    assert float(found["median"]) == 52


def test_a_single_draw_has_no_sd():
    assert np.isnan(summarise_draws(xr.DataArray([1.0], dims="draw"))["sd"])
