"""Forms of the likelihood by name: each agrees with its expression, and packages add theirs."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr

import bmm
from bmm.errors import ConfigError
from bmm.mixing.draws import Draws
from bmm.mixing.fit import checked_problem
from bmm.mixing.fitted import convergence_of
from bmm.mixing.form import LIKELIHOODS, CompiledLikelihood, form_of
from bmm.mixing.model import build_model
from bmm.mixing.named_model import named_model
from bmm.mixing.priors import prior_draws
from bmm.mixing.settings import Basis, Mixing, Mode, Noise, Sampler
from bmm.theory.support import data_support

BASIS = Basis(m_Z=3, m_N=4, c_Z=2, c_N=2)
# A mass is that of the mean of the models, with the mean of their variances.
MEAN = """
import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bmm.mixing.draws import Components, log_normalise
from bmm.mixing.form import Likelihood
from bmm.mixing.settings import Prior


class Mean(Likelihood):
    priors = {"widening": Prior(distribution="LogNormal", parameters={"mu": 0.0, "sigma": 0.2})}

    def observe(self, terms):
        mean = (terms.weight * terms.theory).sum(axis=1)
        sd = pt.sqrt((terms.weight * terms.scale**2).sum(axis=1)) * terms.variables["widening"]
        pm.StudentT("mass_excess", nu=terms.nu, mu=mean, sigma=sd, observed=terms.mass,
                    dims="nucleus")

    def components(self, draws, part, field, nuclei):
        weight = np.exp(log_normalise(field, np.isfinite(nuclei.theory)))
        mean = (weight * np.nan_to_num(nuclei.theory)).sum(axis=-1)
        squared = draws.scale(nuclei.Z + nuclei.N, part) ** 2 + nuclei.variance
        scale = np.sqrt((weight * squared).sum(axis=-1))
        return Components.single(
            part, weight, mean, scale * draws.variables["widening"][part, None]
        )
"""


@pytest.fixture
def mean_form(install):
    install("mean_form", MEAN, "[bmm.likelihoods]\nmean = mean_form:Mean")
    return "mean"


def problem_of(world, settings):
    index = world.measured.index
    Z, N = (index.get_level_values(x).to_numpy() for x in ("Z", "N"))
    theory, chart = (
        each.assign(
            support=("nucleus", data_support(each["Z"].to_numpy(), each["N"].to_numpy(), Z, N))
        )
        for each in (world.theory, world.chart)
    )
    return checked_problem(world.measured, theory, chart, settings)


def disagreement(world, settings):
    """Log densities of the expression minus those of the predictive distribution, by nucleus."""
    problem, box = problem_of(world, settings)
    models = [str(name) for name in problem["theory"].to_numpy()]
    drawn = prior_draws(settings, models, box, 6, seed=2)
    with named_model(problem, *box, settings):
        found = pm.compute_log_likelihood(
            xr.DataTree.from_dict({"posterior": drawn}), extend_inferencedata=False,
            progressbar=False, var_names=["mass_excess"],
        )["mass_excess"]  # fmt: skip
    ours = Draws(drawn, *box, settings).log_likelihood(problem)
    return found.to_numpy().reshape(ours.shape) - ours


@pytest.mark.parametrize("name", ["density", "linear", "dirichlet"])
def test_predictive_density_of_a_form_is_that_of_its_expression(world, name):
    settings = Mixing(likelihood=name, basis=BASIS)
    np.testing.assert_allclose(disagreement(world, settings), 0, atol=2e-4)


def test_a_package_adds_a_form_that_is_fitted_and_predicts(world, mean_form, tmp_path):
    settings = Mixing(
        likelihood=mean_form,
        noise=Noise(measurement=False),
        basis=BASIS,
        sampler=Sampler(chains=2, draws=200, tune=300, cores=1),
    )
    np.testing.assert_allclose(disagreement(world, settings), 0, atol=2e-4)
    thirty = world.measured.iloc[:30]
    tree = bmm.fit(thirty, world.chart, world.chart, settings, seed=3)
    assert tree["posterior"]["widening"].dims == ("chain", "draw")
    assert {"sigma", "mu", "eta", "rho_Z", "rho_N", "widening"} == set(tree["log_prior"].data_vars)
    assert convergence_of(tree).table["r_hat"].max() < 1.1
    summary = bmm.predict(tree, thirty.index, thirty).summary
    assert summary.sizes["nucleus"] == 30
    np.testing.assert_allclose(summary["weight"].sum("theory"), 1, rtol=1e-6)
    off = summary["mean"].to_numpy() - thirty["mass_excess"].to_numpy()
    inside = np.abs(off) < 3 * summary["sd"].to_numpy()
    assert inside.mean() > 0.9
    again = bmm.fit(thirty, world.chart, world.chart, settings, seed=3, store=tmp_path / "chains")
    assert again["posterior"]["widening"].equals(tree["posterior"]["widening"])


def test_a_form_without_a_compiled_gradient_says_what_it_cannot(world, mean_form):
    for wrong in ({"temper": 0.5}, {"mode": Mode(sigma=[1.0, 1.0, 1.0], sigma_below=2.0)}):
        settings = Mixing(likelihood=mean_form, **wrong)
        with pytest.raises(ConfigError, match="'mean' is sampled with automatic derivatives"):
            bmm.fit(world.measured, world.theory, world.chart, settings)
    settings = Mixing(likelihood=mean_form, basis=BASIS)
    problem, box = checked_problem(world.measured, world.theory, world.chart, settings)
    with pytest.raises(ConfigError, match="'mean' has no compiled gradient"):
        build_model(problem, *box, settings)


def test_an_unknown_form_is_answered_by_the_nearest(mean_form):
    with pytest.raises(ValueError, match=r"called 'linaer' \(did you mean 'linear'\?\): expected"):
        Mixing(likelihood="linaer")
    assert list(LIKELIHOODS) == ["density", "linear", "dirichlet", "mean"]
    assert not isinstance(form_of(Mixing(likelihood=mean_form)), CompiledLikelihood)
