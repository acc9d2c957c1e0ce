import numpy as np
import pytensor.tensor as pt
import pytest

from bmm.errors import ConfigError, DomainError
from bmm.gp.basis import Axis, boundary_factor, number_of_functions, root_spectral_density

S_Z, S_N = 41, 66


def covariance(axis, rho, x):
    scaled = axis.functions(x) * root_spectral_density(axis.omega, rho)
    return scaled @ scaled.T


def kernel(distance, rho):
    return np.exp(-0.5 * (distance / rho) ** 2)


def matern32(distance, rho):
    r = np.sqrt(3) * np.abs(distance) / rho
    return (1 + r) * np.exp(-r)


def matern52(distance, rho):
    r = np.sqrt(5) * np.abs(distance) / rho
    return (1 + r + r**2 / 3) * np.exp(-r)


KERNELS = {"squared_exponential": kernel, "matern32": matern32, "matern52": matern52}


def images(axis, rho, x):
    """Kernel less its mirror images in the two walls, as for charges between grounded plates."""
    x = np.asarray(x) - 0.5 * (axis.low + axis.high)
    L = axis.half_width
    near, mirrored = x[:, None] - x, x[:, None] + x + 2 * L
    shifts = 4 * L * np.arange(-20, 21)[:, None, None]
    return (kernel(near + shifts, rho) - kernel(mirrored + shifts, rho)).sum(axis=0)


# Riutort-Mayol et al. (2023), equations for the squared-exponential kernel, done by hand.
@pytest.mark.parametrize(
    ("rho", "m_Z", "m_N"), [(1, 87, 139), (2.5, 35, 56), (5, 18, 28), (10, 9, 14), (20, 6, 7)]
)
def test_rule_for_the_measured_chart(rho, m_Z, m_N):
    for half_range, m in ((S_Z, m_Z), (S_N, m_N)):
        assert number_of_functions(rho, half_range, boundary_factor(rho, half_range)) == m


def test_box_follows_the_longest_scale_and_the_functions_the_shortest():
    assert boundary_factor(5, S_Z) == 1.2
    assert boundary_factor(20, S_Z) == pytest.approx(64 / 41)
    axis = Axis.by_rule("Z", 28, 110, (5, 20))
    assert (axis.half_range, axis.half_width) == (41, pytest.approx(41 + 1.5 * 20))
    assert axis.m == 25  # 1.75 * 71 / 5 = 24.9
    assert axis.shortest_resolved == pytest.approx(1.75 * 71 / 25)
    assert axis.shortest_resolved <= 5


def test_settings_go_before_the_rule():
    axis = Axis.by_rule("N", 28, 160, (5, 20), c=2.0, m=7)
    assert (axis.c, axis.m, axis.half_width) == (2.0, 7, 132)
    assert Axis.by_rule("N", 28, 160, (5, 20), c=2.0).m == number_of_functions(5, S_N, 2.0)


def test_functions_are_orthonormal_on_the_box():
    axis = Axis("Z", 20, 60, c=1.0, m=8)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    phi = axis.functions(40 + 20 * nodes)
    np.testing.assert_allclose((phi.T * weights * 20) @ phi, np.eye(8), atol=1e-12)


@pytest.mark.parametrize("name", KERNELS)
def test_spectral_density_is_the_fourier_transform_of_the_kernel(name):
    rho, omega = 3.0, np.array([0.0, 0.1, 0.5, 1.0])
    x = np.linspace(-120, 120, 96001)
    transform = (KERNELS[name](x, rho) * np.cos(omega[:, None] * x)).sum(axis=1) * (x[1] - x[0])
    found = root_spectral_density(omega, rho, name)
    np.testing.assert_allclose(found**2, transform, rtol=1e-6)
    symbol = pt.dscalar()
    symbolic = root_spectral_density(omega, symbol, name, pt).eval({symbol: rho})
    np.testing.assert_allclose(symbolic, found, rtol=1e-14)


@pytest.mark.parametrize(("name", "margin"), [("matern32", 0.05), ("matern52", 0.03)])
def test_functions_of_the_rule_resolve_the_shortest_scale_of_rougher_kernels(name, margin):
    rho, x = 5.0, np.arange(28, 111)
    axis = Axis.by_rule("Z", 28, 110, (rho, rho), kernel=name)
    smooth = Axis.by_rule("Z", 28, 110, (rho, rho))
    assert axis.m > smooth.m
    scaled = axis.functions(x) * axis.root_spectral_density(rho)
    np.testing.assert_allclose(scaled @ scaled.T, KERNELS[name](x[:, None] - x, rho), atol=margin)
    assert axis.shortest_resolved <= rho


@pytest.mark.parametrize("rho", [2.0, 8.0, 30.0])
def test_covariance_is_the_kernel_less_its_images_in_the_walls(rho):
    axis = Axis("N", 30, 90, c=1.3, m=300)
    x = np.linspace(30, 90, 13)
    np.testing.assert_allclose(covariance(axis, rho, x), images(axis, rho, x), atol=1e-12)


def test_covariance_tends_to_the_kernel_as_functions_are_added():
    rho, x = 5.0, np.arange(30, 91)
    exact = kernel(x[:, None] - x, rho)
    errors = [
        np.abs(covariance(Axis("N", 30, 90, c=1.6, m=m), rho, x) - exact).max()
        for m in (5, 10, 20, 30, 60)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-7


def test_functions_of_the_rule_resolve_the_shortest_scale():
    rho, x = 5.0, np.arange(28, 111)
    axis = Axis.by_rule("Z", 28, 110, (rho, rho))
    exact = kernel(x[:, None] - x, rho)
    np.testing.assert_allclose(covariance(axis, rho, x), exact, atol=0.03)


def test_field_vanishes_on_the_wall_and_recovers_within_two_length_scales():
    rho = 4.0
    variance = np.diag(covariance(Axis("Z", 0, 80, c=1.0, m=200), rho, np.arange(81)))
    assert variance[[0, 80]] == pytest.approx(0, abs=1e-12)
    distance = np.minimum(np.arange(81), 80 - np.arange(81))
    # One wall's image is all that matters: 1 - k(2 d).
    np.testing.assert_allclose(variance, 1 - kernel(2 * distance, rho), atol=1e-12)
    assert (variance[distance >= 2 * rho] > 0.999).all()


@pytest.mark.parametrize(("name", "value"), [("Z", 27), ("N", 111), ("N", 27.5)])
def test_outside_the_chart_is_refused_by_name(name, value):
    axis = Axis(name, 28, 110, c=1.2, m=5)
    message = f"^{name}={value} is outside the prediction chart, which spans {name} from 28 to 110"
    with pytest.raises(DomainError, match=message):
        axis.functions([50, value])


def test_the_whole_chart_is_inside():
    assert Axis("Z", 28, 110, c=1.0, m=5).functions(np.arange(28, 111)).shape == (83, 5)


def test_a_chart_of_one_value_has_no_field():
    with pytest.raises(ConfigError, match="spans only Z=50"):
        Axis.by_rule("Z", 50, 50, (5, 15))


@pytest.mark.parametrize("rho", [3, 8, 12])
def test_the_field_keeps_its_spread_to_the_ends_of_the_chart(rho):
    axis = Axis.by_rule("Z", 8, 120, (rho, rho))
    sd = np.sqrt(np.diag(covariance(axis, rho, np.arange(8, 121))))
    np.testing.assert_allclose(sd, 1, atol=0.02)
