"""The analytic surface: limits, a numerical integral, and the landscape of a fissile nucleus."""

import numpy as np
import pytest
from scipy import integrate

from bmm.emulation.analytic_surface import (
    analytic_energy,
    analytic_surface,
    coulomb_of_spheroid,
    surface_of_spheroid,
)
from bmm.errors import DataError


def test_spheroids_agree_with_the_expansion_of_bohr_and_wheeler():
    # alpha_2 of a spheroid: c/a = (1 + alpha) / (1 - alpha / 2) to first order.
    alpha = 1e-3
    q = np.array([(1 + alpha) / (1 - alpha / 2)])
    assert surface_of_spheroid(q)[0] - 1 == pytest.approx(2 / 5 * alpha**2, rel=0.01)
    assert coulomb_of_spheroid(q)[0] - 1 == pytest.approx(-(1 / 5) * alpha**2, rel=0.01)


def test_surface_agrees_with_the_integral():
    q = 2.3
    c, a = q ** (2 / 3), q ** (-1 / 3)

    def ring(z):
        radius = a * np.sqrt(1 - (z / c) ** 2)
        slope = -a * z / c**2 / np.sqrt(1 - (z / c) ** 2)
        return 2 * np.pi * radius * np.sqrt(1 + slope**2)

    area, _ = integrate.quad(ring, -c, c)
    assert surface_of_spheroid(np.array([q]))[0] == pytest.approx(area / (4 * np.pi), rel=1e-7)


def test_coulomb_agrees_with_the_potential_of_an_ellipsoid():
    # W / W_sphere = 1/2 integral ds / [(a^2 + s) sqrt(c^2 + s)] with a^2 c = 1.
    q = 2.3
    c2, a2 = q ** (4 / 3), q ** (-2 / 3)
    value, _ = integrate.quad(lambda s: 0.5 / ((a2 + s) * np.sqrt(c2 + s)), 0, np.inf)
    assert coulomb_of_spheroid(np.array([q]))[0] == pytest.approx(value, rel=1e-7)


def test_there_is_a_ground_state_a_barrier_and_an_isomer():
    q = np.linspace(1.02, 2.3, 400)
    energy = analytic_energy(q, np.zeros_like(q))
    turns = np.flatnonzero(np.diff(np.sign(np.diff(energy)))) + 1
    ground, barrier, isomer = (energy[i] for i in turns[:3])
    assert ground < isomer < barrier
    assert 3 < barrier - ground < 10


def test_reflection_changes_nothing():
    assert analytic_energy(np.array([2.5]), np.array([0.2])) == analytic_energy(
        np.array([2.5]), np.array([-0.2])
    )


def test_a_grid_without_an_inside_is_refused():
    with pytest.raises(DataError, match="expected at least 3"):
        analytic_surface(2, 10)
