import numpy as np
import pandas as pd
import pytest

from bmm.evaluation.baselines import AVERAGE, BMA, baseline_predictions, baseline_table
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

INDEX = nuclide_index(np.repeat(np.arange(50, 60), 10), np.tile(np.arange(60, 70), 10))
MODELS = ("good", "fair", "bad")


@pytest.fixture
def measured():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {"mass_excess": rng.normal(-80, 5, 100), "mass_excess_uncertainty": 0.01}, index=INDEX
    )


def theory_of(measured, sizes=(0.2, 0.5, 2.0), gaps=(), sd=0.0):
    rng = np.random.default_rng(4)
    masses = measured["mass_excess"].to_numpy()[:, None] + rng.normal(size=(100, 3)) * sizes
    for nucleus, model in gaps:
        masses[nucleus, model] = np.nan
    return prediction(INDEX, MODELS, masses, sd)


def test_averages_run_over_the_models_that_cover_the_nucleus(measured):
    theory = theory_of(measured, gaps=[(0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)])
    masses = theory["mass_excess"].to_numpy()
    # The weights of fair and bad, 1e-870, are too small for a float.
    log_weights = pd.Series([0.0, -2000.0, -2000.0 + np.log(3)], index=list(MODELS))
    predictions = baseline_predictions(theory, log_weights)
    assert list(predictions.columns) == [*MODELS, AVERAGE, BMA]
    average, mixed = predictions[AVERAGE].to_numpy(), predictions[BMA].to_numpy()
    assert average[0] == pytest.approx(masses[0, 1:].mean())
    assert mixed[0] == pytest.approx(masses[0, 1:] @ [0.25, 0.75])
    assert np.isnan([average[1], mixed[1]]).all()
    assert average[2] == mixed[2] == pytest.approx(masses[2, 2])
    assert average[3:] == pytest.approx(masses[3:].mean(axis=1))
    assert mixed[3:] == pytest.approx(masses[3:, 0])


def test_table_scores_each_baseline_where_it_predicts(measured):
    theory = theory_of(measured, gaps=[(i, 1) for i in range(100)] + [(99, 0)])
    even = pd.Series(0.0, index=list(MODELS))
    table = baseline_table(baseline_predictions(theory, even), measured, even).set_index("name")
    assert list(table["n"]) == [99, 0, 100, 100, 100]
    assert list(table.columns) == ["rms", "n", "weight"]
    off = theory["mass_excess"].to_numpy()[:, 2] - measured["mass_excess"]
    assert table.loc["bad", "rms"] == pytest.approx(np.sqrt(np.mean(off**2)))
    assert np.isnan(table.loc["fair", "rms"])
    assert table["weight"].dropna().to_dict() == pytest.approx(dict.fromkeys(MODELS, 1 / 3))
