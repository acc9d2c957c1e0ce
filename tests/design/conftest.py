"""A patch of chart, measured in part, and its forecast."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bmm.distributions import StudentTMixture
from bmm.nuclides import nuclide_index
from bmm.prediction.forecast import Forecast
from bmm.theory.adapters import prediction
from bmm.theory.corrected_model import CorrectedModel
from bmm.theory.residual_field import Hyperparameters, ResidualField

INDEX = nuclide_index(40 + np.arange(60) // 12, 50 + np.arange(60) % 12)
Z, N = (INDEX.get_level_values(name).to_numpy() for name in ("Z", "N"))
MEASURED = N < 56


def make(normal, late=()):
    """Make a forecast, normal or with a second component; some later masses may be known."""
    rng = np.random.default_rng(5)
    known = MEASURED | INDEX.isin(list(late))
    learnt = Hyperparameters.of(np.append(np.log([1.0, 2.5, 3.5, *[0.2, 5, 5] * 4, 0.15]), 0.3))
    residual = rng.normal(size=len(INDEX))
    uncertainty = np.where(MEASURED, 0.05, 0.02)
    field = ResidualField.conditioned(
        learnt, Z[known], N[known], residual[known], uncertainty[known]
    )
    mean, sd = field.at(Z, N)
    centre = -60 + 0.01 * (N - 50) ** 2 + mean
    if normal:
        distribution = StudentTMixture(centre[:, None], sd[:, None])
    else:
        apart = np.stack([centre, centre + 0.8 * sd], axis=1)
        distribution = StudentTMixture(apart, np.stack([sd, 0.7 * sd], axis=1), nu=5.0)
    frame = pd.DataFrame({"mass_excess": -60.0, "mass_excess_uncertainty": 0.05}, index=INDEX)
    nuclei = prediction(INDEX, ["one"], centre[:, None])
    return Forecast(nuclei, distribution, CorrectedModel(field, 1.0), frame[known], seed=7)


@pytest.fixture(scope="session")
def patch():
    """Forecasts of the patch, normal and not."""
    return SimpleNamespace(normal=make(True), forecast=make(False), index=INDEX, make=make)
