"""Points that do not belong to a surface, such as calculations that did not converge.

A step from a point to its neighbour is broken if neither the line through the point and the one
before it, nor the line back from beyond the neighbour, leads there.  Where broken steps cut a few
points off from the rest, and these lie above their surroundings, the calculation is stuck in a
higher solution: by the variational principle the lower one is right.  Where they divide large
sheets, as at scission, the surface itself is discontinuous.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bmm.arrays import BoolArray, FloatArray
from bmm.emulation.energy_surface import Surface

__all__ = ["Continuity", "check_continuity"]


# A step is broken if its deviation is this many times the typical one.
_BROKEN = 10.0
# Of all points: larger pieces are separate sheets.
_LARGEST_PIECE = 0.02


@dataclass(frozen=True)
class Continuity:
    """Where a surface is not continuous.

    Parameters
    ----------
    unconverged : bool array (n,)
        Points in small pieces that lie above what surrounds them.
    discontinuous : bool array (n,)
        Other points with a broken step to a neighbour that is not unconverged.
    threshold : float
        Steps that deviate by more are broken, MeV.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.unconverged import Continuity
    >>> none = np.zeros(3, dtype=bool)
    >>> Continuity(none, none, threshold=1.5).threshold  # MeV
    1.5
    """

    unconverged: BoolArray
    discontinuous: BoolArray
    threshold: float


def check_continuity(surface: Surface, threshold: float | None = None) -> Continuity:
    """Look for broken steps on the grid of a two-dimensional surface.

    Parameters
    ----------
    surface : Surface
        On a grid that may have holes.
    threshold : float, optional
        MeV; ten times the median deviation of a step from the straight lines if not given.

    Raises
    ------
    DataError
        If the surface is not two-dimensional or not on a grid.

    Examples
    --------
    One point of a plane is 20 MeV too high:

    >>> import numpy as np
    >>> from bmm.emulation.energy_surface import Surface
    >>> from bmm.emulation.unconverged import check_continuity
    >>> x, y = (a.ravel() for a in np.meshgrid(np.arange(12.0), np.arange(12.0)))
    >>> energy = 0.3 * x + 0.1 * y + np.where((x == 5) & (y == 6), 20.0, 0.0)
    >>> plane = Surface("plane", ("x", "y"), np.stack([x, y], axis=1), energy)
    >>> found = check_continuity(plane, 1.0)
    >>> np.flatnonzero(found.unconverged), int(found.discontinuous.sum())
    (array([77]), 0)
    """
    grid = surface.lattice()
    off = [_off(grid), _off(grid.T).T]
    finite = np.concatenate([each[np.isfinite(each)] for each in off])
    limit = _BROKEN * float(np.median(finite)) if threshold is None else threshold
    high = _high_pieces(grid, off, limit)
    discontinuous = _discontinuous(np.where(high, np.nan, grid), limit)
    cells = surface.cells()
    return Continuity(high[cells], discontinuous[cells], limit)


def _off(grid: FloatArray) -> FloatArray:
    """By how much each step along the first axis is off; array (rows - 1, columns), MeV."""
    step = np.diff(grid, axis=0)
    gap = np.full((1, grid.shape[1]), np.nan)
    arriving = np.concatenate([gap, step[:-1]])
    leaving = np.concatenate([step[1:], gap])
    off = np.fmin(np.abs(step - arriving), np.abs(step - leaving))
    # Without a line to extrapolate, the step itself is taken.
    return np.where(np.isnan(off), np.abs(step), off)


def _high_pieces(grid: FloatArray, off: list[FloatArray], limit: float) -> BoolArray:
    """Points of small pieces above their surroundings, array like the grid."""
    number = np.arange(grid.size).reshape(grid.shape)
    links = [(off[0] <= limit, number[:-1], number[1:])]
    links.append((off[1] <= limit, number[:, :-1], number[:, 1:]))
    first, second = (np.concatenate([each[k][each[0]] for each in links]) for k in (1, 2))
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(grid.size, grid.size))
    piece = connected_components(graph, directed=False)[1].reshape(grid.shape)
    known = np.isfinite(grid)
    high = np.zeros(grid.shape, dtype=bool)
    for label, size in zip(*np.unique(piece[known], return_counts=True), strict=True):
        inside = (piece == label) & known
        if size <= max(1, _LARGEST_PIECE * known.sum()) and _height(grid, inside) > limit:
            high |= inside
    return high


def _height(grid: FloatArray, inside: BoolArray) -> float:
    """Median height of a piece above its neighbours, MeV; 0 if it has fewer than three."""
    heights = []
    for values, piece in ((grid, inside), (grid.T, inside.T)):
        step = np.diff(values, axis=0)
        heights += [step[~piece[:-1] & piece[1:]], -step[piece[:-1] & ~piece[1:]]]
    every = np.concatenate(heights)
    every = every[np.isfinite(every)]
    return float(np.median(every)) if len(every) >= 3 else 0.0


def _discontinuous(grid: FloatArray, limit: float) -> BoolArray:
    """Points with a broken step, array like the grid."""
    discontinuous = np.zeros(grid.shape, dtype=bool)
    along, across = _off(grid) > limit, (_off(grid.T) > limit).T
    discontinuous[:-1] |= along
    discontinuous[1:] |= along
    discontinuous[:, :-1] |= across
    discontinuous[:, 1:] |= across
    return discontinuous
