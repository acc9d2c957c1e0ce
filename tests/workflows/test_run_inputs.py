"""What a run reads, and what it leaves behind when it cannot begin."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from bmm.data import load_measured
from bmm.errors import BmmError, ConfigError, DataError
from bmm.nuclides import nuclide_index
from bmm.workflows import pipeline
from bmm.workflows.config import Chart, Data, RunConfig, Theory, load_config
from bmm.workflows.inputs import known_masses, own_measurements, select_measured
from bmm.workflows.pipeline import fit_configuration, run
from bmm.workflows.run_provenance import provenance


def make(**changes):
    settings = {
        "name": "mine",
        "data": Data(Z=(40, 42), N=(50, 54)),
        "chart": Chart(Z=(40, 42), N=(50, 56)),
        "theory": Theory(models=["DZ33", "FRDM2012"]),
    }
    return RunConfig(**settings | changes)


def numbers(tree):
    return set(zip(tree["Z"].to_numpy(), tree["N"].to_numpy(), strict=True))


def test_measured_nuclei_are_selected():
    chosen = select_measured(make())
    Z, N = (chosen.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    assert chosen.equals(load_measured("AME2020").loc[chosen.index, list(chosen)])
    assert (Z.min(), Z.max(), N.min(), N.max(), len(Z)) == (40, 42, 50, 54, 15)


def test_imprecise_masses_are_left_out():
    every = select_measured(make())
    limit = 1000 * every["mass_excess_uncertainty"].median()
    precise = select_measured(make(data=make().data.model_copy(
        update={"max_uncertainty_keV": limit}
    )))  # fmt: skip
    assert 0 < len(precise) < len(every)
    assert (precise["mass_excess_uncertainty"] < limit / 1000).all()


ZR, NEW = "Z,N,mass_excess,mass_excess_uncertainty\n", "40,50,-88.7,0.005\n40,54,-87.25,0.01\n"


@pytest.fixture
def own(tmp_path):
    """Write files beside a configuration; gives the configuration that names them."""

    def write(section, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(ZR + text)
        (tmp_path / "own.toml").write_text(
            f'{section}\nZ = [40, 42]\nN = [50, 54]\n[theory]\nmodels = ["DZ33", "FRDM2012"]\n'
        )
        return load_config(tmp_path / "own.toml")

    return write


def test_own_measurements_replace_and_add(own):
    config = own('[data]\nmeasured = "AME1995"\nextra = ["new.csv"]', new=NEW + "42,73,-44.9,0.1\n")
    every, before = known_masses(config.data), load_measured("AME1995")
    assert every.loc[(40, 50)].tolist() == [-88.7, 0.005]
    assert before.loc[(40, 50), "mass_excess"] != -88.7
    assert (42, 73) not in before.index
    assert len(every) == len(before) + 1
    same = every.index.difference([(40, 50), (40, 54), (42, 73)])
    assert every.loc[same].equals(before.loc[same, list(every)])
    assert select_measured(config).loc[(40, 54), "mass_excess"] == -87.25
    (found,) = own_measurements(config.data)
    assert Path(found["file"]).name == "new.csv"
    assert (found["added"], found["replaced"]) == (["Mo-115"], ["Zr-90", "Zr-94"])


def test_a_table_of_ones_own_takes_the_place_of_the_evaluation(own):
    config = own('[data]\nmeasured = "mine.csv"', mine=NEW)
    assert [*select_measured(config).index] == [(40, 50), (40, 54)]
    # Written out, the configuration may lie in any folder.
    assert config.data.measured in config.to_toml()
    assert Path(config.data.measured).is_absolute()
    sums = provenance(config.data.files, [], 1)["sha256"]
    assert known_masses(config.data, sums).equals(known_masses(config.data))
    Path(config.data.measured).write_text(ZR + "40,50,-88.8,0.005\n")
    with pytest.raises(DataError, match=r"mine\.csv was changed since"):
        known_masses(config.data, sums)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"new": "40,50,-88.7\n"}, "new.csv"),
        ({"new": "40,50,-8.87,0.005\n"}, "Zr-90 .*AME2020 has"),
        ({"new": "40,50,-88.7,0\n"}, "uncertainty"),
        ({"new": NEW + NEW}, "Z=40, N=50"),
        ({"new": NEW, "more": NEW}, "more.csv: Zr-90 is also in .*new.csv"),
        ({}, "new.csv"),
    ],
)
def test_own_measurements_that_cannot_be_used_are_refused(own, files, wanted):
    names = [f"{name}.csv" for name in files] or ["new.csv"]
    with pytest.raises(DataError, match=wanted) as refused:
        select_measured(own(f"[data]\nextra = {json.dumps(names)}", **files))
    assert "\n" not in str(refused.value)


def test_no_nucleus_is_left():
    with pytest.raises(ConfigError, match=r"no nucleus .* AME2020 has Z in \[40, 40\] .*below 1e-"):
        select_measured(make(data=Data(Z=(40, 40), max_uncertainty_keV=1e-9)))


@pytest.fixture
def asked(monkeypatch):
    """Replace the sampler and keep its arguments."""
    seen = {}

    def fit(measured, chart, mixing, **_):
        index = nuclide_index(chart["Z"].to_numpy(), chart["N"].to_numpy())
        at = index.get_indexer(measured.index)
        seen.update(measured=measured, theory=chart.isel(nucleus=at), chart=chart)
        raise InterruptedError

    monkeypatch.setattr(pipeline, "fit_forecast", fit)
    return seen


def test_the_chart_holds_what_a_model_covers_and_the_measured_nuclei(asked):
    config = make(chart=Chart(Z=(41, 43), N=(40, 60)))
    with pytest.raises(InterruptedError):
        fit_configuration(config, select_measured(config))
    covered = np.isfinite(asked["chart"]["mass_excess"]).any("theory").to_numpy()
    assert covered.all()
    nuclei = numbers(asked["chart"])
    assert numbers(asked["theory"]) <= nuclei  # Z = 40 is not on the chart but measured
    assert (43, 60) in nuclei
    assert (40, 55) not in nuclei


def test_models_come_in_the_order_of_the_configuration(asked):
    with pytest.raises(InterruptedError):
        fit_configuration(make(), select_measured(make()))
    assert asked["theory"]["theory"].to_numpy().tolist() == ["DZ33", "FRDM2012"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"theory": Theory(models=["DZ34"])}, "key 'theory.models': no model is called 'DZ34'"),
        ({"theory": Theory(models=["DZ33"], cards=["/no/card"])}, "/no/card: expected a model ca"),
        ({"chart": Chart(table="DZ29")}, "No theory table is called 'DZ29'"),
    ],
)
def test_a_run_that_cannot_begin_leaves_nothing(tmp_path, changes, message):
    with pytest.raises(BmmError, match=message):
        run(make(**changes), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_begin_keeps_the_one_it_was_to_replace(tmp_path):
    old = tmp_path / "x"
    old.mkdir()
    for name in ("config.toml", "log.txt", "posterior.nc"):
        (old / name).write_text("old")
    with pytest.raises(ConfigError, match="no model"):
        run(make(theory=Theory(models=["DZ34"])), old, overwrite=True)
    assert list(tmp_path.iterdir()) == [old]
    assert {path.read_text() for path in old.iterdir()} == {"old"}


def test_a_bug_leaves_its_log(tmp_path, asked):
    with pytest.raises(InterruptedError):
        run(make(), tmp_path / "x")
    log = (tmp_path / "x" / "log.txt").read_text()
    assert "run mine: 15 measured nuclei" in log
    assert "the run ended early" in log
    assert "InterruptedError" in log


def test_every_run_of_a_process_is_logged_and_no_handler_stays(tmp_path, asked):
    for name in ("a", "b"):
        logging.getLogger("bmm.workflows.pipeline").info("nobody listens")
        with pytest.raises(InterruptedError):
            run(make(), tmp_path / name)
        assert "15 measured nuclei" in (tmp_path / name / "log.txt").read_text()
    assert logging.getLogger("bmm").handlers == []
    assert logging.getLogger("bmm").level == logging.NOTSET
