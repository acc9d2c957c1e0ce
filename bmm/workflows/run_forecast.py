"""What a run forecasts, as far as scoring needs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import xarray as xr

from bmm.data import load_measured
from bmm.distributions import StudentTMixture
from bmm.distributions.storage import from_dataset
from bmm.nuclides import nuclide_index
from bmm.workflows.folder import RunFolder
from bmm.workflows.separations import JointDraws

__all__ = ["RunForecast", "read_forecast"]


@dataclass(frozen=True, eq=False)
class RunForecast:
    """Predictive distributions of the masses of a run's chart.

    Parameters
    ----------
    folder : RunFolder
        Of the run.
    name : str
        Of its configuration.
    evaluation : str
        Shipped evaluation that its masses are from.
    index : MultiIndex (Z, N)
        Nuclei of the chart.
    distribution : StudentTMixture
        Of their mass excess, MeV.
    measured_noise : bool
        Whether a measurement's uncertainty is to be added to it.
    chart : Dataset
        What its models say of the chart.
    fitted : MultiIndex (Z, N)
        Nuclei that it has learnt from.
    """

    folder: RunFolder
    name: str
    evaluation: str
    index: pd.MultiIndex
    distribution: StudentTMixture
    measured_noise: bool
    chart: xr.Dataset
    fitted: pd.MultiIndex

    @cached_property
    def _known(self) -> pd.Index:
        """Nuclei that joint draws take from their measurement."""
        return load_measured(self.evaluation).index

    def joint_draws(self, nuclei: pd.Index, count: int, seed: int) -> xr.DataArray | None:
        """Draw nuclei jointly, by the residual fields that the run's report has learnt.

        Returns
        -------
        DataArray (draw, nucleus) or None
            Mass excess, MeV; None if there is no report yet, or a nucleus is measured.
        """
        if not self.folder.holds(self.folder.fields) or nuclei.isin(self._known).any():
            return None
        drawn = JointDraws.of(self.folder.path).surfaces(count, seed)
        at = nuclide_index(drawn["Z"].to_numpy(), drawn["N"].to_numpy())
        return drawn.isel(nucleus=at.get_indexer(nuclei))


def read_forecast(run: Path) -> RunForecast:
    """Read the forecast of a complete run.

    Raises
    ------
    RunError
        If the folder holds no complete run, or a file is damaged.
    """
    folder = RunFolder.open(run)
    config, stored, tree = folder.read_config(), folder.read_distribution(), folder.read_posterior()
    return RunForecast(
        folder,
        config.name,
        config.data.measured,
        nuclide_index(stored["Z"].to_numpy(), stored["N"].to_numpy()),
        from_dataset(stored),
        config.mixing.noise.measurement,
        tree["chart"].to_dataset(),
        nuclide_index(*(tree["constant_data"][name].to_numpy() for name in "ZN")),
    )
