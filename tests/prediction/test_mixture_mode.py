import numpy as np
import pytest

from bmm.mixing.draws import component_log_density
from bmm.prediction.mode import mixture_mode


def density(y, weight, location, scale, nu):
    """Mixture density at y (point,) of one nucleus."""
    each = np.exp(component_log_density(y[:, None] - location, scale, nu))
    return np.where(weight > 0, weight * each, 0).sum(axis=-1)


@pytest.mark.parametrize("nu", [3.0, np.inf])
def test_mode_is_the_highest_point_of_a_fine_grid(nu):
    rng = np.random.default_rng(12)
    n, K = 60, 4
    weight = rng.dirichlet(np.ones(K), size=n)
    location = rng.normal(scale=1.5, size=(n, K)) - 70
    scale = rng.uniform(0.2, 2, size=(n, K))
    found = mixture_mode(weight, location, scale, nu)
    for i in range(n):
        grid = np.linspace(location[i].min() - 1, location[i].max() + 1, 20_001)
        one = (weight[i], location[i], scale[i], nu)
        highest = density(grid, *one).max()
        assert density(found[i : i + 1], *one)[0] >= highest * (1 - 1e-6)


@pytest.mark.parametrize("nu", [4.0, np.inf])
def test_mode_of_one_component_is_its_location(nu):
    found = mixture_mode(np.array([[1.0]]), np.array([[-42.5]]), np.array([[0.3]]), nu)
    assert found == pytest.approx([-42.5], abs=1e-12)


def test_mode_is_not_the_heaviest_component_but_the_highest_summit():
    # 0.4 / 0.1 stands above 0.6 / 1.0.
    found = mixture_mode(
        np.array([[0.6, 0.4]]), np.array([[0.0, 8.0]]), np.array([[1.0, 0.1]]), np.inf
    )
    assert found == pytest.approx([8.0], abs=1e-3)


def test_a_missing_model_has_no_part_in_the_mode():
    weight, scale = np.array([[0.7, 0.3]]), np.array([[0.5, 0.5]])
    location = np.array([[1.0, 2.0]])
    alone = mixture_mode(weight, location, scale, 4.0)
    for nothing in (np.nan, 0.0):
        beside = mixture_mode(
            np.append(weight, [[0.0]], axis=1),
            np.append(location, [[nothing]], axis=1),
            np.append(scale, [[0.01]], axis=1),
            4.0,
        )
        assert beside == pytest.approx(alone, abs=1e-12)
