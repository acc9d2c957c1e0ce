"""A mixture must not overrate a network that was trained on its masses."""

import numpy as np
import pytest

import bmm
from bmm.methods.sampled_weights import EnsembleBMA
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain, predict_all, prediction
from bmm.theory.mdn.adapter import MdnModel
from bmm.theory.mdn.mdn_settings import MdnSettings

pytestmark = pytest.mark.slow

SETTINGS = MdnSettings(members=8, folds=4, epochs=1200, seed=1)
DOMAIN = Domain(Z=(20, 140))


class Said:
    """Predictions of nuclei; the spread is for the mixture to find."""

    components = ("MDN",)

    def __init__(self, mean):
        self.mean = mean

    def predict(self, nuclei):
        return prediction(nuclei, self.components, self.mean[:, None])


@pytest.fixture(scope="module")
def mixed():
    """Mixtures learnt from 450 nuclei, with and without cross-fitting, tested on the others."""
    measured = bmm.load_measured("AME2020").query("Z >= 20")
    training = measured.sample(n=450, random_state=1).sort_index()
    fitted = MdnModel("MDN", SETTINGS, DOMAIN).fit(training)
    nuclei = nuclide_index(measured.index)
    known = np.asarray(nuclei.isin(training.index))
    others = [bmm.load_model(name).fit(training) for name in ("FRDM2012", "DZ33")]
    mass = measured["mass_excess"].to_numpy()[~known]
    found = {}
    for name, held in (("cross-fitted", True), ("in sample", False)):
        network = Said(fitted.ensemble.predict(nuclei, out_of_fold=held).mean)
        theory = predict_all([*others, network], nuclei)
        mixture = EnsembleBMA().fit(training, theory, 1)
        draws = mixture.forecast(theory.isel(nucleus=~known), 2).draws
        ends = {
            level: np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
            for level in (0.68, 0.95)
        }
        found[name] = {
            "weight": mixture.facts["weights"]["MDN"],
            **{
                level: ((low <= mass) & (mass <= high)).mean()
                for level, (low, high) in ends.items()
            },
        }
    return found


def test_without_cross_fitting_the_weight_of_the_network_is_too_large(mixed):
    assert mixed["in sample"]["weight"] > mixed["cross-fitted"]["weight"] + 0.1
    assert mixed["in sample"][0.68] < 0.58
    assert mixed["in sample"][0.95] < 0.9


def test_with_cross_fitting_the_intervals_hold_what_they_promise(mixed):
    # More than that, for two of eight members are held out, and all eight speak elsewhere.
    assert 0.64 < mixed["cross-fitted"][0.68] < 0.84
    assert 0.92 < mixed["cross-fitted"][0.95] < 0.99
