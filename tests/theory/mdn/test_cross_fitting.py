"""A mixture must not be fooled by a network that knows its masses."""

import numpy as np
import pytest

import bmm
from bmm.mixing.settings import Basis, Mixing, Noise, Sampler
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain, numbers, predict_all, prediction
from bmm.theory.mdn.adapter import MdnModel
from bmm.theory.mdn.settings import MdnSettings

pytestmark = pytest.mark.slow

SETTINGS = MdnSettings(members=8, folds=4, epochs=1200, seed=1)
DOMAIN = Domain(Z=(28, 82), N=(28, 126))
MIXING = Mixing(
    noise=Noise(family="normal"),
    basis=Basis(m_Z=4, m_N=5),
    sampler=Sampler(chains=2, draws=200, tune=300),
)


class Said:
    """What somebody says of nuclei."""

    components = ("MDN",)

    def __init__(self, mean):
        self.mean = mean

    def predict(self, nuclei):
        return prediction(nuclei, self.components, self.mean[:, None])


@pytest.fixture(scope="module")
def mixed():
    """Mixtures with FRDM2012 learnt from 300 nuclei, with and without cross-fitting."""
    measured = bmm.load_measured("AME2020")
    measured = measured[DOMAIN.covers(measured.index)]
    training = measured.sample(n=300, random_state=1).sort_index()
    fitted = MdnModel("MDN", SETTINGS, DOMAIN).fit(training)
    nuclei = nuclide_index(*numbers(measured.index))
    known = np.asarray(nuclei.isin(training.index))
    other = bmm.load_model("FRDM2012").fit(training)
    found = {}
    for name, held in (("cross-fitted", True), ("in sample", False)):
        # The bare masses: their spread is for the mixture to find.
        network = Said(fitted.ensemble.predict(nuclei, out_of_fold=held).mean)
        theory = predict_all([other, network], nuclei)
        tree = bmm.fit(training, theory.isel(nucleus=known), theory, MIXING, seed=2)
        summary = bmm.predict(tree, measured=measured).summary
        mass = measured["mass_excess"].to_numpy()
        inside = {
            level: ((summary[f"lower_{level}"] <= mass) & (mass <= summary[f"upper_{level}"]))
            for level in ("68", "95")
        }
        found[name] = {
            "weight": float(summary["weight"].sel(model="MDN").mean()),
            "coverage": {each: float(share[~known].mean()) for each, share in inside.items()},
            "sigma": float(tree["posterior"]["sigma"].sel(model="MDN").mean()),
        }
    return found


def test_without_cross_fitting_the_network_is_believed_too_much(mixed):
    assert mixed["in sample"]["sigma"] < 0.7 * mixed["cross-fitted"]["sigma"]
    assert mixed["in sample"]["weight"] > mixed["cross-fitted"]["weight"]


def test_with_cross_fitting_the_intervals_are_right(mixed):
    right, wrong = mixed["cross-fitted"]["coverage"], mixed["in sample"]["coverage"]
    assert right["68"] == pytest.approx(0.68, abs=0.1)
    assert right["95"] == pytest.approx(0.95, abs=0.04)
    assert wrong["68"] < right["68"] - 0.1
    assert wrong["95"] < 0.9
