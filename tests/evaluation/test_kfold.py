"""k-fold refits: what is left out is scored by fits that have not seen it."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest

import bmm
from bmm.errors import ConfigError
from bmm.evaluation.kfold import kfold
from bmm.mixing.settings import Sampler


@pytest.fixture(scope="module")
def settings(world):
    return world.settings.model_copy(update={"sampler": Sampler(chains=2, draws=150, tune=150)})


def test_folds_are_scored_by_fits_without_them(world, settings):
    element = world.measured.index.get_level_values("Z").to_numpy() % 2
    found = kfold(world.measured, world.theory, settings, folds=element, seed=3)
    assert (found.n_folds, found.n_data_points) == (2, len(world.measured))
    odd = element == 1
    tree = bmm.fit(
        world.measured[~odd], world.theory.isel(nucleus=~odd), world.theory, settings, seed=3
    )
    expected = bmm.predict(tree, world.measured.index[odd], world.measured[odd]).summary
    np.testing.assert_allclose(found.elpd_i.to_numpy()[odd], expected["log_density"], rtol=1e-6)
    assert found.elpd == pytest.approx(float(found.elpd_i.sum()))
    # It is harder to predict than to fit.
    assert found.p > 0
    worse = replace(found, elpd=found.elpd - 48, elpd_i=found.elpd_i - 1)
    assert az.compare({"worse": worse, "one": found}).index[0] == "one"


@pytest.mark.parametrize("folds", [1, 1000, [0, 1], "same"])
def test_impossible_folds_are_refused(world, folds):
    folds = np.zeros(len(world.measured)) if folds == "same" else folds
    with pytest.raises(ConfigError, match="folds"):
        kfold(world.measured, world.theory, folds=folds)
