"""Fields on the lattice against the dense kernels, and their draws against dense moments."""

import numpy as np
import pytest
from scipy import optimize

from bmm.errors import ConfigError
from bmm.gp import lattice_field
from bmm.gp.kernels import Constant
from bmm.gp.lattice_field import LatticeField, draw_field
from bmm.gp.lattice_kernel import LatticeKernel, lattice_likelihood, lattice_points
from bmm.gp.nonstationary import Growth, LocalScale, Sheared
from bmm.gp.process import ExactProcess, marginal_likelihood
from bmm.gp.stationary import Alternating, Matern, SquaredExponential

RNG = np.random.default_rng(8)
CELLS = RNG.permutation(15 * 20)[:60]  # in disorder, with gaps
Z, N = 40 + CELLS // 20, 50 + CELLS % 20
POINTS = lattice_points(Z, N)
SMOOTH = Constant(0.8) * SquaredExponential((2.0, 5.0))
STATIONARY = (
    SMOOTH
    + Constant(0.3) * SquaredExponential((6.0, 9.0)) * Alternating((1,))
    + Constant(0.2) * SquaredExponential((4.0, 7.0)) * Alternating((0,))
    + Constant(0.15) * SquaredExponential((3.0, 3.0)) * Alternating((0, 1))
)
KERNEL = LatticeKernel(STATIONARY, Growth(-0.4), nugget=0.2)
DENSE = Growth(-0.4) * STATIONARY
NUGGET = 0.2**2 * Growth(-0.4).variance(POINTS)
VALUES = RNG.multivariate_normal(np.zeros(60), DENSE(POINTS, POINTS) + np.diag(NUGGET))
VARIANCE = RNG.uniform(0.001, 0.04, 60)
# Errors shared by nuclei of equal A, as along a beta-decay chain.
A = Z + N
SHARED = np.diag(VARIANCE) + 0.02 * (A[:, None] == A)
# One observed nucleus, two between observed ones, two far away.
NEW_Z, NEW_N = np.array([Z[7], 44, 58, 47, 40]), np.array([N[7], 61, 90, 55, 35])
NEW = lattice_points(NEW_Z, NEW_N)
NOISES = {"variances": VARIANCE, "covariance": SHARED}


def matrix(noise):
    return noise if noise.ndim == 2 else np.diag(noise)


def exact(noise):
    """The same process by the dense kernels."""
    return ExactProcess(DENSE, POINTS, VALUES, matrix(noise) + np.diag(NUGGET))


def test_covariances_are_those_of_the_dense_kernel():
    np.testing.assert_allclose(KERNEL(POINTS, NEW), DENSE(POINTS, NEW), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(KERNEL.variance(NEW), DENSE.variance(NEW), rtol=1e-13)


@pytest.mark.parametrize("kind", NOISES)
def test_the_likelihood_and_its_gradient_are_those_of_the_dense_process(kind):
    found = lattice_likelihood(KERNEL, POINTS, VALUES, NOISES[kind])
    noise = matrix(NOISES[kind]) + np.diag(NUGGET)
    expected = marginal_likelihood(DENSE, POINTS, VALUES, noise)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(found.by_noise, expected.by_noise, rtol=1e-9)
    # The dense kernel has the power first and no nugget.
    np.testing.assert_allclose(found.by_parameters[:-2], expected.by_parameters[1:], rtol=1e-9)

    def value(own):
        parameters = np.append(KERNEL.parameters[:-2], own)
        return lattice_likelihood(
            KERNEL.with_parameters(parameters), POINTS, VALUES, NOISES[kind]
        ).value

    numerical = optimize.approx_fprime(KERNEL.parameters[-2:], value, 1e-6)
    np.testing.assert_allclose(found.by_parameters[-2:], numerical, rtol=1e-4)


@pytest.mark.parametrize("kind", NOISES)
def test_predictions_are_those_of_the_dense_process_with_the_nugget(kind):
    field, expected = LatticeField(KERNEL, Z, N, VALUES, NOISES[kind]), exact(NOISES[kind])
    predicted = expected.at(NEW)
    own = 0.2**2 * Growth(-0.4).variance(NEW)
    mean, sd = field.at(NEW_Z, NEW_N)
    np.testing.assert_allclose(mean, predicted.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(sd**2, predicted.variance + own, rtol=1e-10)
    np.testing.assert_allclose(
        field.covariance(NEW_Z, NEW_N),
        predicted.covariance(slice(None), slice(None)) + np.diag(own),
        rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    assert field.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-12)


def test_far_from_the_data_there_is_the_prior():
    mean, sd = LatticeField(KERNEL, Z, N, VALUES, VARIANCE).at(np.array([100]), np.array([160]))
    prior = (STATIONARY.variance(NEW)[0] + 0.2**2) * 2.6**-0.8
    assert (mean[0], sd[0] ** 2) == pytest.approx((0, prior))


@pytest.mark.parametrize("block", [np.arange(60), Z, np.zeros(60)], ids=["one", "chains", "all"])
def test_leaving_out_is_a_field_without_the_block(block):
    mean, sd = LatticeField(KERNEL, Z, N, VALUES, VARIANCE).left_out(block)
    for number in np.unique(block)[:4]:
        inside, rest = block == number, block != number
        prior = np.zeros(inside.sum()), np.sqrt(KERNEL.variance(POINTS[inside]) + NUGGET[inside])
        expected = prior
        if rest.any():
            part = LatticeField(KERNEL, Z[rest], N[rest], VALUES[rest], VARIANCE[rest])
            expected = part.at(Z[inside], N[inside])
        np.testing.assert_allclose(mean[inside], expected[0], atol=1e-8)
        np.testing.assert_allclose(sd[inside] ** 2, expected[1] ** 2 + VARIANCE[inside], rtol=1e-7)


def assert_moments(draws, mean, covariance):
    """Mean and covariance within five standard errors, in units of the standard deviations."""
    sd, error = np.sqrt(np.diag(covariance)), 5 / np.sqrt(len(draws))
    np.testing.assert_allclose((draws.mean(axis=0) - mean) / sd, 0, atol=error)
    scale = np.outer(sd, sd)
    np.testing.assert_allclose(np.cov(draws.T) / scale, covariance / scale, atol=1.5 * error)


@pytest.fixture(params=["few", "many"])
def size(request, monkeypatch):
    """Draws as of a few nuclei, by their covariance, and as of many, pathwise."""
    if request.param == "many":
        monkeypatch.setattr(lattice_field, "_FEW", 0)
    return request.param


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("kind", NOISES)
def test_joint_draws_have_the_conditional_mean_and_covariance(kind):
    field = LatticeField(KERNEL, Z, N, VALUES, NOISES[kind])
    draws = field.draws(NEW_Z, NEW_N, 20_000, np.random.default_rng(1))
    assert_moments(draws, field.at(NEW_Z, NEW_N)[0], field.covariance(NEW_Z, NEW_N))


@pytest.mark.usefixtures("size")
def test_draws_of_an_exactly_known_field_return_it():
    nearly = LatticeKernel(STATIONARY, Growth(-0.4), nugget=1e-5)
    field = LatticeField(nearly, Z, N, VALUES, np.zeros(60))
    draws = field.draws(Z, N, 3, np.random.default_rng(1))
    np.testing.assert_allclose(draws, np.tile(VALUES, (3, 1)), atol=1e-3)


def test_draws_of_an_unknown_field_have_the_covariance_of_the_kernel():
    draws = draw_field(KERNEL, NEW_Z, NEW_N, 20_000, np.random.default_rng(1))
    covariance = DENSE(NEW, NEW) + np.diag(0.2**2 * Growth(-0.4).variance(NEW))
    assert_moments(draws, np.zeros(5), covariance)


@pytest.mark.usefixtures("size")
def test_a_field_of_which_nothing_is_observed_is_the_prior():
    nothing = np.empty(0, dtype=np.int64)
    field = LatticeField(KERNEL, nothing, nothing, np.empty(0), np.empty(0))
    prior = DENSE(NEW, NEW) + np.diag(0.2**2 * Growth(-0.4).variance(NEW))
    np.testing.assert_allclose(field.covariance(NEW_Z, NEW_N), prior, rtol=1e-12, atol=1e-15)
    mean, sd = field.at(NEW_Z, NEW_N)
    np.testing.assert_array_equal(mean, 0)
    np.testing.assert_allclose(sd**2, np.diag(prior), rtol=1e-12)
    draws = field.draws(NEW_Z, NEW_N, 20_000, np.random.default_rng(1))
    assert_moments(draws, np.zeros(5), prior)
    assert field.at(nothing, nothing)[0].shape == (0,)


def test_a_number_of_draws_that_is_no_multiple_of_the_batch_is_made():
    draws = draw_field(KERNEL, NEW_Z, NEW_N, 131, np.random.default_rng(1))
    assert draws.shape == (131, 5)
    assert (np.abs(draws) > 0).all()


@pytest.mark.parametrize(
    "kernel", [LocalScale(0) * SMOOTH, Sheared(SquaredExponential((2.0, 3.0)), (0.5,))]
)
def test_a_kernel_that_is_no_function_of_the_lags_is_refused(kernel):
    with pytest.raises(ConfigError, match=r"function of \|dZ\| and \|dN\|"):
        LatticeKernel(kernel, Growth(0.0), nugget=0.1)


def test_a_field_without_nugget_is_refused():
    with pytest.raises(ConfigError, match="nugget must be positive, not 0"):
        LatticeKernel(SMOOTH, Growth(0.0), nugget=0.0)


def test_draws_need_separable_terms():
    kernel = LatticeKernel(Matern((2.0, 3.0)), Growth(0.0), nugget=0.1)
    with pytest.raises(ConfigError, match="products of a function of Z and one of N"):
        draw_field(kernel, NEW_Z, NEW_N, 3, np.random.default_rng(0))
    by_axes = Matern((2.0,), axes=(0,)) * Matern((3.0,), axes=(1,))
    kernel = LatticeKernel(by_axes, Growth(0.0), nugget=0.1)
    draws = draw_field(kernel, NEW_Z, NEW_N, 20_000, np.random.default_rng(1))
    assert_moments(draws, np.zeros(5), by_axes(NEW, NEW) + 0.01 * np.eye(5))


@pytest.mark.parametrize("kind", NOISES)
def test_a_new_value_at_an_observed_nucleus_is_predicted_from_the_others(kind):
    noise = matrix(NOISES[kind])
    mean, sd = LatticeField(KERNEL, Z, N, VALUES, NOISES[kind]).left_out_anew()
    field = DENSE(POINTS, POINTS) + np.diag(NUGGET)
    for i in (0, 7, 31):
        others = np.delete(np.arange(60), i)
        inner = (field + noise)[np.ix_(others, others)]
        gain = np.linalg.solve(inner, field[others, i])
        assert mean[i] == pytest.approx(gain @ VALUES[others], rel=1e-9)
        assert sd[i] ** 2 == pytest.approx(field[i, i] - gain @ field[others, i], rel=1e-9)
