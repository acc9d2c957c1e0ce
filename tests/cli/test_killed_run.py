"""Runs that are killed at any time: what they leave is right, and they can be resumed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import zarr

from bmm.checkpoints import read_record
from bmm.netcdf import read_tree
from bmm.workflows.folder import RunFolder

pytestmark = pytest.mark.slow

KILLS = 50
CONFIGURATION = """
name = "killed"
seed = 11
[data]
Z = [40, 46]
N = [50, 62]
[theory]
models = ["FRDM2012", "DZ33"]
corrected = false
[chart]
Z = [40, 46]
N = [50, 64]
[mixing.basis]
m_Z = 3
m_N = 3
[mixing.mode]
sigma = [8.0, 8.0]
sigma_below = 60.0
[mixing.sampler]
chains = 3
cores = 2
tune = 40
"""
SHORT_CHAINS = "[mixing.sampler]\nchains = 3\ncores = 2\ntune = 40\ndraws = 40"
FILES = {
    "config.toml", "posterior.nc", "predictions.csv", "distribution.nc", "derived.csv",
    "drip_lines.csv", "evaluation.csv", "scores.json",
}  # fmt: skip
MANIFEST = "manifest.json"
REPORT = {"report.html"}
CHAINS = [
    f"{name}-{chain}" for name in ("free", "mode") for chain in range(3)
]  # as in posterior.nc
NOT_CONVERGED = 3
# Each is written by every run, in this order.
MOMENTS = (
    "chains/free-0.nc",
    "chains/mode-0.nc",
    "posterior.nc",
    "predictions.csv",
    "evaluation.csv",
    "scores.json",
)


class Server:
    """See `fork_server`."""

    def __init__(self, configuration):
        # Threads do not survive a fork, and might hold a lock: there must be none.
        calm = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("fork_server.py"), configuration],
            env=os.environ | {"OMP_NUM_THREADS": "1"} | calm,
            # What a shell starts in the background ignores Ctrl-C, and so would this.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self):
        assert self.process.stdout.readline() == "ready\n"
        tasks = Path(f"/proc/{self.process.pid}/task")
        assert not tasks.exists() or len(list(tasks.iterdir())) == 1

    def run(self, *arguments, **options):
        request = {"arguments": [str(each) for each in arguments], **options}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def place():
    """A folder, in memory if possible: disks take long over thousands of small files."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def configuration(place):
    path = place / "killed.toml"
    path.write_text(CONFIGURATION + "draws = 40")
    return path


@pytest.fixture(scope="module")
def server(configuration):
    made = Server(configuration)
    with made.process:
        made.start()
        yield made


def tree_of(folder):
    tree = read_tree(folder / "posterior.nc")
    for name in ("compile_seconds", "sample_seconds"):
        assert tree.attrs.pop(name) >= 0
    return tree


def scores_of(folder):
    scores = json.loads((folder / "scores.json").read_text())
    assert set(scores.pop("seconds")) == {"compile", "sample", "stages"}
    return scores


def assert_complete_and_equal(folder, whole):
    """The run is that of an uninterrupted one, bit for bit, and nothing else is left."""
    expected = FILES | REPORT | {"figures", "log.txt", MANIFEST}
    assert {path.name for path in folder.iterdir()} == expected
    sealed = RunFolder.open(folder)
    for name in (FILES | REPORT) - {"report.html"}:
        sealed.verified(folder / name)
    assert tree_of(folder).identical(tree_of(whole))
    assert scores_of(folder) == scores_of(whole)
    for name in ("config.toml", "predictions.csv", "evaluation.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    figures, expected = (
        {path.name: path.read_bytes() for path in (each / "figures").iterdir()}
        for each in (folder, whole)
    )
    assert figures == expected


def assert_right_so_far(folder, whole, posterior):
    """Whatever has its final name is what an uninterrupted run writes there."""
    present = {path.name for path in folder.iterdir() if path.name[0] != "."}
    assert present <= FILES | REPORT | {"figures", "log.txt", MANIFEST, "chains"}
    for name in present & {"config.toml", "predictions.csv", "evaluation.csv"}:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    if MANIFEST in present:
        assert read_record(folder / MANIFEST)["kind"] == "run"
    if "posterior.nc" in present:
        assert tree_of(folder).identical(tree_of(whole))
    if "scores.json" in present:
        assert present >= FILES
        assert scores_of(folder) == scores_of(whole)
    for figure in (folder / "figures").glob("[!.]*"):
        assert figure.read_bytes() == (whole / "figures" / figure.name).read_bytes()
    for path in (folder / "chains").glob("[!.]*"):
        if path.suffix == ".json":
            read_record(path)
            continue
        expected = posterior.isel(chain=CHAINS.index(path.stem)).drop_vars("chain")
        if path.suffix == ".nc":
            found = read_tree(path)["posterior"].to_dataset().isel(chain=0).drop_vars("chain")
            assert found.equals(expected), path
        elif any(path.glob("sample_stats/logp/c/*")):
            assert_stream_holds_the_first(path, expected)


def assert_stream_holds_the_first(path, expected):
    found = zarr.open_group(path, mode="r")["posterior/sigma"][0]
    made = np.isfinite(found).all(axis=1)
    assert np.array_equal(found[made], expected["sigma"].to_numpy()[made])


@pytest.fixture(scope="module")
def uninterrupted(server, configuration, place):
    """A run that was left alone: its folder, and how long it took."""
    folder = place / "whole"
    run = server.run("run", configuration, "-o", folder, "--quiet")
    assert run["status"] == NOT_CONVERGED
    return folder, run["seconds"]


def posterior_of(folder):
    return read_tree(folder / "posterior.nc")["posterior"].to_dataset()


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_a_moment(moment, server, configuration, place, uninterrupted):
    whole, _ = uninterrupted
    folder = place / f"moment-{MOMENTS.index(moment)}"
    deadly = {"signal": signal.SIGKILL, "file": str(folder / moment)}
    run = server.run("run", configuration, "-o", folder, "--quiet", **deadly)
    assert run["status"] == -signal.SIGKILL
    assert_right_so_far(folder, whole, posterior_of(whole))
    resumed = server.run("resume", folder, "--quiet")
    assert resumed["status"] in (0, NOT_CONVERGED)  # 0: killed when all was written
    assert_complete_and_equal(folder, whole)
    log = (folder / "log.txt").read_text()
    if moment.startswith("chains/"):
        assert "is taken from the store" in log
    else:  # nothing was sampled twice: free chains once, those confined to the mode once
        assert log.count("sampled in") == 2


def test_killed_at_any_time(server, configuration, place, uninterrupted):
    rng = np.random.default_rng(7)
    whole, seconds = uninterrupted
    posterior = posterior_of(whole)
    kills, completed, folder = 0, 0, place / "run-0"
    while kills < KILLS - len(MOMENTS):
        begun = (folder / "config.toml").exists()
        command = ("resume", folder) if begun else ("run", configuration, "-o", folder)
        # Twice as often in the first quarter, where chains are made, as in all that follows.
        deadly = {"signal": signal.SIGKILL, "seconds": seconds * rng.random() ** 3}
        status = server.run(*command, "--quiet", **deadly)["status"]
        if status == -signal.SIGKILL:
            kills += 1
            if folder.exists():
                assert_right_so_far(folder, whole, posterior)
        else:
            assert status in (0, NOT_CONVERGED)
            completed += 1
            assert_complete_and_equal(folder, whole)
        if status != -signal.SIGKILL or rng.random() < 0.2:
            folder = place / f"run-{kills}-{completed}"
    command = ("resume", folder) if folder.exists() else ("run", configuration, "-o", folder)
    assert server.run(*command, "--quiet")["status"] in (0, NOT_CONVERGED)
    assert_complete_and_equal(folder, whole)


def test_an_interrupted_run_is_resumed_to_the_same_result(server, place):
    path = place / "longer.toml"
    free, _, rest = CONFIGURATION.partition("[mixing.mode]")
    path.write_text(f"{free}[mixing.sampler]{rest.partition('[mixing.sampler]')[2]}draws = 2000")
    whole, folder = place / "longer", place / "interrupted"
    server.run("run", path, "-o", whole)

    def draw(number):
        return str(folder / f"chains/free-0.zarr/sample_stats/logp/c/0/{number // 16}")

    first = server.run("run", path, "-o", folder, signal=signal.SIGINT, file=draw(400))
    assert first["status"] == NOT_CONVERGED
    assert scores_of(folder)["convergence"]["partial"]
    assert any((folder / "chains").iterdir())
    partial = (folder / "posterior.nc").read_bytes()
    for number in (signal.SIGINT, signal.SIGKILL):
        again = server.run("resume", folder, signal=number, file=draw(100))
        assert again["status"] == (NOT_CONVERGED if number == signal.SIGINT else -number)
        assert (folder / "posterior.nc").read_bytes() == partial
        assert scores_of(folder)["convergence"]["partial"]
    resumed = server.run("resume", folder)
    assert resumed["status"] == (0 if scores_of(folder)["converged"] else NOT_CONVERGED)
    assert_complete_and_equal(folder, whole)
    assert server.run("resume", folder)["status"] == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_is_resumed_in_either_fit_of_a_refined_basis(number, server, place):
    path = place / "coarse.toml"
    free = CONFIGURATION.partition("[mixing.basis]")[0]
    # The rule resolves fourteen nucleons; the prior expects ten.
    path.write_text(f"{free}[mixing]\nbasis = {{ resolve = [0.9, 0.95] }}\n{SHORT_CHAINS}")
    whole = place / f"refined-{number}"
    server.run("run", path, "-o", whole, "--quiet")
    scores = scores_of(whole)
    assert scores["basis_refinements"] == 1
    fine = "free-{}Z-{}N".format(*(scores["basis"][axis]["m"] for axis in "ZN"))
    for first in ("free-0", f"{fine}-0"):
        folder = place / f"resumed-{number}-{first}"
        deadly = {"signal": number, "file": str(folder / f"chains/{first}.nc")}
        ended = server.run("run", path, "-o", folder, "--quiet", **deadly)
        assert ended["status"] == (-number if number == signal.SIGKILL else NOT_CONVERGED)
        assert (folder / "chains/free-0.nc").exists()
        server.run("resume", folder, "--quiet")
        assert_complete_and_equal(folder, whole)
        log = (folder / "log.txt").read_text()
        assert "is taken from the store" in log
