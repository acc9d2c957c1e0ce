"""The compressed posterior predictive mixture against the mixture over all draws."""

import numpy as np
import pytest

from bmm.distributions import StudentTMixture
from bmm.mixing.draws import Nuclei
from bmm.mixing.fitted import posterior_draws
from bmm.mixing.settings import Noise
from bmm.prediction import posterior_mixture as module
from bmm.prediction.posterior_mixture import posterior_mixture

DRAWS = 400
P = np.array([0.001, 0.025, 0.16, 0.5, 0.84, 0.975, 0.999])


@pytest.fixture(scope="module")
def chart(world):
    """Five nuclei, two of which the third model leaves out."""
    return world.chart.sel(nucleus=["Zn-66", "Zn-70", "Ga-70", "Kr-76", "Kr-78"])


def asked(chart, stated=0.1):
    theory = chart["mass_excess"].to_numpy()
    Z, N = (chart[name].to_numpy() for name in ("Z", "N"))
    return Nuclei(Z, N, theory, np.full(theory.shape, stated**2))


def every_draw(draws, nuclei):
    """Mixture of the components of all draws, without any put together."""
    parts = list(draws.components(nuclei))
    n, c = parts[0].scale.shape[1:]

    def flat(name):
        whole = [np.broadcast_to(getattr(each, name), each.scale.shape) for each in parts]
        return np.concatenate(whole).swapaxes(0, 1).reshape(n, -1)

    nu = np.repeat(draws.nu, c)[None]
    return StudentTMixture(flat("centre"), flat("scale"), flat("share"), nu)


def posterior(rng, spread, **learned):
    """Draws of mu and sigma, related; and of whatever is learnt."""
    shared = rng.normal(size=(DRAWS, 1))
    sigma = np.array([4.0, 8.0, 2.0]) * np.exp(spread * (rng.normal(size=(DRAWS, 3)) + shared))
    mu = np.log([0.5, 0.3, 0.2]) + 0.3 * rng.normal(size=(DRAWS, 3)) + 0.2 * shared
    return mu, sigma, {name: draw(rng) for name, draw in learned.items()}


LEARNED = {
    "nu": lambda rng: rng.gamma(60, 1 / 12, DRAWS),
    "A_power": lambda rng: rng.normal(0.3, 0.1, DRAWS),
}
# Noise, what is learnt, and how far the probabilities may be off.
CASES = [
    (Noise(), (), 1e-6),
    (Noise(family="normal", A_power=1.0), (), 1e-6),
    (Noise(nu=4.0, A_power="learn"), ("A_power",), 1e-6),
    (Noise(nu="learn"), ("nu",), 3e-4),
    (Noise(nu="learn", A_power="learn"), ("nu", "A_power"), 3e-4),
]


@pytest.mark.parametrize(("noise", "learned", "off"), CASES)
def test_density_form_is_the_mixture_over_all_draws(constant_tree, chart, noise, learned, off):
    rng = np.random.default_rng(31)
    mu, sigma, scalars = posterior(rng, 0.05, **{name: LEARNED[name] for name in learned})
    draws = posterior_draws(constant_tree(mu, sigma, chart, noise, **scalars))
    found, exact = posterior_mixture(draws, asked(chart)), every_draw(draws, asked(chart))
    np.testing.assert_allclose(exact.cdf(found.distribution.quantile(P)), P + np.zeros((5, 1)),
                               atol=off)  # fmt: skip
    np.testing.assert_allclose(found.distribution.mean, exact.mean, rtol=1e-12)
    # Where nu is learnt, what the models state for themselves takes its group's.
    exactly = 1e-4 if "nu" in learned else 1e-10
    np.testing.assert_allclose(found.distribution.sd, exact.sd, rtol=exactly)
    by_model = [
        np.where(np.array(found.theory) == name, found.distribution.weight, 0).sum(axis=1)
        for name in "abc"
    ]
    np.testing.assert_allclose(found.weight.T, by_model, atol=1e-12)
    assert not found.weight[np.isnan(chart["mass_excess"].to_numpy())].any()


def test_a_spread_that_the_data_leave_open_costs_little(constant_tree, chart):
    rng = np.random.default_rng(32)
    mu, sigma, _ = posterior(rng, 0.6)
    draws = posterior_draws(constant_tree(mu, sigma, chart))
    found, exact = posterior_mixture(draws, asked(chart, 0)), every_draw(draws, asked(chart, 0))
    off = exact.cdf(found.distribution.quantile(P)) - P
    assert np.abs(off).max() < 1e-3
    np.testing.assert_allclose(found.distribution.sd, exact.sd, rtol=1e-10)


def test_two_modes_of_sigma_are_kept_apart(constant_tree, chart):
    mu = np.tile(np.log([0.5, 0.3, 0.2]), (DRAWS, 1))
    sigma = np.where(np.arange(DRAWS)[:, None] < 0.3 * DRAWS, [1.0, 1.0, 1.0], [10.0, 9.0, 8.0])
    draws = posterior_draws(constant_tree(mu, sigma, chart))
    found, exact = posterior_mixture(draws, asked(chart, 0)), every_draw(draws, asked(chart, 0))
    off = exact.cdf(found.distribution.quantile(P)) - P
    assert np.abs(off).max() < 1e-9


@pytest.mark.parametrize(("noise", "learned", "off"), CASES)
def test_linear_form_is_the_mixture_over_all_draws(
    constant_tree, chart, noise, learned, off, monkeypatch
):
    monkeypatch.setattr(module, "_TOGETHER", 2 * DRAWS)  # several blocks, the last one shorter
    rng = np.random.default_rng(33)
    mu, sigma, scalars = posterior(rng, 0.05, **{name: LEARNED[name] for name in learned})
    draws = posterior_draws(constant_tree(mu, sigma, chart, noise, "linear", **scalars))
    found, exact = posterior_mixture(draws, asked(chart)), every_draw(draws, asked(chart))
    assert set(found.theory) == {"mixture"}
    np.testing.assert_allclose(exact.cdf(found.distribution.quantile(P)), P + np.zeros((5, 1)),
                               atol=5e-4)  # fmt: skip
    np.testing.assert_allclose(found.distribution.mean, exact.mean, rtol=1e-12)
    np.testing.assert_allclose(found.distribution.sd, exact.sd, rtol=1e-10)
    np.testing.assert_allclose(found.weight.sum(axis=1), 1, rtol=1e-12)


def test_one_draw_is_its_own_mixture(constant_tree, chart):
    for form in ("density", "linear"):
        tree = constant_tree(np.log([0.5, 0.3, 0.2]), [4.0, 8.0, 2.0], chart, likelihood=form)
        draws = posterior_draws(tree)
        found, exact = posterior_mixture(draws, asked(chart)), every_draw(draws, asked(chart))
        np.testing.assert_allclose(found.distribution.quantile(P), exact.quantile(P), rtol=1e-10)
