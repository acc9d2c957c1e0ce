"""Planted unconverged points are found, and discontinuities are not taken for them."""

from dataclasses import replace

import numpy as np

from bmm.emulation.analytic_surface import analytic_surface
from bmm.emulation.unconverged import check_continuity


def planted(surface, where, by):
    energy = surface.energy.copy()
    energy[where] += by
    return replace(surface, energy=energy)


def test_a_smooth_surface_is_whole():
    found = check_continuity(analytic_surface())
    assert not found.unconverged.any()
    assert not found.discontinuous.any()


def test_planted_points_are_found_and_no_others():
    surface = analytic_surface()
    rows, columns = surface.cells()
    lone = (rows == 20) & (columns == 12)
    patch = (rows >= 30) & (rows < 33) & (columns >= 5) & (columns < 8)
    at_the_edge = (rows == 0) & (columns >= 10) & (columns < 13)
    where = lone | patch | at_the_edge
    found = check_continuity(planted(surface, where, 60.0))
    np.testing.assert_array_equal(found.unconverged, where)
    assert not found.discontinuous[~where].any()


def test_a_deeper_solution_is_kept():
    surface = analytic_surface()
    rows, columns = surface.cells()
    found = check_continuity(planted(surface, (rows == 20) & (columns == 12), -60.0))
    assert not found.unconverged.any()


def test_scission_is_a_discontinuity_and_not_unconverged():
    surface = analytic_surface()
    rows, _ = surface.cells()
    found = check_continuity(planted(surface, rows >= 35, -20.0))
    assert not found.unconverged.any()
    np.testing.assert_array_equal(found.discontinuous, (rows == 34) | (rows == 35))


def test_holes_in_the_grid_are_not_unconverged():
    surface = analytic_surface()
    holes = np.random.default_rng(1).random(len(surface)) < 0.05
    found = check_continuity(surface.without(holes))
    assert not found.unconverged.any()
    assert found.discontinuous.mean() < 0.01
