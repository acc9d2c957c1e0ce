"""The command `bmm design`: rankings of the next measurement."""

import json

import pandas as pd
import pytest

from bmm.data import load_measured

CONFIGURATION = """
seed = 5
[data]
Z = [38, 42]
N = [44, 64]
[theory]
models = ["FRDM2012", "DZ33"]
[chart]
table = "DZ28"
Z = [36, 46]
N = [38, 78]
[mixing.basis]
m_Z = 4
m_N = 5
[mixing.sampler]
chains = 2
draws = 60
tune = 150
"""
TARGET = "S_2n Z=40 N=60-78"


@pytest.fixture(scope="module")
def place(call_bmm, tmp_path_factory):
    place = tmp_path_factory.mktemp("design")
    (place / "small.toml").write_text(CONFIGURATION)
    done = call_bmm("run", place / "small.toml", "-o", place / "run", "--quiet")
    assert done.code in (0, 3), done.err
    return place


@pytest.fixture(scope="module")
def made(call_bmm, place):
    done = call_bmm("design", place / "run", "-t", TARGET, "--count", "2", "-o", place / "out")
    assert done.code == 0, done.err
    return done


def test_files_say_what_the_table_says(made, place):
    ranked = pd.read_csv(place / "out" / "candidates.csv")
    assert list(ranked.columns) == [
        "Z", "N", "nuclide", "sd", "reduction", "reduction_error", "rms_sd_left_MeV",
    ]  # fmt: skip
    assert ranked["reduction"].is_monotonic_decreasing
    measured = load_measured("AME2020").index
    assert not pd.MultiIndex.from_frame(ranked[["Z", "N"]]).isin(measured).any()
    summary = json.loads((place / "out" / "summary.json").read_text())
    assert summary["n_candidates"] == len(ranked)
    assert summary["set"][0]["nuclide"] == ranked["nuclide"][0]
    assert len(summary["set"]) == len(pd.read_csv(place / "out" / "set.csv")) == 2
    assert ranked["nuclide"][0] in made.out
    assert f"{100 * ranked['reduction'][0]:.2f}" in made.out
    # Zr is measured up to N = 73: what lies near there decides.
    assert ranked["N"][0] >= 66
    assert (place / "out" / "figures" / "chart.pdf").stat().st_size > 5000


def test_a_drip_line_is_asked_for(bmm, place, tmp_path):
    done = bmm(
        "design", place / "run", "-t", "drip-line Pd proton", "-c", "Z=42-46 N=38-44",
        "--count", "1", "--outcomes", "200", "-o", tmp_path / "drip",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "neutrons" in done.out
    summary = json.loads((tmp_path / "drip" / "summary.json").read_text())
    assert 0 < summary["set"][0]["reduction"] <= 1


def test_a_negligible_gain_of_a_measurement_is_reported(bmm, place, tmp_path):
    def found(target, candidates, name):
        done = bmm(
            "design", place / "run", "-t", target, "-c", candidates, "--count", "1",
            "-o", tmp_path / name,
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


def test_impossible_design_questions_are_refused(bmm, made, place, tmp_path):
    for options, message in (
        (["-t", "S_2n Z=20"], "target 'S_2n Z=20': expected"),
        (["-t", "energy Z=40"], "expected it to begin with one of masses"),
        (["-t", TARGET, "-c", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["-t", TARGET, "-c", "Z=125"], "'Z=125' selects none"),
    ):
        done = bmm("design", place / "run", *options, "-o", tmp_path / "out")
        assert done.code == 2
        assert message in " ".join(done.err.split())
        assert "Traceback" not in done.err
    taken = bmm("design", place / "run", "-t", TARGET, "-o", place / "out")
    assert taken.code == 2
    assert "use --overwrite" in taken.err
    (tmp_path / "empty").mkdir()
    refused = bmm("design", tmp_path / "empty", "-t", TARGET)
    assert refused.code == 2
    assert "holds no complete run" in " ".join(refused.err.split())
