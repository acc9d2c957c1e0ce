"""Weights by evidence and by leave-one-out densities."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from bmm.methods.averaging import GlobalBMA, Stacking
from bmm.methods.evidence import NoiseFamily
from bmm.methods.single_model_posteriors import SingleModelPosteriors

RNG = np.random.default_rng(21)
TRUTH = RNG.normal(-50, 10, 300)
# Model a describes most nuclei, model b the others, c none.
DESCRIBED = RNG.choice(2, p=[0.7, 0.3], size=300)
THEORY = np.stack(
    [
        np.where(DESCRIBED == 0, TRUTH, TRUTH + 6),
        np.where(DESCRIBED == 1, TRUTH, TRUTH - 6),
        TRUTH + 12,
    ],
    axis=1,
) + RNG.normal(scale=0.4, size=(300, 3))


def normal_posterior(deviation, known_sd, without=None):
    """Posterior density of sigma (MeV) of a normal model, not normalised."""
    kept = np.arange(len(deviation)) != without

    def density(sigma):
        scale = np.hypot(sigma, known_sd)
        log_density = stats.norm.logpdf(deviation, 0, scale)[kept].sum()
        return np.exp(log_density + stats.lognorm.logpdf(10 * sigma, 0.8, scale=4.0))

    return density


def integral(density):
    return integrate.quad(density, 0, 60, points=[0.3, 1, 4], epsabs=0, epsrel=1e-9)[0]


def test_bma_weights_are_the_ratio_of_two_evidences_by_quadrature(chart):
    """Normal models; each evidence is an integral over one spread, done here by SciPy."""
    n = 14
    deviation = RNG.normal(scale=[0.6, 0.62], size=(n, 2))
    measured, theory = chart(-deviation, np.zeros(n), ("a", "b"), uncertainty=0.2, sd=0.1)
    known_sd = np.hypot(0.2, 0.1)
    evidence = [integral(normal_posterior(deviation[:, k], known_sd)) for k in range(2)]
    fitted = GlobalBMA(noise="normal").fit(measured, theory)
    expected = {"a": evidence[0] / sum(evidence), "b": evidence[1] / sum(evidence)}
    assert fitted.facts["weights"] == pytest.approx(expected, rel=1e-6)
    assert 0.001 < expected["b"] < 0.999
    # The prior is one of the spread in keV per nucleon, of which 1 MeV has ten at A = 100.
    log_evidence = [np.log(10 * each) for each in evidence]
    assert list(fitted.facts["log_evidence"].values()) == pytest.approx(log_evidence, abs=1e-6)


def test_equal_models_share_the_weight_whatever_the_noise(chart):
    masses = TRUTH[:, None] + RNG.normal(scale=0.5, size=(300, 1))
    measured, theory = chart(np.repeat(masses, 2, axis=1), TRUTH, ("a", "b"))
    for noise in ("normal", "student_t"):
        fitted = GlobalBMA(noise=noise).fit(measured, theory)
        assert fitted.facts["weights"] == pytest.approx({"a": 0.5, "b": 0.5}, abs=1e-12)


def test_a_single_model_averages_over_its_spread(chart):
    n = 12
    deviation = RNG.normal(scale=0.7, size=n)
    measured, theory = chart(
        np.zeros((n, 1)), deviation, ("a",), uncertainty=0.2, measured=slice(10), sd=0.1
    )
    forecast = GlobalBMA(noise="normal").fit(measured, theory).forecast(theory, seed=1)
    known_sd = np.hypot(0.2, 0.1)
    posterior = normal_posterior(deviation[:10], known_sd)
    norm = integral(posterior)
    density = forecast.distribution.widened(0.2).log_density(deviation)
    for i in (10, 11):

        def joint(sigma, i=i):
            return posterior(sigma) * stats.norm.pdf(deviation[i], 0, np.hypot(sigma, known_sd))

        expected = np.log(integral(joint) / norm)
        assert density[i] == pytest.approx(expected, abs=1e-5)


def test_leave_one_out_is_that_of_a_new_fit(chart):
    n = 8
    deviation = RNG.normal(scale=0.7, size=n)
    measured, theory = chart(np.zeros((n, 1)), deviation, ("a",), uncertainty=0.2)
    models = SingleModelPosteriors.fit(measured, theory, NoiseFamily(nu=np.inf))
    for i in range(n):
        posterior = normal_posterior(deviation, 0.2, without=i)

        def joint(sigma, i=i, posterior=posterior):
            return posterior(sigma) * stats.norm.pdf(deviation[i], 0, np.hypot(sigma, 0.2))

        expected = integral(joint) / integral(posterior)
        assert models.leave_one_out()[i, 0] == pytest.approx(np.log(expected), abs=1e-6)


def test_stacking_is_the_best_mixture_of_leave_one_out_densities(chart):
    measured, theory = chart(THEORY, TRUTH)
    fitted = Stacking().fit(measured, theory)
    density = np.exp(fitted.models.leave_one_out())

    def worse(free):
        weights = np.append(free, 1 - free.sum())
        return -np.log(density @ weights).sum()

    best = optimize.minimize(
        worse, [0.4, 0.4], bounds=[(1e-9, 1)] * 2,
        constraints={"type": "ineq", "fun": lambda free: 1 - 1e-9 - free.sum()},
    )  # fmt: skip
    weights = [*best.x, 1 - best.x.sum()]
    assert list(fitted.facts["weights"].values()) == pytest.approx(weights, abs=0.01)
    assert weights[0] == pytest.approx(np.mean(DESCRIBED == 0), abs=0.05)


def test_pseudo_bma_takes_the_best_model_and_says_how_good(chart):
    measured, theory = chart(THEORY, TRUTH)
    fitted = Stacking(method="pseudo-bma").fit(measured, theory)
    assert fitted.facts["weights"]["a"] == pytest.approx(1, abs=1e-3)
    elpd = fitted.models.leave_one_out().sum(axis=0)
    assert list(fitted.facts["elpd"].values()) == pytest.approx(elpd, abs=0.3)


def test_a_missing_model_leaves_its_weight_to_the_others(chart):
    gaps = THEORY.copy()
    gaps[250, 0] = gaps[260:262] = np.nan
    measured, theory = chart(gaps, TRUTH)
    fitted = GlobalBMA().fit(measured.iloc[:260], theory)
    assert fitted.facts["n_lost"] == 1
    mean = fitted.forecast(theory, seed=1).distribution.mean
    assert gaps[250, 1] - 0.01 < mean[250] < gaps[250, 2]
    assert np.isnan(mean).nonzero()[0].tolist() == [260, 261]
