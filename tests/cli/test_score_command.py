"""`bmm freeze` and `bmm score`: a forecast, its date, and what was measured afterwards."""

import hashlib
import json
import shutil
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bmm.data import load_measured
from bmm.distributions import StudentTMixture
from bmm.evaluation.new_masses import judge, point_totals, totals
from bmm.nuclides import label, nuclide_index
from bmm.workflows.scored_run import read_scored_run


@pytest.fixture
def run(reported, tmp_path):
    """A copy of the small run, which ends at N = 82 and predicts to N = 86."""
    return shutil.copytree(reported[1], tmp_path / "tin")


@pytest.fixture
def write(tmp_path):
    def write(masses):
        path = tmp_path / "new.csv"
        masses.to_csv(path)
        return path

    return write


def new_masses(where):
    masses = load_measured("AME2020")[["mass_excess", "mass_excess_uncertainty"]]
    Z, N = (masses.index.get_level_values(name) for name in "ZN")
    return masses[where(Z, N)]


@pytest.fixture
def beyond():
    """Measured nuclei of the chart beyond what the run has learnt."""
    return new_masses(lambda Z, N: (Z >= 47) & (Z <= 52) & (N > 82) & (N <= 86))


def read(path):
    nuclei = pd.read_csv(path / "nuclei.csv", index_col=["Z", "N"])
    return nuclei, pd.read_csv(path / "totals.csv"), json.loads((path / "score.json").read_text())


def test_new_masses_are_scored(bmm, run, write, beyond, tmp_path):
    file = write(beyond)
    done = bmm("score", run, file, "-o", tmp_path / "score", "--against", run)
    assert done.code == 0, done.err
    nuclei, found, summary = read(tmp_path / "score")
    assert summary["n"] == len(nuclei) == len(beyond) > 5
    assert summary["coverage_law"] == "independent"  # all are measured, so none is drawn
    assert summary["frozen"] is None
    assert summary["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    # Against the predictions that the run wrote, and the noise added to them.
    predictions = pd.read_csv(run / "predictions.csv", index_col=["Z", "N"]).loc[beyond.index]
    np.testing.assert_allclose(nuclei["mean"], predictions["mean"], atol=2e-4)
    assert (nuclei["sd"] >= predictions["sd"] - 1e-4).all()
    z = (beyond["mass_excess"] - nuclei["mean"]) / nuclei["sd"]
    np.testing.assert_allclose(nuclei["z"], z, atol=2e-3)
    inside = (beyond["mass_excess"] > nuclei["lower_68"]) & (
        beyond["mass_excess"] < nuclei["upper_68"]
    )
    own, other = (found[found["what"] == what].iloc[0] for what in ("run", "other run"))
    assert own["coverage_68"] == pytest.approx(inside.mean(), abs=1e-6)
    assert own["rms"] == pytest.approx(np.sqrt(np.mean(nuclei["error"] ** 2)), rel=1e-4)
    assert own["crps"] == pytest.approx(nuclei["crps"].mean(), rel=1e-4)
    assert other["crps"] == own["crps"]
    models = found[found["what"] == "model"].set_index("name")
    assert list(models.index) == ["FRDM1995", "DZ33"]
    assert (models["crps"] == models["mae"]).all()
    assert models["log_score"].isna().all()
    assert "not frozen" in done.out
    assert done.err == "NOT CONVERGED: the chains of this run disagree.\n"
    assert summary["converged"] is False
    assert other["name"] == f"tin, {run}"
    assert (tmp_path / "score" / "figures" / "score.png").is_file()
    again = bmm("score", run, file, "-o", tmp_path / "score")
    assert again.code == 2
    assert "--overwrite" in again.err
    assert bmm("score", run, file, "-o", tmp_path / "score", "--overwrite").code == 0


def test_unmeasured_nuclei_have_a_joint_law_and_extrapolations(bmm, run, write, tmp_path):
    forecast = read_scored_run(run)
    estimated = load_measured("AME2020", estimated=True)
    estimated = estimated[estimated["estimated"] & estimated.index.isin(forecast.index)]
    made_up = estimated[["mass_excess"]].assign(mass_excess_uncertainty=0.01)
    done = bmm("score", run, write(made_up), "-o", tmp_path / "score")
    assert done.code == 0, done.err
    _, found, summary = read(tmp_path / "score")
    assert summary["coverage_law"] == "joint"
    rows = found[found["nuclei"] == "extrapolated"].set_index("what")
    assert rows.loc["extrapolation", "n"] == len(made_up)
    assert rows.loc["extrapolation", "rms"] == pytest.approx(0, abs=1e-9)
    assert rows.loc["extrapolation", "crps"] < rows.loc["run", "crps"]


def test_what_was_learnt_is_refused(bmm, run, write, beyond, tmp_path):
    learnt = load_measured("AME2020").loc[[(50, 82)], beyond.columns]
    done = bmm("score", run, write(pd.concat([beyond, learnt])), "-o", tmp_path / "score")
    assert done.code == 2
    assert f"Sn-132: expected nuclei that {run} has not learnt from" in done.err
    assert not (tmp_path / "score").exists()


def test_a_contradiction_and_what_is_not_predicted_are_warned_of(bmm, run, write, beyond, tmp_path):
    nucleus = beyond.index[0]
    changed = beyond.copy()
    changed.loc[nucleus, "mass_excess"] += 2.0
    far = new_masses(lambda Z, N: (Z == 60) & (N == 90))
    done = bmm("score", run, write(pd.concat([changed, far])), "-o", tmp_path / "score")
    assert done.code == 0, done.err
    assert f"{label(*nucleus)}: +2000 keV from AME2020" in done.err
    assert "Nd-150: left out, for not the run predicts them" in done.err
    assert len(read(tmp_path / "score")[2]["warnings"]) == 2
    only_far = bmm("score", run, write(far), "-o", tmp_path / "other")
    assert only_far.code == 2
    assert "expected nuclei that the run predicts, but there is none" in only_far.err


def test_a_frozen_run_has_a_date_and_checksums(bmm, run, write, beyond, tmp_path):
    before = datetime.now(UTC).replace(microsecond=0)
    done = bmm("freeze", run)
    assert done.code == 0, done.err
    record = json.loads((run / "frozen.json").read_text())
    assert before <= datetime.fromisoformat(record["date"]) <= datetime.now(UTC)
    names = ("config.toml", "distribution.nc", "posterior.nc", "predictions.csv")
    lines = ""
    for name in names:
        lines += f"{hashlib.sha256((run / name).read_bytes()).hexdigest()}  {name}\n"
    assert record["checksum"] == hashlib.sha256(lines.encode()).hexdigest()
    for line in lines.splitlines():
        assert line in done.out
    assert "NOT CONVERGED" in done.err
    again = bmm("freeze", run)
    assert again.out == done.out
    assert bmm("report", run).code == 0
    page = (run / "report.html").read_text()
    assert f"Frozen on {record['date']}" in page
    assert f"<code>sha256 {record['checksum']}</code>" in page
    scored = bmm("score", run, write(beyond), "-o", tmp_path / "score")
    assert scored.code == 0, scored.err
    assert read(tmp_path / "score")[2]["frozen"] == record
    assert record["checksum"] in scored.out


def test_a_run_that_changed_since_it_was_frozen_is_refused(bmm, run, write, beyond, tmp_path):
    assert bmm("freeze", run).code == 0
    with (run / "predictions.csv").open("a") as file:
        file.write("\n")
    done = bmm("score", run, write(beyond), "-o", tmp_path / "score")
    assert done.code == 2
    assert "predictions.csv" in done.err
    for command in ("freeze", "report"):
        refused = bmm(command, run)
        assert refused.code == 2
        assert "predictions.csv" in refused.err


def test_a_right_forecast_scores_as_expected():
    rng = np.random.default_rng(7)
    n = 3000
    index = nuclide_index(*np.divmod(np.arange(n), 60) + np.array([[8], [8]]))
    truth = rng.standard_normal(n)
    new = pd.DataFrame(
        {"mass_excess": truth + 0.5 * rng.standard_normal(n), "mass_excess_uncertainty": 0.5},
        index=index,
    )
    judged = judge(StudentTMixture(np.zeros((n, 1)), 1.0), new, [0.5, 0.9])
    found = totals(judged, index, [0.5, 0.9])
    sd = np.sqrt(1.25)
    assert found["crps"] == pytest.approx(sd / np.sqrt(np.pi), rel=0.05)
    assert found["log_score"] == pytest.approx(-stats.norm(0, sd).entropy(), abs=0.05)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.02)
    assert found["p"] > 0.01
    narrow = judge(StudentTMixture(np.zeros((n, 1)), 0.5), new, [0.5, 0.9])
    assert totals(narrow, index, [0.5, 0.9])["p"] < 0.001
    points = point_totals(np.zeros(n), new["mass_excess"].to_numpy())
    assert points["rms"] == pytest.approx(found["rms"])
