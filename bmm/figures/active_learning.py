"""Active learning in pictures: where points were computed, and what it brought."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from bmm.emulation.energy_surface import Surface
from bmm.emulation.loop import State

__all__ = ["error_figure", "rounds_figure"]

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_PANELS = 6


def rounds_figure(
    surface: Surface, state: State, matter: npt.NDArray[np.bool] | None = None
) -> Figure:
    """Error of the emulator on the surface after up to six rounds, with the points computed so far.

    Points chosen in the latest round shown are filled.

    Parameters
    ----------
    surface : Surface
        Two-dimensional, on a grid.
    state : State
        Of a loop.
    matter : bool array (n,), optional
        Points whose energy matters; errors are drawn there only.

    Raises
    ------
    DataError
        If the surface is not two-dimensional or not on a grid.

    Examples
    --------
    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> from bmm.emulation.loop import LoopSettings, run_loop
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> from bmm.figures.active_learning import rounds_figure
    >>> surface, settings = analytic_surface(10, 10), LoopSettings(start=10, budget=10, marks=())
    >>> state = run_loop(surface, ProcessLearner(kernels=("matern-5/2",)), settings, seed=1)
    >>> rounds_figure(surface, state).axes[0].get_xlabel()
    'q'
    """
    rows, columns = surface.cells()
    shape = surface.lattice().shape
    shown = np.unique(np.linspace(0, len(state.rounds) - 1, _PANELS).round().astype(int))
    ticks = [np.unique(each + 0.0) for each in surface.points.T]
    height = 1.9 * -(-len(shown) // 2) + 0.5
    figure = Figure(figsize=(7.0, height), layout="constrained")
    panels = figure.subplots(-(-len(shown) // 2), 2, sharex=True, sharey=True, squeeze=False)
    image = None
    before = 0
    for ax, turn in zip(panels.flat, shown, strict=False):
        error = np.abs(state.means[turn] - surface.energy)
        error = error if matter is None else np.where(matter, error, np.nan)
        grid = np.full(shape, np.nan)
        grid[rows, columns] = error
        image = ax.pcolormesh(
            *ticks, grid.T, shading="nearest", cmap="magma_r", norm="log", vmin=0.01, vmax=10.0,
            rasterized=True,
        )  # fmt: skip
        count = state.rounds[turn].points
        old, new = state.computed[:before], state.computed[before:count]
        ax.plot(*surface.points[old].T, "o", color="0.3", markersize=2, fillstyle="none", mew=0.4)
        ax.plot(*surface.points[new].T, "o", color="#0072b2", markersize=2)
        ax.set_title(
            f"{count} points, rmse {1000 * state.rounds[turn].rmse:.0f} keV", fontsize=8, loc="left"
        )
        before = count
    for ax in panels.flat[len(shown) :]:
        ax.set_axis_off()
    for ax in panels[-1]:
        ax.set_xlabel(surface.axes[0])
    for ax in panels[:, 0]:
        ax.set_ylabel(surface.axes[1])
    if image is not None:
        figure.colorbar(image, ax=panels, label="Error of the emulator (MeV)", shrink=0.8)
    return figure


def error_figure(summary: pd.DataFrame) -> Figure:
    """Error against the number of computed points; bands hold 68 % of the seeds.

    Parameters
    ----------
    summary : DataFrame
        From `bmm.emulation.experiments.summarise`.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.emulation.experiments import summarise
    >>> from bmm.figures.active_learning import error_figure
    >>> rounds = {"loop": "gp", "points": [40, 80], "rmse_left": 0.9, "rmse_smooth": 0.5}
    >>> tables = [
    ...     pd.DataFrame(rounds | {"seed": seed, "rmse": [1.0, 0.5 * seed]}) for seed in (1, 2, 3)
    ... ]
    >>> figure = error_figure(summarise(tables))
    >>> len(figure.axes[0].lines)
    1
    """
    figure = Figure(figsize=(4.5, 3.5), layout="constrained")
    ax = figure.add_subplot()
    for k, (label, group) in enumerate(summary.groupby("loop", sort=False)):
        colour = _COLOURS[k % len(_COLOURS)]
        ax.plot(
            group["points"], 1000 * group["rmse_median"], "o-", color=colour, markersize=3,
            linewidth=1.2, label=str(label),
        )  # fmt: skip
        if (group["seeds"] > 1).any():
            lower, upper = 1000 * group["rmse_lower"], 1000 * group["rmse_upper"]
            ax.fill_between(group["points"], lower, upper, color=colour, alpha=0.15, linewidth=0)
    ax.set(xlabel="Computed points", ylabel="rmse (keV)", xscale="log", yscale="log")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return figure
