"""The network as a theory model: cards, out-of-fold predictions, and the missing extra."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

from bmm.data import load_measured
from bmm.errors import ConfigError, DataError
from bmm.nuclides import nuclide_index
from bmm.theory.library import find_cards, load_model
from bmm.theory.mdn.adapter import MdnModel
from bmm.theory.mdn.model_file import write_ensemble

CARD = """
name = "mine"
adapter = "mdn"
citation = "somebody"
{rest}
"""


def card(folder, rest):
    path = folder / "mine.toml"
    path.write_text(CARD.format(rest=rest), encoding="utf-8")
    return path


def test_training_nuclei_are_predicted_out_of_fold(small, masses, training):
    nuclei = nuclide_index(masses.index)
    said = small.predict(nuclei)
    known = np.asarray(nuclei.isin(training.index))
    held = small.ensemble.predict(nuclei[known], out_of_fold=True)
    all_speak = small.ensemble.predict(nuclei[~known])
    column = said["mass_excess"].to_numpy()[:, 0]
    np.testing.assert_allclose(column[known], held.mean)
    np.testing.assert_allclose(column[~known], all_speak.mean)
    np.testing.assert_allclose(said["mass_excess_sd"].to_numpy()[known, 0], held.sd)
    assert np.abs(column[known] - small.ensemble.predict(nuclei[known]).mean).max() > 0.01


def test_outside_the_domain_there_is_nothing(small):
    said = small.predict(nuclide_index([50, 82], [82, 126]))
    assert np.isfinite(said["mass_excess"].to_numpy()[0, 0])
    assert np.isnan(said["mass_excess"].to_numpy()[1, 0])
    assert np.isnan(said["mass_excess_sd"].to_numpy()[1, 0])


def test_nuclei_outside_the_domain_are_not_learnt_from(small, domain):
    assert domain.covers(small.ensemble.training).all()
    outside = load_measured("AME2020").query("Z > 100")
    with pytest.raises(DataError, match="needs at least 100 training nuclei, not 0"):
        MdnModel("net", small.ensemble.settings, domain).fit(outside)


def test_a_card_describes_a_network(tmp_path):
    rest = 'calibrated_on = "training"\n[network]\nfeatures = "M12"\nlambda_phys = 0\nwidth = 8'
    model = load_model(card(tmp_path, rest))
    assert isinstance(model, MdnModel)
    assert (model.settings.features, model.settings.width) == ("M12", 8)
    assert find_cards()["MDN-refit"].calibrated_on == "training"


def test_a_card_takes_a_trained_model(tmp_path, small, training):
    write_ensemble(tmp_path / "net.npz", small.ensemble)
    model = load_model(card(tmp_path, 'file = "net.npz"\ncalibrated_on = "AME2020"'))
    nuclei = nuclide_index(training.index)
    again = model.fit(training.iloc[:0]).predict(nuclei)["mass_excess"]
    np.testing.assert_array_equal(again, small.predict(nuclei)["mass_excess"])


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('calibrated_on = "AME2020"', "key 'calibrated_on': expected 'training' if, and only if"),
        ('calibrated_on = "training"\nfile = "x.npz"', "key 'calibrated_on': expected 'training'"),
        (
            'calibrated_on = "AME2020"\nfile = "x.npz"\n[network]\nwidth = 3',
            "section 'network' cannot be given with 'file'",
        ),
        (
            'calibrated_on = "training"\n[network]\nfeatures = "M13"',
            "key 'network.features': expected 'M2', 'M6', 'M8', 'M10', 'M12', 'M16'",
        ),
        ('calibrated_on = "training"\n[network]\ndepth = 3', "unknown key 'network.depth'"),
        (
            'calibrated_on = "training"\n[network]\nfolds = 3',
            "key 'network': folds: expected 0, or a number from 2 that divides the 20 members",
        ),
    ],
)
def test_wrong_cards_are_explained(tmp_path, rest, message):
    with pytest.raises(ConfigError, match=message):
        load_model(card(tmp_path, rest))


def test_without_the_extra_the_one_command_is_named(small, domain, training, monkeypatch):
    found = importlib.import_module

    def missing(name, *rest):
        if name == "equinox":
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr("bmm.theory.mdn.extra.importlib.import_module", missing)
    with pytest.raises(ConfigError, match=r"needs equinox, which is not installed: pip install 'n"):
        MdnModel("net", small.ensemble.settings, domain).fit(training)
    assert np.isfinite(small.ensemble.predict(training.index).mean).all()


def test_reading_cards_and_mixing_the_table_needs_no_extra():
    code = (
        "import sys\n"
        "for name in ('jax', 'equinox', 'optax', 'shap'): sys.modules[name] = None\n"
        "import bmm, bmm.cli\n"
        "from bmm.workflows import pipeline\n"
        "m = bmm.load_measured('AME2020').query('Z == 50')\n"
        "said = bmm.load_model('MDN').fit(m).predict(m.index)\n"
        "assert said.mass_excess.notnull().all()\n"
        "try: bmm.load_model('MDN-refit').fit(m)\n"
        "except bmm.errors.BmmError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "needs jax, which is not installed: pip install 'nuclear-bmm[mdn]'" in done.stdout, (
        done.stderr
    )
