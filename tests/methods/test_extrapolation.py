"""The evaluators' extrapolations: their own factor, and half and half with the models."""

import numpy as np
import pytest
from scipy import stats

from bmm.data import load_measured
from bmm.distributions import StudentTMixture
from bmm.errors import DataError
from bmm.methods.corrected import CorrectedMixture
from bmm.methods.extrapolation import AMEExtrapolation, PooledForecast, extrapolation_factor
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain, predict_all, prediction
from bmm.theory.correction import NU
from bmm.theory.library import load_model


@pytest.fixture(scope="module")
def region():
    """Masses of AME2003 from Ge to Zr, what AME2003 estimated beyond, and two models."""
    everything = load_measured("AME2003", estimated=True)
    everything = everything[Domain(Z=(32, 40), N=(40, 66)).covers(everything.index)]
    measured = everything[~everything["estimated"]]
    models = [load_model(name).fit(measured) for name in ("FRDM2012", "DZ28")]
    return measured, predict_all(models, everything.index), everything


def test_the_factor_is_that_of_estimates_measured_since():
    factor, nuclei = extrapolation_factor("AME2003")
    errors = []
    for earlier, later in (("AME1983", "AME1995"), ("AME1995", "AME2003")):
        old, new = load_measured(earlier, estimated=True), load_measured(later)
        old = old[old["estimated"] & Domain(Z=(8, 140), N=(8, 320)).covers(old.index)]
        both = old.index.intersection(new.index)
        deviation = new.loc[both, "mass_excess"] - old.loc[both, "mass_excess"]
        errors.append(deviation / old.loc[both, "mass_excess_uncertainty"])
    z = np.concatenate(errors)
    assert nuclei == len(z)
    likelihood = [stats.t(NU, scale=f * factor).logpdf(z).sum() for f in (0.98, 1, 1.02)]
    assert likelihood[1] == max(likelihood)
    with pytest.raises(DataError, match="0 estimates of evaluations before AME1983"):
        extrapolation_factor("AME1983")


def test_estimates_are_predicted_and_nothing_else(region):
    measured, theory, everything = region
    fitted = AMEExtrapolation().fit(measured, theory)
    forecast = fitted.forecast(theory, seed=1)
    estimated = everything["estimated"].to_numpy()
    assert np.array_equal(forecast.distribution.known, estimated)
    assert forecast.distribution.mean[estimated] == pytest.approx(
        everything["mass_excess"].to_numpy()[estimated]
    )
    u = everything["mass_excess_uncertainty"].to_numpy()[estimated]
    assert forecast.distribution.scale[estimated, 0] == pytest.approx(fitted.factor * u)
    assert fitted.facts["estimates"]["evaluation"] == "AME2003"
    assert AMEExtrapolation().partial
    assert not CorrectedMixture().partial


def test_half_the_models_and_half_the_estimates(region):
    measured, theory, everything = region
    method = CorrectedMixture(extrapolations=True)
    assert method.label == "corrected mixture and evaluators' extrapolations"
    pooled = method.fit(measured, theory).forecast(theory, seed=1)
    alone = CorrectedMixture().fit(measured, theory).forecast(theory, seed=1)
    estimated = everything["estimated"].to_numpy()
    estimates = everything["mass_excess"].to_numpy()
    expected = alone.distribution.mean.copy()
    expected[estimated] = 0.5 * (expected[estimated] + estimates[estimated])
    assert pooled.distribution.mean == pytest.approx(expected)
    assert np.array_equal(
        pooled.draws.to_numpy()[:, ~estimated], alone.draws.to_numpy()[:, ~estimated]
    )
    at = estimates + 0.1
    density = AMEExtrapolation().fit(measured, theory).forecast(theory, seed=1).distribution
    both = [np.exp(each.log_density(at)) for each in (alone.distribution, density)]
    found = np.exp(pooled.distribution.log_density(at))
    assert found[estimated] == pytest.approx(0.5 * (both[0] + both[1])[estimated])


def test_draws_follow_the_pool_and_keep_their_order():
    theory = prediction(nuclide_index([50, 50, 51], [90, 91, 91]), ["a"], np.zeros((3, 1)))
    first = StudentTMixture([[0.0], [0.0], [0.0]], 1.0)
    second = StudentTMixture([[2.0], [2.0], [np.nan]], 0.5, nu=4)
    own = MixtureForecast(theory, first, seed=1)
    pooled = PooledForecast(own, MixtureForecast(theory, second, seed=2))
    drawn, before = pooled.draws.to_numpy(), own.draws.to_numpy()
    for i in range(2):
        result = stats.kstest(drawn[:, i], lambda y, i=i: pooled.distribution[[i]].cdf(y[None])[0])
        assert result.pvalue > 1e-3
        assert np.array_equal(drawn[:, i].argsort(), before[:, i].argsort())
    assert np.array_equal(drawn[:, 2], before[:, 2])


def test_where_the_models_say_nothing_the_pool_does_neither():
    theory = prediction(nuclide_index([50], [90]), ["a"], np.zeros((1, 1)))
    none = StudentTMixture([[np.nan]], 1.0)
    pooled = PooledForecast(
        MixtureForecast(theory, none, seed=1),
        MixtureForecast(theory, StudentTMixture([[2.0]], 0.5), seed=2),
    )
    assert not pooled.distribution.known.any()
    assert np.isnan(pooled.draws.to_numpy()).all()
