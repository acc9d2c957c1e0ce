import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import special, stats

from bmm.errors import ConfigError, DataError
from bmm.gp.basis import root_spectral_density
from bmm.mixing.fit import fit
from bmm.mixing.fitted import read_axes
from bmm.mixing.model import axes, build_model, length_scales
from bmm.mixing.settings import Basis, Mixing, Mode, Noise, Prior, Priors, Sampler
from bmm.mixing.training_data import training_problem

BASIS = Basis(m_Z=3, m_N=4, c_Z=2, c_N=2)
LEARNED = Mixing(noise=Noise(nu="learn", A_power="learn"), basis=BASIS, priors="kth")
NORMAL = Mixing(
    noise=Noise(family="normal", A_power=1.0, measurement=False),
    basis=BASIS,
    priors=Priors(
        sigma=Prior(distribution="LogNormal", parameters={"mu": 1, "sigma": 0.5}),
        mu=Prior(distribution="StudentT", parameters={"nu": 5, "mu": 0, "sigma": 2}),
        eta=Prior(distribution="HalfNormal", parameters={"sigma": 3}),
        rho_Z=Prior(distribution="InverseGamma", parameters={"alpha": 5, "beta": 40}),
        rho_N=Prior(distribution="Weibull", parameters={"alpha": 2, "beta": 9}),
    ),
)
# The same priors in scipy's words.
NORMAL_PRIORS = {
    "sigma": stats.lognorm(0.5, scale=np.e),
    "mu": stats.t(5, scale=2),
    "eta": stats.halfnorm(scale=3),
    "rho_Z": stats.invgamma(5, scale=40),
    "rho_N": stats.weibull_min(2, scale=9),
}


def test_prior_is_the_one_that_is_stated(world):
    # With a likelihood to the power zero, nearly, the prior is sampled, through the sampler's own
    # coordinates.
    settings = NORMAL.model_copy(
        update={
            "temper": 1e-12,
            "noise": Noise(family="normal", A_power=1.0),
            "sampler": Sampler(chains=4, draws=2000, tune=500),
        }
    )
    tree = fit(world.measured, world.theory, world.chart, settings, seed=3)
    apart = tree["posterior"].to_dataset().isel(draw=slice(None, None, 8))
    stacked = apart.stack(sample=("chain", "draw")).transpose("sample", ...)
    names = ("sigma", "mu", "eta", "rho_Z", "rho_N", "beta")
    through = {name: stacked[name].to_numpy().astype(float) for name in names}
    rng = np.random.default_rng(5)
    K, m_Z, m_N = through["beta"].shape[1:]
    direct = {
        name: NORMAL_PRIORS[name].rvs((4000, K) if through[name].ndim > 1 else 4000, rng)
        for name in names[:-1]
    } | {"beta": rng.normal(size=(4000, K, m_Z, m_N))}
    axis_Z, axis_N = read_axes(tree)

    def weights(draw):
        """Mixing weights at the first and the last nucleus, array (draw, nucleus, theory)."""
        ends = world.theory.isel(nucleus=[0, -1])
        roots = [
            root_spectral_density(axis.omega, draw[f"rho_{axis.name}"][:, None])
            for axis in (axis_Z, axis_N)
        ]
        field = draw["mu"][:, None] + np.sqrt(draw["eta"])[:, None] * np.einsum(
            "ni,di,dkij,dj,nj->dnk",
            axis_Z.functions(ends["Z"]), roots[0], draw["beta"],
            roots[1], axis_N.functions(ends["N"]),
        )  # fmt: skip
        return special.softmax(field, axis=-1)

    one, other = weights(through), weights(direct)
    for index in np.ndindex(one.shape[1:]):
        test = stats.ks_2samp(one[:, *index], other[:, *index])
        assert test.pvalue > 1e-3
    for name in names:
        flat = (np.reshape(each[name], (len(each[name]), -1))[:, -1] for each in (through, direct))
        assert stats.ks_2samp(*flat).pvalue > 1e-3


def test_posterior_has_what_is_learned(fitted):
    assert {"nu", "A_power"} <= set(fitted["posterior"].data_vars)


@pytest.mark.parametrize(
    ("prior", "quantile"),
    [
        (Prior(distribution="Gamma", parameters={"alpha": 10, "beta": 1}), stats.gamma(10).ppf),
        (
            Prior(distribution="InverseGamma", parameters={"alpha": 5, "beta": 40}),
            stats.invgamma(5, scale=40).ppf,
        ),
        (
            Prior(distribution="LogNormal", parameters={"mu": 2, "sigma": 0.4}),
            stats.lognorm(0.4, scale=np.exp(2)).ppf,
        ),
        (
            Prior(distribution="HalfStudentT", parameters={"nu": 3, "sigma": 8}),
            lambda q: stats.t(3, scale=8).ppf(0.5 + 0.5 * q),
        ),
    ],
    ids=lambda each: getattr(each, "distribution", ""),
)
def test_length_scales_are_quantiles_of_their_prior(prior, quantile):
    found = length_scales(prior, Basis(resolve=(0.1, 0.8)))
    assert found == pytest.approx([quantile(0.1), quantile(0.8)], rel=1e-6)


def test_axes_span_the_chart_and_follow_the_rule():
    axis_Z, axis_N = axes([30, 110], [40, 50, 172], Mixing(basis=Basis(m_N=9)))
    shortest, longest = stats.gamma(10).ppf([0.05, 0.95])
    assert (axis_Z.low, axis_Z.high, axis_N.low, axis_N.high) == (30, 110, 40, 172)
    assert axis_Z.c == pytest.approx(1 + 1.5 * longest / 40)
    assert axis_Z.m == np.ceil(1.75 * axis_Z.c * 40 / shortest)
    assert axis_N.m == 9


def test_starting_spreads_must_be_one_for_each_component(world):
    settings = Mixing(basis=BASIS, mode=Mode(sigma=[1.0, 2.0], sigma_below=5.0))
    message = "mode.sigma' has 2 values: expected one for each of the 3 components"
    with pytest.raises(ConfigError, match=message):
        fit(world.measured, world.theory, world.chart, settings)


def test_nothing_selected_is_refused(world):
    with pytest.raises(DataError, match="no measured nucleus is selected"):
        fit(world.measured[:0], world.theory.isel(nucleus=[]), world.chart)


def test_an_uncovered_nucleus_is_named(world):
    theory = world.theory.copy(deep=True)
    theory["mass_excess"][3] = np.nan
    name = str(theory["nucleus"][3].item())
    with pytest.raises(DataError, match=f"no model covers {name}: expected every"):
        fit(world.measured, theory, world.chart)
    theory["mass_excess"][:7] = np.nan
    with pytest.raises(DataError, match=r"no model covers .* and 2 more"):
        training_problem(world.measured, theory)


def test_theory_is_joined_by_nucleus_whatever_its_order(world):
    expected = training_problem(world.measured, world.theory)
    for theory in (world.theory.isel(nucleus=slice(None, None, -1)), world.chart):
        xr.testing.assert_identical(training_problem(world.measured, theory), expected)


def test_theory_without_a_measured_nucleus_is_refused(world):
    name = str(world.theory["nucleus"][0].item())
    with pytest.raises(DataError, match=f"{name} is measured, but theory lists no prediction"):
        training_problem(world.measured, world.theory.isel(nucleus=slice(1, None)))


def test_a_mode_is_the_prior_of_sigma_cut_off_and_normalised(world):
    problem = training_problem(world.measured, world.theory)
    box = axes(world.chart["Z"], world.chart["N"], LEARNED)
    model = build_model(problem, *box, LEARNED, sigma_below=9.0)
    values, prior = np.array([2.0, 8.9, 9.1]), stats.gamma(10)
    expected = np.where(values < 9, prior.logpdf(values) - prior.logcdf(9), -np.inf)
    np.testing.assert_allclose(pm.logp(model["sigma"], values).eval(), expected, rtol=1e-6)
