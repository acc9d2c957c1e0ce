"""`bmm doubt` on a region where several masses of AME2003 turned out to be wrong."""

import json

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.figures.doubt import doubt_figure
from bmm.measurement.recalibration import Recalibration
from bmm.theory.adapters import Domain
from bmm.workflows import doubt


@pytest.fixture(scope="module")
def listed(call_bmm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("doubt") / "list"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doubt, "_NUCLEI", Domain(Z=(35, 43), N=(44, 70)))
        done = call_bmm("doubt", "AME2003", "-o", folder, "-m", "DZ28", "-m", "FRDM2012")
    assert done.code == 0, done.err
    return done, folder


def test_every_mass_is_listed_with_what_became_of_it(listed):
    done, folder = listed
    table = pd.read_csv(folder / "doubts.csv", keep_default_na=False, na_values=["nan"])
    measured = load_measured("AME2003")
    assert len(table) == Domain(Z=(35, 43), N=(44, 70)).covers(measured.index).sum()
    rows = pd.MultiIndex.from_frame(table[["Z", "N"]])
    stated = measured.loc[rows, "mass_excess"].to_numpy()
    assert table["mass_excess"].astype(float).to_numpy() == pytest.approx(stated, rel=1e-5)
    deviation = table["mass_excess"].astype(float) - table["left_out"].astype(float)
    assert deviation.to_numpy() == pytest.approx(
        table["deviation"].astype(float).to_numpy(), abs=1e-3
    )
    assert {"deviation_DZ28", "deviation_FRDM2012", "neighbours"} <= set(table)
    first = table.iloc[0]
    assert first["nucleus"] in done.out
    assert first["outcome"] == "off"
    assert (folder / "figures" / "doubts.png").is_file()


def test_probabilities_are_worth_what_earlier_ones_were(listed):
    _, folder = listed
    summary = json.loads((folder / "doubts.json").read_text())
    table = pd.read_csv(folder / "doubts.csv")
    learnt = Recalibration(**summary["recalibration"])
    assert learnt.n > 5  # of AME1995, remeasured in AME2003
    assert table["probability"].to_numpy() == pytest.approx(
        learnt.apply(table["posterior_probability"].to_numpy()), rel=1e-3
    )
    found = summary["validation"]
    off = table["outcome"] == "off"
    assert found["n_off"] == off.sum() >= 4
    assert found["off_among_first"]["10"] == off.head(10).sum()
    assert found["roc_area"] > 0.85
    assert found["expected_off_measured_anew"] == pytest.approx(
        table.loc[table["measured_anew"], "probability"].sum(), rel=1e-3
    )
    assert summary["models"] == ["DZ28", "FRDM2012"]


def test_a_theory_trained_on_later_masses_is_refused(bmm, tmp_path):
    done = bmm("doubt", "AME2003", "-m", "WS4", "-o", tmp_path / "list")
    assert done.code == 2
    assert "WS4 was calibrated on AME2012: expected models that cannot know" in done.err
    done = bmm("doubt", "AME2003", "-m", "WS5", "-o", tmp_path / "list")
    assert "no model is called 'WS5'" in done.err
    done = bmm("doubt", "AME2021", "-o", tmp_path / "list")
    assert done.code == 2
    assert "not 'AME2021'" in done.err
    assert not (tmp_path / "list").exists()


def test_an_evaluation_without_a_predecessor_is_refused(bmm, tmp_path):
    done = bmm("doubt", "AME1983", "-m", "FRDM1995", "-o", tmp_path / "list")
    assert done.code == 2
    assert "AME1983" in done.err
    assert not (tmp_path / "list").exists()


def test_the_latest_evaluation_has_no_outcome(tmp_path):
    table = pd.DataFrame(
        {"nucleus": ["Sn-132", "Sn-133"], "probability": [0.5, 0.005]},
        index=pd.MultiIndex.from_tuples([(50, 82), (50, 83)], names=["Z", "N"]),
    )
    figure = doubt_figure(table)
    assert len(figure.axes) == 2  # the chart and its colour bar
    curve = pd.DataFrame({"expected": [0.1], "observed": [0.2], "n": [10]})
    assert len(doubt_figure(table, curve).axes) == 3
    texts = [each.get_text() for each in figure.axes[0].texts]
    assert "Sn-132" in texts
    assert "Sn-133" not in texts  # not doubtful
    assert np.isfinite(table["probability"]).all()
