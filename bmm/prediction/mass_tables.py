"""Mass surfaces as tables: what r-process codes read, and what follows from the masses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions import summarise_draws
from bmm.nuclides import symbol
from bmm.prediction.derived import QUANTITIES, derive
from bmm.prediction.existence import existence

__all__ = ["derived_quantities", "mass_table", "surface_table"]


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
        Z, N, A, symbol, measured (0 or 1); mean, median, sd, lower_68, upper_68, lower_95 and
        upper_95 of the mass excess, MeV; and existence, the probability that it is bound against
        the emission of nucleons; empty where that cannot be said.
    """
    frame = _nuclei(surfaces)
    at = pd.MultiIndex.from_frame(frame[["Z", "N"]])
    frame["measured"] = at.isin(measured).astype(int)
    frame = frame.assign(**_summary(surfaces))
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
        had: Z, N, A, symbol, quantity, and mean, median, sd, lower_68, upper_68, lower_95 and
        upper_95, MeV.
    """
    parts = []
    for name in QUANTITIES:
        values = derive(surfaces, name)
        values = values.isel(nucleus=np.isfinite(values.to_numpy()).all(axis=0))
        parts.append(_nuclei(values).assign(quantity=name, **_summary(values)))
    return pd.concat(parts, ignore_index=True)


def surface_table(surfaces: xr.DataArray) -> pd.DataFrame:
    """Lay out whole surfaces: Z, N, A and the mass excess on each, surface_1 and so on, MeV.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.
    """
    values = surfaces.transpose("nucleus", "draw").to_numpy()
    names = [f"surface_{i + 1}" for i in range(values.shape[1])]
    drawn = pd.DataFrame(values, columns=names)
    return pd.concat([_nuclei(surfaces).drop(columns="symbol"), drawn], axis=1)


def _nuclei(surfaces: xr.DataArray) -> pd.DataFrame:
    Z, N = surfaces["Z"].to_numpy(), surfaces["N"].to_numpy()
    return pd.DataFrame({"Z": Z, "N": N, "A": Z + N, "symbol": [symbol(int(z)) for z in Z]})


def _summary(draws: xr.DataArray) -> dict[str, FloatArray]:
    return {str(name): each.to_numpy() for name, each in summarise_draws(draws).items()}
