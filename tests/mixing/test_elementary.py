import numpy as np
import pytest

from bmm.mixing.elementary import exp_in_place, log_in_place


def applied(function, x):
    result = np.array(x, dtype=float)
    function(result, np.empty_like(result))
    return result


def test_exponential_is_exact_to_the_last_bits():
    x = np.concatenate([np.linspace(-700, 700, 200_001), [0.0, 1.0, -0.5 * np.log(2), 1e-300]])
    np.testing.assert_allclose(applied(exp_in_place, x), np.exp(x), rtol=5e-16)


def test_exponential_of_anything_smaller_is_negligible():
    assert (applied(exp_in_place, [-700.1, -1e6, -np.inf]) <= np.exp(-700)).all()


def test_logarithm_is_exact_to_the_last_bits():
    x = np.concatenate([np.geomspace(1e-300, 1e300, 200_001), np.linspace(0.5, 2, 100_001)])
    np.testing.assert_allclose(applied(log_in_place, x), np.log(x), rtol=5e-16, atol=1e-19)


@pytest.mark.parametrize("function", [exp_in_place, log_in_place])
def test_nan_stays_nan(function):
    assert np.isnan(applied(function, [np.nan, 1.0])).tolist() == [True, False]
