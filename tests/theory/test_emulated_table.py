"""A table emulated from a share of it, as a model of the mixture."""

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_theory, read_provenance
from bmm.emulation.mass_table import MassLearner, mass_surface
from bmm.emulation.network_settings import PRESETS, CommitteeSettings
from bmm.emulation.stationary import ProcessLearner
from bmm.errors import ConfigError, DataError
from bmm.theory.cards import read_card
from bmm.theory.emulated_table import CommitteeCard
from bmm.theory.library import load_model

CARD = """
name = "HFB26-emulated"
adapter = "committee"
table = "HFB26"
share = 0.03
domain = { Z = [50, 65], N = [70, 100] }
"""


@pytest.fixture
def small(monkeypatch):
    quick = CommitteeSettings(members=4, width=24, frequencies=16, bandwidth=2.0, epochs=150)
    monkeypatch.setitem(PRESETS, "default", quick)


def write(path, text):
    path.write_text(text)
    return path


def test_known_nuclei_are_exact_and_others_come_with_an_uncertainty(tmp_path, small):
    model = load_model(write(tmp_path / "card.toml", CARD))
    truth = load_theory("HFB26")
    fitted = model.fit(pd.DataFrame())  # measured masses are not looked at
    predicted = fitted.predict(truth.index)
    mass, sd = (predicted[name].to_numpy()[:, 0] for name in ("mass_excess", "mass_excess_sd"))
    inside = model.domain.covers(truth.index)
    np.testing.assert_array_equal(np.isfinite(mass), inside)
    known = np.zeros(len(truth), dtype=bool)
    known[model.known()] = True
    known &= inside
    error = mass - truth["mass_excess"].to_numpy()
    assert not error[known].any()
    assert not sd[known].any()
    other = inside & ~known
    assert (sd[other] > 0).all()
    assert np.sqrt((error[other] ** 2).mean()) < 2.5
    assert 0.4 < (np.abs(error[other]) < sd[other]).mean() < 0.9


def test_a_liquid_drop_is_learned_exactly():
    nuclei = [(Z, N) for Z in range(20, 60, 2) for N in range(Z, Z + 30, 3)]
    Z, N = np.array(nuclei, dtype=float).T
    A = Z + N
    mass = -16 * A + 18 * A ** (2 / 3) + 0.7 * Z**2 / A ** (1 / 3) + 23 * (N - Z) ** 2 / A
    index = pd.MultiIndex.from_tuples(nuclei, names=["Z", "N"])
    surface = mass_surface("drop", pd.Series(mass, index=index))
    learner = MassLearner(surface, ProcessLearner())
    np.testing.assert_array_equal(learner.nuclei(surface.scaled), [Z, N])
    emulator = learner.fit(surface.scaled[::5], surface.energy[::5], seed=0)
    np.testing.assert_allclose(emulator.at(surface.scaled).mean, mass, atol=1e-3)
    again = learner.unpack(learner.pack(emulator), 2).at(surface.scaled)
    np.testing.assert_array_equal(again.mean, emulator.at(surface.scaled).mean)


def test_the_card(tmp_path):
    card = read_card(write(tmp_path / "card.toml", CARD))
    assert isinstance(card, CommitteeCard)
    assert card.calibrated_on == read_provenance("HFB26").calibrated_on
    assert (card.share, card.committee) == (0.03, "default")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("share = 0", "key 'share'"),
        ("share = 1.5", "key 'share'"),
        ('committee = "best"', "key 'committee'"),
        ("shares = 0.2", "did you mean 'share'"),
    ],
)
def test_wrong_keys_are_named(tmp_path, line, message):
    text = CARD.replace("share = 0.03", line)
    with pytest.raises(ConfigError, match=message):
        read_card(write(tmp_path / "card.toml", text))


def test_too_few_known_nuclei_are_refused(tmp_path):
    text = CARD.replace("share = 0.03", "share = 0.001")
    model = load_model(write(tmp_path / "card.toml", text))
    with pytest.raises(DataError, match="10 of the table's 9511 nuclei; expected 50 at least"):
        model.fit(pd.DataFrame())
