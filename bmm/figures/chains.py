"""Isotopic chains: separation energies and existence out to the drip line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bmm.distributions import summarise_draws
from bmm.nuclides import symbol
from bmm.prediction.derived import derive
from bmm.prediction.existence import existence

__all__ = ["chain_figure"]

_BANDS = {"95": "0.86", "68": "0.7"}
_EVEN, _ODD = "#0072b2", "#d55e00"


def chain_figure(surfaces: xr.DataArray, elements: Sequence[int], measured: pd.Index) -> Figure:
    """Two-neutron separation energies and probabilities of existence along isotopic chains.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.
    elements : sequence of int
        Proton numbers, one column each.
    measured : Index (Z, N)
        Nuclei whose masses are measured: where both masses of a separation energy are, it is drawn
        as a point.
    """
    figure = Figure(figsize=(3.3 * len(elements), 4.6), layout="constrained")
    axes = figure.subplots(2, len(elements), squeeze=False, sharex="col", height_ratios=(2, 1))
    for column, Z in zip(axes.T, elements, strict=True):
        chain = surfaces.isel(nucleus=surfaces["Z"].to_numpy() == Z)
        # One more element on either side, for the protons' separation energies.
        around = np.abs(surfaces["Z"].to_numpy() - Z) <= 2
        _draw_energies(column[0], chain, Z, measured)
        _draw_existence(column[1], surfaces.isel(nucleus=around), Z)
    axes[0, 0].set_ylabel("$S_{2n}$ (MeV)")
    axes[1, 0].set_ylabel("Probability of existence")
    axes[0, 0].legend(frameon=False, fontsize=7)
    axes[1, 0].legend(frameon=False, fontsize=7)
    return figure


def _draw_energies(ax: Axes, chain: xr.DataArray, Z: int, measured: pd.Index) -> None:
    energy = derive(chain, "S_2n")
    known = np.isfinite(energy.transpose("draw", "nucleus").to_numpy()).all(axis=0)
    found = summarise_draws(energy.isel(nucleus=known))
    N, middle = found["N"].to_numpy(), found["median"].to_numpy()
    for percent, colour in _BANDS.items():
        lower, upper = (found[f"{side}_{percent}"].to_numpy() for side in ("lower", "upper"))
        ax.fill_between(N, lower, upper, color=colour, linewidth=0, label=f"{percent} % interval")
    ax.plot(N, middle, color="0.2", linewidth=0.8)
    both = np.array([(Z, n) in measured and (Z, n - 2) in measured for n in N], dtype=bool)
    ax.plot(N[both], middle[both], ".", color="black", markersize=3, label="measured")
    ax.axhline(0, color="0.5", linewidth=0.6)
    ax.set_title(f"{symbol(Z)} (Z = {Z})", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_existence(ax: Axes, around: xr.DataArray, Z: int) -> None:
    share = existence(around)
    share = share.isel(nucleus=share["Z"].to_numpy() == Z)
    N, values = share["N"].to_numpy(), share.to_numpy()
    for parity, colour, name in ((0, _EVEN, "even N"), (1, _ODD, "odd N")):
        chosen = (parity == N % 2) & np.isfinite(values)
        ax.plot(N[chosen], values[chosen], ".-", color=colour, markersize=3, linewidth=0.8,
                label=name)  # fmt: skip
    ax.set(xlabel="Neutron number N", ylim=(-0.03, 1.03))
    ax.spines[["top", "right"]].set_visible(False)
