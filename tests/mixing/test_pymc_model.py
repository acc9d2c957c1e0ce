"""The model of named variables against the one that bmm.fit samples."""

import numpy as np
import pymc as pm
import pytensor
import pytest
from pymc.pytensorf import join_nonshared_inputs
from pytensor.compile.mode import Mode
from scipy import stats

import bmm
from bmm.errors import ConfigError, DataError
from bmm.mixing.fit import checked_problem, fitted_tree
from bmm.mixing.model import build_model
from bmm.mixing.pymc_model import pymc_model
from bmm.mixing.settings import Basis, Mixing, Noise, Sampler
from bmm.theory.support import data_support

FORMS = {
    "density": Mixing(),
    "normal density": Mixing(noise=Noise(family="normal", measurement=False)),
    "all learned": Mixing(noise=Noise(nu="learn", A_power="learn"), kernel="matern52"),
    "linear": Mixing(likelihood="linear", kernel={"Z": "matern32"}),
    "dirichlet": Mixing(likelihood="dirichlet"),
    "with a reference model": Mixing(reference="b"),
}
# For what would take long to compile.
INTERPRETED = Mode(linker="py", optimizer="fast_compile")
BASIS = Basis(m_Z=3, m_N=4, c_Z=2, c_N=2)


def with_support(dataset, world):
    index = world.measured.index
    Z, N = (index.get_level_values(x).to_numpy() for x in ("Z", "N"))
    share = data_support(dataset["Z"].to_numpy(), dataset["N"].to_numpy(), Z, N)
    return dataset.assign(support=("nucleus", share))


@pytest.fixture(params=FORMS, ids=str)
def case(request, world):
    settings = FORMS[request.param].model_copy(update={"basis": BASIS})
    inputs = world.measured, with_support(world.theory, world), with_support(world.chart, world)
    return inputs, settings


def log_density(model, names):
    """Log density of a model and its named variables, as functions of what is sampled."""
    (value, *named), sampled = join_nonshared_inputs(
        model.initial_point(),
        [model.logp(jacobian=False), *model.replace_rvs_by_values([model[x] for x in names])],
        model.value_vars,
    )
    return pytensor.function([sampled], [value, *named], mode=INTERPRETED)


def test_named_and_internal_model_have_the_same_posterior(case):
    """Equal log densities at equal parameters, but for a constant of the Dirichlet form's t."""
    (measured, theory, chart), settings = case
    natural = pymc_model(measured, theory, chart, settings)
    internal = build_model(*_flat(checked_problem(measured, theory, chart, settings)), settings)
    names = [each.name for each in natural.free_RVs]
    evaluate = log_density(internal, names)
    direct = natural.compile_logp(jacobian=False, mode=INTERPRETED)
    rng = np.random.default_rng(6)
    size = sum(x.size for x in internal.initial_point().values())
    differences = []
    for _ in range(3):
        value, *named = evaluate(0.4 * rng.normal(size=size))
        point = {
            natural.rvs_to_values[natural[name]].name: _transformed(natural, name, x)
            for name, x in zip(names, named, strict=True)
        }
        differences.append(float(value) - float(direct(point)))
    assert differences == pytest.approx([differences[0]] * 3, abs=1e-7)
    if settings.likelihood != "dirichlet":
        assert differences[0] == pytest.approx(0, abs=1e-7)


def _flat(found):
    problem, box = found
    return problem, *box


def _transformed(model, name, value):
    variable = model[name]
    transform = model.rvs_to_transforms[variable]
    if transform is None:
        return value
    return transform.forward(value, *variable.owner.inputs).eval(mode="FAST_COMPILE")


def test_log_likelihood_and_predictions_are_those_of_a_fit(world, fitted):
    model = pymc_model(world.measured, world.theory, world.chart, world.settings)
    few = fitted.isel(draw=slice(0, None, 50))
    with model:
        found = pm.compute_log_likelihood(
            few, extend_inferencedata=False, progressbar=False, var_names=["mass_excess"]
        )
    stored = few["log_likelihood"]["mass_excess"]
    np.testing.assert_allclose(found["mass_excess"], stored, rtol=1e-4, atol=1e-4)


def test_the_gradient_is_finite_where_a_model_does_not_cover(world):
    model = pymc_model(world.measured, world.theory, world.chart, world.settings)
    gradient = model.compile_dlogp()(model.initial_point())
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.filterwarnings("ignore:Numba will use object mode")
def test_prior_predictive_of_pymc_is_that_of_bmm(world):
    settings = world.settings.model_copy(update={"noise": Noise()})
    with pymc_model(world.measured, world.theory, world.chart, settings):
        theirs = pm.sample_prior_predictive(2000, random_seed=3)
    ours = bmm.sample_prior_predictive(world.theory, settings, draws=2000, seed=4)
    for nucleus in ("Zn-66", "Br-75"):
        one, other = (
            each["prior_predictive"]["mass_excess"].sel(nucleus=nucleus).to_numpy().ravel()
            for each in (theirs, ours)
        )
        assert stats.ks_2samp(one, other).pvalue > 1e-3


def test_a_likelihood_of_ones_own_is_sampled_and_read_back(world):
    def laplace(terms):
        each = pm.Laplace.dist(mu=terms.theory, b=terms.scale)
        pm.Mixture(
            "mass_excess", w=terms.weight, comp_dists=each, observed=terms.mass, dims="nucleus"
        )

    inputs = world.measured, world.theory, world.chart
    settings = world.settings.model_copy(update={"noise": Noise()})
    with pymc_model(*inputs, settings, likelihood=laplace):
        drawn = pm.sample(
            200, tune=200, chains=2, cores=1, random_seed=1, progressbar=False,
            compute_convergence_checks=False,
        )  # fmt: skip
    tree = fitted_tree(drawn, *inputs, settings)
    mean = bmm.predict(tree, measured=world.measured).summary
    known = np.isfinite(mean["log_density"].to_numpy())
    assert known.sum() == len(world.measured)
    # Both know the masses of the nuclei to about the same.
    assert float(mean["log_density"].mean()) > -3
    drawn["posterior"] = drawn["posterior"].to_dataset().drop_vars("sigma")
    with pytest.raises(DataError, match="no variable 'sigma'"):
        fitted_tree(drawn, *inputs, settings)


def test_weights_with_a_reference_model_are_the_softmax_of_the_other_fields(world):
    settings = world.settings.model_copy(update={"reference": "b"})
    found = bmm.sample_prior_predictive(world.chart, settings, draws=300, seed=1)
    log_weight = np.log(found["prior_predictive"]["weight"].sel(nucleus="Zn-66"))
    field = (log_weight - log_weight.sel(theory="b")).isel(chain=0)
    # Of prior variance eta + 1, with the mean of the prior of eta 5.
    assert float(field.sel(theory="a").var()) == pytest.approx(6, rel=0.35)
    unknown = settings.model_copy(update={"reference": "d"})
    with pytest.raises(ConfigError, match="reference': no model is called 'd'"):
        pymc_model(world.measured, world.theory, world.chart, unknown)


def test_a_tempered_likelihood_is_refused(world):
    settings = Mixing(temper=0.5, sampler=Sampler())
    with pytest.raises(ConfigError, match="expected temper = 1"):
        pymc_model(world.measured, world.theory, world.chart, settings)
