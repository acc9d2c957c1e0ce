"""What a run reads, and what it leaves behind when it cannot begin."""

import logging

import numpy as np
import pytest

from bmm.data import load_measured
from bmm.errors import BmmError, ConfigError
from bmm.workflows import pipeline
from bmm.workflows.config import Chart, Data, RunConfig, Theory
from bmm.workflows.inputs import select_measured
from bmm.workflows.pipeline import fit_configuration, run


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
    assert chosen.equals(load_measured("AME2020").loc[chosen.index])
    assert (Z.min(), Z.max(), N.min(), N.max(), len(Z)) == (40, 42, 50, 54, 15)


def test_imprecise_masses_are_left_out():
    every = select_measured(make())
    limit = 1000 * every["mass_excess_uncertainty"].median()
    precise = select_measured(make(data=make().data.model_copy(
        update={"max_uncertainty_keV": limit}
    )))  # fmt: skip
    assert 0 < len(precise) < len(every)
    assert (precise["mass_excess_uncertainty"] < limit / 1000).all()


def test_no_nucleus_is_left():
    with pytest.raises(ConfigError, match=r"no nucleus .* AME2020 has Z in \[40, 40\] .*below 1e-"):
        select_measured(make(data=Data(Z=(40, 40), max_uncertainty_keV=1e-9)))


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the sampler and keep what it was asked."""
    seen = {}

    def fit(measured, theory, chart, mixing, **_):
        seen.update(measured=measured, theory=theory, chart=chart)
        raise InterruptedError

    monkeypatch.setattr(pipeline, "fit", fit)
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
