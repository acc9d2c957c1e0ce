import io
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console
from scipy import stats

from bmm.distributions import StudentTMixture
from bmm.errors import DataError
from bmm.evaluation import evaluate, nucleus_table, score_tables
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.evaluation.scores import LEVELS
from bmm.methods.averaging import global_bma
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

INDEX = nuclide_index(np.repeat(np.arange(50, 60), 10), np.tile(np.arange(60, 70), 10))
MODELS = ["A", "B"]


@pytest.fixture
def run():
    """A calibrated mixture of 100 nuclei, 80 of them measured; B leaves out the first two."""
    rng = np.random.default_rng(5)
    mass = rng.normal(-80, 5, 100)
    masses = mass[:, None] + rng.normal(size=(100, 2)) * [0.3, 0.6]
    masses[:2, 1] = np.nan
    theory = prediction(INDEX, MODELS, masses)
    mean = mass + rng.normal(0, 0.4, 100)
    weight = np.where(np.isnan(masses), 0, [0.7, 0.3])
    weight /= weight.sum(axis=1, keepdims=True)
    known = np.arange(100)[:, None] < 80
    columns = {
        "mean": mean, "median": mean + 0.1, "mode": mean - 0.1, "sd": np.full(100, 0.4),
        "lower_68": mean - 0.4, "upper_68": mean + 0.4,
        "lower_95": mean - 0.8, "upper_95": mean + 0.8,
        "log_density": np.where(known[:, 0], stats.norm.logpdf(mass, mean, 0.4), np.nan),
    }  # fmt: skip
    summary = xr.Dataset(
        {name: ("nucleus", values) for name, values in columns.items()}
        | {
            "weight": (("nucleus", "theory"), weight),
            "responsibility": (("nucleus", "theory"), np.where(known, weight, np.nan)),
        },
        coords=theory.coords,
    )
    measured = pd.DataFrame({"mass_excess": mass, "mass_excess_uncertainty": 0.01}, index=INDEX)
    forecast = StudentTMixture(mean[:80, None], 0.4)
    by_nucleus = nucleus_scores(forecast, INDEX[:80], measured, [0.68])
    return summary, by_nucleus, theory, measured[:80]


def test_names_of_the_scores_are_stable(run):
    scores = evaluate(*run, training=run[3])
    assert list(scores) == [
        "n", "rms_MeV", "rms_standard_error_MeV", "mae_MeV", "bias_MeV", "crps_MeV",
        "coverage", "coverage_standard_error", "log_score", "baselines", "bma_n",
        "left_out",
        "weights", "responsibilities",
    ]  # fmt: skip
    assert list(scores["coverage"]) == [f"{level:.2f}" for level in LEVELS]
    assert [row["name"] for row in scores["baselines"]] == [*MODELS, "plain average", "global BMA"]
    assert list(scores["baselines"][0]) == ["name", "rms_MeV", "n", "weight"]


def test_scores_are_those_of_the_measured_nuclei(run):
    summary, _, _, measured = run
    scores = evaluate(*run, training=measured)
    off = summary["mean"].to_numpy()[:80] - measured["mass_excess"].to_numpy()
    assert scores["n"] == 80
    assert scores["rms_MeV"]["mean"] == pytest.approx(np.sqrt(np.mean(off**2)))
    assert scores["rms_MeV"]["median"] == pytest.approx(np.sqrt(np.mean((off + 0.1) ** 2)))
    assert scores["bias_MeV"] == pytest.approx(off.mean())
    assert scores["log_score"] == pytest.approx(stats.norm.logpdf(off, 0, 0.4).mean())
    assert scores["crps_MeV"] == pytest.approx(run[1]["crps"].mean())
    inside = (2 * np.abs(run[1]["pit"] - 0.5) <= 0.68).mean()
    assert scores["coverage"]["0.68"] == pytest.approx(inside)
    assert abs(scores["coverage"]["0.68"] - 0.68) < 4 * scores["coverage_standard_error"]["0.68"]
    assert scores["weights"]["B"] == pytest.approx(0.3 * 78 / 80)
    assert scores["baselines"][1]["n"] == scores["bma_n"] == 78


def test_order_of_the_measured_table_does_not_matter(run):
    *mixture, measured = run
    scores = evaluate(*mixture, measured, training=measured)
    again = evaluate(*mixture, measured[::-1], training=measured)
    assert again == scores


def test_bma_learns_from_the_training_nuclei_only(run):
    *mixture, measured = run
    scores = evaluate(*mixture, measured[60:], training=measured[:60])
    expected = global_bma(measured[:60], mixture[2]).facts
    assert scores["bma_n"] == expected["n_training"] == 58
    assert scores["baselines"][0]["weight"] == pytest.approx(expected["weights"]["A"])
    assert scores["n"] == 20


def test_missing_values_are_null_in_json(run):
    summary, by_nucleus, theory, measured = run
    summary["log_density"][3] = np.nan
    summary["responsibility"][:] = np.nan
    scores = evaluate(summary, by_nucleus, theory, measured, training=measured)
    assert scores["log_score"] is None
    assert scores["responsibilities"] == {"A": None, "B": None}
    assert scores["baselines"][-1]["weight"] is None
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_a_single_nucleus_has_scores_but_no_standard_error(run):
    *mixture, measured = run
    scores = evaluate(*mixture, measured[5:6], training=measured)
    assert scores["rms_standard_error_MeV"] == dict.fromkeys(("mean", "median", "mode"))
    json.dumps(scores, allow_nan=False)


def test_nuclei_the_mixture_does_not_predict_are_left_out(run):
    summary, by_nucleus, theory, measured = run
    summary["mean"][10] = np.nan
    without = by_nucleus.drop(index=by_nucleus.index[10])
    assert evaluate(summary, without, theory, measured, training=measured)["n"] == 79


def test_mismatched_input_is_refused(run):
    summary, by_nucleus, theory, measured = run
    with pytest.raises(DataError, match="scores of every measured nucleus"):
        evaluate(summary, by_nucleus[:-1], theory, measured, training=measured)
    with pytest.raises(DataError, match="no measured nucleus"):
        evaluate(summary, by_nucleus, theory, measured[:0], training=measured)


def test_tables_show_every_score(run):
    scores = evaluate(*run, training=run[3])
    scores["log_score"] = None
    console = Console(file=io.StringIO(), width=100)
    for table in score_tables(scores):
        console.print(table)
    text = console.file.getvalue()
    assert f"{scores['rms_MeV']['mean']:.3f} ± " in text
    assert f"{scores['coverage']['0.99']:.1%}" in text
    for phrase in ("80 measured nuclei", "78 training nuclei", "plain average", "68%", " - "):
        assert phrase in text


def test_nucleus_table_has_a_row_per_nucleus_and_a_column_per_model(run):
    summary, _, _, measured = run
    table = nucleus_table(summary, measured)
    assert table.index.equals(INDEX)
    assert table.loc[(50, 60), "nucleus"] == "Sn-110"
    assert table["measured"].notna().sum() == 80
    assert table[["weight_A", "weight_B"]].sum(axis=1).to_numpy() == pytest.approx(1)
    assert "measured" not in nucleus_table(summary)
