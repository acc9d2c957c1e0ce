"""A patch of chart that three corrected models describe, one of them not all of it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bmm.distributions.student_t import NU
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction
from bmm.theory.correction import CorrectedModel, Correction
from bmm.theory.residual_field import Hyperparameters, ResidualField

INDEX = nuclide_index(40 + np.arange(60) // 12, 50 + np.arange(60) % 12)
Z, N = (INDEX.get_level_values(name).to_numpy() for name in ("Z", "N"))
MEASURED = N < 56
LAST = 60
"""Last neutron number of the third model."""


def make(names=("one", "two", "three"), shift=0.5, late=()):
    """Correct models of which some later masses are known as well."""
    rng = np.random.default_rng(5)
    known = MEASURED | INDEX.isin(list(late))
    models, centre, scale = {}, [], []
    for k, name in enumerate(("one", "two", "three")):
        learnt = Hyperparameters.of(
            np.append(np.log([1.0, 2.5 + k, 3.5 + k, *[0.2, 5, 5] * 4, 0.15]), 0.3)
        )
        residual = rng.normal(size=len(INDEX))
        field = ResidualField.conditioned(
            learnt, Z[known], N[known], residual[known], np.where(MEASURED, 0.05, 0.02)[known]
        )
        factor = 1 / np.sqrt(2)
        mean, sd = field.at(Z, N)
        models[name] = CorrectedModel(field, factor)
        centre.append(-60 + k * shift + 0.01 * (N - 50) ** 2 + mean)
        scale.append(factor * sd)
    chosen = [("one", "two", "three").index(name) for name in names]
    mass, sd = np.stack(centre, axis=1)[:, chosen], np.stack(scale, axis=1)[:, chosen]
    for column, k in enumerate(chosen):
        if k == 2:
            mass[N > LAST, column] = np.nan
    return Correction(
        prediction(INDEX, list(names), mass, sd), {name: models[name] for name in names}
    )


def follow(correction, nuclei, count, seed):
    """Draw masses (count, nucleus) of which each follows the first model that covers it.

    The models are in a random order in every draw; a model's masses are normal.
    """
    rng = np.random.default_rng(seed)
    part = correction.theory.isel(nucleus=INDEX.get_indexer(nuclei)).transpose("theory", "nucleus")
    centre, scale = (part[name].to_numpy() for name in ("mass_excess", "mass_excess_sd"))
    place = rng.permuted(np.tile(np.arange(len(centre)), (count, 1)), axis=1).T[:, :, None]
    place = np.where(np.isfinite(centre)[:, None], place, len(centre))
    drawn = np.empty((count, len(nuclei)))
    for k, model in enumerate(correction.models.values()):
        covered = np.flatnonzero(np.isfinite(centre[k]))
        V = model.field.covariance(part["Z"].to_numpy()[covered], part["N"].to_numpy()[covered])
        sd = scale[k, covered] * np.sqrt(NU / (NU - 2)) / np.sqrt(np.diag(V))
        own = np.zeros_like(drawn)
        own[:, covered] = rng.multivariate_normal(centre[k, covered], V * sd * sd[:, None], count)
        drawn = np.where(place[k] == place.min(axis=0), own, drawn)
    return drawn


@pytest.fixture(scope="session")
def patch():
    """Corrected models and measured masses."""
    frame = pd.DataFrame({"mass_excess": -60.0, "mass_excess_uncertainty": 0.05}, index=INDEX)
    return SimpleNamespace(
        correction=make(),
        alone=make(("one",)),
        measured=frame[MEASURED],
        index=INDEX,
        make=make,
        follow=follow,
    )
