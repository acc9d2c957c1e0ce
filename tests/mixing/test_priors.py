"""Priors in SciPy's words against PyMC's, and draws from them."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bmm.gp.basis import Axis
from bmm.mixing.priors import distribution, hyperparameters, log_prior, prior_draws
from bmm.mixing.settings import POSITIVE, REAL, UNIT, Mixing, Noise, Prior

VALUES = {"alpha": 2.3, "beta": 1.7, "lam": 0.6, "sigma": 1.4, "nu": 3.5, "mu": 0.8, "b": 0.9}
AXES = Axis("Z", 30, 40, 1.5, 3), Axis("N", 34, 50, 1.5, 4)


@pytest.mark.parametrize("name", [*POSITIVE, *UNIT, *REAL])
def test_density_and_quantiles_are_pymcs(name):
    parameters = {key: VALUES[key] for key in (POSITIVE | UNIT | REAL)[name]}
    found = distribution(Prior(distribution=name, parameters=parameters))
    theirs = getattr(pm, name).dist(**{key: np.float64(x) for key, x in parameters.items()})
    x = np.array([-0.5, 0.2, 0.7, 3.1])
    expected = pm.logp(theirs, x).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(found.logpdf(x), expected, rtol=1e-6)
    q = np.array([0.05, 0.5, 0.95])
    drawn = found.rvs(20_000, random_state=np.random.default_rng(4))
    assert np.mean(drawn[:, None] < found.ppf(q), axis=0) == pytest.approx(q, abs=0.01)


def test_draws_have_the_variables_of_a_posterior(fitted, world):
    drawn = prior_draws(world.settings, ["a", "b", "c"], AXES, 3000, 1)
    posterior = fitted["posterior"].to_dataset()
    assert set(drawn) == set(posterior)
    for name in drawn:
        assert drawn[name].dims == posterior[name].dims
    for name in hyperparameters(world.settings):
        prior = distribution(getattr(world.settings.priors, name))
        values = drawn[name].to_numpy().reshape(3000, -1)[:, -1]
        assert stats.kstest(values, prior.cdf).pvalue > 1e-3
    assert stats.kstest(drawn["beta"].to_numpy().ravel()[:5000], "norm").pvalue > 1e-3


def test_log_prior_is_of_the_hyperparameters_alone(fitted, world):
    posterior = fitted["posterior"].to_dataset()
    found = log_prior(posterior, world.settings)
    assert set(found) == set(hyperparameters(world.settings)) == set(fitted["log_prior"].data_vars)
    expected = stats.gamma(10).logpdf(posterior["rho_Z"])
    np.testing.assert_allclose(found["rho_Z"], expected, rtol=1e-12)
    assert found["sigma"].dims == ("chain", "draw", "theory")


def test_hyperparameters_are_sampled_where_they_are_learned():
    always = ["sigma", "mu", "eta", "rho_Z", "rho_N"]
    for noise, learned in (
        (Noise(), []),
        (Noise(nu="learn"), ["nu"]),
        (Noise(A_power="learn"), ["A_power"]),
        (Noise(family="normal", nu="learn"), []),
    ):
        assert list(hyperparameters(Mixing(noise=noise))) == [*always, *learned]
    of_form = list(hyperparameters(Mixing(likelihood="dirichlet")))
    assert of_form == ["log_alpha_0", "correlation", "eta", "rho_Z", "rho_N"]
