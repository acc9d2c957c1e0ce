import numpy as np
import pandas as pd
import pytest

from bmm.errors import ConfigError, DataError
from bmm.evaluation.baselines import (
    AVERAGE,
    BMA,
    GlobalBMA,
    baseline_predictions,
    baseline_table,
    global_bma,
)
from bmm.methods.evidence import NoiseFamily, log_evidence
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


def test_a_clearly_better_model_takes_all_the_weight(measured):
    bma = global_bma(theory_of(measured), measured)
    assert bma.weights.sum() == pytest.approx(1)
    assert bma.weights["good"] == pytest.approx(1, abs=1e-6)
    assert list(bma.weights.index) == list(MODELS)


def test_equal_models_share_the_weight(measured):
    theory = theory_of(measured)
    theory["mass_excess"][:, 1] = theory["mass_excess"][:, 0]
    weights = global_bma(theory, measured).weights
    assert weights["good"] == weights["fair"] == pytest.approx(0.5)


def test_evidence_uses_the_nuclei_that_all_models_cover(measured):
    theory = theory_of(measured, gaps=[(0, 2), (7, 0)])
    bma = global_bma(theory, measured.iloc[:50])
    assert bma.n == 48
    without = theory.isel(nucleus=~np.isin(np.arange(100), [0, 7]))
    pd.testing.assert_series_equal(
        bma.log_evidence, global_bma(without, measured.iloc[:50]).log_evidence
    )


def test_the_spread_a_model_states_counts_as_noise(measured):
    theory = theory_of(measured, sd=0.3)
    deviation = measured["mass_excess"] - theory["mass_excess"].to_numpy()[:, 1]
    A = theory["Z"] + theory["N"]
    for switch, known in ((True, np.hypot(0.01, 0.3)), (False, 0.0)):
        noise = NoiseFamily(measurement=switch)
        expected = log_evidence(deviation, np.full(100, known), A, NoiseFamily())
        assert global_bma(theory, measured, noise).log_evidence["fair"] == pytest.approx(expected)


def test_only_training_masses_move_the_weights(measured):
    theory, training = theory_of(measured), measured.iloc[:60]
    changed = measured.copy()
    changed.iloc[60:, 0] += 5.0
    assert global_bma(theory, training).weights.equals(global_bma(theory, changed[:60]).weights)


def test_averages_run_over_the_models_that_cover_the_nucleus(measured):
    theory = theory_of(measured, gaps=[(0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)])
    masses = theory["mass_excess"].to_numpy()
    # The weights of fair and bad, 1e-870, are too small for a float.
    bma = GlobalBMA(pd.Series([0.0, -2000.0, -2000.0 + np.log(3)], index=list(MODELS)), 97)
    predictions = baseline_predictions(theory, bma)
    assert list(predictions.columns) == [*MODELS, AVERAGE, BMA]
    average, mixed = predictions[AVERAGE].to_numpy(), predictions[BMA].to_numpy()
    assert average[0] == pytest.approx(masses[0, 1:].mean())
    assert mixed[0] == pytest.approx(masses[0, 1:] @ [0.25, 0.75])
    assert np.isnan([average[1], mixed[1]]).all()
    assert average[2] == mixed[2] == pytest.approx(masses[2, 2])
    assert average[3:] == pytest.approx(masses[3:].mean(axis=1))
    assert mixed[3:] == pytest.approx(masses[3:, 0])


def test_table_scores_each_yardstick_where_it_predicts(measured):
    theory = theory_of(measured, gaps=[(i, 1) for i in range(100)] + [(99, 0)])
    bma = GlobalBMA(pd.Series([0.0, 0.0, 0.0], index=list(MODELS)), 10)
    table = baseline_table(baseline_predictions(theory, bma), measured, bma).set_index("name")
    assert list(table["n"]) == [99, 0, 100, 100, 100]
    assert list(table.columns) == ["rms", "n", "weight"]
    off = theory["mass_excess"].to_numpy()[:, 2] - measured["mass_excess"]
    assert table.loc["bad", "rms"] == pytest.approx(np.sqrt(np.mean(off**2)))
    assert np.isnan(table.loc["fair", "rms"])
    assert table["weight"].dropna().to_dict() == pytest.approx(dict.fromkeys(MODELS, 1 / 3))


def test_no_common_training_nucleus_is_refused(measured):
    with pytest.raises(DataError, match="no training nucleus is covered by every model"):
        global_bma(theory_of(measured, gaps=[(i, 1) for i in range(100)]), measured)


def test_a_model_that_reproduces_the_masses_exactly_is_named(measured):
    exact = measured.assign(mass_excess_uncertainty=0.0)
    with pytest.raises(ConfigError, match="model good"):
        global_bma(theory_of(exact, sizes=(0.0, 0.5, 2.0)), exact)
