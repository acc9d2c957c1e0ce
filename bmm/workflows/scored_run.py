"""What a run forecasts, as far as scoring needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from bmm.distributions import StudentTMixture
from bmm.distributions.storage import from_dataset
from bmm.nuclides import nuclide_index
from bmm.workflows.folder import RunFolder
from bmm.workflows.run_forecast import read_forecast

__all__ = ["ScoredRun", "read_scored_run"]


@dataclass(frozen=True, eq=False)
class ScoredRun:
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
        Predictions of its models for the chart.
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

    def joint_draws(self, nuclei: pd.MultiIndex, count: int, seed: int) -> xr.DataArray | None:
        """Draw nuclei jointly; see `bmm.prediction.forecast`.

        Returns
        -------
        DataArray (draw, nucleus) or None
            Mass excess, MeV; None if a nucleus is measured.
        """
        known = read_forecast(self.folder.path)
        rows = known.index.get_indexer(nuclei)
        if (rows < 0).any() or nuclei.isin(known.known_masses.index).any():
            return None
        return known.draws(count, seed).isel(nucleus=rows)


def read_scored_run(run: Path) -> ScoredRun:
    """Read the forecast of a complete run.

    Raises
    ------
    RunError
        If the folder holds no complete run, or a file is damaged.

    Examples
    --------
    With `folder` of the example of `bmm.run`:

    >>> from bmm.workflows.scored_run import read_scored_run
    >>> read_scored_run(folder / "run").name
    'tin'
    """
    folder = RunFolder.open(run)
    config, stored, tree = folder.read_config(), folder.read_distribution(), folder.read_posterior()
    return ScoredRun(
        folder,
        config.name,
        config.data.measured,
        nuclide_index(stored["Z"].to_numpy(), stored["N"].to_numpy()),
        from_dataset(stored),
        config.mixing.noise.measurement,
        tree["theory"].to_dataset(),
        nuclide_index(*(tree["constant_data"][name].to_numpy() for name in "ZN")),
    )
