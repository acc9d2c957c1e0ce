import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import gammaln

from bmm.errors import ConfigError
from bmm.methods.evidence import NoiseFamily, broad_prior, log_evidence


@pytest.fixture
def nuclei():
    rng = np.random.default_rng(7)
    return rng.normal(0, 0.5, 40), rng.uniform(0, 0.1, 40), rng.integers(16, 250, 40)


@pytest.mark.parametrize("nu", [4.0, np.inf])
@pytest.mark.parametrize("power", [0.0, 1.0])
def test_evidence_is_the_brute_force_integral(nuclei, nu, power):
    deviation, known_sd, A = nuclei

    def joint(sigma):
        scale = np.sqrt((sigma * 0.1 * (A / 100) ** power) ** 2 + known_sd**2)
        return np.prod(stats.t.pdf(deviation, nu, scale=scale)) * stats.lognorm.pdf(
            sigma, 0.8, scale=4
        )

    expected, _ = integrate.quad(joint, 0, 60, points=[3, 5, 8], epsabs=0, epsrel=1e-10)
    noise = NoiseFamily(nu, power)
    assert log_evidence(deviation, known_sd, A, noise) == pytest.approx(np.log(expected), abs=1e-8)


@pytest.mark.parametrize("n", [40, 3000])
def test_evidence_with_the_conjugate_prior_is_the_closed_form(n):
    deviation = np.random.default_rng(1).normal(0, 0.5, n)
    a, b = 3.0, 40.0

    def log_prior(sigma):  # sigma**2 is inverse gamma
        return stats.invgamma.logpdf(sigma**2, a, scale=b) + np.log(2 * sigma)

    after_a, after_b = a + n / 2, b + 50 * deviation @ deviation
    expected = (a * np.log(b) - gammaln(a)) - (after_a * np.log(after_b) - gammaln(after_a))
    expected -= n / 2 * np.log(2 * np.pi * 0.1**2)
    noise = NoiseFamily(np.inf, measurement=False, log_prior=log_prior)
    value = log_evidence(deviation, np.full(n, 9.0), np.full(n, 150), noise)
    assert value == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("nu", [4.0, np.inf])
def test_evidence_with_sigma_known_is_the_likelihood_of_the_mixture(nuclei, nu):
    # Imported here, because compiling it takes seconds.
    from bmm.mixing.density import local_mixture

    deviation, known_sd, A = nuclei
    one = np.ones((1, deviation.size))
    density, *_ = local_mixture(
        0 * one, np.array([5.0]), nu, 0.5,
        deviation, 0 * one, known_sd[None] ** 2, np.log(A / 100),
    )  # fmt: skip
    noise = NoiseFamily(nu, 0.5, log_prior=lambda sigma: stats.norm.logpdf(sigma, 5.0, 1e-4))
    assert log_evidence(deviation, known_sd, A, noise) == pytest.approx(density.sum(), abs=1e-5)


def test_default_prior_is_normalised():
    total, _ = integrate.quad(lambda sigma: np.exp(broad_prior(sigma)), 0, np.inf)
    assert total == pytest.approx(1)


def test_evidence_that_does_not_exist_is_refused():
    exact = np.zeros(50)
    with pytest.raises(ConfigError, match="does not converge"):
        log_evidence(exact, exact, exact + 100, NoiseFamily())
