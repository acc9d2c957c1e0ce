"""The Dirichlet form against simulated weights, automatic differentiation and its limits."""

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import special, stats
from scipy.linalg import helmert

from bmm.errors import ConfigError, DataError
from bmm.gp.basis import Axis, ChainBasis
from bmm.mixing.dirichlet import (
    DirichletLogLikelihood,
    dirichlet_form,
    dirichlet_moments,
)
from bmm.mixing.draws import Draws, Nuclei
from bmm.mixing.fit import fit
from bmm.mixing.fitted import convergence_of, posterior_draws
from bmm.mixing.form import form_of
from bmm.mixing.lattice import lattice_field
from bmm.mixing.lattice_op import pack
from bmm.mixing.settings import Basis, Mixing, Mode, Noise, Sampler
from bmm.mixing.training_data import training_problem
from bmm.nuclides import nuclide_index
from bmm.prediction.dirichlet import dirichlet_weights
from bmm.prediction.predictive import predict
from bmm.theory.adapters import prediction
from bmm.theory.support import data_support

n, K, M_Z, M_N = 23, 3, 3, 4
ROTATION = np.ascontiguousarray(helmert(K, full=True).T)
SHAPES = ((K * M_Z * M_N,), (K,), (M_Z,), (M_N,), (), ())


@pytest.fixture
def rng():
    return np.random.default_rng(1204)


@pytest.fixture
def data(rng):
    """Masses, corrected masses with gaps, scales, support and uncertainties."""
    covers = rng.random((K, n)) < 0.7
    covers[1] |= ~covers.any(axis=0)
    mass = rng.normal(-70, 10, size=n)
    centre = mass + rng.normal(scale=1.5, size=(K, n))
    return {
        "mass": mass,
        "centre": np.where(covers, centre, np.nan),
        "scale": rng.uniform(0.05, 0.5, size=(K, n)),
        "support": rng.choice([0.0, 0.25, 0.7, 1.0], size=n),
        "uncertainty": rng.choice([0.0, 0.3], size=n),
    }


def concentration(squared, covers):
    """Sixth power of 0.1 MeV over the scale, whose square is a harmonic mean."""
    return (0.01 * (covers / squared).sum(axis=1) / covers.sum(axis=1)) ** 3


def symbolic(field, log_alpha_0, correlation, nu, data):
    """Log likelihood of all masses, as a PyTensor expression, from the formulas of the module."""
    covers = np.isfinite(data["centre"].T)
    squared = np.where(covers, data["scale"].T, 1.0) ** 2
    centre = np.nan_to_num(data["centre"].T)
    u = data["support"]
    log_a = pt.where(covers, u[:, None] * field - np.log(squared), -np.inf)
    a = pt.special.softmax(log_a, axis=1)
    alpha_0 = pt.exp(log_alpha_0) * concentration(squared, covers)
    L = (a * centre).sum(axis=1)
    V = (a * (centre - L[:, None]) ** 2).sum(axis=1)
    alike = (1 + alpha_0 * (a**2).sum(axis=1)) / (1 + alpha_0)
    S = (correlation + (1 - correlation) * alike) * (a * squared).sum(axis=1)
    S += V / (1 + alpha_0) + data["uncertainty"] ** 2
    # The kernel leaves out the constant of the Student-t.
    each = -0.5 * pt.log(S) - 0.5 * (nu + 1) * pt.log1p((data["mass"] - L) ** 2 / (nu * S))
    return each.sum()


def arguments(data):
    covers = np.isfinite(data["centre"])
    squared = np.where(covers, data["scale"], 1.0) ** 2
    centre = np.where(covers, data["centre"], np.inf)
    relative = np.log(concentration(squared.T, covers.T))
    return (
        data["mass"], centre, squared, np.log(squared), data["support"], relative,
        data["uncertainty"] ** 2,
    )  # fmt: skip


def packed_data(lattice, data):
    mass, centre, squared, log_squared, *by_nucleus = arguments(data)
    return pack(lattice, K, (mass, *by_nucleus, centre, squared, log_squared))


@pytest.mark.parametrize("nu", [0.7, 4.0, 30.0])
@pytest.mark.parametrize("log_alpha_0", [-2.0, 2.5, 6.0])
def test_value_and_derivatives_are_those_of_automatic_differentiation(rng, data, nu, log_alpha_0):
    field, correlation = rng.normal(scale=2, size=(n, K)), 0.37
    symbols = pt.dmatrix(), pt.dscalar(), pt.dscalar()
    value = symbolic(*symbols, nu, data)
    reference = pytensor.function(
        symbols, [value, *pytensor.grad(value, list(symbols))], mode="FAST_COMPILE"
    )
    expected = reference(field, log_alpha_0, correlation)
    found = dirichlet_form(field, log_alpha_0, correlation, nu, *arguments(data))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def moments(field, log_alpha_0, correlation, data):
    return dirichlet_moments(
        field, np.asarray(log_alpha_0), np.asarray(correlation),
        data["centre"].T, data["scale"].T, data["support"],
    )  # fmt: skip


def test_the_sampler_and_the_predictions_have_one_density(rng, data):
    field = rng.normal(scale=2, size=(n, K))
    value, *_ = dirichlet_form(field, 1.7, 0.4, 4.0, *arguments(data))
    found = moments(field, 1.7, 0.4, data)
    scale = np.hypot(found.scale, data["uncertainty"])
    density = stats.t.logpdf(data["mass"], 4.0, found.location, scale)
    constant = special.gammaln(2.5) - special.gammaln(2.0) - 0.5 * np.log(4 * np.pi)
    assert value == pytest.approx((density - constant).sum(), rel=1e-11)


@pytest.mark.parametrize("support", [0.1, 0.4, 0.8])
def test_moments_are_those_of_simulated_weights_and_errors(rng, support):
    """Location and squared scale are mean and variance of sum_k w_k (c_k + s_k e_k)."""
    centre, scale = np.array([-81.0, -80.5, -80.7]), np.array([0.15, 0.4, 0.2])
    field, level, rho = np.array([0.3, -0.5, 0.8]), 4.0, 0.35
    one = {
        "centre": centre[:, None], "scale": scale[:, None], "support": np.array([support]),
    }  # fmt: skip
    found = moments(field[None], level, rho, one)
    a = special.softmax(support * field - 2 * np.log(scale))
    alpha_0 = np.exp(level) * (0.01 * np.mean(1 / scale**2)) ** 3
    w = rng.dirichlet(alpha_0 * a, size=400_000)
    # The correlation is one of the errors on a common scale: that of the average model.
    common = np.sqrt(a @ scale**2)
    shared, own = rng.normal(size=(len(w), 1)), rng.normal(size=w.shape)
    error = common * (np.sqrt(rho) * shared + np.sqrt(1 - rho) * own)
    drawn = (w * (centre + error)).sum(axis=1)
    np.testing.assert_allclose(found.weight[0], a, rtol=1e-12)
    assert found.location[0] == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(len(w)))
    assert found.scale[0] == pytest.approx(drawn.std(), rel=0.005)


def test_large_concentration_is_an_average_and_small_concentration_a_choice(rng, data):
    field = rng.normal(size=(n, K))
    inside = data | {"support": np.ones(n)}
    covers = np.isfinite(data["centre"].T)
    a = special.softmax(np.where(covers, field - 2 * np.log(data["scale"].T), -np.inf), axis=1)
    centre = np.nan_to_num(data["centre"].T)
    location = (a * centre).sum(axis=1)
    own = (a * data["scale"].T ** 2).sum(axis=1)
    average, choice = (moments(field, level, 0.4, inside) for level in (40.0, -40.0))
    # The average: the disagreement of the models says nothing, and independent errors cancel.
    cancelled = (0.4 + 0.6 * (a**2).sum(axis=1)) * own
    np.testing.assert_allclose(average.scale**2, cancelled, rtol=1e-9)
    # The choice: the variance of a mixture of the models is its total variance.
    apart = (a * (centre - location[:, None]) ** 2).sum(axis=1)
    np.testing.assert_allclose(choice.scale**2, own + apart, rtol=1e-9)
    for found in (average, choice):
        np.testing.assert_allclose(found.location, location, rtol=1e-12)


def test_the_linear_form_is_the_case_of_equal_scales_and_full_correlation(rng, data):
    """With alpha_0 the sum of the alphas and rho = 1, both forms have one location and scale."""
    same = data | {"support": np.ones(n), "scale": np.full((K, n), 0.8)}
    for i, covers in enumerate(np.isfinite(data["centre"].T)):
        field = rng.normal(size=K)
        alpha, c = np.exp(field[covers]), data["centre"][covers, i]
        one = {name: same[name][..., i : i + 1] for name in ("centre", "scale", "support")}
        # At a scale of 0.8 MeV alpha_0 is 8^-6 of what it is at 0.1 MeV.
        found = moments(field[None], np.log(alpha.sum()) + 6 * np.log(8), 1.0, one)
        a = alpha / alpha.sum()
        apart = a @ (c - a @ c) ** 2 / (1 + alpha.sum())
        assert found.location[0] == pytest.approx(a @ c, rel=1e-12)
        assert found.scale[0] ** 2 == pytest.approx(0.64 + apart, rel=1e-12)


def test_fields_fade_where_nothing_is_measured():
    field = np.tile([3.0, -3.0], (5, 1))
    far = {
        "centre": np.tile([[-81.0], [-79.0]], 5), "scale": np.full((2, 5), 0.1),
        "support": np.linspace(1, 0, 5),
    }  # fmt: skip
    found = moments(field, 2.5, 0.3, far)
    assert (np.diff(found.weight[:, 0]) < 0).all()
    assert found.weight[-1] == pytest.approx([0.5, 0.5])


def test_a_mass_is_the_average_where_the_residual_fields_carry_and_a_choice_where_they_do_not():
    scales = np.array([0.02, 0.1, 0.3, 1.0])
    one = {
        "centre": np.tile([[-81.0], [-79.0]], 4), "scale": np.tile(scales, (2, 1)),
        "support": np.ones(4),
    }  # fmt: skip
    found = moments(np.zeros((4, 2)), 2.5, 1.0, one)
    # Of the models' disagreement, one MeV about their average, this part is in the scale.
    part = found.scale**2 - scales**2
    assert part == pytest.approx(1 / (1 + np.exp(2.5) * (0.1 / scales) ** 6), rel=1e-9)
    assert part[0] < 1e-4
    assert part[-1] > 0.99


@pytest.fixture(scope="module")
def lattice():
    cells = np.sort(np.random.default_rng(3).choice(20 * 30, size=n, replace=False))
    axes = Axis("Z", 28, 50, 1.3, M_Z), Axis("N", 30, 70, 1.2, M_N)
    return ChainBasis.of(*axes, 28 + cells // 30, 30 + cells % 30)


@pytest.fixture(scope="module")
def compiled():
    """The operation as NUMBA compiles it, and its gradient."""
    symbols = [pt.tensor(dtype="float64", shape=(None,) * len(shape)) for shape in SHAPES]
    packed, g_value, g_excess, g_beta = pt.dvector(), pt.dscalar(), pt.dvector(), pt.dtensor3()
    value, excess, beta, *_ = DirichletLogLikelihood()(*symbols, np.float64(4.0), ROTATION, packed)
    whole = g_value * value + (g_excess * excess).sum() + (g_beta * beta).sum()
    outputs = [value, excess, beta, *pytensor.grad(whole, symbols)]
    return pytensor.function([*symbols, packed, g_value, g_excess, g_beta], outputs, mode="NUMBA")


def values(rng):
    fields = [rng.normal(size=shape) for shape in SHAPES[:4]]
    return [*fields, np.array(1.3), np.array(0.4)]


def test_operation_is_the_form_at_the_fields_of_the_lattice(rng, data, lattice, compiled):
    parameters = values(rng)
    field, excess, beta = lattice_field(
        parameters[0].reshape(K, M_Z, M_N), *parameters[1:4], ROTATION,
        lattice.phi_Z, lattice.phi_N, lattice.first, lattice.mean,
    )  # fmt: skip
    value, *_ = dirichlet_form(field, 1.3, 0.4, 4.0, *arguments(data))
    zeros = (0.0, np.zeros(K), np.zeros((K, M_Z, M_N)))
    packed = packed_data(lattice, data)
    found = compiled(*parameters, packed, *zeros)[:3]
    node = DirichletLogLikelihood()(
        *(pt.constant(each) for each in parameters), np.float64(4.0), ROTATION, packed
    )[0].owner
    storage = [[None] for _ in node.outputs]
    node.op.perform(node, [*parameters, np.float64(4.0), ROTATION, packed], storage)
    for one, (stored,), other in zip(found, storage, (value, excess, beta), strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(stored, other, rtol=1e-11, atol=1e-12)


def test_gradient_is_the_finite_difference_of_every_parameter(rng, data, lattice, compiled):
    parameters, packed = values(rng), packed_data(lattice, data)
    g = (rng.normal(), rng.normal(size=K), rng.normal(size=(K, M_Z, M_N)))
    gradient = compiled(*parameters, packed, *g)[3:]

    def whole(moved):
        value, excess, beta = compiled(*moved, packed, *g)[:3]
        return g[0] * value + g[1] @ excess + (g[2] * beta).sum()

    h = 1e-5
    for position, found in enumerate(gradient):
        for index in np.ndindex(SHAPES[position]):
            ends = []
            for step in (h, -h):
                moved = [each.copy() for each in parameters]
                moved[position][index] += step
                ends.append(whole(moved))
            slope = (ends[0] - ends[1]) / (2 * h)
            assert np.asarray(found)[index] == pytest.approx(slope, rel=1e-5, abs=1e-6)


LEVEL, RHO = 2.0, 0.4
SETTINGS = Mixing(
    likelihood="dirichlet",
    basis=Basis(m_Z=3, m_N=3, c_Z=3, c_N=3),
    sampler=Sampler(chains=2, draws=300, tune=300),
)


def simulate(side, seed):
    """Masses that the Dirichlet form made, of nuclei that are known more and less well."""
    rng = np.random.default_rng(seed)
    Z, N = (x.ravel() for x in np.mgrid[40 : 40 + side, 50 : 50 + side])
    index = nuclide_index(Z, N)
    centre = -80 + rng.normal(scale=0.5, size=(len(Z), K))
    scale = np.array([0.08, 0.13, 0.2]) * rng.uniform(0.7, 2.5, size=(len(Z), 1))
    support = data_support(Z, N, Z, N)
    field = np.array([0.5, -0.5, 0.0]) * np.ones((len(Z), 1))
    made = dirichlet_moments(field, np.array(LEVEL), np.array(RHO), centre, scale, support)
    mass = made.location + np.hypot(made.scale, 0.01) * rng.standard_t(4, size=len(Z))
    measured = pd.DataFrame({"mass_excess": mass, "mass_excess_uncertainty": 0.01}, index=index)
    theory = prediction(index, ("a", "b", "c"), centre, scale)
    return measured, theory.assign(support=("nucleus", support)), made


def test_a_fit_of_the_form_compiles_samples_predicts_and_is_read_back():
    measured, theory, _ = simulate(6, 2)
    tree = fit(measured, theory, theory, SETTINGS, seed=1)
    posterior = tree["posterior"].to_dataset()
    assert {"log_alpha_0", "correlation", "eta", "rho_Z", "rho_N", "beta"} == set(posterior)
    draws, problem = posterior_draws(tree), training_problem(measured, theory)
    found = predict(tree, measured=measured)
    # Predictions and the stored log likelihood have one density.
    mean = special.logsumexp(
        tree["log_likelihood"]["mass_excess"].to_numpy().astype(float).reshape(draws.count, -1),
        axis=0,
    ) - np.log(draws.count)
    order = problem["nucleus"].to_numpy()
    np.testing.assert_allclose(found.summary["log_density"].sel(nucleus=order), mean, rtol=1e-4)
    np.testing.assert_allclose(found.summary["weight"].sum("theory"), 1, rtol=1e-6)
    drawn = dirichlet_weights(tree)
    np.testing.assert_allclose(drawn.sum("theory"), 1, rtol=1e-5)
    # 600 draws of weights whose standard deviation is at most one half.
    assert float(np.abs(drawn.mean("draw") - found.summary["weight"]).max()) < 5 * 0.5 / 600**0.5
    sd = found.summary["sd"].to_numpy()
    assert found.draws.std("draw").to_numpy() == pytest.approx(sd, rel=0.3)


@pytest.mark.slow
def test_concentration_and_correlation_are_recovered():
    inside = {"log_alpha_0": [], "correlation": []}
    for seed in range(6):
        measured, theory, made = simulate(14, 100 + seed)
        tree = fit(measured, theory, theory, SETTINGS, seed=seed)
        assert convergence_of(tree).table["r_hat"].max() < 1.03
        for name, truth in (("log_alpha_0", LEVEL), ("correlation", RHO)):
            low, high = tree["posterior"][name].quantile([0.01, 0.99]).to_numpy()
            inside[name].append(low < truth < high)
        summary = predict(tree).summary
        deep = theory["support"].to_numpy() == 1
        off = summary["weight"].to_numpy()[deep] - made.weight[deep]
        assert np.abs(off.mean(axis=0)).max() < 0.15
    # Binomial(6, 0.98) is below 5 less than once in 150 times.
    assert all(np.sum(each) >= 5 for each in inside.values())


def test_theory_without_support_is_refused():
    measured, theory, _ = simulate(6, 2)
    for one, other in (
        (theory.drop_vars("support"), theory),
        (theory, theory.drop_vars("support")),
    ):
        with pytest.raises(DataError, match="needs the variable 'support'"):
            fit(measured, one, other, SETTINGS)
    without = Nuclei.of(theory.drop_vars("support"), SETTINGS)
    with pytest.raises(DataError, match="needs the support"):
        next(one_draw(theory).components(without))


def one_draw(theory):
    """One draw of the hyperparameters, with fields that are zero."""
    over = ("chain", "draw", "theory")
    posterior = xr.Dataset(
        {
            "eta": (over, np.ones((1, 1, K))),
            "beta": ((*over, "basis_Z", "basis_N"), np.zeros((1, 1, K, 2, 2))),
        }
        | {name: (("chain", "draw"), np.ones((1, 1))) for name in
           ("rho_Z", "rho_N", "log_alpha_0", "correlation")},
        coords={"theory": theory["theory"].to_numpy()},
    )  # fmt: skip
    axes = Axis("Z", 40, 45, 1.2, 2), Axis("N", 50, 55, 1.2, 2)
    return Draws(posterior, *axes, SETTINGS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": Mode(sigma=[1.0], sigma_below=2.0)},
        {"noise": Noise(nu="learn")},
        {"noise": Noise(family="normal")},
    ],
)
def test_settings_that_mean_nothing_to_the_form_are_refused(wrong):
    settings = Mixing(likelihood="dirichlet", **wrong)
    with pytest.raises(ConfigError, match=r"key 'mixing\..*': the Dirichlet form has"):
        form_of(settings).check(settings)
    measured, theory, _ = simulate(6, 2)
    with pytest.raises(ConfigError, match="the Dirichlet form has"):
        fit(measured, theory, theory, settings)
