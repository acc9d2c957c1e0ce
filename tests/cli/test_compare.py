"""A small comparison from configuration to folder, as a user sees it."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.data import load_measured, load_theory, uncertainty_scale_factor
from bmm.evaluation.splits import edition_split, random_folds
from bmm.methods.forecasting import make_forecast
from bmm.theory.adapters import Domain
from bmm.theory.library import load_model

CONFIGURATION = """
seed = 5
reference = "plain"
methods = [
    { method = "single-model", model = "FRDM2012" },
    { method = "single-model", model = "DZ33" },
    { method = "equal-weights", name = "plain" },
    "least-squares",
]
[split]
kind = "edition"
train = "AME2003"
test = "AME2020"
Z = [38, 43]
N = [28, 82]
[theory]
models = ["FRDM2012", "DZ33"]
"""


@pytest.fixture
def configuration(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(CONFIGURATION)
    return path


def test_a_comparison_from_end_to_end(bmm, configuration, tmp_path):
    folder = tmp_path / "out"
    done = bmm("compare", configuration, "-o", folder)
    assert done.code == 0, done.err
    assert "plain" in done.out
    split = edition_split("AME2003", "AME2020", Domain(Z=(38, 43), N=(28, 82)))
    table = pd.read_csv(folder / "comparison.csv")
    whole = table[table["region"] == "all"].set_index("method")
    assert set(whole.index) == {"FRDM2012", "DZ33", "plain", "least-squares"}
    assert (whole["n"] == len(split.test)).all()
    error = load_theory("FRDM2012")["mass_excess"] - split.test["mass_excess"]
    assert whole.loc["FRDM2012", "rms"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)
    summary = json.loads((folder / "comparison.json").read_text())
    assert summary["reference"] == "plain"
    assert set(summary["provenance"]["sha256"]) >= {"AME2003", "AME2020", "FRDM2012"}
    assert not summary["methods"]["plain"]["leaked"]
    assert summary["unconfirmed"] == []
    assert "not confirmed" not in done.out
    derived = pd.read_csv(folder / "derived.csv")
    assert set(derived["quantity"]) >= {"mass_excess", "S_1n", "S_2n", "Q_alpha"}
    assert derived["chance"].between(0, 1, inclusive="right").all()
    best = whole["crps"].idxmin()
    assert f"{best}: masses and derived quantities of test nuclei" in done.out
    nuclei = pd.read_csv(folder / "nuclei.csv")
    assert len(nuclei) == 4 * len(split.test)
    assert (folder / "figures" / "comparison.png").stat().st_size > 10_000
    with xr.open_dataset(folder / "forecasts" / "plain-AME2003-AME2020.nc") as stored:
        assert stored["draws"].sizes["nucleus"] == len(split.test)


def test_finished_forecasts_are_taken_up(bmm, configuration, tmp_path):
    folder = tmp_path / "out"
    bmm("compare", configuration, "-o", folder)
    before = (folder / "comparison.csv").read_bytes()
    again = bmm("compare", configuration, "-o", folder)
    assert again.out.count("taken up from disk") == 4
    assert (folder / "comparison.csv").read_bytes() == before
    (folder / "forecasts" / "DZ33-AME2003-AME2020.nc").write_bytes(b"cut off")
    configuration.write_text(CONFIGURATION.replace('"least-squares"', '"best-single"'))
    assert bmm("compare", configuration, "-o", folder).out.count("taken up from disk") == 2
    configuration.write_text(CONFIGURATION.replace("28, 82", "28, 68"))
    assert "taken up from disk" not in bmm("compare", configuration, "-o", folder).out


def test_a_factor_learnt_from_an_older_evaluation_is_recorded(bmm, configuration, tmp_path):
    text = CONFIGURATION.replace("[38, 43]", "[36, 44]").replace(
        '"least-squares"', '{ method = "corrected-mixture", measurement_errors = "factor:AME1995" }'
    )
    configuration.write_text(text)
    folder = tmp_path / "out"
    done = bmm("compare", configuration, "-o", folder)
    assert done.code == 0, done.err
    summary = json.loads((folder / "comparison.json").read_text())
    assert set(summary["provenance"]["sha256"]) >= {"AME1995", "AME2003", "AME2020"}
    (facts,) = summary["methods"]["corrected-mixture, uncertainties learnt from AME1995"]["facts"]
    split = edition_split("AME2003", "AME2020", Domain(Z=(36, 44), N=(28, 82)))
    learnt = uncertainty_scale_factor(load_measured("AME1995"), split.training)
    assert facts["uncertainties"]["factor"] == pytest.approx(learnt.factor)
    assert bmm("compare", configuration, "-o", folder).out.count("taken up from disk") == 4


def test_leaks_are_refused_or_marked(bmm, configuration, tmp_path):
    leaky = CONFIGURATION.replace('"DZ33"', '"HFB26"')
    configuration.write_text(leaky)
    refused = bmm("compare", configuration, "-o", tmp_path / "out")
    assert refused.code == 2
    assert "not blind: HFB26" in refused.err
    assert not (tmp_path / "out").exists()
    configuration.write_text(f"allow_leaks = true\n{leaky}")
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 0
    assert all(f"{name} †" in done.out for name in ("HFB26", "plain", "least-squares"))
    assert "FRDM2012 †" not in done.out


def test_a_method_that_cannot_be_used_is_left_out(bmm, configuration, tmp_path):
    text = CONFIGURATION.replace('model = "DZ33"', 'model = "FRDM2013"')
    configuration.write_text(text)
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 0
    assert "FRDM2013 is left out: no component is called 'FRDM2013'" in done.out
    summary = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert set(summary["failed"]) == {"FRDM2013"}
    assert "FRDM2013" not in summary["methods"]


REGION = 'name = "{name}"\nadapter = "table"\ntable = "{table}"\n[domain]\nZ = [{first}, {last}]\n'


def test_methods_that_need_common_nuclei_are_left_out_where_there_are_none(
    bmm, configuration, tmp_path
):
    for name, table, first, last in (
        ("light", "FRDM2012", 0, 39),
        ("heavy", "FRDM1995", 40, 140),
        ("lead", "FRDM1995", 82, 82),
    ):
        card = REGION.format(name=name, table=table, first=first, last=last)
        (tmp_path / f"{name}-card.toml").write_text(card)
    cards = [f"{name}-card.toml" for name in ("light", "heavy", "lead")]
    text = f"""
seed = 5
methods = ["equal-weights", "least-squares", "global-bma", "stacking"]
{CONFIGURATION[CONFIGURATION.index("[split]") : CONFIGURATION.index("models")]}
models = ["light", "heavy"]
cards = {json.dumps(cards)}
"""
    configuration.write_text(text)
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    for method in ("least-squares", "global-bma", "stacking"):
        assert f"{method} is left out: no measured nucleus is covered by every model" in done.out
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    split = edition_split("AME2003", "AME2020", Domain(Z=(38, 43), N=(28, 82)))
    whole = table[table["region"] == "all"]
    assert whole["method"].tolist() == ["equal-weights"]
    assert whole["n"].tolist() == [len(split.test)]
    configuration.write_text(text.replace('"heavy"]', '"heavy", "lead"]'))
    refused = bmm("compare", configuration, "-o", tmp_path / "other")
    assert refused.code == 2
    assert "model 'lead' covers none of the" in refused.err


def test_a_folder_of_something_else_is_left_alone(bmm, configuration, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    refused = bmm("compare", configuration, "-o", tmp_path / "out")
    assert refused.code == 2
    assert "not the folder of a comparison" in refused.err
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"


def test_an_unknown_model_is_named(bmm, configuration, tmp_path):
    configuration.write_text(CONFIGURATION.replace('"DZ33"]', '"DZ34"]'))
    refused = bmm("compare", configuration, "-o", tmp_path / "out")
    assert refused.code == 2
    assert "key 'theory.models': no model is called 'DZ34'" in refused.err


@pytest.mark.slow
def test_models_that_learn_are_fitted_anew_in_every_fold(bmm, tmp_path):
    path = tmp_path / "folds.toml"
    path.write_text("""
seed = 3
methods = [{ method = "single-model", model = "DZ10-refit" }]
[split]
kind = "random"
folds = 2
Z = [28, 90]
N = [28, 140]
[theory]
models = ["DZ10-refit"]
""")
    done = bmm("compare", path, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    found = pd.read_csv(tmp_path / "out" / "nuclei.csv").set_index(["Z", "N"])
    measured = load_measured("AME2020")
    measured = measured[Domain(Z=(28, 90), N=(28, 140)).covers(measured.index)]
    assert found.index.sort_values().equals(measured.index)
    for fold in random_folds(measured, 2, seed=3):
        fitted = load_model("DZ10-refit").fit(fold.training)
        predicted = fitted.predict(fold.test.index)["mass_excess"].to_numpy()[:, 0]
        error = predicted - fold.test["mass_excess"].to_numpy()
        assert found.loc[fold.test.index, "error"].to_numpy() == pytest.approx(error, abs=1e-5)
        assert (found.loc[fold.test.index, "fold"] == fold.name).all()


def test_a_method_that_fails_is_named_and_the_others_go_on(
    bmm, configuration, tmp_path, monkeypatch
):
    def fails_once(method, *rest):
        if method.label == "least-squares":
            raise FloatingPointError("no such root")
        return make_forecast(method, *rest)

    monkeypatch.setattr("bmm.workflows.compare_forecasts.make_forecast", fails_once)
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 4
    assert "failed: least-squares" in done.err
    summary = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert set(summary["methods"]) == {"FRDM2012", "DZ33", "plain"}
    expected = "failed 3 times, last with FloatingPointError: no such root"
    assert summary["failed"] == {"least-squares": expected}
    monkeypatch.undo()
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 0
    assert done.out.count("taken up from disk") == 3
