"""``predictions.csv``: one row per nucleus."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.nuclides import nuclide_index, symbol

__all__ = ["prediction_table"]


_COLUMNS = ["mass_excess", "mass_excess_uncertainty"]


def prediction_table(
    summary: xr.Dataset,
    measured: pd.DataFrame | None = None,
    extrapolated: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Lay out predictions row by row.

    Parameters
    ----------
    summary : Dataset
        See `bmm.prediction.predictive.Prediction`.
    measured : DataFrame, optional
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    extrapolated : DataFrame, optional
        The evaluators' estimates, likewise; see `bmm.data.load_measured`.

    Returns
    -------
    DataFrame
        Columns Z, N, A, symbol; mass_excess and mass_excess_sd, as measured, and as predicted
        where there is no measurement; measured and measured_uncertainty (NaN where unmeasured);
        extrapolated and extrapolated_uncertainty (NaN where there is no estimate);
        mean, median, sd, lower_68, upper_68, lower_95 and upper_95 of the prediction, all mass
        excess in MeV; and weight_<model> for every model.  What a mixture of corrected models
        predicts of a measured nucleus leaves its own mass out.

    Examples
    --------
    With `tree`, `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.workflows.prediction_table import prediction_table
    >>> table = prediction_table(bmm.predict(tree, "Sn-132", measured).summary, measured)
    >>> len(table)
    1
    """
    index = nuclide_index(summary)
    Z = index.get_level_values("Z").to_numpy()
    N = index.get_level_values("N").to_numpy()
    columns = {"Z": Z, "N": N, "A": Z + N, "symbol": [symbol(int(z)) for z in Z]}
    mass, uncertainty = _values(measured, index)
    columns["mass_excess"] = np.where(np.isfinite(mass), mass, summary["mean"].to_numpy())
    columns["mass_excess_sd"] = np.where(np.isfinite(mass), uncertainty, summary["sd"].to_numpy())
    columns["measured"], columns["measured_uncertainty"] = mass, uncertainty
    columns["extrapolated"], columns["extrapolated_uncertainty"] = _values(extrapolated, index)
    for name in ("mean", "median", "sd", "lower_68", "upper_68", "lower_95", "upper_95"):
        columns[name] = summary[name].to_numpy()
    for model in summary["theory"].to_numpy():
        columns[f"weight_{model}"] = summary["weight"].sel(theory=model).to_numpy()
    return pd.DataFrame(columns)


def _values(masses: pd.DataFrame | None, index: pd.MultiIndex) -> tuple[FloatArray, FloatArray]:
    """Mass excesses and uncertainties at some nuclei, MeV; NaN where there are none."""
    none = pd.DataFrame(columns=_COLUMNS, dtype=float)
    found = (none if masses is None else masses).reindex(index)
    mass, uncertainty = (found[name].to_numpy(dtype=np.float64) for name in _COLUMNS)
    return mass, uncertainty
