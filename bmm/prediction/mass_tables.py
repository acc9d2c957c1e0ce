"""Mass surfaces as tables: what r-process codes read, and what follows from the masses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.nuclides import symbol
from bmm.prediction.derived import QUANTITIES, derive
from bmm.prediction.existence import existence

__all__ = ["derived_quantities", "mass_table", "surface_table"]

_QUANTILES = {"median": 0.5, "lower_68": 0.16, "upper_68": 0.84, "lower_95": 0.025,
              "upper_95": 0.975}  # fmt: skip


def mass_table(surfaces: xr.DataArray, measured: pd.Index) -> pd.DataFrame:
    """Masses with their uncertainties, one row for each nucleus.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV; see `bmm.prediction.joint_draws.sample_surfaces`.
    measured : Index (Z, N)
        Nuclei whose masses are measured.

    Returns
    -------
    DataFrame
        Z, N, A, symbol, measured (0 or 1), mass_excess_MeV (mean), sd_MeV, median_MeV,
        lower_68_MeV, upper_68_MeV, lower_95_MeV, upper_95_MeV, and existence, the probability that
        it is bound against the emission of nucleons; empty where that cannot be said.
    """
    frame = _nuclei(surfaces)
    at = pd.MultiIndex.from_frame(frame[["Z", "N"]])
    frame["measured"] = at.isin(measured).astype(int)
    statistics = _statistics(surfaces)
    frame["mass_excess_MeV"] = statistics.pop("mean")
    frame = frame.assign(**{f"{name}_MeV": values for name, values in statistics.items()})
    return frame.assign(existence=existence(surfaces).to_numpy())


def derived_quantities(surfaces: xr.DataArray) -> pd.DataFrame:
    """Separation energies, Q values and gaps with their uncertainties.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.

    Returns
    -------
    DataFrame
        One row for each nucleus and quantity of `bmm.prediction.derived.QUANTITIES` that can be
        had: Z, N, A, symbol, quantity, mean_MeV, sd_MeV, median_MeV, lower_68_MeV and so on.
    """
    parts = []
    for name in QUANTITIES:
        values = derive(surfaces, name)
        values = values.isel(nucleus=np.isfinite(values.to_numpy()).all(axis=0))
        statistics = {f"{key}_MeV": each for key, each in _statistics(values).items()}
        parts.append(_nuclei(values).assign(quantity=name, **statistics))
    return pd.concat(parts, ignore_index=True)


def surface_table(surfaces: xr.DataArray) -> pd.DataFrame:
    """Lay out whole surfaces: Z, N, A and the mass excess in MeV on each, surface_1_MeV and so on.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.
    """
    values = surfaces.transpose("nucleus", "draw").to_numpy()
    names = [f"surface_{i + 1}_MeV" for i in range(values.shape[1])]
    drawn = pd.DataFrame(values, columns=names)
    return pd.concat([_nuclei(surfaces).drop(columns="symbol"), drawn], axis=1)


def _nuclei(surfaces: xr.DataArray) -> pd.DataFrame:
    Z, N = surfaces["Z"].to_numpy(), surfaces["N"].to_numpy()
    return pd.DataFrame({"Z": Z, "N": N, "A": Z + N, "symbol": [symbol(int(z)) for z in Z]})


def _statistics(draws: xr.DataArray) -> dict[str, np.ndarray]:
    """Mean, standard deviation and quantiles over the draws, each (nucleus,), MeV."""
    values = draws.transpose("draw", "nucleus").to_numpy()
    quantiles = np.quantile(values, list(_QUANTILES.values()), axis=0)
    found = {"mean": values.mean(axis=0), "sd": values.std(axis=0, ddof=1)}
    return found | dict(zip(_QUANTILES, quantiles, strict=True))
