import numpy as np
import pandas as pd
import pytest
from scipy import stats


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


@pytest.fixture
def assert_uniform():
    """Judge the ranks of true values, one row for each simulation, from none to all draws."""

    def judge(ranks, draws):
        rng = np.random.default_rng(1)
        uniform = (ranks + rng.random(ranks.shape)) / (draws + 1)
        p = pd.Series({name: stats.kstest(uniform[name], "uniform").pvalue for name in ranks})
        assert p.min() > 0.01 / len(p), p.sort_values().to_string()
        # Too narrow or too wide posteriors show in the spread of ranks, whose variance is 1 / 12.
        spread = uniform.var() * 12
        assert (abs(spread - 1) < 4 * np.sqrt(0.8 / len(ranks))).all(), spread.to_string()

    return judge
