"""Transitions between evaluations, on the command line and on workers."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from bmm.execution.tasks import SerialEngine
from bmm.methods.forecasting import make_forecast
from bmm.workflows.compare_config import load_comparison
from bmm.workflows.prequential import run_prequential

TRANSITIONS = """
methods = ["equal-weights", "least-squares", "ame-extrapolation"]
[split]
kind = "prequential"
Z = [76, 86]
N = [90, 150]
transitions = [
    { train = "AME1995", test = "AME2003", models = ["FRDM1995", "ETFSI"] },
    { train = "AME2003", test = "AME2012", models = ["FRDM2012", "FRDM1995"] },
]
choices = [{ name = "chosen", among = ["equal-weights", "least-squares"] }]
[theory]
models = ["FRDM1995", "FRDM2012", "ETFSI"]
"""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    path = tmp_path_factory.mktemp("configuration") / "transitions.toml"
    path.write_text(TRANSITIONS)
    return path


@pytest.fixture(scope="module")
def serial(call_bmm, configuration, tmp_path_factory):
    """What a run in one process prints, and its folder."""
    folder = tmp_path_factory.mktemp("serial") / "out"
    done = call_bmm("compare", configuration, "-o", folder)
    assert done.code == 0, done.err
    return done.out, folder


def results(folder):
    """Bytes of the forecasts and tables of all transitions, by name."""
    files = [path for path in folder.rglob("*") if path.suffix in (".nc", ".csv")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_transitions_are_shown_in_turn_and_together(serial):
    shown, folder = serial
    for words in (
        "AME2003-AME2012", "all transitions", "chosen", "after AME2012", "ETFSI", "not confirmed",
    ):  # fmt: skip
        assert words in shown
    table = pd.read_csv(folder / "comparison.csv")
    regions = set(table.loc[table["transition"] == "all transitions", "region"])
    assert {"all", "AME1995-AME2003", "predicted by ame-extrapolation"} <= regions


def test_finished_forecasts_are_taken_up(bmm, serial, configuration, tmp_path):
    shutil.copytree(serial[1], tmp_path / "out")
    again = bmm("compare", configuration, "-o", tmp_path / "out")
    assert again.out.count("taken up from disk") == 6


class _Backwards:
    """An engine that takes all tasks, and carries out the last of them first."""

    places = 2

    def __init__(self):
        self.taken = []

    def run(self, tasks, progress):
        tasks = list(tasks)
        self.taken.append([task.name.partition(":")[0] for task in tasks])
        yield from SerialEngine().run(reversed(tasks), progress)


@pytest.mark.slow
def test_forecasts_of_all_transitions_are_made_together(serial, configuration, tmp_path):
    engine = _Backwards()
    run_prequential(load_comparison(configuration), tmp_path / "out", engine=engine)
    assert engine.taken[0] == ["AME1995-AME2003"] * 3 + ["AME2003-AME2012"] * 3
    assert results(tmp_path / "out") == results(serial[1])


@pytest.mark.slow
def test_two_workers_give_the_bytes_of_a_serial_run(serial, configuration, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bmm.cli", "compare", configuration,
         "-o", tmp_path / "out", "--workers", "2"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "[6/6]" in done.stdout
    assert results(tmp_path / "out") == results(serial[1])


@pytest.fixture
def fail(monkeypatch):
    """Let a method fail in the second transition, which has more training nuclei."""

    def break_(label):
        def made(method, training, *rest):
            if method.label == label and len(training) > 300:
                raise FloatingPointError("no such root")
            return make_forecast(method, training, *rest)

        monkeypatch.setattr("bmm.workflows.compare_forecasts.make_forecast", made)

    return break_


def test_a_method_that_fails_is_named_with_its_transition(bmm, configuration, fail, tmp_path):
    fail("ame-extrapolation")
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 4
    assert "failed: AME2003-AME2012: ame-extrapolation;" in done.err
    summary = json.loads((tmp_path / "out" / "prequential.json").read_text())
    found = {name: set(each["failed"]) for name, each in summary["transitions"].items()}
    assert found == {"AME1995-AME2003": set(), "AME2003-AME2012": {"ame-extrapolation"}}


def test_a_choice_needs_all_its_methods(bmm, configuration, fail, tmp_path):
    fail("least-squares")
    done = bmm("compare", configuration, "-o", tmp_path / "out")
    assert done.code == 2
    assert "choice 'chosen' needs 'least-squares' on AME2003-AME2012" in done.err
    assert "FloatingPointError: no such root" in done.err
