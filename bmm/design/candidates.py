"""Nuclei that could be measured next."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.design.selection import chosen_nuclei
from bmm.errors import DomainError
from bmm.nuclides import labels, nuclide_index
from bmm.prediction.existence import bound
from bmm.theory.adapters import numbers

__all__ = ["NEIGHBOURS", "find_candidates", "mean_surface"]

NEIGHBOURS = "neighbours"
"""Name of the default: unmeasured nuclei one step in Z or N from a measured one."""


def find_candidates(selection: str, theory: xr.Dataset, measured: pd.DataFrame) -> pd.MultiIndex:
    """Find the unmeasured nuclei that a text selects.

    Parameters
    ----------
    selection : str
        `NEIGHBOURS`: nuclei one nucleon away from a measured one, and bound in the mean of the
        corrected models; or nuclei as `bmm.design.selection.chosen_nuclei` reads them.
    theory : Dataset
        What the models say, corrected or not; see `bmm.theory.adapters.prediction`.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.

    Returns
    -------
    MultiIndex (Z, N)
        Sorted; each covered by at least one model.

    Raises
    ------
    DomainError
        If none is left.
    """
    covered = np.isfinite(theory["mass_excess"].transpose("nucleus", "theory").to_numpy()).any(
        axis=1
    )
    chart = nuclide_index(theory["Z"].to_numpy()[covered], theory["N"].to_numpy()[covered])
    if selection == NEIGHBOURS:
        found = _neighbours(measured.index).intersection(chart)
        surface = mean_surface(theory, measured)
        held = surface.isel(nucleus=bound(surface).to_numpy()[0] == 1)
        found = found.intersection(nuclide_index(held["Z"].to_numpy(), held["N"].to_numpy()))
    else:
        every = nuclide_index(*numbers(measured.index.union(chart).sort_values()))
        found = chosen_nuclei(selection, every, "candidates")
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


def mean_surface(theory: xr.Dataset, measured: pd.DataFrame) -> xr.DataArray:
    """Mean mass excess of the corrected models, measured where it is; (draw=1, nucleus), MeV."""
    mean = theory["mass_excess"].mean("theory", skipna=True).to_numpy()
    index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    masses = pd.Series(mean, index=index).dropna()
    every = measured["mass_excess"].combine_first(masses).sort_index()
    Z, N = numbers(every.index)
    return xr.DataArray(
        every.to_numpy(dtype=np.float64)[None],
        dims=("draw", "nucleus"),
        coords={
            "nucleus": labels(Z.tolist(), N.tolist()),
            "Z": ("nucleus", Z),
            "N": ("nucleus", N),
        },
    )
