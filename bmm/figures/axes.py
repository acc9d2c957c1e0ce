"""Where a figure function draws."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["CHAIN", "CHART", "SQUARE", "given_or_new", "new_axes"]

CHAIN = (4.6, 3.2)
"""Width and height of an isotopic chain, inches."""

CHART = (7.0, 4.2)
"""Width and height of a chart of nuclides, inches; the width is that of two columns of a page."""

SQUARE = (3.6, 3.5)
"""Width and height of a curve, inches; the width is that of one column."""


def new_axes(size: tuple[float, float]) -> Axes:
    """Make axes alone in a figure of that size in inches, which pyplot does not know of.

    Examples
    --------
    >>> from bmm.figures.axes import new_axes
    >>> new_axes((4.0, 3.0)).figure.get_size_inches()
    array([4., 3.])
    """
    return Figure(figsize=size, layout="constrained").add_subplot()


def given_or_new(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the axes, or those of a new pyplot figure of that size in inches.

    Examples
    --------
    >>> from bmm.figures.axes import given_or_new
    >>> ax = given_or_new(None, (4.0, 3.0))
    >>> given_or_new(ax, (8.0, 6.0)) is ax
    True
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    made: Axes = plt.subplots(figsize=size, layout="constrained")[1]
    return made
