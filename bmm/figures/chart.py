"""Values on the chart of nuclides."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.colors import ListedColormap
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FormatStrFormatter, LogLocator

from bmm.arrays import FloatArray, IntArray
from bmm.errors import DataError
from bmm.nuclides import MAGIC_NUMBERS, nuclide_index

__all__ = ["nuclide_chart"]


_GREY = ListedColormap(["0.9"])
_OVERHANG = 6
_LABEL_GAP = 1.5


def nuclide_chart(
    ax: Axes,
    Z: npt.ArrayLike,
    N: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    label: str,
    cmap: str = "viridis",
    vmin: float | None = None,
    vmax: float | None = None,
    centre: float | None = None,
    scale: Literal["linear", "log"] = "linear",
    outline: npt.ArrayLike | None = None,
) -> QuadMesh:
    """Draw one square per nucleus, with magic numbers and a colour bar.

    Parameters
    ----------
    ax : Axes
        Where to draw; the axes are labelled.
    Z, N : array of int (nucleus,)
        Proton and neutron numbers.
    values : array (nucleus,)
        What the colour shows; NaN leaves a pale grey square.
    label : str
        Of the colour bar, with the unit.
    cmap : str, default "viridis"
        Colour map; viridis and cividis suit colour-blind readers, as does RdBu around a centre.
    vmin, vmax : float, optional
        Ends of the colour scale; by default those of the values.  Values beyond have the colour
        of the end, and the colour bar a pointed tip.
    centre : float, optional
        Make the scale symmetric around this value; its half width is `vmax` minus `centre`, or
        reaches the value farthest off.  `vmin` is then ignored.
    scale : {"linear", "log"}, default "linear"
        Of the colours; "log" greys out values that are not positive.
    outline : bool array (nucleus,), optional
        Nuclei to surround with a line, such as the measured ones.

    Returns
    -------
    QuadMesh
        The squares.

    Raises
    ------
    DataError
        If there is no nucleus, one comes twice, or the arrays differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.figures.axes import new_axes
    >>> from bmm.figures.chart import nuclide_chart
    >>> Z, N = np.array([50, 50, 51]), np.array([82, 84, 84])
    >>> sd = np.array([0.1, 0.2, 0.3])
    >>> squares = nuclide_chart(new_axes((4.0, 3.0)), Z, N, sd, label="sd (MeV)")
    >>> squares.get_clim()
    (0.1, 0.3)
    """
    Z, N = np.asarray(Z), np.asarray(N)
    values = np.asarray(values, dtype=np.float64)
    if not Z.size or not Z.shape == N.shape == values.shape:
        raise DataError("a chart needs Z, N and values of one length, at least 1.")
    nuclide_index(Z, N)
    if scale == "log":
        values = np.where(values > 0, values, np.nan)
    low, high = _limits(values, vmin, vmax, centre)
    columns = np.arange(N.min(), N.max() + 2) - 0.5
    rows = np.arange(Z.min(), Z.max() + 2) - 0.5
    # Rasterized, because thousands of vector squares show seams.
    ax.pcolormesh(columns, rows, _dense(Z, N, np.ones(Z.size)), cmap=_GREY, rasterized=True)
    grid = _dense(Z, N, values)
    mesh = ax.pcolormesh(
        columns, rows, grid, cmap=cmap, norm=scale, vmin=low, vmax=high, rasterized=True
    )
    if outline is not None:
        ax.add_collection(_boundary(Z, N, np.asarray(outline, dtype=bool)))
    _draw_magic_numbers(ax, Z, N)
    ax.set(xlabel="Neutron number N", ylabel="Proton number Z", aspect="equal")
    ax.use_sticky_edges = False  # else the outermost squares touch the axes
    ax.margins(0.03)
    ax.spines[["top", "right"]].set_visible(False)
    bar = ax.figure.colorbar(
        mesh, ax=ax, label=label, extend=_tips(values, low, high), shrink=0.85, pad=0.02
    )
    if scale == "log":
        _plain_ticks(bar)
    return mesh


def _dense(Z: IntArray, N: IntArray, values: FloatArray) -> FloatArray:
    """Lay values out on the rectangle (Z, N) that holds all nuclei; NaN elsewhere."""
    grid = np.full((np.ptp(Z) + 1, np.ptp(N) + 1), np.nan)
    grid[Z - Z.min(), N - N.min()] = values
    return grid


def _limits(
    values: FloatArray, vmin: float | None, vmax: float | None, centre: float | None
) -> tuple[float, float]:
    """Find the ends of the colour scale, never the same."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        finite = np.ones(1)
    if centre is not None:
        half = np.abs(finite - centre).max() if vmax is None else vmax - centre
        vmin, vmax = centre - half, centre + half
    low = float(finite.min() if vmin is None else vmin)
    high = float(finite.max() if vmax is None else vmax)
    margin = 0.0 if high > low else abs(low) / 2 or 0.5
    return low - margin, high + margin


def _tips(values: FloatArray, low: float, high: float) -> Literal["neither", "min", "max", "both"]:
    """Which ends of the colour bar stand for more than themselves."""
    below, above = bool((values < low).any()), bool((values > high).any())
    if below and above:
        return "both"
    return "min" if below else "max" if above else "neither"


def _plain_ticks(bar: Colorbar) -> None:
    """Write 0.5, 1, 2 instead of powers of ten, of which the scale may hold only one."""
    bar.set_ticks(LogLocator(subs=(1, 2, 5)), minor=False)
    bar.formatter = FormatStrFormatter("%g")
    bar.minorticks_off()


def _boundary(Z: IntArray, N: IntArray, marked: npt.NDArray[np.bool]) -> LineCollection:
    """Line between the marked nuclei and everything else."""
    padded = np.pad(_dense(Z, N, marked.astype(np.float64)) == 1, 1)
    # Array row i + 1 is Z.min() + i, so the edge below row i + 1 lies at Z.min() + i - 0.5.
    z, n = np.nonzero(padded[1:] != padded[:-1])
    z, n = z + Z.min() - 0.5, n + N.min() - 1.5
    level = np.stack([np.column_stack([n, z]), np.column_stack([n + 1, z])], axis=1)
    z, n = np.nonzero(padded[:, 1:] != padded[:, :-1])
    z, n = z + Z.min() - 1.5, n + N.min() - 0.5
    upright = np.stack([np.column_stack([n, z]), np.column_stack([n, z + 1])], axis=1)
    halo = withStroke(linewidth=1.2, foreground="white")  # black alone is lost on dark squares
    return LineCollection([*level, *upright], colors="black", linewidths=0.4, path_effects=[halo])


def _draw_magic_numbers(ax: Axes, protons: IntArray, neutrons: IntArray) -> None:
    """Frame the magic chains with thin lines that end in a label, off the nuclei."""
    lines = partial(LineCollection, colors="0.35", linewidths=0.5)
    for magic in MAGIC_NUMBERS:
        sides = magic - 0.5, magic + 0.5
        if (chain := neutrons[protons == magic]).size:
            first, last = chain.min() - 0.5, chain.max() + _OVERHANG
            ax.add_collection(lines([[(first, z), (last, z)] for z in sides]))
            ax.text(last + _LABEL_GAP, magic, f"Z={magic}", va="center", fontsize=7)
        if (chain := protons[neutrons == magic]).size:
            first, last = chain.min() - 0.5, chain.max() + _OVERHANG
            ax.add_collection(lines([[(n, first), (n, last)] for n in sides]))
            ax.text(magic, last + _LABEL_GAP, f"N={magic}", ha="center", fontsize=7)
