"""Isotopic chains: separation energies and existence out to the drip line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bmm.distributions import summarise_draws
from bmm.errors import DataError
from bmm.figures.axes import CHAIN, given_or_new
from bmm.figures.isotopes import draw_models
from bmm.nuclides import nuclide_index, proton_number, symbol
from bmm.prediction.derived import QUANTITIES, derive
from bmm.prediction.existence import existence

__all__ = ["chain_figure", "plot_chain"]

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
        # One more element on either side, for the protons' separation energies.
        around = np.abs(surfaces["Z"].to_numpy() - Z) <= 2
        plot_chain(surfaces, Z, measured=measured, ax=column[0])
        column[0].set(xlabel="", ylabel="")
        _draw_existence(column[1], surfaces.isel(nucleus=around), Z)
    axes[0, 0].set_ylabel("$S_{2n}$ (MeV)")
    axes[1, 0].set_ylabel("Probability of existence")
    axes[0, 0].legend(frameon=False, fontsize=7)
    axes[1, 0].legend(frameon=False, fontsize=7)
    return figure


def plot_chain(
    draws: xr.DataArray,
    element: int | str,
    quantity: str = "S_2n",
    *,
    measured: pd.Index | None = None,
    theory: xr.Dataset | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a quantity along an isotopic chain: its median and intervals of 68 and 95 %.

    Parameters
    ----------
    draws : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV, with coordinates Z and N; see `bmm.Forecast.draws`.
    element : int or str
        Proton number or symbol.
    quantity : str, default "S_2n"
        Key of `bmm.prediction.derived.QUANTITIES`, or "mass_excess".
    measured : Index (Z, N), optional
        Nuclei whose masses are measured: where all masses of the quantity are, it is drawn as a
        point.
    theory : Dataset (nucleus, theory), optional
        Masses of single models, drawn as thin lines.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Raises
    ------
    ConfigError
        If there is no such quantity.
    DomainError
        If there is no such element.
    DataError
        If no nucleus of the element is among the draws.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> import bmm
    >>> drawn = bmm.forecast(mixture, measured).draws(100)
    >>> ax = bmm.plot_chain(drawn, "Sn", "S_2n")
    >>> ax.get_xlabel()
    'Neutron number N'
    """
    Z = proton_number(element) if isinstance(element, str) else element
    found = _quantity(draws, quantity)
    found = found.isel(nucleus=found["Z"].to_numpy() == Z).sortby("N")
    if not found.sizes["nucleus"]:
        raise DataError(f"no nucleus of {symbol(Z)} is among the draws")
    known = np.isfinite(found.transpose("draw", "nucleus").to_numpy()).all(axis=0)
    summary = summarise_draws(found.isel(nucleus=known))
    N, middle = summary["N"].to_numpy(), summary["median"].to_numpy()
    ax = given_or_new(ax, CHAIN)
    for percent, colour in _BANDS.items():
        lower, upper = (summary[f"{side}_{percent}"].to_numpy() for side in ("lower", "upper"))
        ax.fill_between(N, lower, upper, color=colour, linewidth=0, label=f"{percent} % interval")
    ax.plot(N, middle, color="0.2", linewidth=0.8, label="median")
    if theory is not None:
        alone = _quantity(theory["mass_excess"].transpose("theory", "nucleus"), quantity)
        draw_models(ax, alone.isel(nucleus=alone["Z"].to_numpy() == Z))
    if measured is not None:
        at = np.isin(N, N[_all_measured(Z, N, quantity, measured)])
        ax.plot(N[at], middle[at], ".", color="black", markersize=3, label="measured")
    if quantity != "mass_excess":
        ax.axhline(0, color="0.5", linewidth=0.6)
    ax.set_title(f"{symbol(Z)} (Z = {Z})", fontsize=9)
    ax.set(xlabel="Neutron number N", ylabel=_LABELS.get(quantity, f"{quantity} (MeV)"))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


_LABELS = {"S_2n": "$S_{2n}$ (MeV)", "mass_excess": "Mass excess (MeV)"}


def _quantity(masses: xr.DataArray, quantity: str) -> xr.DataArray:
    return masses if quantity == "mass_excess" else derive(masses, quantity)


def _all_measured(
    Z: int, N: npt.NDArray[np.int64], quantity: str, measured: pd.Index
) -> npt.NDArray[np.bool]:
    """Whether all masses that the quantity is made of are measured."""
    here = nuclide_index(np.full(len(N), Z), N)
    if quantity == "mass_excess":
        return np.asarray(here.isin(measured))
    terms = QUANTITIES[quantity].terms
    return np.all(
        [nuclide_index(Z + dZ + 0 * N, N + dN).isin(measured) for dZ, dN, _ in terms], axis=0
    )


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
