"""Kernels: identities of their algebra, closed forms, and derivatives by finite differences."""

import numpy as np
import pytest
from scipy import optimize, special

from bmm.errors import ConfigError, DomainError
from bmm.gp.kernels import Constant, Product, Sum
from bmm.gp.nonstationary import Growth, LocalScale, Sheared
from bmm.gp.stationary import Alternating, Matern, SquaredExponential

RNG = np.random.default_rng(2)
# Whole numbers as Z and N, and a local scale in the last column.
FIRST = np.column_stack([RNG.integers(20, 30, (6, 2)), RNG.uniform(0.5, 2, 6)])
SECOND = np.column_stack([RNG.integers(20, 30, (5, 2)), RNG.uniform(0.5, 2, 5)])
SMOOTH = SquaredExponential((3.0, 4.0))
KERNELS = {
    "constant": Constant(0.7),
    "squared exponential": SMOOTH,
    "along one axis": SquaredExponential((2.0,), axes=(1,)),
    "matern 1/2": Matern((3.0, 4.0), smoothness=0.5),
    "matern 3/2": Matern((3.0, 4.0), smoothness=1.5),
    "matern 5/2": Matern((3.0, 4.0), smoothness=2.5),
    "alternating": Alternating((0, 1)),
    "local scale": LocalScale(),
    "growth": Growth(-0.3),
    "sheared": Sheared(Matern((3.0, 4.0)), (0.4,)),
    "sheared in three": Sheared(SquaredExponential((3.0, 4.0, 2.0)), (0.4, -0.2, 0.3)),
    "sum": Constant(0.7) * SMOOTH + Matern((2.0, 2.0), smoothness=1.5) * LocalScale(),
    "product": Growth(0.5) * SMOOTH * Alternating((1,)) * Constant(2.0),
}


@pytest.mark.parametrize("name", KERNELS)
def test_the_variance_is_the_diagonal_and_the_matrix_a_covariance(name):
    kernel = KERNELS[name]
    covariance = kernel(FIRST, FIRST)
    np.testing.assert_allclose(np.diag(covariance), kernel.variance(FIRST), rtol=1e-14)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-14)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12 * covariance.max()


@pytest.mark.parametrize("name", KERNELS)
def test_parameters_make_the_kernel_again(name):
    kernel = KERNELS[name]
    again = kernel.with_parameters(kernel.parameters)
    np.testing.assert_allclose(again(FIRST, SECOND), kernel(FIRST, SECOND), rtol=1e-13)
    moved = kernel.parameters + 0.1
    np.testing.assert_allclose(kernel.with_parameters(moved).parameters, moved, rtol=1e-13)


@pytest.mark.parametrize("name", KERNELS)
def test_derivatives_are_finite_differences(name):
    kernel = KERNELS[name]
    weights = RNG.normal(size=(len(FIRST), len(SECOND)))
    covariance, pullback = kernel.with_pullback(FIRST, SECOND)
    found = pullback(weights)
    np.testing.assert_array_equal(covariance, kernel(FIRST, SECOND))

    def by_parameters(parameters):
        return np.vdot(weights, kernel.with_parameters(parameters)(FIRST, SECOND))

    if len(kernel.parameters):
        numerical = optimize.approx_fprime(kernel.parameters, by_parameters, 1e-7)
        np.testing.assert_allclose(found.parameters, numerical, rtol=1e-5, atol=1e-5)
    if "alternating" in name or name == "product":  # defined at whole numbers only
        return
    for points, gradient, at in (
        (FIRST, found.first, lambda x: kernel(x.reshape(FIRST.shape), SECOND)),
        (SECOND, found.second, lambda x: kernel(FIRST, x.reshape(SECOND.shape))),
    ):
        numerical = optimize.approx_fprime(
            points.ravel(), lambda x, at=at: np.vdot(weights, at(x)), 1e-6
        )
        # A Matérn process of smoothness 1/2 has no derivative where points coincide.
        np.testing.assert_allclose(gradient.ravel(), numerical, rtol=1e-4, atol=1e-4)


def test_sums_and_products_are_those_of_the_covariances():
    one, other = KERNELS["squared exponential"], KERNELS["matern 3/2"]
    np.testing.assert_array_equal(
        (one + other)(FIRST, SECOND), one(FIRST, SECOND) + other(FIRST, SECOND)
    )
    np.testing.assert_array_equal(
        (one * other)(FIRST, SECOND), one(FIRST, SECOND) * other(FIRST, SECOND)
    )
    assert isinstance(one + other, Sum)
    assert isinstance(one * other, Product)
    np.testing.assert_array_equal(
        (one + other).parameters, np.append(one.parameters, other.parameters)
    )


def test_a_number_is_a_variance():
    expected = 4 * SMOOTH(FIRST, SECOND)
    for kernel in (4.0 * SMOOTH, SMOOTH * 4.0, Constant(2.0) * SMOOTH):
        np.testing.assert_allclose(kernel(FIRST, SECOND), expected, rtol=1e-14)
    for kernel in (4.0 + SMOOTH, SMOOTH + 4.0):
        np.testing.assert_allclose(kernel(FIRST, SECOND), 4 + SMOOTH(FIRST, SECOND), rtol=1e-14)


@pytest.mark.parametrize("smoothness", [0.5, 1.5, 2.5])
def test_matern_is_the_bessel_form(smoothness):
    r = np.linspace(0.01, 4, 50)
    s = np.sqrt(2 * smoothness) * r
    factor = 2 ** (1 - smoothness) / special.gamma(smoothness)
    found = Matern((2.0,), smoothness=smoothness)(2 * r[:, None], np.zeros((1, 1)))[:, 0]
    np.testing.assert_allclose(
        found, factor * s**smoothness * special.kv(smoothness, s), rtol=1e-10
    )


def test_a_squared_exponential_is_the_product_of_those_along_the_axes():
    separate = SquaredExponential((3.0,), axes=(0,)) * SquaredExponential((4.0,), axes=(1,))
    np.testing.assert_allclose(separate(FIRST, SECOND), SMOOTH(FIRST, SECOND), rtol=1e-13)


@pytest.mark.parametrize(
    ("axes", "sign"),
    [((0,), lambda Z, N: (-1.0) ** Z), ((1,), lambda Z, N: (-1.0) ** N),
     ((0, 1), lambda Z, N: (-1.0) ** (Z + N))],
)  # fmt: skip
def test_an_alternating_kernel_is_that_of_a_field_times_a_sign(axes, sign):
    first, second = (sign(*points[:, :2].T) for points in (FIRST, SECOND))
    np.testing.assert_array_equal(Alternating(axes)(FIRST, SECOND), np.outer(first, second))


def test_a_scaled_kernel_is_that_of_the_scaled_process():
    np.testing.assert_allclose(
        (LocalScale() * SMOOTH)(FIRST, SECOND),
        FIRST[:, 2:] * SMOOTH(FIRST, SECOND) * SECOND[:, 2],
    )
    points = np.array([[50.0, 82.0], [28.0, 28.0]])
    np.testing.assert_allclose(
        Growth(-0.4)(points, points), np.outer([1.32**-0.4, 0.56**-0.4], [1.32**-0.4, 0.56**-0.4])
    )


def test_shears_and_length_scales_are_any_quadratic_form():
    kernel = Sheared(SquaredExponential((2.0, 5.0)), (0.7,))
    step = FIRST[0, :2] - SECOND[0, :2]
    along = np.array([[1, 0.7], [0, 1]]) @ step
    expected = np.exp(-0.5 * ((along / [2, 5]) ** 2).sum())
    assert kernel(FIRST[:1, :2], SECOND[:1, :2])[0, 0] == pytest.approx(expected, rel=1e-13)


def test_impossible_kernels_are_refused():
    with pytest.raises(ConfigError, match="amplitude must be positive, not -1"):
        Constant(-1.0)
    with pytest.raises(ConfigError, match="length scales must be positive"):
        SquaredExponential((1.0, 0.0))
    with pytest.raises(ConfigError, match="one length scale for each axis, not 2 for 1"):
        SquaredExponential((1.0, 2.0), axes=(0,))
    with pytest.raises(ConfigError, match=r"0\.5, 1\.5 or 2\.5, not 2"):
        Matern((1.0,), smoothness=2.0)
    with pytest.raises(ConfigError, match="one shear for each pair"):
        Sheared(SMOOTH, (0.1, 0.2))
    with pytest.raises(DomainError, match="whole numbers only"):
        Alternating((0,))(np.array([[0.5]]), np.array([[1.0]]))
