"""Corrected models behind the interface of all methods."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from bmm.data import load_measured, load_theory, uncertainty_scale_factor
from bmm.distributions.student_t import NU
from bmm.errors import ConfigError, DataError
from bmm.methods.corrected import CorrectedMixture
from bmm.methods.local import LocalMixture
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.theory.adapters import Domain, prediction
from bmm.theory.correction import correct_theory
from bmm.theory.residual_field import BLOCK

HELD = np.arange(300) % 5 == 0


@pytest.fixture(scope="module")
def simulated():
    """Residuals of two models: smooth over the chart, with an odd-even part of the neutrons."""
    rng = np.random.default_rng(41)
    Z, N = 30 + np.arange(300) // 20, 40 + np.arange(300) % 20
    apart = (Z[:, None] - Z) ** 2 / 9 + (N[:, None] - N) ** 2 / 25
    smooth = rng.multivariate_normal(np.zeros(300), np.exp(-apart / 2) + 1e-9 * np.eye(300), 2)
    return (smooth + 0.3 * (-1.0) ** N + 0.15 * rng.standard_t(NU, size=(2, 300))).T


@pytest.fixture(scope="module")
def world(chart, simulated):
    theory = -simulated
    theory[7, 0] = np.nan
    return chart(theory, np.zeros(300), ("a", "b"), uncertainty=0.01, measured=~HELD)


@pytest.fixture(scope="module")
def fitted(world):
    return CorrectedMixture().fit(*world, seed=0)


def test_corrected_models_predict_what_they_lack(world, simulated, fitted):
    forecast = fitted.forecast(world[1], seed=1)
    error = forecast.distribution.mean
    assert np.isfinite(error).all()
    assert np.mean(error[HELD] ** 2) < 0.25 * np.mean(simulated[HELD] ** 2)
    inside = np.abs(np.mean(forecast.draws.to_numpy() < 0, axis=0) - 0.5)
    # Two models that err independently: their mixture is wider than the error of its mean.
    for level in (0.5, 0.68, 0.9):
        assert np.mean(inside[HELD] < level / 2) > level - 0.05


def test_the_mixture_is_even_and_its_draws_have_the_density(world, fitted):
    forecast = fitted.forecast(world[1], seed=1)
    part = fitted.correction.theory.transpose("nucleus", "theory")
    centre, scale = (part[name].to_numpy() for name in ("mass_excess", "mass_excess_sd"))
    assert forecast.distribution.mean == pytest.approx(np.nanmean(centre, axis=1))
    i = [forecast.draws["nucleus"].to_numpy().tolist().index(n) for n in ("Zn-71", "Zn-72")]
    density = forecast.distribution[i].widened(0.01).log_density(np.zeros(2))
    wide = np.hypot(scale[i], 0.01)
    expected = np.log(np.mean(stats.t(NU).pdf(centre[i] / wide) / wide, axis=1))
    assert density == pytest.approx(expected)
    held = np.flatnonzero(HELD)[3]

    def cdf(y):
        each = stats.t(NU).cdf((np.asarray(y)[:, None] - centre[held]) / scale[held])
        return each.mean(axis=1)

    assert stats.kstest(forecast.draws.to_numpy()[:, held], cdf).pvalue > 1e-3


def test_one_model_alone_keeps_its_gaps(world):
    alone = CorrectedMixture(model="a").fit(*world, seed=0)
    forecast = alone.forecast(world[1], seed=1)
    assert np.flatnonzero(np.isnan(forecast.distribution.mean)).tolist() == [7]
    assert np.flatnonzero(np.isnan(forecast.draws.to_numpy()[0])).tolist() == [7]
    assert (alone.facts["n_training"], alone.facts["n_lost"]) == (239, 1)
    assert set(alone.facts["fields"]) == {"a"}


def test_a_mixture_of_corrected_models_learns_from_left_out_masses(world):
    mixing = Mixing(
        basis=Basis(m_Z=4, m_N=4), sampler=Sampler(chains=1, draws=50, tune=50, cores=1)
    )
    method = LocalMixture(corrected=True, mixing=mixing)
    assert method.label == "local-density-mixture, corrected"
    tree = method.fit(*world, seed=1).tree
    block = world[0].index.get_level_values("Z").to_numpy() // BLOCK
    expected = correct_theory(world[0], world[1], block=block).theory["mass_excess"]
    found = tree["chart"]["mass_excess"].transpose(*expected.dims)
    assert np.array_equal(found.to_numpy(), expected.to_numpy(), equal_nan=True)


def test_bad_input_is_named(chart):
    measured, labelled = chart(np.zeros((300, 3)), np.zeros(300))
    with pytest.raises(DataError, match="at least 20"):
        CorrectedMixture(model="a").fit(measured.iloc[:4], labelled)
    with pytest.raises(ConfigError, match="expected one of a, b, c"):
        CorrectedMixture(model="z").fit(measured, labelled)


def test_the_factor_is_learnt_from_an_older_evaluation():
    later = load_measured("AME2003")
    training = later[Domain(Z=(36, 52), N=(36, 82)).covers(later.index)]
    model = load_theory("FRDM2012").loc[training.index, ["mass_excess"]].to_numpy()
    theory = prediction(training.index, ("FRDM2012",), model, 0.0)
    method = CorrectedMixture(measurement_errors="factor:AME1995")
    assert method.evaluations == ("AME1995",)
    assert method.label == "corrected-mixture, uncertainties learnt from AME1995"
    facts = method.fit(training, theory).facts
    learnt = uncertainty_scale_factor(load_measured("AME1995"), training)
    assert learnt.factor > 1.2
    found = learnt.facts | {"evaluation": "AME1995"}
    assert facts["uncertainties"] == found
    scaled = CorrectedMixture(measurement_errors=f"factor:{learnt.factor!r}")
    assert {"uncertainties": found} | scaled.fit(training, theory).facts == facts
    assert CorrectedMixture(measurement_errors="factor").fit(training, theory).facts == facts
    half = uncertainty_scale_factor(load_measured("AME1995"), training.iloc[::2])
    found = half.facts | {"evaluation": "AME1995"}
    assert method.fit(training.iloc[::2], theory).facts["uncertainties"] == found
    with pytest.raises(DataError, match=r"'factor:AME2020': .* earlier evaluation"):
        CorrectedMixture(measurement_errors="factor:AME2020").fit(training, theory)
    with pytest.raises(ValidationError, match=r"a positive number or one of AME1983, .*AME1997"):
        CorrectedMixture(measurement_errors="factor:AME1997")


def test_stated_uncertainties_can_be_multiplied(world):
    measured, theory = world
    doubled = CorrectedMixture(measurement_errors="factor:2.0").fit(measured, theory).facts
    twice = measured.assign(mass_excess_uncertainty=2 * measured["mass_excess_uncertainty"])
    assert doubled == CorrectedMixture().fit(twice, theory).facts
    assert doubled != CorrectedMixture().fit(measured, theory).facts
    label = CorrectedMixture(measurement_errors="factor:2.0").label
    assert label == "corrected-mixture, uncertainties x2"
    for wrong in ("factor:0", "factor:nan", "factors", "learnt:AME2003"):
        with pytest.raises(ValidationError, match="expected 'stated', 'learnt', 'factor'"):
            CorrectedMixture(measurement_errors=wrong)
