"""Single models, averages and least squares: everything here has a closed form."""

import numpy as np
import pytest

from bmm.errors import ConfigError, DataError
from bmm.methods.averages import EqualWeights, LeastSquares
from bmm.methods.single_model import BestSingle, SingleModel

RNG = np.random.default_rng(11)
TRUTH = RNG.normal(-50, 10, 60)
OFFSETS = np.array([0.1, -0.5, 2.0])
THEORY = TRUTH[:, None] + OFFSETS + RNG.normal(scale=[1.0, 0.3, 0.1], size=(60, 3))


def test_a_single_model_has_its_training_rms(chart):
    measured, theory = chart(THEORY, TRUTH, measured=slice(40))
    fitted = SingleModel(model="b").fit(measured, theory)
    assert fitted.facts["sigma_MeV"] == pytest.approx(
        np.sqrt(np.mean((TRUTH - THEORY[:, 1])[:40] ** 2))
    )
    forecast = fitted.forecast(theory, seed=1)
    assert forecast.distribution.mean == pytest.approx(THEORY[:, 1])
    assert forecast.draws.std().item() > fitted.sigma  # all nuclei together


def test_the_best_single_model_depends_on_the_score(chart):
    # Nearly always exact but once far off, against always a little off.
    mass, often, little = np.zeros(60), np.full(60, 0.01), np.full(60, 1.0)
    often[0] = 9.0
    measured, theory = chart(np.stack([often, little], axis=1), mass, ("often", "little"))
    by_rms, by_crps = (BestSingle(by=by).fit(measured, theory) for by in ("rms", "crps"))
    assert by_rms.facts["model"] == "little"
    assert by_crps.facts["model"] == "often"
    assert by_rms.facts["rms"] == pytest.approx({"often": np.sqrt(81 / 60), "little": 1}, rel=1e-3)


def test_equal_weights_go_over_the_models_that_cover(chart):
    gaps = THEORY.copy()
    gaps[:20, 0] = np.nan
    gaps[55] = np.nan
    measured, theory = chart(gaps, TRUTH, measured=slice(40))
    fitted = EqualWeights().fit(measured, theory)
    average = np.append(THEORY[:20, 1:].mean(axis=1), THEORY[20:].mean(axis=1))
    average[55] = np.nan
    assert fitted.forecast(theory, seed=1).distribution.mean == pytest.approx(average, nan_ok=True)
    assert fitted.sigma == pytest.approx(np.sqrt(np.mean((average - TRUTH)[:40] ** 2)))


@pytest.mark.parametrize(
    ("sum_to_one", "weights"), [(False, [0.5, -0.3, 1.4]), (True, [0.9, -0.3, 0.4])]
)
def test_least_squares_recovers_the_weights(chart, sum_to_one, weights):
    gaps = THEORY.copy()
    gaps[3, 2] = gaps[50, 0] = np.nan
    mass = THEORY @ weights
    measured, theory = chart(gaps, mass, measured=slice(40))
    fitted = LeastSquares(sum_to_one=sum_to_one).fit(measured, theory)
    assert fitted.weights == pytest.approx(weights)
    assert fitted.facts["n_lost"] == 1
    assert fitted.facts["n_training"] == 39
    expected = np.where(np.isfinite(gaps).all(axis=1), mass, np.nan)
    assert fitted.forecast(theory, 1).distribution.mean == pytest.approx(expected, nan_ok=True)


def test_constrained_least_squares_do_not_depend_on_the_quantity(chart):
    measured, theory = chart(THEORY, TRUTH)
    shifted = chart(THEORY + 1000, TRUTH + 1000)
    fits = [LeastSquares(sum_to_one=True).fit(*each) for each in ((measured, theory), shifted)]
    assert fits[0].weights == pytest.approx(fits[1].weights, abs=1e-8)
    assert fits[0].weights.sum() == pytest.approx(1)


def test_bad_input_is_named(chart):
    measured, theory = chart(THEORY, TRUTH)
    with pytest.raises(ConfigError, match="'d': expected one of a, b, c"):
        SingleModel(model="d").fit(measured, theory)
    with pytest.raises(DataError, match="lists no prediction"):
        EqualWeights().fit(measured, theory.isel(nucleus=slice(1, None)))
    with pytest.raises(DataError, match="more than the 3 weights"):
        LeastSquares().fit(measured.iloc[:3], theory)
    nothing = theory.assign(mass_excess=theory["mass_excess"] * np.nan)
    with pytest.raises(DataError, match="covered by every model"):
        BestSingle().fit(measured, nothing)
