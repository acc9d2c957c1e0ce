"""Isotopic chains with their uncertainty, the single models behind, existence below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bmm.figures.palette import model_styles
from bmm.nuclides import nuclide_index, symbol
from bmm.prediction.derived import derive

__all__ = ["draw_models", "isotope_figure"]

# The widest first, for the others lie on it.
_BANDS = {"99.7": "#e3ecf4", "95": "#c0d5e8", "68": "#8fb6d9"}
_EVEN, _ODD = "#0072b2", "#d55e00"


def isotope_figure(
    separations: pd.DataFrame,
    theory: xr.Dataset,
    elements: Sequence[int],
    measured: pd.Index,
) -> Figure:
    """Two-neutron separation energies and probabilities of existence along isotopic chains.

    Parameters
    ----------
    separations : DataFrame
        See `bmm.prediction.forecast.Forecast.derived_table`.
    theory : Dataset (nucleus, theory)
        Masses of the single models, MeV, with coordinates Z and N.
    elements : sequence of int
        Proton numbers, one column each.
    measured : Index (Z, N)
        Nuclei whose masses are measured: where both masses of a separation energy are, it is drawn
        as a point.
    """
    figure = Figure(figsize=(0.6 + 3.1 * len(elements), 5.0), layout="constrained")
    axes = figure.subplots(2, len(elements), squeeze=False, sharex="col", height_ratios=(5, 2))
    for column, Z in zip(axes.T, elements, strict=True):
        chain = separations[separations["Z"] == Z].sort_values("N")
        alone = theory["mass_excess"].isel(nucleus=theory["Z"].to_numpy() == Z)
        _draw_energies(column[0], chain, measured)
        draw_models(column[0], derive(alone.transpose("theory", "nucleus"), "S_2n"))
        column[0].set_title(f"{symbol(Z)} (Z = {Z})", fontsize=10)
        _draw_existence(column[1], chain)
    axes[0, 0].set_ylabel("$S_{2n}$ (MeV)")
    axes[1, 0].set_ylabel("Probability\nof existence")
    axes[1, 0].legend(frameon=False, fontsize=7)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", frameon=False, fontsize=8, ncols=5)
    return figure


def _draw_energies(ax: Axes, chain: pd.DataFrame, measured: pd.Index) -> None:
    known = chain[np.isfinite(chain["S_2n_median"])]
    N, middle = known["N"].to_numpy(), known["S_2n_median"].to_numpy()
    for percent, colour in _BANDS.items():
        lower, upper = (known[f"S_2n_{side}_{percent}"] for side in ("lower", "upper"))
        ax.fill_between(N, lower, upper, color=colour, linewidth=0, label=f"{percent} %")
    ax.plot(N, middle, color="black", linewidth=1.2, label="median", zorder=4)
    at = nuclide_index(known)
    both = at.isin(measured) & nuclide_index(known["Z"], known["N"] - 2).isin(measured)
    ax.plot(
        N[both], middle[both], "o", color="black", markersize=2.6, label="measured", zorder=5,
        linestyle="none",
    )  # fmt: skip
    ax.axhline(0, color="0.4", linewidth=0.6)
    if len(known):
        low, high = (known[f"S_2n_{side}_95"] for side in ("lower", "upper"))
        ax.set_ylim(min(-1.0, float(low.min())), float(high.max()) + 1)
    ax.spines[["top", "right"]].set_visible(False)


def draw_models(ax: Axes, alone: xr.DataArray) -> None:
    """Draw a quantity of single models (theory, nucleus) against N, as thin lines.

    Examples
    --------
    With `theory` of the example of `bmm.fit`, mass excesses of tin:

    >>> from bmm.figures.axes import new_axes
    >>> from bmm.figures.isotopes import draw_models
    >>> ax = new_axes((4.0, 3.0))
    >>> tin = theory.assign_coords(N=theory["N"]).where(theory["Z"] == 50, drop=True)
    >>> draw_models(ax, tin["mass_excess"])
    >>> len(ax.lines)
    2
    """
    order = np.argsort(alone["N"].to_numpy())
    N = alone["N"].to_numpy()[order]
    styles = model_styles(alone.sizes["theory"])
    for k, (colour, dash) in enumerate(styles):
        values = alone.transpose("theory", "nucleus").to_numpy()[k, order]
        if np.isfinite(values).any():
            ax.plot(N, values, color=colour, linestyle=dash, linewidth=0.7, alpha=0.9, zorder=1.5,
                    label=str(alone["theory"].to_numpy()[k]))  # fmt: skip


def _draw_existence(ax: Axes, chain: pd.DataFrame) -> None:
    N, share = chain["N"].to_numpy(), chain["existence"].to_numpy()
    for parity, colour, marker, name in ((0, _EVEN, "o", "even N"), (1, _ODD, "x", "odd N")):
        chosen = (parity == N % 2) & np.isfinite(share)
        ax.plot(N[chosen], share[chosen], marker=marker, color=colour, markersize=3,
                linewidth=0.8, label=name)  # fmt: skip
    ax.set(xlabel="Neutron number N", ylim=(-0.05, 1.05))
    ax.spines[["top", "right"]].set_visible(False)
