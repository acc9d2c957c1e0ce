"""bmm train-mdn and bmm explain-mdn, from the card to files that a run can mix."""

import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.data.measurements import read_measurements
from bmm.nuclides import nuclide_index
from bmm.theory.library import load_model
from bmm.theory.mdn.member_weights import reweight
from bmm.theory.mdn.model_file import read_ensemble

CARD = """
name = "net"
adapter = "mdn"
citation = "somebody"
calibrated_on = "training"
[network]
features = "M6"
layers = 1
width = 4
members = 4
folds = 2
epochs = {epochs}
learning_rate = {rate}
[domain]
Z = [44, 56]
N = [50, 86]
"""


@pytest.fixture
def card(tmp_path):
    def write(epochs=60, rate=0.01):
        path = tmp_path / "net.toml"
        path.write_text(CARD.format(epochs=epochs, rate=rate), encoding="utf-8")
        return path

    return write


def test_a_trained_network_is_a_model_that_runs_can_mix(bmm, card, tmp_path):
    result = bmm("train-mdn", card(), "-o", tmp_path / "made", "--name", "mine")
    assert result.code == 0, result.err
    assert "out-of-fold" in result.out
    ensemble = read_ensemble(tmp_path / "made" / "mine.npz")
    measured = load_measured("AME2020")
    model = load_model(tmp_path / "made" / "mine.toml").fit(measured)
    nuclei = ensemble.training
    said = model.predict(nuclei)
    held = ensemble.predict(nuclei, out_of_fold=True)
    assert abs(said["mass_excess"].to_numpy()[:, 0] - held.mean).max() < 1e-4
    assert abs(said["mass_excess_sd"].to_numpy()[:, 0] - held.sd).max() < 1e-4
    table = pd.read_csv(tmp_path / "made" / "mine.csv")
    assert table["out_of_fold"].sum() == len(nuclei)
    again = bmm("train-mdn", card(), "-o", tmp_path / "made", "--name", "mine")
    assert again.code == 2
    assert "mine.npz is there" in again.err
    assert_the_network_learns_new_masses(bmm, tmp_path / "made" / "mine.npz", ensemble)


def assert_the_network_learns_new_masses(bmm, model, ensemble):
    before = ensemble.predict(nuclide_index([50], [88]))  # Sn-138, unknown to AME2020
    table = model.with_name("new.csv")
    header = "Z,N,mass_excess,mass_excess_uncertainty"
    table.write_text(f"{header}\n50,88,{before.mean[0]:.3f},2.0\n", encoding="utf-8")
    done = bmm("update", model, table)
    assert done.code == 0, done.err
    assert "of 4 members are left" in done.out
    updated = read_ensemble(model.with_name("mine-updated.npz"))
    expected = reweight(ensemble, read_measurements(table)).ensemble.log_weight
    assert updated.log_weight == pytest.approx(expected)
    again = bmm("update", model, table)
    assert again.code == 2
    assert "mine-updated.npz exists" in again.err


def test_a_diverged_training_leaves_the_last_good_state(bmm, card, tmp_path):
    result = bmm("train-mdn", card(epochs=100, rate=1e30), "-o", tmp_path / "made", "--name", "x")
    assert result.code == 2
    assert "the loss is not finite at epoch 100" in result.err
    assert "holds the last good state" in result.err
    assert "Traceback" not in result.err
    assert (read_ensemble(tmp_path / "made" / "x.npz").skip == 0).all()
    assert not (tmp_path / "made" / "x.csv").exists()


def test_only_networks_can_be_trained(bmm):
    result = bmm("train-mdn", "DZ33")
    assert result.code == 2
    assert "DZ33: expected the name or the card of a model with adapter 'mdn'" in result.err


def test_the_shipped_network_is_explained(bmm, tmp_path):
    result = bmm("explain-mdn", "-o", tmp_path, "--every", "400")
    assert result.code == 0, result.err
    ranking = pd.read_csv(tmp_path / "features.csv", index_col="feature")
    assert set(ranking.index[:3]) <= {"A", "N", "Z", "A^(2/3)", "Coulomb", "asymmetry", "A^(1/3)"}
    for name in ("features.png", "extrapolation.pdf", "shapley.csv"):
        assert (tmp_path / name).stat().st_size > 1000
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK")
    refused = bmm("explain-mdn", broken)
    assert refused.code == 2
    assert "broken.npz: expected a trained model" in refused.err
