"""A small network on some hundred measured nuclei, trained once."""

import pytest

from bmm.data import load_measured, load_theory
from bmm.theory.adapters import Domain
from bmm.theory.mdn.adapter import MdnModel
from bmm.theory.mdn.mdn_settings import MdnSettings

SMALL = MdnSettings(
    features="M12", layers=2, width=6, members=4, folds=2, epochs=300, seed=4, components=2
)
DOMAIN = Domain(Z=(40, 56), N=(45, 90))


@pytest.fixture(scope="session")
def masses():
    measured = load_measured("AME2020")
    return measured[DOMAIN.covers(measured.index)]


@pytest.fixture(scope="session")
def chart():
    nuclei = load_theory("DZ28").index
    return nuclei[DOMAIN.covers(nuclei)]


@pytest.fixture(scope="session")
def training(masses):
    """Half of the measured nuclei."""
    return masses.sample(frac=0.5, random_state=1).sort_index()


@pytest.fixture(scope="session")
def small(training):
    return MdnModel("net", SMALL, DOMAIN).fit(training)


@pytest.fixture(scope="session")
def settings():
    return SMALL


@pytest.fixture(scope="session")
def domain():
    return DOMAIN
