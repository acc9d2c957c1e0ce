"""A published table around tin, to be written in the layouts that people have."""

import pytest

from bmm.data import load_theory


@pytest.fixture(scope="session")
def tin():
    """FRDM2012 with Z from 48 to 52 and N from 50 to 92: 215 nuclei, of which 172 are measured."""
    masses = load_theory("FRDM2012")["mass_excess"].round(2)
    return masses[[48 <= Z <= 52 and 50 <= N <= 92 for Z, N in masses.index]]
