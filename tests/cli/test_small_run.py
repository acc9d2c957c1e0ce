"""A small run from configuration to folder, whole, in pieces and interrupted, as a user sees it."""

import json
import math
import shutil
import tomllib
import warnings

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.data import load_measured
from bmm.errors import RunError
from bmm.mixing.convergence import Convergence
from bmm.nuclides import nuclide_index
from bmm.workflows import pipeline
from bmm.workflows.folder import RunFolder
from bmm.workflows.pipeline import RunResult

MODELS = ["FRDM2012", "DZ33", "HFB24-to-80"]
RUNS = ["whole", "short", "stopped"]
COLUMNS = [
    "Z", "N", "A", "symbol", "mass_excess", "mass_excess_sd", "measured", "measured_uncertainty",
    "extrapolated", "extrapolated_uncertainty",
    "mean", "median", "sd", "lower_68", "upper_68", "lower_95", "upper_95",
    *(f"weight_{model}" for model in MODELS),
]  # fmt: skip
BEGUN = {"config.toml", "log.txt"}
FILES = {
    "config.toml", "posterior.nc", "predictions.csv", "distribution.nc", "evaluation.csv",
    "scores.json", "derived.csv", "drip_lines.csv",
}  # fmt: skip
REPORT = {"report.html"}
TOP_SCORES = [
    "name", "converged", "n", "rms_MeV", "rms_standard_error_MeV", "mae_MeV", "bias_MeV",
    "crps_MeV", "coverage", "coverage_standard_error", "log_score", "baselines", "bma_n",
    "left_out",
    "weights", "responsibilities", "convergence", "modes", "hyperparameters", "redundancy",
    "effective_models", "regions", "basis", "basis_refinements",
    "data", "learnt", "seconds",
    "provenance",
]  # fmt: skip


@pytest.fixture(scope="session")
def tree(whole):
    return RunFolder.open(whole.path).read_posterior()


@pytest.fixture(scope="session")
def predictions(whole):
    return pd.read_csv(whole.path / "predictions.csv")


def scores_of(run):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads((run.path / "scores.json").read_text(), parse_constant=refuse)


@pytest.mark.parametrize("name", RUNS)
def test_all_files_are_there(runs, name):
    found = {path.name for path in runs[name].path.iterdir()}
    chains = {"chains"} if name == "stopped" else set()
    assert found == FILES | REPORT | {"figures", "log.txt", "manifest.json"} | chains
    figures = {path.stem for path in (runs[name].path / "figures").glob("*.p[nd][gf]")}
    of_report = {"pit", "isotopes", "existence"}
    of_run = {"coverage", "residuals", "uncertainty", *(f"weight_{m}" for m in MODELS)}
    assert figures == of_run | of_report
    log = (runs[name].path / "log.txt").read_text()
    assert f"run {name}: 276 measured nuclei" in log
    assert f"complete: {runs[name].path}" in log


def test_the_posterior_is_open_to_others(whole, tree):
    with xr.open_datatree(whole.path / "posterior.nc") as opened:
        assert opened.load().identical(tree)
    with az.from_netcdf(whole.path / "posterior.nc") as opened:
        names = ["sigma", "mu", "eta", "rho_Z", "rho_N"]
        summary = az.summary(opened, var_names=names)
        assert len(summary) == 11
        with warnings.catch_warnings():  # of nuclei that sway the posterior
            warnings.simplefilter("ignore", UserWarning)
            loo = az.loo(opened)
        assert loo.n_data_points == 276
        r_hat = az.rhat(opened["posterior"].to_dataset()[names])
    quantities = scores_of(whole)["convergence"]["quantities"]
    worst = max(value["r_hat"] for key, value in quantities.items() if key != "log_likelihood")
    assert max(float(array.max()) for array in r_hat.data_vars.values()) == pytest.approx(worst)


def test_the_posterior_says_how_it_was_made(whole, tree):
    assert tree.attrs["configuration"] == (whole.path / "config.toml").read_text()
    assert tree.attrs["seed"] == 11
    provenance = json.loads(tree.attrs["provenance"])
    assert provenance == scores_of(whole)["provenance"]
    assert set(provenance["sha256"]) == {"AME2020", "FRDM2012", "HFB24-to-80"}
    assert set(provenance["citations"]) == set(MODELS)


def test_columns_of_the_predictions(predictions, tree):
    assert list(predictions.columns) == COLUMNS
    assert len(predictions) == tree["chart"].sizes["nucleus"]
    assert (predictions["A"] == predictions["Z"] + predictions["N"]).all()


def test_predictions_hold_the_evaluators_estimates(predictions):
    table = load_measured("AME2020", estimated=True)
    expected = table[table["estimated"]]
    rows = predictions.set_index(["Z", "N"])
    given = rows[rows["extrapolated"].notna()]
    assert set(given.index) == set(expected.index) & set(rows.index)
    assert given["measured"].isna().all()
    names = ["mass_excess", "mass_excess_uncertainty"]
    stored = given[["extrapolated", "extrapolated_uncertainty"]].to_numpy()
    assert stored == pytest.approx(expected.loc[given.index, names].to_numpy(), abs=1e-6)


def test_predictions_hold_the_measured_masses(predictions):
    rows = predictions.set_index(nuclide_index(predictions))
    measured = load_measured("AME2020").loc[rows.index[rows["measured"].notna()]]
    assert len(measured) == 282  # six of them were not fitted
    known = rows.loc[measured.index]
    np.testing.assert_allclose(known["measured"], measured["mass_excess"], atol=1e-6)
    np.testing.assert_allclose(
        known["measured_uncertainty"], measured["mass_excess_uncertainty"], atol=1e-6
    )
    # Mass excess in MeV: other quantities and units would be off by far more.
    assert np.sqrt(np.mean((known["mean"] - known["measured"]) ** 2)) < 0.5


def test_weights_sum_to_one_over_the_models_that_cover(predictions, tree):
    weights = predictions[[f"weight_{model}" for model in MODELS]].to_numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=3e-6)
    chart = tree["chart"].to_dataset()["mass_excess"].transpose("nucleus", "theory")
    covers = np.isfinite(chart.to_numpy())
    assert not covers.all()
    assert (weights[~covers] == 0).all()
    assert (weights[covers] > 0).all()


def test_intervals_are_nested(predictions):
    columns = ["lower_95", "lower_68", "median", "upper_68", "upper_95"]
    assert (np.diff(predictions[columns].to_numpy(), axis=1) > 0).all()
    assert (predictions["sd"] > 0).all()


def test_evaluation_covers_the_measured_nuclei(whole):
    table = pd.read_csv(whole.path / "evaluation.csv")
    assert len(table) == 276
    assert table.notna().all(axis=None)
    responsibilities = table[[f"responsibility_{model}" for model in MODELS]]
    np.testing.assert_allclose(responsibilities.sum(axis=1), 1, atol=3e-6)


@pytest.mark.parametrize("name", RUNS)
def test_names_of_the_scores_are_stable(runs, name):
    scores = scores_of(runs[name])
    assert list(scores) == TOP_SCORES
    assert scores["name"] == name
    assert set(scores["weights"]) == set(MODELS)
    assert set(scores["basis"]) == {"Z", "N"}
    assert {"rho_Z", "rho_N", "sigma[DZ33]"} <= set(scores["hyperparameters"])


def test_scores_are_those_of_the_predictions(whole, predictions):
    scores = scores_of(whole)
    fitted = pd.read_csv(whole.path / "evaluation.csv")
    error = (fitted["mean"] - fitted["measured"]).dropna()
    assert scores["n"] == len(error) == 276
    assert scores["rms_MeV"]["mean"] == pytest.approx(np.sqrt((error**2).mean()), abs=1e-5)
    assert scores["bias_MeV"] == pytest.approx(error.mean(), abs=1e-5)


@pytest.mark.slow
def test_the_folder_reproduces_itself_bit_for_bit(bmm, whole, tree, tmp_path, monkeypatch):
    """Even if the disk was full when the posterior was to be written, and a chain was lost."""

    def fail(folder, tree):
        raise RunError("the disk is full")

    path = tmp_path / "again"
    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "write_posterior", fail)
        stopped = bmm("run", whole.path / "config.toml", "-o", path)
    assert stopped.code == 2
    assert stopped.err == (
        f"error: the disk is full\nwhat was sampled is kept; to go on: bmm resume {path}\n"
    )
    assert {each.name for each in path.iterdir()} == {"manifest.json", "chains", *BEGUN}
    assert len(list((path / "chains").glob("free-?.nc"))) == 4
    (path / "chains" / "free-2.nc").unlink()

    assert bmm("resume", path, "--quiet").code == whole.code
    assert {each.name for each in path.iterdir()} == {each.name for each in whole.path.iterdir()}
    assert (path / "log.txt").read_text().count("is taken from the store") == 3
    second = RunFolder.open(path).read_posterior()
    for group in tree.children:
        assert second[group].to_dataset().identical(tree[group].to_dataset()), group
    for name in ("config.toml", "predictions.csv", "evaluation.csv"):
        assert (path / name).read_bytes() == (whole.path / name).read_bytes()
    scores, expected = json.loads((path / "scores.json").read_text()), scores_of(whole)
    assert scores.pop("seconds").keys() == expected.pop("seconds").keys()
    assert scores == expected


def test_a_posterior_without_scores_is_taken_up(bmm, whole, tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(whole.path, path)
    for name in ("scores.json", "predictions.csv"):
        (path / name).unlink()
    assert bmm("resume", path, "-q").code == whole.code
    for name in FILES - {"scores.json"}:  # which has the times
        assert (path / name).read_bytes() == (whole.path / name).read_bytes()
    ours, theirs = (json.loads((each / "scores.json").read_text()) for each in (path, whole.path))
    for scores in (ours, theirs):
        assert scores["seconds"].pop("stages")
    assert ours == theirs


def test_a_complete_run_is_not_resumed(bmm, whole):
    before = {path: path.stat().st_mtime_ns for path in whole.path.rglob("*")}
    shown = bmm("resume", whole.path)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == f"bmm resume {whole.path}\nThe run is complete.\n"
    assert {path: path.stat().st_mtime_ns for path in whole.path.rglob("*")} == before


@pytest.mark.parametrize("name", RUNS)
def test_the_verdict_is_everywhere(runs, name):
    run, scores = runs[name], scores_of(runs[name])
    converged = scores["converged"]
    assert scores["convergence"]["converged"] is converged
    assert run.code == (0 if converged else 3)
    said = "NOT CONVERGED: do not use these numbers" in run.out + run.err
    assert said is not converged
    log = (run.path / "log.txt").read_text()
    assert all(f"NOT CONVERGED: {each}" in log for each in scores["convergence"]["failures"])
    assert ("NOT CONVERGED" in log) is not converged


def test_three_draws_are_not_called_converged_even_quietly(runs):
    short = runs["short"]
    assert short.code == 3
    assert short.out == ""
    assert short.err.startswith("NOT CONVERGED: do not use these numbers.\n  ")
    scores = scores_of(short)
    assert not scores["converged"]
    assert scores["convergence"]["draws"] == 3


def test_an_interrupted_run_keeps_its_draws(runs):
    stopped = runs["stopped"]
    assert stopped.code == 3
    folder = RunFolder.open(stopped.path)
    tree = folder.read_posterior()
    posterior = tree["posterior"].to_dataset()
    assert tree.attrs["partial"] == 1
    assert 0 < posterior.sizes["draw"] < 50000
    assert all(np.isfinite(array).all() for array in posterior.data_vars.values())
    assert np.isfinite(tree["log_likelihood"]["mass_excess"]).all()
    verdict = folder.read_scores()["convergence"]
    assert verdict["partial"] is True
    assert verdict["draws"] == posterior.sizes["draw"]
    assert verdict["failures"][0].startswith("sampling was interrupted")
    assert "interrupted: keeping the draws made so far" in (stopped.path / "log.txt").read_text()
    assert f"to go on: bmm resume {stopped.path}" in stopped.out.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("resolved", "banner"),
    [(True, "Converged. R-hat"), (False, "Converged, but see the basis below. R-hat")],
)
def test_a_converged_run_exits_with_zero(bmm, whole, monkeypatch, tmp_path, resolved, banner):
    columns = {"r_hat": [1.0], "ess_bulk": [900.0], "ess_tail": [800.0]}
    good = Convergence(pd.DataFrame(columns, index=["sigma"]), 4, 150, 0, 0, (0.9, 0.8, 0.9, 1.0))
    scores = scores_of(whole)
    for axis in scores["basis"].values():
        axis["resolved"] = resolved
    result = RunResult(RunFolder.open(whole.path), good, scores)
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: result)
    shown = bmm("run", "default", "-o", tmp_path / "x")
    assert (shown.code, shown.err) == (0, "")
    assert f"{banner} at most 1.000, ESS at least 800" in shown.out
    assert ("[mixing.basis]" in shown.out) is not resolved
    assert str(whole.path) in shown.out.replace("\n", "")


def test_the_written_configuration_is_the_one_that_ran(whole):
    written = tomllib.loads((whole.path / "config.toml").read_text())
    assert written["theory"]["models"] == MODELS
    assert written["mixing"]["sampler"]["draws"] == 150
    assert math.isclose(written["mixing"]["noise"]["nu"], 4)


@pytest.fixture(scope="session")
def unknown(predictions):
    """Masses of unmeasured nuclei, near where the run expects them."""
    unknown = predictions[predictions["measured"].isna()]
    columns = {
        "Z": unknown["Z"],
        "N": unknown["N"],
        "mass_excess": unknown["mean"] + 0.3 * unknown["sd"],
        "mass_excess_uncertainty": 0.05,
    }
    return pd.DataFrame(columns)


@pytest.fixture(scope="session")
def late(unknown):
    return unknown.iloc[[2, 7, 11]]


def test_update_learns_new_masses(bmm, whole, predictions, late, tmp_path):
    late.to_csv(tmp_path / "new.csv", index=False)
    done = bmm("update", whole.path, tmp_path / "new.csv", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    facts = scores["update"]
    assert scores["n"] == 279
    assert list(scores)[:-1] == TOP_SCORES
    assert scores["converged"] == scores_of(whole)["converged"]
    assert facts["k_hat"] < facts["k_hat_limit"]
    assert 100 < facts["effective_draws"] < facts["draws"] == 600
    assert f"k-hat {facts['k_hat']:.2f}" in done.out
    after = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert list(after.columns) == COLUMNS
    assert after["measured"].notna().sum() == 285
    changes = pd.read_csv(tmp_path / "out" / "changes.csv").set_index(["Z", "N"])
    moved = changes.loc[list(zip(late["Z"], late["N"], strict=True))]
    apart = (moved["measured"] - moved["mean_before"]).abs().sum()
    assert (moved["measured"] - moved["mean_after"]).abs().sum() < apart
    same = changes["mean_before"].reindex(list(zip(predictions["Z"], predictions["N"],
                                                       strict=True)))  # fmt: skip
    np.testing.assert_allclose(same, predictions["mean"], atol=2e-6)
    # A run folder like any other, but for one thing.
    assert bmm("predict", tmp_path / "out", "Sn-132").code == 0
    assert bmm("report", tmp_path / "out", "-o", tmp_path / "page.html").code == 0
    assert "is complete" in bmm("resume", tmp_path / "out").out
    again = bmm("update", tmp_path / "out", tmp_path / "new.csv", "-o", tmp_path / "third")
    assert again.code == 2
    assert "new masses already" in again.err


def test_update_refuses_what_it_cannot_learn(bmm, runs, whole, unknown, late, tmp_path):
    def refused(table, run=whole.path):
        table.to_csv(tmp_path / "new.csv", index=False)
        done = bmm("update", run, tmp_path / "new.csv", "-o", tmp_path / "out")
        assert (done.code, done.out) == (2, "")
        assert not (tmp_path / "out").exists()
        return " ".join(done.err.split())

    known = load_measured("AME2020", estimated=True)["mass_excess"]
    known = known.reindex(nuclide_index(unknown)).to_numpy()
    near = unknown[(unknown["mass_excess"] - known).abs() < 1]  # estimated there from trends
    far = near.assign(mass_excess=near["mass_excess"] + 1.8)  # off, and not absurd
    assert "the Pareto k-hat of the weights is" in refused(far)
    command = f"to refit: bmm run {whole.path}/config.toml --extra {tmp_path}/new.csv --output"
    assert command in refused(far)
    absurd = near.assign(mass_excess=near["mass_excess"] + 60.0)
    assert "MeV, where AME2020 has" in refused(absurd)
    assert "Sn-130: expected nuclei that the mixture was not fitted to" in refused(
        late.assign(
            Z=[50, *late["Z"][1:]],
            N=[80, *late["N"][1:]],
            mass_excess=[-80.1, *late["mass_excess"][1:]],
        )
    )
    estimate = load_measured("AME2020", estimated=True)["mass_excess"].loc[(39, 68)]
    outside = late.iloc[[0]].assign(Z=39, N=68, mass_excess=estimate)
    assert "not on the prediction chart" in refused(outside)
    assert "expected an uncertainty from 1e-09 to 5 MeV, not 0" in refused(
        late.assign(mass_excess_uncertainty=0)
    )
    assert "no column 'mass_excess_uncertainty'" in refused(late.iloc[:, :3])
    assert "'' in column 'mass_excess' is not a number" in refused(late.assign(mass_excess=None))
    assert "new.csv" in refused(late.assign(N=late["N"] + 0.5))
    assert "at least 100 draws" in refused(late, runs["short"].path)
    assert "was interrupted: expected a complete run" in refused(late, runs["stopped"].path)
    assert "expected the folder of a run" in refused(late, tmp_path / "nowhere")
