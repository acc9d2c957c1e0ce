"""Small committees that train in a second."""

import pytest

from bmm.emulation.analytic_surface import analytic_surface
from bmm.emulation.committee import CommitteeLearner
from bmm.emulation.energy_window import EnergyWindow
from bmm.emulation.network_settings import CommitteeSettings


@pytest.fixture(scope="session")
def small():
    settings = CommitteeSettings(
        members=5, width=24, frequencies=16, bandwidth=3.0, epochs=400, warm_epochs=150
    )
    return CommitteeLearner(settings)


@pytest.fixture(scope="session")
def surface():
    return analytic_surface(30, 18)


@pytest.fixture(scope="session")
def energy_window(surface):
    return EnergyWindow(float(surface.energy.min()), 20.0)
