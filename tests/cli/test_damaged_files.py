"""Flipped bits and cut files: what a later command reads is refused by name, or made again."""

import shutil

import numpy as np
import pytest

from bmm.data import models_folder
from bmm.errors import RunError
from bmm.report.server import explorer_server

MEASUREMENTS = "Z,N,mass_excess,mass_excess_uncertainty\n50,86,-56.3,0.3\n"
RUN = (
    "config.toml", "posterior.nc", "predictions.csv", "evaluation.csv", "scores.json",
    "derived.csv", "drip_lines.csv",
)  # fmt: skip
READ = {
    "predict": ("predictions.csv", "scores.json"),
    "report": RUN,
    "resume": ("config.toml", "scores.json"),
    "update": ("config.toml", "posterior.nc", "predictions.csv", "scores.json"),
    "explore": RUN,
}
CASES = [(command, name) for command, files in READ.items() for name in files]


def damages(content, seed):
    """The content with one bit flipped, at some places; cut; and emptied."""
    rng = np.random.default_rng(seed)
    for place in (0, 8 * len(content) - 1, *rng.integers(8 * len(content), size=3)):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        yield bytes(changed)
    yield content[: int(rng.integers(1, len(content)))]
    yield b""


@pytest.fixture
def run(reported, tmp_path):
    return shutil.copytree(reported[1], tmp_path / "run")


def perform(bmm, command, run, place):
    """Read a run; return the message where it was refused."""
    (place / "new.csv").write_text(MEASUREMENTS)
    arguments = {
        "predict": ("predict", run, "Sn-132"),
        "report": ("report", run, "-o", place / "page.html"),
        "resume": ("resume", run, "--quiet"),
        "update": ("update", run, place / "new.csv", "-o", place / "updated", "--quiet"),
    }
    if command == "explore":
        try:
            explorer_server([run], 0).stop()
        except RunError as error:
            return 2, str(error)
        return 0, ""
    done = bmm(*arguments[command])
    assert "Traceback" not in done.err
    return done.code, done.err


@pytest.mark.parametrize(("command", "name"), CASES)
def test_a_damaged_file_of_a_run_is_refused_by_name(bmm, run, tmp_path, command, name):
    path = run / name
    content = path.read_bytes()
    for changed in damages(content, CASES.index((command, name))):
        path.write_bytes(changed)
        code, said = perform(bmm, command, run, tmp_path)
        assert code == 2
        assert name in said
        assert not (tmp_path / "updated").exists()
    if (command, name) != ("resume", "scores.json"):  # which are made again from the posterior
        path.unlink()
        code, said = perform(bmm, command, run, tmp_path)
        assert code == 2
        assert name in said


@pytest.mark.parametrize("command", READ)
def test_a_damaged_manifest_is_refused(bmm, run, tmp_path, command):
    path = run / "manifest.json"
    for changed in damages(path.read_bytes(), 3):
        path.write_bytes(changed)
        code, said = perform(bmm, command, run, tmp_path)
        assert code == 2
        assert "manifest.json" in said


@pytest.mark.parametrize("command", READ)
def test_an_undamaged_run_is_read(bmm, run, tmp_path, command):
    code, said = perform(bmm, command, run, tmp_path)
    # So few draws cannot be reweighted by a mass far from what they expect: not for the files.
    assert code == 0 or "k-hat" in said


@pytest.mark.parametrize("name", ["posterior.nc", "derived.csv", "distribution.nc"])
def test_a_damaged_forecast_is_refused_by_a_design(bmm, run, tmp_path, name):
    content = (run / name).read_bytes()
    for changed in damages(content, 1):
        (run / name).write_bytes(changed)
        done = bmm("design", run, "-t", "masses Z=50", "-o", tmp_path / "x")
        assert done.code == 2
        assert name in done.err


COMPARISON = """
methods = ["equal-weights", "least-squares"]
[split]
kind = "edition"
train = "AME2016"
test = "AME2020"
Z = [36, 44]
N = [28, 82]
[theory]
models = ["FRDM2012", "DZ33"]
"""


def test_damaged_forecasts_are_made_again(bmm, tmp_path, caplog):
    (tmp_path / "small.toml").write_text(COMPARISON)
    folder = tmp_path / "out"
    command = ("compare", tmp_path / "small.toml", "-o", folder)
    assert bmm(*command).code == 0
    table = (folder / "comparison.csv").read_bytes()
    forecasts = folder / "forecasts"
    for path in sorted(forecasts.glob("equal-weights*")):
        content = path.read_bytes()
        for changed in list(damages(content, 1))[1:6:2]:
            path.write_bytes(changed)
            caplog.clear()
            done = bmm(*command)
            assert done.code == 0
            assert done.out.count("taken up from disk") == 1
            assert f"{path.name} " in caplog.text
            assert "damaged" in caplog.text
            assert (folder / "comparison.csv").read_bytes() == table
    assert bmm(*command).out.count("taken up from disk") == 2


def test_a_damaged_network_is_refused(bmm, tmp_path):
    content = (models_folder() / "MDN.npz").read_bytes()
    path = tmp_path / "mine.npz"
    (tmp_path / "new.csv").write_text(MEASUREMENTS)
    for changed in list(damages(content, 1))[2:]:
        path.write_bytes(changed)
        for command in (
            ("update", path, tmp_path / "new.csv", "-o", tmp_path / "updated.npz"),
            ("explain-mdn", path, "-o", tmp_path / "explained"),
        ):
            done = bmm(*command)
            assert done.code == 2
            assert "mine.npz" in done.err
            assert not (tmp_path / "updated.npz").exists()


CARD = """
name = "mine"
adapter = "table"
file = "mine.csv"
sha256 = "{sha256}"
citation = "nobody"
calibrated_on = "none"
[layout]
N = "N"
value = "mass"
quantity = "mass_excess"
unit = "MeV"
"""


def test_a_table_that_is_not_the_one_of_its_card_is_refused(bmm, tmp_path):
    from bmm.data import load_measured
    from bmm.fingerprints import file_fingerprint

    table = tmp_path / "mine.csv"
    load_measured("AME2020")["mass_excess"].rename("mass").to_csv(table)
    card = tmp_path / "mine.toml"
    card.write_text(CARD.format(sha256=file_fingerprint(table)))
    assert bmm("models", "--cards", card).code == 0
    content = table.read_bytes()
    place = content.index(b"\n50,82,") + len("\n50,82,-7")
    table.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    done = bmm("models", "--cards", card)
    assert done.code == 2
    assert "mine.csv: expected the file whose SHA-256 its card states" in done.err
