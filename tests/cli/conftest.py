import contextlib
import fcntl
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest

from bmm.cli import main
from bmm.report import page
from bmm.report.contents import gather
from bmm.theory.adapters import Domain
from bmm.workflows import doubt


@pytest.fixture
def bmm(call_bmm):
    """Call the command line in this process; gives its exit code and what it printed."""
    return call_bmm


@pytest.fixture(scope="session")
def call_bmm():
    """Do as `bmm`, for fixtures that outlive a test."""

    def call(*arguments, columns=200):
        out, err, code = io.StringIO(), io.StringIO(), 0
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setenv("COLUMNS", str(columns))
            patch.setattr(sys, "argv", ["bmm", *map(str, arguments)])
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())

    return call


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make a folder in the first process that asks for it; the others wait, and read it.

    What the function that makes it returns is kept as JSON, and returned to all.
    """

    def made(name, make):
        base = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            base = base.parent
        place, facts = base / name, base / f"{name}.json"
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not facts.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                facts.write_text(json.dumps(make(place)))
        return place, json.loads(facts.read_text())

    return made


REPORTED = """
description = "a few nuclei around tin, <b>for the tests</b>"
seed = 11
[data]
Z = [46, 52]
N = [60, 82]
[theory]
models = ["FRDM1995", "DZ33"]
[chart]
Z = [46, 52]
N = [58, 86]
[mixing.basis]
m_Z = 4
m_N = 5
[mixing.sampler]
chains = 2
draws = 60
tune = 150
"""


@pytest.fixture(scope="session")
def reported(call_bmm, made_once):
    """A small run that has ended with its report: what was printed, and the folder."""

    def make(place):
        (place / "tin.toml").write_text(REPORTED)
        done = call_bmm("run", place / "tin.toml", "-o", place / "tin")
        assert done.code == 3, done.err  # so few draws cannot have converged
        return vars(done)

    place, done = made_once("reported", make)
    return SimpleNamespace(**done), place / "tin"


@pytest.fixture(scope="session")
def contents(reported):
    """What its report shows."""
    return gather(reported[1])


@pytest.fixture(scope="session")
def doubted(reported, call_bmm, made_once):
    """The same run with its masses judged, and a report made since: what was printed, and it."""

    def make(place):
        run = shutil.copytree(reported[1], place / "tin")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(doubt, "_NUCLEI", Domain(Z=(48, 52), N=(62, 80)))
            done = call_bmm("doubt", run)
        assert done.code == 0, done.err
        assert call_bmm("report", run).code == 0
        return vars(done)

    place, done = made_once("doubted", make)
    return SimpleNamespace(**done), place / "tin"


HOSTILE = (
    "</textarea></script><script>window.harmed = 1</script>\"'>"
    "<img src=x onerror='window.harmed = 1'>\n&amp;"
)


@pytest.fixture
def hostile(monkeypatch):
    """Give a run names, descriptions and citations that a page might take for its own."""
    # The figures are files, which are named otherwise.
    monkeypatch.setattr(page, "shown_figures", lambda shown: FIGURES)

    def renamed(contents):
        names = {name: f"{name} {HOSTILE}" for name in contents.theory}
        weights = {f"weight_{name}": f"weight_{other}" for name, other in names.items()}
        scores = json.loads(json.dumps(contents.scores))
        for key in ("weights", "responsibilities"):
            scores[key] = {names.get(name, name): each for name, each in scores[key].items()}
        for row in scores["baselines"]:
            row["name"] = names.get(row["name"], row["name"])
        told = {"name": HOSTILE, "description": HOSTILE}
        return replace(
            contents,
            config=contents.config.model_copy(update=told),
            scores=scores,
            provenance=contents.provenance
            | {"citations": {f"{name} {HOSTILE}": HOSTILE for name in contents.models}},
            chart=contents.chart.rename(columns=weights),
            theory=contents.theory.rename(columns=names),
            components=[names.get(name, name) for name in contents.components],
        )

    return renamed


FIGURES = {
    section: [{"data": "", "alt": HOSTILE, "caption": HOSTILE, "file": HOSTILE}]
    for section in ("calibration", "maps", "isotopes", "existence", "doubts")
}


CONFIGURATION = """
description = "276 nuclei for the tests"
seed = 11
[data]
Z = [40, 50]
N = [50, 80]
[theory]
models = ["FRDM2012", "DZ33", "HFB24-to-80"]
cards = ["hfb24.toml"]
corrected = false
[chart]
Z = [40, 50]
N = [50, 82]
[mixing.basis]
m_Z = 5
m_N = 6
[mixing.sampler]
"""
# Covers the data, and not the whole chart.
CARD = """
name = "HFB24-to-80"
adapter = "table"
table = "HFB24"
[domain]
N = [50, 80]
"""
SAMPLERS = {
    "whole": "chains = 4\ndraws = 150\ntune = 200",
    "short": "chains = 1\ndraws = 3\ntune = 10",
    "stopped": "chains = 2\ndraws = 50000\ntune = 20\nmax_depth = 4",
}


def configure(folder, name):
    """Write the configuration of a run."""
    configuration = folder / f"{name}.toml"
    configuration.write_text(CONFIGURATION + SAMPLERS[name])
    (folder / "hfb24.toml").write_text(CARD)
    return configuration


def start(folder, name, **streams):
    configuration = configure(folder, name)
    command = [sys.executable, "-m", "bmm.cli", "run", configuration, "-o", folder / name]
    # What a shell starts in the background ignores Ctrl-C, and so would these.
    return subprocess.Popen(
        command,
        # A runtime folder of its own: nothing is said about the other runs beside it.
        env=os.environ | {"NO_COLOR": "1", "XDG_RUNTIME_DIR": tempfile.mkdtemp()},
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        **streams,
    )


def interrupt_once_sampling(process, screen):
    """Press Ctrl-C when some chain shows a hundred draws; return all that was shown."""
    shown, plain, pressed = b"", "", False
    while True:
        try:
            shown += os.read(screen, 65536)
        except OSError:  # the other end is closed
            return plain
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="ignore"))
        draws = [int(n) for n in re.findall(r"(\d+)/50020 sampling", plain)]
        if not pressed and max(draws, default=0) > 120:
            process.send_signal(signal.SIGINT)
            pressed = True


@pytest.fixture(scope="session")
def runs(made_once, call_bmm):
    """Three runs: a whole one, one of three draws and one that is interrupted."""

    def make(folder):
        screen, inner = pty.openpty()
        stopped = start(folder, "stopped", stdout=inner, stderr=subprocess.STDOUT)
        os.close(inner)
        made = {}
        with ThreadPoolExecutor(1) as pool:
            shown = pool.submit(interrupt_once_sampling, stopped, screen)
            # In this process, in which the second takes the machine code of the first.
            for name, options in (("whole", ()), ("short", ("--quiet",))):
                file = configure(folder, name)
                made[name] = vars(call_bmm("run", file, "-o", folder / name, *options))
            made["stopped"] = {"code": stopped.wait(), "out": shown.result(), "err": ""}
        os.close(screen)
        return made

    folder, made = made_once("runs", make)
    for done in made.values():
        assert "Traceback" not in done["out"] + done["err"], done["out"] + done["err"]
    return {name: SimpleNamespace(path=folder / name, **done) for name, done in made.items()}


@pytest.fixture(scope="session")
def whole(runs):
    return runs["whole"]
