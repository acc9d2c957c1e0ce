"""Scores of derived quantities where the truth is known: a common error cancels in them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.evaluation.derived_scores import derived_scores, derived_table
from bmm.nuclides import labels, nuclide_index
from bmm.prediction.derived import QUANTITIES

INDEX = nuclide_index(40 + np.arange(200) // 10, 50 + np.arange(200) % 10)
N = INDEX.get_level_values("N").to_numpy()
TEST = N >= 57
COMMON, OWN = 1.0, 0.1
LEVELS = [0.5, 0.9]


@pytest.fixture(scope="module")
def world():
    """Chains that are measured up to N = 56; beyond, errors are common to a chain, nearly."""
    rng = np.random.default_rng(4)
    Z = INDEX.get_level_values("Z").to_numpy()
    frame = pd.DataFrame(
        {"mass_excess": -60.0 + 0.2 * (N - 52) ** 2, "mass_excess_uncertainty": 0.0}, index=INDEX
    )
    test = frame[TEST]

    def errors(count):
        shared = COMMON * rng.standard_normal((count, 20))[:, Z[TEST] - 40]
        return shared + OWN * rng.standard_normal((count, int(TEST.sum())))

    centre = test["mass_excess"].to_numpy() + errors(1)[0]
    forecast = xr.Dataset(
        {"draws": (("draw", "nucleus"), centre + errors(4000))},
        coords={"nucleus": labels(Z[TEST].tolist(), N[TEST].tolist()),
                "Z": ("nucleus", Z[TEST]), "N": ("nucleus", N[TEST])},
    )  # fmt: skip
    return forecast, test, frame[~TEST]


@pytest.fixture(scope="module")
def scored(world):
    return derived_scores(*world, LEVELS, seed=1)


def test_only_what_a_predicted_mass_enters_is_scored(scored):
    scored = scored.nuclei
    S_1n = scored[scored["quantity"] == "S_1n"]
    assert sorted(S_1n["N"].unique()) == [57, 58, 59]
    assert set(S_1n.loc[S_1n["N"] == 57, "n_predicted"]) == {1}
    assert set(S_1n.loc[S_1n["N"] > 57, "n_predicted"]) == {2}
    assert set(scored["quantity"]) == {"mass_excess", *QUANTITIES}
    assert (scored["quantity"] == "mass_excess").sum() == TEST.sum()
    gap = scored[scored["quantity"] == "shell_gap_n"]
    assert sorted(gap["N"].unique()) == [55, 56, 57]


def test_joint_draws_keep_correlations_in_differences(scored):
    table = derived_table({"m": [scored]}, LEVELS).set_index(["quantity", "part"])
    row = table.loc[("S_1n", "several predicted")]
    assert row["n"] == 40
    assert row["rms"] == pytest.approx(np.sqrt(2) * OWN, rel=0.35)
    assert row["crps"] == pytest.approx(np.sqrt(2) * OWN / np.sqrt(np.pi), rel=0.35)
    assert row["crps"] < 0.5 * row["crps_alone"]
    assert row["coverage_50"] == pytest.approx(0.5, abs=0.2)
    assert row["coverage_50_alone"] == 1


def test_joint_draws_give_the_spread_of_the_coverage(scored):
    table = derived_table({"m": [scored]}, LEVELS).set_index(["quantity", "part"])
    masses = table.loc[("mass_excess", "all")]
    # Twenty chains of three nuclei that err together: shuffled draws claim sixty of them.
    assert masses["coverage_50"] == masses["coverage_50_alone"]
    assert masses["chance"] > masses["chance_alone"]
    assert table.loc[("S_1n", "several predicted"), "chance"] > 0.05
    assert table.loc[("S_1n", "several predicted"), "chance_alone"] < 0.01


def test_folds_are_scored_as_one(scored):
    twice = derived_table({"m": [scored, scored]}, LEVELS)
    once = derived_table({"m": [scored]}, LEVELS)
    assert (twice["n"] == 2 * once["n"]).all()
    pd.testing.assert_frame_equal(twice.drop(columns="n"), once.drop(columns="n"))


def test_uncertainty_of_the_measurement_widens_the_prediction(world):
    forecast, test, training = world
    imprecise = test.assign(mass_excess_uncertainty=5.0)
    vague = derived_scores(forecast, imprecise, training, LEVELS, seed=1).nuclei
    sharp = derived_scores(forecast, test, training, LEVELS, seed=1).nuclei
    assert (vague["crps"].mean() - sharp["crps"].mean()) > 0.2


def test_nuclei_without_a_forecast_are_left_out(world):
    forecast, test, training = world
    hole = forecast.copy(deep=True)
    gone = hole["nucleus"].to_numpy()[0]
    hole["draws"].loc[{"nucleus": gone}] = np.nan
    scored = derived_scores(hole, test, training, LEVELS, seed=1).nuclei
    its = scored[(scored["Z"] == 40) & (scored["N"] == 57)]
    assert not len(its[its["quantity"] == "S_1n"])
    assert not scored.isna().any().any()
