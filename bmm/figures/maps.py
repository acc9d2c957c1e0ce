"""The mixture on the chart of nuclides: weights, residuals, uncertainty."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from bmm.errors import ConfigError
from bmm.figures.chart import nuclide_chart
from bmm.nuclides import nuclide_index

__all__ = ["residual_map", "uncertainty_map", "weight_map"]

SIZE = (7.0, 4.2)
"""Width and height in inches; the width is that of a page with two columns."""

_CLIP = 98


def weight_map(summary: xr.Dataset, model: str, measured: pd.DataFrame | None = None) -> Figure:
    """Posterior mean weight of one model on the chart; grey where it does not cover the nucleus.

    Parameters
    ----------
    summary : Dataset (nucleus, theory)
        With the variable weight and coordinates Z and N.
    model : str
        One of its models.
    measured : DataFrame, optional
        Indexed (Z, N); its nuclei are outlined.

    Raises
    ------
    ConfigError
        If the mixture has no such model.
    """
    models = [str(name) for name in summary["theory"].to_numpy()]
    if model not in models:
        raise ConfigError(
            f"no model {model!r} in the mixture; expected one of {', '.join(models)}."
        )
    weight = summary["weight"].sel(theory=model).to_numpy()
    return _map(
        summary,
        np.where(weight > 0, weight, np.nan),
        label=f"Weight of {model}",
        vmin=0.0,
        vmax=1.0,
        outline=_measured(summary, measured),
    )


def residual_map(summary: xr.Dataset, measured: pd.DataFrame) -> Figure:
    """Posterior mean minus measured mass excess on the chart, of the measured nuclei.

    The colour scale is symmetric and saturates at the 98th percentile of the size.

    Parameters
    ----------
    summary : Dataset (nucleus, ...)
        With the variable mean (MeV) and coordinates Z and N.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.
    """
    index = _index(summary)
    known = index.isin(measured.index)
    part = summary.isel(nucleus=known)
    observed = measured.loc[index[known], "mass_excess"].to_numpy(dtype=np.float64)
    residual = part["mean"].to_numpy() - observed
    size = np.abs(residual[np.isfinite(residual)])
    return _map(
        part,
        residual,
        label="Predicted minus measured mass excess (MeV)",
        cmap="RdBu_r",
        centre=0.0,
        vmax=float(np.percentile(size, _CLIP)) if size.size else None,
    )


def uncertainty_map(summary: xr.Dataset, measured: pd.DataFrame | None = None) -> Figure:
    """Posterior predictive standard deviation on the chart.

    The colour scale is logarithmic and saturates at the 98th percentile.

    Parameters
    ----------
    summary : Dataset (nucleus, ...)
        With the variable sd (MeV) and coordinates Z and N.
    measured : DataFrame, optional
        Indexed (Z, N); its nuclei are outlined.
    """
    sd = summary["sd"].to_numpy()
    finite = sd[np.isfinite(sd)]
    return _map(
        summary,
        sd,
        label="Standard deviation of the mass excess (MeV)",
        cmap="cividis",
        scale="log",
        vmax=float(np.percentile(finite, _CLIP)) if finite.size else None,
        outline=_measured(summary, measured),
    )


def _map(
    summary: xr.Dataset,
    values: npt.NDArray[np.float64],
    *,
    label: str,
    cmap: str = "viridis",
    vmin: float | None = None,
    vmax: float | None = None,
    centre: float | None = None,
    scale: Literal["linear", "log"] = "linear",
    outline: npt.NDArray[np.bool] | None = None,
) -> Figure:
    figure = Figure(figsize=SIZE, layout="constrained")
    nuclide_chart(
        figure.add_subplot(),
        summary["Z"].to_numpy(),
        summary["N"].to_numpy(),
        values,
        label=label,
        cmap=cmap,
        vmin=vmin,
        vmax=vmax,
        centre=centre,
        scale=scale,
        outline=outline,
    )
    return figure


def _index(summary: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(summary)


def _measured(summary: xr.Dataset, measured: pd.DataFrame | None) -> npt.NDArray[np.bool] | None:
    return None if measured is None else _index(summary).isin(measured.index)
