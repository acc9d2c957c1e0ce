"""Simulated masses: does the posterior say what is known of the truth?"""

import numpy as np
import pandas as pd
import pytest

from bmm.mixing.draws import log_normalise
from bmm.mixing.fit import fit
from bmm.mixing.fitted import convergence_of, posterior_draws
from bmm.mixing.settings import Mixing, Noise, Prior, Priors, Sampler
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

SIDE, K = 16, 3
SETTINGS = Mixing(
    noise=Noise(family="normal"),
    priors=Priors(
        rho_Z=Prior(distribution="Gamma", parameters={"alpha": 40, "beta": 8}),
        rho_N=Prior(distribution="Gamma", parameters={"alpha": 40, "beta": 8}),
        eta=Prior(distribution="Gamma", parameters={"alpha": 10, "beta": 2}),
    ),
    sampler=Sampler(chains=2, draws=600, tune=400),
)


def simulate(seed):
    """Draw everything from the prior, with the exact kernel in place of its sine functions."""
    rng = np.random.default_rng(seed)
    Z, N = np.repeat(np.arange(40, 40 + SIDE), SIDE), np.tile(np.arange(50, 50 + SIDE), SIDE)
    sigma, mu = rng.gamma(10, size=K), rng.normal(size=K)
    eta = rng.gamma(10, 1 / 2, size=K)
    rho_Z, rho_N = rng.gamma(40, 1 / 8, size=2)
    distance = ((Z[:, None] - Z) / rho_Z) ** 2 + ((N[:, None] - N) / rho_N) ** 2
    root = np.linalg.cholesky(np.exp(-0.5 * distance) + 1e-8 * np.eye(len(Z)))
    field = mu + np.sqrt(eta) * (root @ rng.normal(size=(len(Z), K)))
    weight = np.exp(log_normalise(field, np.ones_like(field, dtype=bool)))
    describes = (rng.random(len(Z))[:, None] > weight.cumsum(axis=1)[:, :-1]).sum(axis=1)
    theory = -80 + rng.normal(scale=5.0, size=(len(Z), K))
    uncertainty = 0.1
    spread = np.hypot(0.1 * sigma[describes], uncertainty)
    mass = theory[np.arange(len(Z)), describes] + spread * rng.normal(size=len(Z))
    index = nuclide_index(Z, N)
    measured = pd.DataFrame(
        {"mass_excess": mass, "mass_excess_uncertainty": uncertainty}, index=index
    )
    return measured, prediction(index, ("a", "b", "c"), theory), sigma, weight


def covered(draws, truth, level=0.9):
    lower, upper = np.quantile(draws, [0.5 * (1 - level), 0.5 * (1 + level)], axis=0)
    return (lower < truth) & (truth < upper)


def recovered(seed):
    measured, theory, sigma, weight = simulate(seed)
    tree = fit(measured, theory, theory, SETTINGS, seed=seed)
    verdict = convergence_of(tree)
    draws = posterior_draws(tree)
    Z, N = theory["Z"].to_numpy(), theory["N"].to_numpy()
    everywhere = np.ones((len(Z), K), dtype=bool)
    found = np.concatenate(
        [np.exp(log_normalise(field, everywhere)) for _, field in draws.log_alpha(Z, N)]
    )
    return verdict, covered(draws.sigma, sigma), covered(found, weight)


@pytest.mark.slow
def test_posterior_intervals_cover_the_truth_as_often_as_they_say():
    verdicts, sigma, weight = zip(*(recovered(seed) for seed in range(4)), strict=True)
    for verdict in verdicts:
        assert verdict.table["r_hat"].max() < 1.03
        assert verdict.divergences <= 0.01 * verdict.chains * verdict.draws
    # Binomial(12, 0.9) is below 8 less than once in 200 times.
    assert np.sum(sigma) >= 8
    # Weights move together along a field: of order ten independent ones in each of four worlds.
    assert 0.9 - 3 * 0.05 < np.mean(weight) < 0.995


def test_spreads_of_a_small_world_are_recovered(world, fitted):
    # A_power was 0 when the world was made.  (So few nuclei say next to nothing of nu.)
    posterior = fitted["posterior"]
    truth = {"A_power": 0.0, "sigma": world.sigma}
    for name, value in truth.items():
        lower, upper = posterior[name].quantile([0.005, 0.995], dim=("chain", "draw")).to_numpy()
        assert ((lower < value) & (value < upper)).all(), name
