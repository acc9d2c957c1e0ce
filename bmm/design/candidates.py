"""Nuclei that could be measured next."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.design.selection import chosen_nuclei
from bmm.errors import DomainError
from bmm.nuclides import nuclide_index, numbers
from bmm.prediction.existence import bound
from bmm.prediction.forecast import Forecast

__all__ = ["NEIGHBOURS", "find_candidates"]

NEIGHBOURS = "neighbours"
"""Name of the default: unmeasured nuclei one step in Z or N from a measured one."""


def find_candidates(selection: str, forecast: Forecast) -> pd.MultiIndex:
    """Find the unmeasured nuclei that a text selects.

    Parameters
    ----------
    selection : str
        `NEIGHBOURS`: nuclei one nucleon away from a measured one, and bound if its mass is the
        mean of the forecast; or nuclei as `bmm.design.selection.chosen_nuclei` reads them.
    forecast : Forecast
        Of all masses.

    Returns
    -------
    MultiIndex (Z, N)
        Sorted; each covered by at least one model.

    Raises
    ------
    DomainError
        If none is left.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`:

    >>> from bmm.design.candidates import find_candidates
    >>> find_candidates("Sn-140 Sn-142", even).tolist()
    [(50, 90), (50, 92)]
    """
    measured = forecast.known_masses
    if selection == NEIGHBOURS:
        masses = forecast.masses()["mass_excess"].to_numpy()
        coords = {name: forecast.nuclei[name] for name in ("nucleus", "Z", "N")}
        surface = xr.DataArray(masses[None], dims=("draw", "nucleus"), coords=coords)
        held = bound(surface).to_numpy()[0] == 1
        found = _neighbours(measured.index).intersection(forecast.index[held])
    else:
        found = chosen_nuclei(selection, forecast.index, "candidates")
    found = found[~found.isin(measured.index)]
    if found.empty:
        raise DomainError(
            f"candidates {selection!r}: expected at least one unmeasured nucleus "
            "that a model covers, but all are measured"
        )
    return nuclide_index(*numbers(found.sort_values()))


def _neighbours(measured: pd.Index) -> pd.MultiIndex:
    Z, N = numbers(measured)
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    around = np.concatenate([np.stack([Z + dZ, N + dN], axis=1) for dZ, dN in steps])
    inside = np.unique(around[(around >= 0).all(axis=1)], axis=0)
    return pd.MultiIndex.from_arrays([inside[:, 0], inside[:, 1]], names=["Z", "N"])
