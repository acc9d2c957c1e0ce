"""The mixture on the chart of nuclides: weights, residuals, uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from bmm.errors import ConfigError
from bmm.figures.axes import CHART, given_or_new
from bmm.figures.chart import nuclide_chart
from bmm.nuclides import nuclide_index

__all__ = ["plot_model_residuals", "plot_residuals", "plot_uncertainty", "plot_weights"]

_CLIP = 98


def plot_weights(
    summary: xr.Dataset,
    model: str,
    *,
    measured: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the posterior mean weight of one model on the chart; grey where it covers nothing.

    Parameters
    ----------
    summary : Dataset (nucleus, theory)
        With the variable weight and coordinates Z and N.
    model : str
        One of its models.
    measured : DataFrame, optional
        Indexed (Z, N); its nuclei are outlined.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Raises
    ------
    ConfigError
        If the mixture has no such model.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> import bmm
    >>> ax = bmm.plot_weights(bmm.predict(tree).summary, "HFB24")
    >>> ax.get_xlabel()
    'Neutron number N'
    """
    models = [str(name) for name in summary["theory"].to_numpy()]
    if model not in models:
        raise ConfigError(
            f"no model {model!r} in the mixture; expected one of {', '.join(models)}."
        )
    weight = summary["weight"].sel(theory=model).to_numpy()
    return _map(
        ax,
        summary,
        np.where(weight > 0, weight, np.nan),
        label=f"Weight of {model}",
        vmin=0.0,
        vmax=1.0,
        outline=_measured(summary, measured),
    )


def plot_residuals(summary: xr.Dataset, measured: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw posterior mean minus measured mass excess on the chart, of the measured nuclei.

    The colour scale is symmetric and saturates at the 98th percentile of the size.

    Parameters
    ----------
    summary : Dataset (nucleus, ...)
        With the variable mean (MeV) and coordinates Z and N.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Examples
    --------
    With `tree` and `measured` of the example of `bmm.fit`:

    >>> import bmm
    >>> ax = bmm.plot_residuals(bmm.predict(tree).summary, measured)
    >>> ax.get_ylabel()
    'Proton number Z'
    """
    index = _index(summary)
    known = index.isin(measured.index)
    part = summary.isel(nucleus=known)
    observed = measured.loc[index[known], "mass_excess"].to_numpy(dtype=np.float64)
    residual = part["mean"].to_numpy() - observed
    return _residuals(ax, part, residual, "Predicted minus measured mass excess (MeV)")


def plot_model_residuals(errors: pd.Series[float], name: str, *, ax: Axes | None = None) -> Axes:
    """Draw predicted minus measured mass excess of one model on the chart.

    The colour scale is that of `plot_residuals`.

    Parameters
    ----------
    errors : Series
        MeV, indexed (Z, N).
    name : str
        Of the model.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Examples
    --------
    With `measured` of the example of `bmm.fit`:

    >>> from bmm.figures.axes import new_axes
    >>> from bmm.figures.maps import plot_model_residuals
    >>> predicted = bmm.load_theory("DZ28")["mass_excess"].reindex(measured.index)
    >>> errors = predicted - measured["mass_excess"]
    >>> ax = plot_model_residuals(errors, "DZ28", ax=new_axes((4.0, 3.0)))
    >>> ax.get_xlabel()
    'Neutron number N'
    """
    Z, N = (errors.index.get_level_values(level).to_numpy() for level in "ZN")
    chart = xr.Dataset(coords={"Z": ("nucleus", Z), "N": ("nucleus", N)})
    residual = np.asarray(errors, dtype=np.float64)
    return _residuals(ax, chart, residual, f"{name} minus measured mass excess (MeV)")


def _residuals(
    ax: Axes | None, chart: xr.Dataset, residual: npt.NDArray[np.float64], label: str
) -> Axes:
    size = np.abs(residual[np.isfinite(residual)])
    return _map(
        ax,
        chart,
        residual,
        label=label,
        cmap="RdBu_r",
        centre=0.0,
        vmax=float(np.percentile(size, _CLIP)) if size.size else None,
    )


def plot_uncertainty(
    summary: xr.Dataset, *, measured: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the posterior predictive standard deviation on the chart.

    The colour scale is logarithmic and saturates at the 98th percentile.

    Parameters
    ----------
    summary : Dataset (nucleus, ...)
        With the variable sd (MeV) and coordinates Z and N.
    measured : DataFrame, optional
        Indexed (Z, N); its nuclei are outlined.
    ax : Axes, optional
        Where to draw; by default, in a new pyplot figure.

    Returns
    -------
    Axes

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> import bmm
    >>> ax = bmm.plot_uncertainty(bmm.predict(tree).summary)
    >>> ax.get_xlabel()
    'Neutron number N'
    """
    sd = summary["sd"].to_numpy()
    finite = sd[np.isfinite(sd)]
    return _map(
        ax,
        summary,
        sd,
        label="Standard deviation of the mass excess (MeV)",
        cmap="cividis",
        scale="log",
        vmax=float(np.percentile(finite, _CLIP)) if finite.size else None,
        outline=_measured(summary, measured),
    )


def _map(
    ax: Axes | None, summary: xr.Dataset, values: npt.NDArray[np.float64], **style: Any
) -> Axes:
    """Draw values of all nuclei; style as for `bmm.figures.chart.nuclide_chart`."""
    ax = given_or_new(ax, CHART)
    nuclide_chart(ax, summary["Z"].to_numpy(), summary["N"].to_numpy(), values, **style)
    return ax


def _index(summary: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(summary)


def _measured(summary: xr.Dataset, measured: pd.DataFrame | None) -> npt.NDArray[np.bool] | None:
    return None if measured is None else _index(summary).isin(measured.index)
