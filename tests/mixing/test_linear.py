"""The linear form against scipy, finite differences, simulated weights and simulated truth."""

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from bmm.mixing.fit import fit
from bmm.mixing.fitted import posterior_draws, read_settings
from bmm.mixing.linear import linear_mixture
from bmm.mixing.noise import added_variance
from bmm.mixing.training_data import training_problem
from bmm.prediction.predictive import predict

n, K = 12, 3


@pytest.fixture
def rng():
    return np.random.default_rng(12)


@pytest.fixture
def data(rng):
    """Masses, theory with gaps, added variances and mass numbers."""
    covers = rng.random((n, K)) < 0.7
    covers[:, 1] |= ~covers.any(axis=1)
    mass = rng.normal(scale=20, size=n)
    theory = mass[:, None] + rng.normal(scale=1.5, size=(n, K))
    variance = rng.choice([0, 0.04, 1.0], size=(n, K))
    log_A = np.log(rng.integers(60, 250, n) / 100)
    return mass, np.where(covers, theory, np.inf).T, variance.T, log_A


def moments(field, sigma, power, theory, variance, log_A):
    """Location and squared scale, one nucleus at a time."""
    result = []
    for i in range(theory.shape[1]):
        k = np.isfinite(theory[:, i])
        alpha = np.exp(field[k, i])
        a = special.softmax(field[k, i])
        mean = a @ theory[k, i]
        own = (0.1 * sigma[k] * np.exp(log_A[i]) ** power) ** 2 + variance[k, i]
        apart = a @ (theory[k, i] - mean) ** 2 / (1 + alpha.sum())
        result.append((mean, a @ own + apart))
    return np.array(result).T


def reference(field, sigma, nu, power, mass, theory, variance, log_A):
    mean, squared = moments(field, sigma, power, theory, variance, log_A)
    return stats.t.logpdf(mass, nu, mean, np.sqrt(squared))


def point(rng, nu):
    return rng.normal(scale=1.5, size=(K, n)), rng.gamma(10, size=K), nu, rng.normal()


@pytest.mark.parametrize("nu", [0.7, 4.0, np.inf])
def test_density_is_scipys(rng, data, nu):
    parameters = point(rng, nu)
    found = linear_mixture(*parameters, *data)[0]
    np.testing.assert_allclose(found, reference(*parameters, *data), rtol=1e-11)


@pytest.mark.parametrize("nu", [0.7, 4.0, np.inf])
def test_derivatives_are_finite_differences(rng, data, assert_derivatives, nu):
    assert_derivatives(linear_mixture, reference, point(rng, nu), data)


def test_moments_are_those_of_dirichlet_weights(rng, data):
    """With normal noise, the first two moments of y = sum_k w_k m_k + e."""
    field, sigma, _, power = point(rng, np.inf)
    _, theory, variance, log_A = data
    theory = np.where(np.isfinite(theory), theory, 0.0)
    mean, squared = moments(field, sigma, power, theory, variance, log_A)
    for i in range(n):
        w = rng.dirichlet(np.exp(field[:, i]), size=40_000)
        drawn = w @ theory[:, i]
        own = (0.1 * sigma * np.exp(power * log_A[i])) ** 2 + variance[:, i]
        error = drawn.std() / np.sqrt(len(drawn)) + 1e-9
        assert mean[i] == pytest.approx(drawn.mean(), abs=5 * error)
        total = drawn.var() + special.softmax(field[:, i]) @ own
        assert squared[i] == pytest.approx(total, rel=0.05)


def test_extreme_fields_stay_finite(rng, data):
    _, sigma, _, power = point(rng, 4.0)
    for size in (650.0, -650.0):
        field = size * np.sign(rng.normal(size=(K, n)))
        for nu in (4.0, np.inf):
            results = linear_mixture(field, sigma, nu, power, *data)
            assert all(np.isfinite(result).all() for result in results)


def test_draws_and_predictions_are_those_of_the_kernel(constant_tree, world):
    """Independent of the sampler: one draw of constant fields."""
    mu, sigma = [0.7, -0.3, 0.1], [2.0, 3.0, 4.0]
    noise = world.settings.noise.model_copy(update={"nu": 5.0, "A_power": 0.3})
    tree = constant_tree(mu, sigma, world.chart, noise, likelihood="linear")
    problem = training_problem(world.measured, world.theory)
    variance = added_variance(problem, noise)
    field = np.tile(np.array(mu)[:, None], problem.sizes["nucleus"])
    theory = problem["theory_mass_excess"].transpose("theory", "nucleus").to_numpy()
    mass, log_A = problem["mass_excess"].to_numpy(), np.log(problem["A"].to_numpy() / 100)
    kernel = linear_mixture(
        field, np.array(sigma), 5.0, 0.3, mass, np.nan_to_num(theory, nan=np.inf), variance.T, log_A
    )[0]
    assert read_settings(tree).likelihood == "linear"
    found = posterior_draws(tree).log_likelihood(problem)[0]
    np.testing.assert_allclose(found, kernel, rtol=1e-5)
    said = predict(tree, measured=world.measured).summary
    known = said.sel(nucleus=problem["nucleus"].to_numpy())
    np.testing.assert_allclose(known["log_density"].to_numpy(), kernel, rtol=1e-6)
    assert known["responsibility"].to_numpy() == pytest.approx(known["weight"].to_numpy())
    weight = np.where(np.isfinite(theory), np.exp(field), 0)
    expected = (weight * np.nan_to_num(theory)).sum(axis=0) / weight.sum(axis=0)
    np.testing.assert_allclose(known["mean"].to_numpy(), expected, rtol=1e-9)
    np.testing.assert_allclose(known["mode"].to_numpy(), expected, rtol=1e-9)


def test_predictive_draws_have_the_summary(constant_tree, world):
    many = np.tile([0.7, -0.3, 0.1], (4000, 1))
    tree = constant_tree(
        many, np.tile([2.0, 3.0, 4.0], (4000, 1)), world.chart,
        world.settings.noise.model_copy(update={"nu": 8.0, "A_power": 0.0}), likelihood="linear",
    )  # fmt: skip
    found = predict(tree, seed=3)
    draws, summary = found.draws.to_numpy(), found.summary
    sd = summary["sd"].to_numpy()
    assert np.abs((draws.mean(axis=0) - summary["mean"].to_numpy()) / sd).max() < 0.1
    assert draws.std(axis=0) == pytest.approx(sd, rel=0.12)


def test_an_average_of_models_is_found(world):
    """Masses half way between the first two models: only the linear form can say so."""
    theory = world.theory.copy(deep=True)
    chart = world.chart.copy(deep=True)
    rng = np.random.default_rng(3)
    mass = world.measured["mass_excess"].to_numpy()
    off = 3.0 * np.sign(rng.normal(size=len(mass)))
    said = np.stack([mass + off, mass - off, mass + 8.0], axis=1)
    for each in (theory, chart):
        here = each["nucleus"].isin(world.theory["nucleus"]).to_numpy()
        values = each["mass_excess"].transpose("nucleus", "theory").to_numpy().copy()
        values[here] = said
        each["mass_excess"] = (("nucleus", "theory"), values)
        each["mass_excess_sd"] = xr.zeros_like(each["mass_excess"])
    errors = {}
    for form in ("linear", "density"):
        settings = world.settings.model_copy(update={"likelihood": form})
        tree = fit(world.measured, theory, chart, settings, seed=2)
        summary = predict(tree, theory["nucleus"].to_numpy().tolist()).summary
        errors[form] = float(np.sqrt(np.mean((summary["mean"].to_numpy() - mass) ** 2)))
        if form == "linear":
            weight = summary["weight"].mean("nucleus").to_numpy()
            assert weight[:2] == pytest.approx([0.5, 0.5], abs=0.1)
    assert errors["linear"] < 0.5 * errors["density"]
