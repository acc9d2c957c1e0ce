"""Masses to doubt of a run: what `bmm doubt RUN` keeps with it, and what its report shows."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.errors import ConfigError
from bmm.measurement.recalibration import Recalibration
from bmm.mixing.corrected_fit import average_hyperparameters, average_of
from bmm.mixing.fitted import fitted_masses
from bmm.report import page as page_module
from bmm.report.contents import gather
from bmm.report.explorer import explorer, quantities
from bmm.report.page import write_page
from bmm.report.tables import doubt_lines, doubt_rows
from bmm.workflows import doubt
from bmm.workflows.folder import RunFolder

NO_FIGURES = {section: [] for section in ("calibration", "maps", "isotopes", "existence", "doubts")}
HARM = "<img src=x onerror='window.harmed=1'>\"&amp;"


@pytest.fixture
def run(doubted, tmp_path):
    return shutil.copytree(doubted[1], tmp_path / "tin")


@pytest.fixture(scope="module")
def judged(doubted):
    return gather(doubted[1])


def numbers(text):
    return [float(each) for each in re.findall(r"[+-]?\d+(?:\.\d+)?", text)]


def test_the_list_is_kept_with_the_run(doubted):
    done, path = doubted
    folder = RunFolder.open(path)
    table, summary = folder.read_doubts()
    fitted = fitted_masses(folder.read_posterior())
    assert summary["n"] == len(table) == len(fitted)
    assert sorted(table.index) == sorted(fitted.index)
    assert summary["models"] == ["FRDM1995", "DZ33"]
    assert (table["outcome"] == "").all()  # nothing is later than AME2020
    assert table["probability"].is_monotonic_decreasing
    learnt = Recalibration(**summary["recalibration"])
    assert table["probability"].to_numpy() == pytest.approx(
        learnt.apply(table["posterior_probability"].to_numpy()), rel=1e-3
    )
    stated = load_measured("AME2020").loc[table.index, "mass_excess"]
    np.testing.assert_allclose(table["mass_excess"], stated, rtol=1e-5)
    assert f"to see them in its report: bmm report {path}" in done.out


def test_the_field_of_the_run_is_the_evidence(doubted):
    tree = RunFolder.open(doubted[1]).read_posterior()
    found = average_hyperparameters(tree)
    used = average_of(tree, fitted_masses(tree)).field.hyperparameters
    assert found.as_dict() == used.as_dict()


def test_a_row_of_the_report_has_the_numbers_of_the_list(doubted, judged):
    # As another program would read it.
    table = pd.read_csv(doubted[1] / "doubts.csv").set_index("nucleus")
    rows = doubt_rows(judged)
    assert [row["nucleus"] for row in rows] == table.index[:20].tolist()
    for row in rows:
        kept = table.loc[row["nucleus"]]
        if row["probability"] == "< 0.01":
            assert kept["probability"] < 0.01
        else:
            assert float(row["probability"]) == pytest.approx(kept["probability"], abs=0.0051)
        for shown, names in (
            ("measured", ["mass_excess", "uncertainty"]),
            ("left_out", ["left_out", "left_out_sd"]),
        ):
            assert numbers(row[shown]) == pytest.approx(kept[names].tolist(), abs=0.0006)
        assert numbers(row["deviation"]) == pytest.approx([1000 * kept["deviation"]], abs=0.51)
        by_model = dict(each.rsplit(" ", 1) for each in row["models"].split(", "))
        assert {name: float(each) for name, each in by_model.items()} == pytest.approx(
            {name: 1000 * kept[f"deviation_{name}"] for name in ("FRDM1995", "DZ33")}, abs=0.51
        )
        assert [name for name, _ in row["neighbours"]] == kept["neighbours"].split()
        assert row["later"] == "-"


def test_what_became_of_a_mass_is_shown(judged):
    table = judged.doubts.table.copy()
    first = table.index[0]
    table.loc[first, ["later", "outcome"]] = ["AME2030", "off"]
    table.loc[first, "change"] = -0.3124
    deviation = next(name for name in table if name.startswith("deviation_"))
    table.loc[first, deviation] = np.nan
    row = doubt_rows(replace(judged, doubts=replace(judged.doubts, table=table)))[0]
    assert row["later"] == "AME2030: -312 keV, off"
    assert deviation.removeprefix("deviation_") not in row["models"]
    found = {"n_measured_anew": 7, "n_off_measured_anew": 2, "expected_off_measured_anew": 1.25}
    summary = judged.doubts.summary | {"validation": found, "recalibration": None}
    lines = doubt_lines(replace(judged, doubts=replace(judged.doubts, summary=summary)))
    assert lines[1].startswith("Probabilities are not recalibrated")
    assert lines[2] == "Of 7 masses remeasured since, 2 were off, 1.2 expected."


def test_the_page_has_the_section_or_the_command(doubted, reported):
    page = (doubted[1] / "report.html").read_text()
    section = page[page.index('<section id="doubts0">') : page.index('<section id="origin0">')]
    assert section.count('<th scope="row">') == 20
    first = re.search(r'<th scope="row"><a href="#([A-Za-z]+-\d+)">\1</a></th>', section)[1]
    assert first == pd.read_csv(doubted[1] / "doubts.csv")["nucleus"][0]
    assert "152 masses of AME2020, judged by FRDM1995, DZ33" in section
    assert "data:image/png;base64," in section
    assert (doubted[1] / "figures" / "doubts.pdf").is_file()
    without = (reported[1] / "report.html").read_text()
    section = without[without.index('<section id="doubts0">') :]
    assert f"<code>bmm doubt {reported[1]}</code>" in section
    assert "<img" not in section[: section.index("</section>")]


def test_probabilities_are_a_quantity_of_the_chart(judged, contents):
    assert "doubt" in quantities(judged)["Mass"]
    assert "doubt" not in quantities(contents)["Mass"]
    columns = explorer(judged).show.args["source"].data
    shown = dict(zip(columns["label"], columns["doubt"], strict=True))
    table = judged.doubts.table.set_index("nucleus")["probability"]
    assert {name: value for name, value in shown.items() if np.isfinite(value)} == pytest.approx(
        table.to_dict(), rel=1e-5
    )


def test_names_in_the_list_are_text_on_the_page(judged, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "shown_figures", lambda shown: NO_FIGURES)
    table = judged.doubts.table.rename(
        columns=lambda name: name.replace("deviation_", f"deviation_{HARM}")
    )
    table = table.assign(nucleus=HARM, neighbours=HARM, later=HARM, outcome=HARM, change=0.0)
    summary = judged.doubts.summary | {"evaluation": HARM, "models": [HARM]}
    hostile = replace(
        judged, path=judged.path / HARM, doubts=replace(judged.doubts, table=table, summary=summary)
    )
    for shown in (hostile, replace(hostile, doubts=None)):
        page = write_page([shown], tmp_path / "page.html").read_text()
        section = page[page.index('<section id="doubts0">') : page.index('<section id="origin0">')]
        assert "<img" not in section
        assert "&lt;img src=x" in section
        assert "href" not in section
        assert "&amp;amp;" in section


def test_a_damaged_list_is_refused_and_named(bmm, run):
    assert bmm("report", run).code == 0
    content = (run / "doubts.csv").read_text()
    (run / "doubts.csv").write_text(content.replace("Sn", "In", 1))
    done = bmm("report", run)
    assert done.code == 2
    assert "doubts.csv is not the file that was written" in done.err


def test_a_list_is_replaced_only_if_that_is_wished(bmm, run, reported, tmp_path):
    again = bmm("doubt", run, "--no-recalibrate")
    assert again.code == 2
    assert "holds a list of doubts; use --overwrite" in again.err
    before = json.loads((run / "doubts.json").read_text())
    done = bmm("doubt", run, "--no-recalibrate", "--overwrite")
    assert done.code == 0, done.err
    table, summary = RunFolder.open(run).read_doubts()
    assert summary["recalibration"] is None
    assert before["recalibration"] is not None
    assert (table["probability"] == table["posterior_probability"]).all()
    assert bmm("freeze", run).code == 0  # the forecast is as it was
    for option in (("-m", "DZ33"), ("-o", tmp_path / "list")):
        refused = bmm("doubt", run, *option)
        assert refused.code == 2
        assert "whose own models judge" in refused.err
    (tmp_path / "empty").mkdir()
    assert "holds no complete run" in bmm("doubt", tmp_path / "empty").err


def test_masses_of_ones_own_are_not_judged(run, monkeypatch):
    def with_own(tree):
        masses = fitted_masses(tree)
        masses.loc[(50, 74), "mass_excess"] += 0.01
        return masses

    monkeypatch.setattr(doubt, "fitted_masses", with_own)
    found = doubt.find_run_doubts(run, recalibrate=False, overwrite=True)
    assert len(found.table) == 151
    assert (50, 74) not in found.table.index


def test_a_run_on_a_table_of_ones_own_is_refused(run, monkeypatch):
    config = RunFolder.open(run).read_config()
    own = config.model_copy(update={"data": config.data.model_copy(update={"measured": "own.csv"})})
    monkeypatch.setattr(RunFolder, "read_config", lambda folder: own)
    with pytest.raises(ConfigError, match=r"learnt from own\.csv: expected masses of a shipped"):
        doubt.find_run_doubts(run, overwrite=True)
