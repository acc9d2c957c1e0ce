"""The exact Gaussian process of residuals, against dense algebra and simulated truth."""

import numpy as np
import pytest
from scipy import optimize, stats

from bmm.errors import ConfigError, DataError
from bmm.rivals.residual_process import (
    ResidualProcess,
    fit_process,
    negative_evidence,
)

RNG = np.random.default_rng(41)
POINTS = np.stack([30 + np.arange(300) // 20, 40 + np.arange(300) % 20], axis=1).astype(float)
PARAMETERS = np.array([0.8, 3.0, 5.0, 0.3])


def covariance(first, second, parameters):
    amplitude, rho_Z, rho_N, _ = parameters
    apart = first[:, None] - second[None]
    return amplitude**2 * np.exp(
        -0.5 * (apart[..., 0] / rho_Z) ** 2 - 0.5 * (apart[..., 1] / rho_N) ** 2
    )


def noisy(parameters, known_sd):
    return covariance(POINTS, POINTS, parameters) + np.diag(parameters[3] ** 2 + known_sd**2)


@pytest.fixture(scope="module")
def simulated():
    known_sd = RNG.uniform(0, 0.2, len(POINTS))
    residual = RNG.multivariate_normal(np.zeros(len(POINTS)), noisy(PARAMETERS, known_sd))
    return residual, known_sd


def test_evidence_is_that_of_the_normal_and_the_gradient_is_its_own(simulated):
    residual, known_sd = simulated
    other = np.array([0.5, 4.0, 2.5, 0.4])
    value, gradient = negative_evidence(np.log(other), POINTS, residual, known_sd**2)
    exact = stats.multivariate_normal(cov=noisy(other, known_sd)).logpdf(residual)
    assert value == pytest.approx(-exact)
    numeric = optimize.approx_fprime(
        np.log(other), lambda x: negative_evidence(x, POINTS, residual, known_sd**2)[0], 1e-6
    )
    assert gradient == pytest.approx(numeric, rel=1e-4, abs=1e-3)


def test_hyperparameters_are_recovered(simulated):
    process = fit_process(POINTS, *simulated)
    assert process.parameters == pytest.approx(PARAMETERS, rel=0.35)
    residual, known_sd = simulated
    truth = -negative_evidence(np.log(PARAMETERS), POINTS, residual, known_sd**2)[0]
    assert truth - 0.1 < process.log_evidence < truth + 8


def test_prediction_is_the_conditional_normal(simulated):
    residual, known_sd = simulated
    process = fit_process(POINTS, residual, known_sd)
    new = np.array([[33.0, 61.0], [46.0, 50.0], [90.0, 90.0]])
    across = covariance(new, POINTS, process.parameters)
    inverse = np.linalg.inv(noisy(process.parameters, known_sd))
    mean, sd = process.at(new)
    assert mean == pytest.approx(across @ inverse @ residual, abs=1e-8)
    prior = process.parameters[0] ** 2 + process.parameters[3] ** 2
    assert sd**2 == pytest.approx(prior - np.diag(across @ inverse @ across.T))
    assert (mean[2], sd[2]) == pytest.approx((0, np.sqrt(prior)))


def test_a_corrected_model_predicts_what_it_lacks(chart, simulated):
    theory = np.stack([-simulated[0], RNG.normal(scale=3, size=300), np.zeros(300)], axis=1)
    theory[7, 0] = np.nan
    held = np.arange(300) % 5 == 0
    measured, labelled = chart(theory, np.zeros(300), uncertainty=0.01, measured=~held)
    forecast = ResidualProcess(model="a").fit(measured, labelled).forecast(labelled, seed=1)
    error = forecast.mean.to_numpy()
    assert np.isnan(error).nonzero()[0].tolist() == [7]
    sd = forecast.draws.std("draw").to_numpy()
    assert np.mean(error[held] ** 2) == pytest.approx(np.mean(sd[held] ** 2), rel=0.6)
    assert np.mean(error[held] ** 2) < 0.5 * np.mean(simulated[0][held] ** 2)


def test_corrected_models_are_weighed_by_evidence(chart, simulated):
    theory = np.stack([-simulated[0], RNG.normal(scale=3, size=300)], axis=1)
    measured, labelled = chart(theory, np.zeros(300), ("good", "bad"), uncertainty=0.01)
    fitted = ResidualProcess().fit(measured, labelled)
    evidence = fitted.facts["log_evidence"]
    assert evidence["good"] > evidence["bad"] + 100
    alone = ResidualProcess(model="good").fit(measured, labelled)
    means = [each.forecast(labelled, seed=1).mean.to_numpy() for each in (fitted, alone)]
    assert means[0] == pytest.approx(means[1])


def test_bad_input_is_named(chart):
    measured, labelled = chart(np.zeros((20, 3)), np.zeros(20))
    with pytest.raises(DataError, match="at least 5"):
        ResidualProcess(model="a").fit(measured.iloc[:4], labelled)
    with pytest.raises(ConfigError, match="expected one of a, b, c"):
        ResidualProcess(model="z").fit(measured, labelled)
