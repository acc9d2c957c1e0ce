"""Simulation-based calibration of the Dirichlet form (Talts et al. 2018).

Parameters are drawn from the prior, masses from the model, and the model is fitted to them, with
the whole likelihood.  The rank of each true value among its posterior draws is then uniform.
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

SIMULATIONS = 200
RANKS = 100
NU = 5.0
MODELS = ("a", "b", "c")
NAMED = ("Sn-132", "Sn-120", "Cd-128")
SETTINGS = Mixing(
    likelihood="dirichlet",
    noise=Noise(nu=NU),
    basis=Basis(m_Z=4, m_N=6, c_Z=4.0, c_N=3.0),
    sampler=Sampler(chains=1, draws=800, tune=500, cores=1),
)
PRIOR = {
    "log_alpha_0": stats.norm(2.5, 1),
    "correlation": stats.beta(6, 9),
    "eta": stats.gamma(10, scale=1 / 2),
    "rho_Z": stats.gamma(10),
    "rho_N": stats.gamma(10),
}
Z, N = (x.ravel() for x in np.meshgrid(np.arange(45, 54), np.arange(68, 86, 2), indexing="ij"))
INDEX = nuclide_index(Z, N)
UNCERTAINTY = np.where(np.arange(len(Z)) % 3 == 0, 0.1, 0.01)
# From well inside the data to beyond their border.
SUPPORT = np.linspace(1.0, 0.2, len(Z))[np.random.default_rng(3).permutation(len(Z))]


def simulate(rng, centre, scale):
    """Draw parameters from the prior, and masses from the model; return all that is ranked."""
    K = len(MODELS)
    true = {name: prior.rvs(K if name == "eta" else None, rng) for name, prior in PRIOR.items()}
    axis_Z, axis_N = axes(Z, N, SETTINGS)
    phi_Z = axis_Z.functions(Z) * root_spectral_density(axis_Z.omega, true["rho_Z"])
    phi_N = axis_N.functions(N) * root_spectral_density(axis_N.omega, true["rho_N"])
    beta = rng.normal(size=(K, axis_Z.m, axis_N.m))
    field = np.sqrt(true["eta"]) * np.einsum("ni,kij,nj->nk", phi_Z, beta, phi_N)
    a = special.softmax(SUPPORT[:, None] * field - 2 * np.log(scale), axis=1)
    alpha_0 = np.exp(true["log_alpha_0"]) * 1e-6 * np.mean(1 / scale**2, axis=1) ** 3
    location = (a * centre).sum(axis=1)
    apart = (a * (centre - location[:, None]) ** 2).sum(axis=1)
    alike = (1 + alpha_0 * (a**2).sum(axis=1)) / (1 + alpha_0)
    own = (true["correlation"] + (1 - true["correlation"]) * alike) * (a * scale**2).sum(axis=1)
    width = np.sqrt(own + apart / (1 + alpha_0) + UNCERTAINTY**2)
    mass = location + width * rng.standard_t(NU, size=len(Z))
    known = {f"eta[{k}]": value for k, value in enumerate(true.pop("eta"))} | true
    known |= {f"weight {name}": a[labels(Z, N).index(name), 0] for name in NAMED}
    known["log likelihood"] = stats.t.logpdf(mass, NU, location, width).sum()
    return known, mass


def ranked(tree, problem, scale):
    """Posterior draws of what `simulate` names."""
    draws = Draws(tree["posterior"].to_dataset(), *read_axes(tree), SETTINGS)
    posterior = tree["posterior"].to_dataset().isel(chain=0)
    found = {f"eta[{k}]": posterior["eta"].to_numpy()[:, k] for k in range(len(MODELS))}
    found |= {name: posterior[name].to_numpy() for name in PRIOR if name != "eta"}
    at = [labels(Z, N).index(name) for name in NAMED]
    field = np.concatenate([values for _, values in draws.log_alpha(Z[at], N[at])])
    a = special.softmax(SUPPORT[at][:, None] * field - 2 * np.log(scale[at]), axis=-1)
    found |= {f"weight {name}": a[:, i, 0] for i, name in enumerate(NAMED)}
    density = draws.log_likelihood(problem)
    return found | {"log likelihood": density.astype(float).sum(axis=1)}


@pytest.fixture(scope="module")
def ranks():
    """Rank of the truth among a hundred draws, for each quantity and simulation."""
    rng = np.random.default_rng(202612)
    collected = []
    for number in range(SIMULATIONS):
        centre = rng.normal(scale=0.5, size=(len(Z), len(MODELS)))
        scale = rng.uniform(0.08, 0.4, size=centre.shape)
        predicted = prediction(INDEX, MODELS, centre, scale).assign(support=("nucleus", SUPPORT))
        true, mass = simulate(rng, centre, scale)
        columns = {"mass_excess": mass, "mass_excess_uncertainty": UNCERTAINTY}
        measured = pd.DataFrame(columns, index=INDEX)
        tree = fit(measured, predicted, predicted, SETTINGS, seed=number)
        thin = SETTINGS.sampler.draws // RANKS
        found = ranked(tree, training_problem(measured, predicted), scale)
        collected.append({name: (found[name][::thin] < true[name]).sum() for name in true})
    return pd.DataFrame(collected)


@pytest.mark.slow
def test_the_rank_of_the_truth_is_uniform(ranks, assert_uniform):
    assert_uniform(ranks, RANKS)
