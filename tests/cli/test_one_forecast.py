"""One forecast: the command line, the files, the report, the explorer and Python say the same."""

import io
import json

import numpy as np
import pandas as pd
import pytest

import bmm
from bmm.data import load_measured
from bmm.prediction.derived import QUANTITIES
from bmm.report.workbench import joint_table
from bmm.workflows.exported_table import mass_table_of
from bmm.workflows.run_forecast import RunTables

COLUMNS = ["mean", "median", "sd", "lower_68", "upper_68", "lower_95", "upper_95"]


@pytest.fixture(scope="module")
def forecast(reported):
    return bmm.read_forecast(reported[1])


@pytest.fixture(scope="module")
def chosen(reported):
    """Fifty nuclei of the chart, at random."""
    table = pd.read_csv(reported[1] / "predictions.csv")
    assert len(table) > 100
    return table.sample(50, random_state=1).set_index(["Z", "N"]).sort_index()


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_ten_quantities_are_the_same_everywhere(forecast, chosen, contents, reported, quantity):
    python = forecast.derived(quantity).to_dataframe().set_index(["Z", "N"])[COLUMNS]
    python = python.reindex(chosen.index)
    file = pd.read_csv(reported[1] / "derived.csv").set_index(["Z", "N"]).loc[chosen.index]
    report = contents.chart.set_index(["Z", "N"]).loc[chosen.index]
    runs = {"tin": RunTables.of(reported[1])}
    explorer = joint_table(runs, "Z=46-52", quantity).set_index(["Z", "N"])[COLUMNS]
    names = [f"{quantity}_{each}" for each in COLUMNS]
    np.testing.assert_allclose(file[names], python, rtol=0, atol=1.5e-6)
    np.testing.assert_array_equal(file[names], report[names])
    known = file.dropna(subset=names).index
    assert len(known) > 10
    np.testing.assert_array_equal(file.loc[known, names], explorer.loc[known])


def test_masses_are_the_same_everywhere(bmm, forecast, chosen, contents, reported):
    pairs = [f"{Z},{N}" for Z, N in chosen.index]
    shown = pd.read_csv(io.StringIO(bmm("predict", reported[1], *pairs, "--csv").out))
    shown = shown.set_index(["Z", "N"]).loc[chosen.index]
    pd.testing.assert_frame_equal(shown, chosen)
    python = forecast.masses().loc[chosen.index]
    for name in ("mass_excess", "mass_excess_sd"):
        np.testing.assert_allclose(chosen[name], python[name], rtol=0, atol=1e-6)
    report = contents.chart.set_index(["Z", "N"]).loc[chosen.index]
    np.testing.assert_array_equal(report[["mean", "sd"]], chosen[["mean", "sd"]])
    exported = mass_table_of(reported[1]).nuclei.loc[chosen.index]
    np.testing.assert_allclose(exported["mass_excess"], chosen["mass_excess"], atol=1e-6)
    at = forecast.index.get_indexer(chosen.index)
    np.testing.assert_allclose(forecast.distribution.mean[at], chosen["mean"], atol=1e-6)


def test_exported_draws_are_those_of_the_forecast(forecast, reported):
    table = mass_table_of(reported[1], draws=20)
    at = forecast.index.get_indexer(table.nuclei.index)
    np.testing.assert_array_equal(table.draws, forecast.draws(20).to_numpy()[:, at])


def test_a_measured_mass_is_not_in_its_own_prediction(bmm, reported, tmp_path, forecast):
    """A mass that is learnt later sharpens its neighbours, and is not part of its own
    prediction."""
    run = reported[1]
    (tmp_path / "new.csv").write_text("Z,N,mass_excess,mass_excess_uncertainty\n50,86,-56.9,0.01\n")
    done = bmm("update", run, tmp_path / "new.csv", "-o", tmp_path / "out", "--quiet")
    assert "Traceback" not in done.err
    before = pd.read_csv(run / "predictions.csv").set_index(["Z", "N"])
    after = pd.read_csv(tmp_path / "out" / "predictions.csv").set_index(["Z", "N"])
    assert after.loc[(50, 86), "mass_excess"] == -56.9
    assert after.loc[(50, 86), "mean"] == pytest.approx(before.loc[(50, 86), "mean"], abs=0.05)
    assert after.loc[(50, 85), "sd"] < before.loc[(50, 85), "sd"]
    assert (50, 86) not in load_measured("AME2020").index
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["update"]["n_new"] == 1
