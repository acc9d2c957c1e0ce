"""Comparisons on Dask workers: the bytes of a serial run, whatever is killed meanwhile."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bmm.execution.threads import environment

CONFIGURATION = """
seed = 5
allow_leaks = true
methods = {methods}
[split]
kind = "random"
folds = {folds}
Z = [28, 36]
N = [30, 52]
[theory]
models = ["FRDM2012", "DZ33"]
"""
METHODS = """[
    "equal-weights",
    { method = "corrected-mixture", model = "FRDM2012" }, # linear algebra, which takes threads
]"""
TASKS = """
import operator, os, time
from rich.console import Console
from bmm.data import load_measured
from bmm.execution.cluster import local_workers
from bmm.execution.progress import Progress
from bmm.execution.tasks import Task, failure

if __name__ == "__main__":
    tasks = [
        Task("a", "impossible", operator.truediv, (1, 0)),
        Task("b", "possible", operator.truediv, (1, 1)),
        Task("c", "no such table", load_measured, ("AME1066",)),
        Task("d", "too large", operator.truediv, (1, 1), memory=1e6),
    ]
    with local_workers(1) as engine, Progress(Console(width=200), len(tasks)) as progress:
        assert engine.dashboard.startswith("http://127.0.0.1:")
        for done in engine.run(tasks, progress):
            print("ended", done.task.name, done.result, failure(done))
"""


@pytest.fixture
def start(tmp_path):
    """Start `bmm compare` with some options, in a process of its own."""

    def begin(configuration, folder, *options, stdout=subprocess.PIPE):
        path = tmp_path / "small.toml"
        path.write_text(configuration)
        return subprocess.Popen(
            [sys.executable, "-m", "bmm.cli", "compare", path, "-o", folder, *options],
            cwd=tmp_path, env=os.environ | environment(2),
            stdout=stdout, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    return begin


def results(folder):
    """Bytes of the forecasts and the tables of a comparison, by name."""
    files = [*folder.rglob("*.nc"), *folder.glob("*.csv")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.slow
def test_two_workers_give_the_bytes_of_a_serial_run(start, tmp_path):
    configuration = CONFIGURATION.format(methods=METHODS, folds=2)
    serial = start(configuration, tmp_path / "serial")
    shown, _ = serial.communicate()
    assert serial.returncode == 0, shown
    parallel = start(configuration, tmp_path / "parallel", "--workers", "2")
    shown, _ = parallel.communicate()
    assert parallel.returncode == 0, shown
    assert re.search(r"2 workers; dashboard: http://127\.0\.0\.1:\d+/", shown)
    for what in ("", "derived quantities, "):
        assert len(re.findall(rf"begun: {what}random . of 2: .* on .*, process \d+", shown)) == 4
    assert "[4/4]" in shown
    expected = results(tmp_path / "serial")
    assert len(expected) == 4 + 3
    assert results(tmp_path / "parallel") == expected
    # What workers have finished, one process takes up.
    again = start(configuration, tmp_path / "parallel")
    shown, _ = again.communicate()
    assert shown.count("taken up from disk") == 4


def test_failing_tasks_are_named_and_the_others_go_on(tmp_path):
    (tmp_path / "tasks.py").write_text(TASKS)
    done = subprocess.run(
        [sys.executable, "tasks.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    ended = dict(re.findall(r"^ended (\D+?) (\d.*|None.*)$", done.stdout, re.MULTILINE))
    assert ended["possible"] == "1.0 None"
    assert ended["impossible"].endswith("failed 3 times, last with ZeroDivisionError: "
                                        "division by zero")  # fmt: skip
    assert "AME1066" in ended["no such table"]
    assert "needs 1000000.0 GB, and no worker has more than" in ended["too large"]


def test_only_one_place_to_work_is_asked_for(bmm, tmp_path):
    done = bmm("compare", "--workers", 2, "--scheduler", "tcp://localhost:1")
    assert done.code == 2
    assert "expected only one" in done.err


def test_without_dask_it_is_said_what_to_install(bmm, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = bmm("compare", "-o", tmp_path / "out", "--workers", 2)
    assert done.code == 2
    assert "pip install 'nuclear-bmm[cluster]'" in done.err
    assert not (tmp_path / "out").exists()


def workers_of(process):
    """Process ids of the workers that a command has started and that still run."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any("spawn_main" in argument for argument in each.cmdline()):
                    yield each.pid


@pytest.mark.slow
def test_nothing_is_lost_when_workers_are_killed(start, tmp_path):
    """Thirty workers are killed, at random times, while twelve forecasts are made on three."""
    methods = ["equal-weights", "least-squares", "global-bma", "stacking"]
    configuration = CONFIGURATION.format(methods=methods, folds=3)
    serial = start(configuration, tmp_path / "serial")
    shown, _ = serial.communicate()
    assert serial.returncode == 0, shown
    expected, chance, kills = results(tmp_path / "serial"), random.Random(30), 0
    while kills < 30:  # a comparison may end before all are killed: then it begins anew
        shutil.rmtree(tmp_path / "killed", ignore_errors=True)
        log = (tmp_path / "log.txt").open("w")
        process = start(configuration, tmp_path / "killed", "--workers", "3", stdout=log)
        while process.poll() is None and "begun" not in (tmp_path / "log.txt").read_text():
            time.sleep(0.2)
        while process.poll() is None and kills < 30:
            time.sleep(chance.expovariate(1 / 2.5))
            if "[12/12]" in (tmp_path / "log.txt").read_text():
                break
            if alive := list(workers_of(process)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(alive), signal.SIGKILL)
                    kills += 1
        assert process.wait() == 0, (tmp_path / "log.txt").read_text()
        log.close()
        assert results(tmp_path / "killed") == expected
