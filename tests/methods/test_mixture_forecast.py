import numpy as np
import pytest

from bmm.distributions import StudentTMixture
from bmm.errors import DataError
from bmm.methods.mixture_forecast import DRAWS, MixtureForecast
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

THEORY = prediction(nuclide_index([50, 50, 51], [70, 71, 72]), ["a"], np.zeros((3, 1)))
MASSES = StudentTMixture([[0.0, 1.0], [1.0, -1.0], [np.nan, np.nan]], 0.5, nu=4.0)


def test_draws_are_those_of_the_distribution_and_labelled():
    drawn = MixtureForecast(THEORY, MASSES, seed=1).draws
    expected = MASSES.sample(DRAWS, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn, expected)
    assert drawn.coords["nucleus"].to_numpy().tolist() == ["Sn-120", "Sn-121", "Sb-123"]
    assert drawn.attrs == {"units": "MeV"}


def test_the_seed_decides_the_draws():
    one, again, other = (MixtureForecast(THEORY, MASSES, seed).draws for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)


def test_there_must_be_a_distribution_of_every_nucleus():
    with pytest.raises(DataError, match="distributions of 3 nuclei, not of 2"):
        MixtureForecast(THEORY, MASSES[:2], seed=1)
