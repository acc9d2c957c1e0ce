"""Energies are compressed outside a window, and back."""

import numpy as np
import pytest
from scipy import stats

from bmm.emulation.energy_window import EnergyWindow
from bmm.errors import ConfigError

FOCUS = EnergyWindow(-100.0, 30.0)


def test_the_window_is_left_alone_and_the_rest_comes_back():
    energy = np.linspace(-300, 500, 1601)
    learned = FOCUS.compress(energy)
    np.testing.assert_allclose(FOCUS.expand(learned), energy, atol=1e-9)
    inside = FOCUS.contains(energy)
    np.testing.assert_allclose(learned[inside], energy[inside] + 100)
    assert (np.diff(learned) > 0).all()
    assert np.ptp(learned) < 100


def test_probability_is_that_of_the_normal():
    mean, sd = np.array([-5.0, 10.0, 33.0]), np.array([4.0, 50.0, 1e-12])
    expected = [
        stats.norm.cdf(30, m, s) - stats.norm.cdf(0, m, s) for m, s in zip(mean, sd, strict=True)
    ]
    np.testing.assert_allclose(FOCUS.probability(mean, sd), expected, atol=1e-12)


@pytest.mark.parametrize("ends", [(0.0, 0.0), (0.0, -1.0), (np.nan, 3.0), (0.0, np.inf)])
def test_an_empty_window_is_refused(ends):
    with pytest.raises(ConfigError, match="positive width"):
        EnergyWindow(*ends)
