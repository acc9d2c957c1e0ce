"""Which measurement next, as a user asks."""

import json

import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.workflows.measurement_design import DesignFolder

CONFIGURATION = """
seed = 5
[data]
Z = [38, 42]
N = [44, 64]
[theory]
models = ["HFB26", "DZ33"]
[chart]
table = "HFB26"
Z = [36, 46]
N = [38, 78]
"""
TARGET = "S_2n Z=40 N=60-78"


@pytest.fixture(scope="module")
def made(call_bmm, tmp_path_factory):
    place = tmp_path_factory.mktemp("design")
    (place / "small.toml").write_text(CONFIGURATION)
    done = call_bmm(
        "design", place / "small.toml", "-t", TARGET, "--count", "2", "--outcomes", "100",
        "-o", place / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    return done, place


def test_files_say_what_the_table_says(made):
    done, place = made
    ranked = pd.read_csv(place / "out" / "candidates.csv")
    assert list(ranked.columns) == [
        "Z", "N", "nuclide", "sd", "reduction", "reduction_error", "rms_sd_left_MeV",
    ]  # fmt: skip
    assert ranked["reduction"].is_monotonic_decreasing
    measured = load_measured("AME2020").index
    assert not pd.MultiIndex.from_frame(ranked[["Z", "N"]]).isin(measured).any()
    summary = json.loads((place / "out" / "summary.json").read_text())
    assert summary["n_candidates"] == len(ranked)
    assert summary["weights"] == "even"
    assert summary["set"][0]["nuclide"] == ranked["nuclide"][0]
    assert len(summary["set"]) == len(pd.read_csv(place / "out" / "set.csv")) == 2
    assert set(summary["fields"]) == {"HFB26", "DZ33"}
    assert ranked["nuclide"][0] in done.out
    assert f"{100 * ranked['reduction'][0]:.2f}" in done.out
    # Zr is measured up to N = 73: what lies near there decides.
    assert ranked["N"][0] >= 68
    assert (place / "out" / "figures" / "chart.pdf").stat().st_size > 5000


def test_corrected_models_are_used_again(bmm, made, tmp_path):
    _, place = made
    again = bmm(
        "design", place / "out", "-t", TARGET, "--count", "2", "--outcomes", "100",
        "-o", tmp_path / "again",
    )  # fmt: skip
    assert again.code == 0, again.err
    assert "as before" in again.out
    for name in ("candidates.csv", "set.csv"):
        first, second = (pd.read_csv(each / name) for each in (place / "out", tmp_path / "again"))
        pd.testing.assert_frame_equal(first, second, rtol=1e-6)
    # Other masses than those that were learnt from are noticed.
    config = (place / "out" / "config.toml").read_text()
    summary = (place / "out" / "summary.json").read_bytes()
    with DesignFolder.begin(tmp_path / "other") as folder:
        folder.write_config(config.replace("64", "62"))
        (folder.path / "summary.json").write_bytes(summary)
        folder.complete()
    other = bmm("design", tmp_path / "other", "-t", TARGET, "-o", tmp_path / "x")
    assert other.code == 2
    assert "HFB26: the field was learnt from other masses" in other.err


def test_a_drip_line_is_asked_for(bmm, made, tmp_path):
    done = bmm(
        "design", made[1] / "out", "-t", "drip-line Pd proton", "-c", "Z=42-46 N=38-44",
        "--count", "1", "--outcomes", "100", "--learn-weights", "-o", tmp_path / "drip",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "neutrons" in done.out
    summary = json.loads((tmp_path / "drip" / "summary.json").read_text())
    assert summary["weights"] == "learnt"
    assert 0 < summary["set"][0]["reduction"] <= 1
    assert summary["set"][0]["Z"] in (44, 45, 46)


def test_a_drip_line_beyond_the_chart_is_told(bmm, made, tmp_path):
    done = bmm("design", made[1] / "out", "-t", "drip-line Zr", "-o", tmp_path / "zr")
    assert done.code == 2
    assert "nothing to be reduced, as the chart ends before it" in " ".join(done.err.split())


def test_a_measurement_that_hardly_helps_is_said_to(bmm, made, tmp_path):
    def found(target, candidates, name):
        done = bmm(
            "design", made[1] / "out", "-t", target, "-c", candidates, "--count", "1",
            "--outcomes", "100", "-o", tmp_path / name,
        )  # fmt: skip
        assert done.code == 0, done.err
        best = pd.read_csv(tmp_path / name / "candidates.csv")["reduction"][0]
        return best, "name a narrower one" in " ".join(done.out.split())

    best, hinted = found("masses Z=46 N=38-39", "Z=38 N=70-72", "far")
    assert best < 0.01
    assert hinted
    best, hinted = found("S_2n Z=40 N=74-75", "Z=40 N=74-75", "near")
    assert best > 0.01
    assert not hinted


def test_what_cannot_be_asked(bmm, made, tmp_path):
    _, place = made
    for options, message in (
        (["-t", "S_2n Z=20"], "target 'S_2n Z=20': expected"),
        # Calcium is measured, and not on this chart.
        (["-t", "drip-line Ca"], "has no isotope of Ca; expected an element with Z from 36 to 46"),
        (["-t", "energy Z=40"], "expected it to begin with one of masses"),
        (["-t", TARGET, "-c", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["-t", TARGET, "-c", "Z=125"], "'Z=125' selects none"),
    ):
        done = bmm("design", place / "out", *options, "-o", tmp_path / "out")
        assert done.code == 2
        assert message in " ".join(done.err.split())
        assert "Traceback" not in done.err
    taken = bmm("design", place / "out", "-t", TARGET, "-o", place / "out")
    assert taken.code == 2
    assert "use --overwrite" in taken.err
    (tmp_path / "empty").mkdir()
    assert "expected a folder of bmm surfaces or bmm design" in " ".join(
        bmm("design", tmp_path / "empty", "-t", TARGET).err.split()
    )
