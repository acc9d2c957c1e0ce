import numpy as np
import pytest


@pytest.fixture
def assert_derivatives():
    """Compare what a kernel of either form returns with finite differences of its reference."""

    def compare(kernel, reference, parameters, data, h=1e-5):
        field, sigma, nu, power = parameters
        _, d_field, d_sigma, d_nu, d_power = kernel(*parameters, *data)

        def slope(up, down):
            return (reference(*up, *data) - reference(*down, *data)) / (2 * h)

        for k in range(len(sigma)):
            step = h * np.eye(len(sigma))[k]
            up = step[:, None]
            moved = slope((field + up, sigma, nu, power), (field - up, sigma, nu, power))
            np.testing.assert_allclose(d_field[k], moved, rtol=1e-5, atol=1e-8)
            moved = slope((field, sigma + step, nu, power), (field, sigma - step, nu, power))
            np.testing.assert_allclose(d_sigma[k], moved, rtol=1e-5, atol=1e-8)
        moved = slope((field, sigma, nu, power + h), (field, sigma, nu, power - h))
        np.testing.assert_allclose(d_power, moved, rtol=1e-5, atol=1e-8)
        if np.isfinite(nu):
            moved = slope((field, sigma, nu + h, power), (field, sigma, nu - h, power))
            np.testing.assert_allclose(d_nu, moved, rtol=1e-5, atol=1e-8)

    return compare
