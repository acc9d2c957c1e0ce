"""Synthetic charts with known truth."""

import numpy as np
import pandas as pd
import pytest

from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction


@pytest.fixture(scope="session")
def chart():
    """Make a chart: 300 nuclei, of which some are measured."""

    def make(theory, mass, models=("a", "b", "c"), uncertainty=0.0, measured=None, sd=0.0):
        n = len(mass)
        index = nuclide_index(30 + np.arange(n) // 20, 40 + np.arange(n) % 20)
        frame = pd.DataFrame(
            {"mass_excess": mass, "mass_excess_uncertainty": uncertainty}, index=index
        )
        whole = prediction(index, models, theory, sd)
        return (frame if measured is None else frame[measured]), whole

    return make
