"""Model files: round trip, and messages about bad ones."""

import json

import numpy as np
import pytest

from bmm.data import load_measured, load_theory, models_folder, read_provenance
from bmm.errors import DataError
from bmm.theory.mdn.adapter import predictions
from bmm.theory.mdn.model_file import FORMAT, read_ensemble, write_ensemble


@pytest.fixture
def file(small, tmp_path):
    path = tmp_path / "net.npz"
    write_ensemble(path, small.ensemble)
    return path


def changed(path, *, header=None, **arrays):
    with np.load(path) as old:
        content = {name: old[name] for name in old.files} | arrays
    if header:
        content["header"] = np.array(json.dumps(json.loads(str(content["header"])) | header))
    np.savez(path, **content)


def test_a_model_comes_back_as_it_was(file, small, masses):
    again = read_ensemble(file)
    assert again.settings == small.ensemble.settings
    one, other = (each.predict(masses.index, out_of_fold=True) for each in (again, small.ensemble))
    np.testing.assert_array_equal(one.means, other.means)
    np.testing.assert_array_equal(one.sds, other.sds)
    np.testing.assert_array_equal(one.weights, other.weights)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(file, part):
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    with pytest.raises(DataError, match=r"net\.npz: expected a trained model; the file is trunc"):
        read_ensemble(file)


def test_another_file_is_refused(file, tmp_path):
    file.write_text("Z,N,mass\n")
    with pytest.raises(DataError, match=r"net\.npz: expected a trained model; the file is trunc"):
        read_ensemble(file)
    np.savez(file, something=np.zeros(3))
    with pytest.raises(DataError, match=r"net\.npz: expected a trained model; the file is trunc"):
        read_ensemble(file)
    with pytest.raises(DataError, match=r"none\.npz: expected a trained model, but there is no"):
        read_ensemble(tmp_path / "none.npz")


def test_a_file_of_another_version_is_refused(file):
    changed(file, header={"format": FORMAT + 1})
    with pytest.raises(DataError, match=rf"of format {FORMAT + 1}; this version of bmm reads form"):
        read_ensemble(file)


def test_a_damaged_file_is_refused(file, small):
    changed(file, skip=small.ensemble.skip + 1e-9)
    with pytest.raises(DataError, match=r"net\.npz: the checksum differs"):
        read_ensemble(file)


def test_a_header_without_its_keys_is_refused(file):
    changed(file, header={"settings": {"layers": 0}})
    with pytest.raises(DataError, match=r"net\.npz: the header of the trained model is incompl"):
        read_ensemble(file)


def test_the_shipped_table_is_what_the_shipped_model_says():
    ensemble, table = read_ensemble(models_folder() / "MDN.npz"), load_theory("MDN")
    said = predictions(ensemble, table.index)
    np.testing.assert_allclose(table["mass_excess"], said["mass_excess"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(table["mass_excess_sd"], said["mass_excess_sd"], rtol=0, atol=1e-4)
    measured = load_measured("AME2020").query("Z >= 8 and N >= 8")
    assert set(ensemble.training) == set(measured.index)
    assert read_provenance("MDN").calibrated_on == "AME2020"


def test_the_shipped_table_covers_as_it_says():
    measured = load_measured("AME2020").query("Z >= 8 and N >= 8")
    mass, sd = (measured[name].to_numpy() for name in ("mass_excess", "mass_excess_uncertainty"))
    ensemble = read_ensemble(models_folder() / "MDN.npz")
    said = ensemble.predict(measured.index, out_of_fold=True)
    assert np.sqrt(((said.mean - mass) ** 2).mean()) < 0.25
    for level in (0.5, 0.68, 0.9, 0.95):
        assert said.coverage(mass, sd, level) == pytest.approx(level, abs=0.05)
