import numpy as np
import pytest

from bmm.distributions import StudentTMixture


def mode(weight, location, scale, nu):
    return StudentTMixture(location, scale, weight, nu).mode


@pytest.mark.parametrize("nu", [3.0, 4.0, np.inf])
@pytest.mark.parametrize("components", [2, 4, 12])
def test_mode_is_the_highest_point_of_a_fine_grid(nu, components):
    rng = np.random.default_rng(12)
    n = 200
    weight = rng.dirichlet(np.ones(components), size=n)
    location = rng.normal(scale=1.5, size=(n, components)) - 70
    scale = rng.uniform(0.2, 2, size=(n, components))
    mixture = StudentTMixture(location, scale, weight, nu)
    grid = np.linspace(location.min(axis=1) - 1, location.max(axis=1) + 1, 5_001, axis=1)
    highest = mixture.log_density(grid).max(axis=1)
    assert (mixture.log_density(mixture.mode) >= highest - 1e-9).all()


def test_mode_where_nu_differs_from_component_to_component():
    rng = np.random.default_rng(13)
    location, scale = rng.normal(size=(50, 3)), rng.uniform(0.3, 1, size=(50, 3))
    mixture = StudentTMixture(location, scale, rng.dirichlet(np.ones(3), 50), [[3, 20, np.inf]])
    grid = np.linspace(-4, 4, 8_001) + np.zeros((50, 1))
    highest = mixture.log_density(grid).max(axis=1)
    assert (mixture.log_density(mixture.mode) >= highest - 1e-9).all()


@pytest.mark.parametrize("nu", [4.0, np.inf])
def test_mode_of_one_component_is_its_location(nu):
    assert mode([[1.0]], [[-42.5]], [[0.3]], nu) == pytest.approx([-42.5], abs=1e-12)


def test_mode_is_not_the_heaviest_component_but_the_highest_summit():
    # 0.4 / 0.1 stands above 0.6 / 1.0.
    found = mode([[0.6, 0.4]], [[0.0, 8.0]], [[1.0, 0.1]], np.inf)
    assert found == pytest.approx([8.0], abs=1e-3)


def test_a_missing_model_has_no_part_in_the_mode():
    alone = mode([[0.7, 0.3]], [[1.0, 2.0]], [[0.5, 0.5]], 4.0)
    for nothing in (np.nan, 0.0):
        beside = mode([[0.7, 0.3, 0.0]], [[1.0, 2.0, nothing]], [[0.5, 0.5, 0.01]], 4.0)
        assert beside == pytest.approx(alone, abs=1e-9)
