"""`bmm emulate`: a surface into a folder, again into the same, and what it refuses."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from bmm.checkpoints import Checkpoint, read_record, write_record
from bmm.emulation.analytic_surface import analytic_surface

SMALL = ("--learner", "gp", "--start", "0.05", "--budget", "0.12", "--within", "20")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A coarse analytic surface as a whitespace table, with one unconverged point."""
    surface = analytic_surface(16, 12)
    energy = surface.energy.copy()
    energy[80] += 90
    path = tmp_path_factory.mktemp("pes") / "pes.dat"
    np.savetxt(path, np.column_stack([surface.points, energy]), header="q alpha_3 BE")
    return path


@pytest.fixture(scope="module")
def done(call_bmm, table):
    folder = table.parent / "out"
    columns = ("--axes", "q,alpha_3", "--energy", "BE")
    arguments = ("emulate", table, *columns, *SMALL, "--baselines", "--seeds", 2, "-o", folder)
    return arguments, folder, call_bmm(*arguments)


def test_the_folder_holds_everything(done):
    _, folder, result = done
    assert result.code == 0, result.err
    assert "1 points lie above all that surrounds them" in result.out
    facts = json.loads((folder / "emulation.json").read_text())
    assert (facts["points"], facts["unconverged"]) == (192, 1)
    assert set(facts["loops"]) == {"gp-spread", "gp-random"}
    said = pd.read_csv(folder / "prediction.csv")
    assert len(said) == 191
    assert sorted(said["computed"])[-23:] == list(range(1, 24))
    summary = pd.read_csv(folder / "summary.csv")
    assert (summary["seeds"] == 2).all()
    for stem in ("errors", "rounds"):
        for suffix in ("png", "pdf"):
            assert (folder / "figures" / f"{stem}.{suffix}").stat().st_size > 1000


def test_started_again_it_computes_nothing_and_agrees(done, call_bmm):
    arguments, folder, _ = done
    before = (folder / "errors.csv").read_bytes()
    times = {path: path.stat().st_mtime_ns for path in (folder / "loops").iterdir()}
    assert call_bmm(*arguments).code == 0
    assert (folder / "errors.csv").read_bytes() == before
    assert times == {path: path.stat().st_mtime_ns for path in (folder / "loops").iterdir()}


def test_emulate_defaults_to_the_nonstationary_process(call_bmm, tmp_path):
    result = call_bmm("emulate", "analytic", "--start", 0.05, "--budget", 0.12, "-o", tmp_path)
    assert result.code == 0, result.err
    rounds = pd.read_csv(tmp_path / "summary.csv")
    assert set(rounds["loop"]) == {"nonstationary-gp-spread"}
    assert len(rounds) > 5
    assert result.out.count("nonstationary-gp-spread") == 3
    assert json.loads((tmp_path / "emulation.json").read_text())["marks"] == [112]


def test_other_settings_are_refused_unless_overwritten(done, call_bmm):
    arguments, _, _ = done
    result = call_bmm(*arguments, "--within", "25")
    assert result.code == 2
    assert "was made with another 'settings.within'" in result.err
    assert "--overwrite" in result.err


def test_a_loop_of_other_code_is_refused(done, call_bmm, tmp_path):
    arguments, folder, _ = done
    copy = shutil.copytree(folder, tmp_path / "copy")
    state = next((copy / "loops").glob("gp-spread-*.npz"))
    note = Checkpoint(state).note
    content = read_record(note)
    content["origin"]["code"] = "older"
    write_record(note, content)
    result = call_bmm(*arguments, "-o", copy)
    assert result.code == 2
    assert "was made with another 'code'" in result.err


def test_a_damaged_loop_is_refused_by_name(done, call_bmm, tmp_path):
    arguments, folder, _ = done
    copy = shutil.copytree(folder, tmp_path / "copy")
    state = next((copy / "loops").glob("gp-spread-*.npz"))
    for path in (state, Checkpoint(state).note):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
        result = call_bmm(*arguments, "-o", copy)
        assert result.code == 2
        assert f"{path.name} " in result.err
        assert "damaged" in result.err
        content[len(content) // 2] ^= 4
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.dat",), "missing.dat: cannot be read"),
        (("analytic", "--budget", "0.01"), "expected at least the 34 of the start"),
        (("analytic", "--kernel", "matern-5/2"), "expected --learner gp as well"),
        (
            ("analytic", "--learner", "gp", "--kernel", "matern-7/2"),
            "no kernel is called 'matern-7/2' (did you mean 'matern-5/2'?)",
        ),
        (("analytic", "--minimum", "3"), "expected 'within' as well"),
        (("analytic", "--preset", "published"), "expected --learner committee as well"),
        (
            ("analytic", "--learner", "committee", "--preset", "best"),
            "no committee preset is called 'best'",
        ),
        (
            ("analytic", "--acquire", "spred"),
            "no acquisition is called 'spred' (did you mean 'spre",
        ),
        (("analytic", "--growth", "0"), "key 'growth': expected a value greater than 0, not 0.0"),
        (("analytic", "--within", "-3"), "key 'within': expected a value greater than 0, not -3.0"),
    ],
)
def test_bad_input_is_one_sentence(bmm, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = bmm("emulate", *arguments)
    assert result.code == 2
    assert message in result.err
    assert result.err.startswith("error: ")
    assert not (tmp_path / "runs").exists()
