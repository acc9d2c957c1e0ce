"""Tabulated masses as a theory model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import xarray as xr

from bmm.theory.adapters import Domain, prediction

__all__ = ["TableModel"]


@dataclass(frozen=True)
class TableModel:
    """A table of masses; its authors have fitted it, so there is nothing left to learn.

    Parameters
    ----------
    name : str
        Name of the model and of its only component.
    masses : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV, and mass_excess_sd if the model states
        its own spread.
    domain : Domain
        Nuclei of the table to use.
    """

    name: str
    masses: pd.DataFrame
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def fit(self, training: pd.DataFrame) -> Self:
        """Return the table as it is; the training masses are not looked at."""
        return self

    def predict(self, nuclei: pd.MultiIndex) -> xr.Dataset:
        """Look nuclei up; see `bmm.theory.adapters.FittedTheory`."""
        found = self.masses["mass_excess"].reindex(nuclei).to_numpy(dtype=np.float64)
        masses = np.where(self.domain.covers(nuclei), found, np.nan)
        if "mass_excess_sd" not in self.masses:
            return prediction(nuclei, self.components, masses[:, None])
        sd = self.masses["mass_excess_sd"].reindex(nuclei).to_numpy(dtype=np.float64)
        return prediction(nuclei, self.components, masses[:, None], sd[:, None])
