"""Simulation-based calibration (Talts et al. 2018; Modrak et al., Bayesian Analysis 2023).

Parameters are drawn from the prior, masses from the model, and the model is fitted to them.  The
rank of the true value among its posterior draws is then uniform, for every quantity.  The log
likelihood is ranked too, because a sampler that ignored the data would give uniform ranks of
everything else.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from bmm.gp.basis import root_spectral_density
from bmm.mixing.draws import Draws
from bmm.mixing.fit import fit
from bmm.mixing.fitted import read_axes
from bmm.mixing.model import axes
from bmm.mixing.settings import Basis, Mixing, Noise, Sampler
from bmm.mixing.training_data import training_problem
from bmm.nuclides import labels, nuclide_index
from bmm.theory.adapters import prediction

SIMULATIONS = 240
RANKS = 100
MODELS = ("a", "b")
NAMED = ("Sn-132", "Sn-120", "Cd-128")
SETTINGS = Mixing(
    noise=Noise(nu="learn", A_power="learn"),
    basis=Basis(m_Z=4, m_N=6, c_Z=4.0, c_N=3.0),
    sampler=Sampler(chains=1, draws=800, tune=500, cores=1),
)
PRIOR = {
    "sigma": stats.lognorm(0.8, scale=4),
    "mu": stats.norm(),
    "eta": stats.gamma(10, scale=1 / 2),
    "rho_Z": stats.gamma(10),
    "rho_N": stats.gamma(10),
    "nu": stats.gamma(2, scale=10),
    "A_power": stats.norm(0, 0.5),
}
Z, N = (x.ravel() for x in np.meshgrid(np.arange(45, 54), np.arange(68, 86, 2), indexing="ij"))
INDEX = nuclide_index(Z, N)
UNCERTAINTY = np.where(np.arange(len(Z)) % 3 == 0, 0.3, 0.01)


def simulate(rng, theory):
    """Draw parameters from the prior, and masses from the model; return all that is ranked."""
    K = len(MODELS)
    by_model = {"sigma": K, "mu": K, "eta": K}
    true = {name: prior.rvs(by_model.get(name), rng) for name, prior in PRIOR.items()}
    axis_Z, axis_N = axes(Z, N, SETTINGS)
    phi_Z = axis_Z.functions(Z) * root_spectral_density(axis_Z.omega, true["rho_Z"])
    phi_N = axis_N.functions(N) * root_spectral_density(axis_N.omega, true["rho_N"])
    beta = rng.normal(size=(K, axis_Z.m, axis_N.m))
    field = true["mu"] + np.sqrt(true["eta"]) * np.einsum("ni,kij,nj->nk", phi_Z, beta, phi_N)
    weight = special.softmax(field, axis=1)
    mass_ratio = (Z + N) / 100
    scale = 0.1 * true["sigma"] * mass_ratio[:, None] ** true["A_power"]
    scale = np.hypot(scale, UNCERTAINTY[:, None])
    chosen = (rng.random((len(Z), 1)) > np.cumsum(weight, axis=1)).sum(axis=1)
    each = np.arange(len(Z)), chosen
    mass = theory[each] + scale[each] * rng.standard_t(true["nu"], size=len(Z))
    density = stats.t.pdf(mass[:, None], true["nu"], theory, scale)
    known = {
        f"{name}[{k}]" if name in by_model else name: value
        for name in PRIOR
        for k, value in enumerate(np.atleast_1d(true[name]))
    }
    known |= {f"weight {name}": weight[labels(Z, N).index(name), 0] for name in NAMED}
    known["log likelihood"] = np.log((weight * density).sum(axis=1)).sum()
    return known, mass


def ranked(tree, problem):
    """Posterior draws of what `simulate` names."""
    draws = Draws(tree["posterior"].to_dataset(), *read_axes(tree), SETTINGS)
    posterior = tree["posterior"].to_dataset().isel(chain=0)
    found = {
        f"{name}[{k}]" if posterior[name].ndim == 2 else name: column
        for name in PRIOR
        for k, column in enumerate(posterior[name].to_numpy().reshape(draws.count, -1).T)
    }
    places = [labels(Z, N).index(name) for name in NAMED]
    field = np.concatenate([values for _, values in draws.log_alpha(Z[places], N[places])])
    weight = special.softmax(field, axis=-1)[..., 0]
    found |= {f"weight {name}": weight[:, i] for i, name in enumerate(NAMED)}
    density = draws.log_likelihood(problem)
    return found | {"log likelihood": density.astype(float).sum(axis=1)}


@pytest.fixture(scope="module")
def ranks():
    """Rank of the truth among a hundred draws, for each quantity and simulation."""
    rng = np.random.default_rng(202611)
    collected = []
    for number in range(SIMULATIONS):
        theory = rng.normal(scale=1.5, size=(len(Z), len(MODELS)))
        predicted = prediction(INDEX, MODELS, theory, 0.0)
        true, mass = simulate(rng, theory)
        columns = {"mass_excess": mass, "mass_excess_uncertainty": UNCERTAINTY}
        measured = pd.DataFrame(columns, index=INDEX)
        tree = fit(measured, predicted, predicted, SETTINGS, seed=number)
        thin = SETTINGS.sampler.draws // RANKS
        found = ranked(tree, training_problem(measured, predicted))
        collected.append({name: (found[name][::thin] < true[name]).sum() for name in true})
    return pd.DataFrame(collected)


@pytest.mark.slow
def test_the_rank_of_the_truth_is_uniform(ranks, assert_uniform):
    assert_uniform(ranks, RANKS)
