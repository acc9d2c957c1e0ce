"""The forecast of a run, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bmm.data import load_measured
from bmm.distributions.storage import from_dataset
from bmm.errors import ConfigError
from bmm.nuclides import label, nuclide_index
from bmm.prediction.derived import QUANTITIES
from bmm.prediction.forecast import Forecast, forecast
from bmm.workflows.folder import RunFolder

__all__ = ["RunTables", "read_forecast"]

_COLUMNS = ("mean", "median", "sd", "lower_68", "upper_68", "lower_95", "upper_95")


def read_forecast(path: Path) -> Forecast:
    """Read the forecast of a run: distributions, joint law and measured masses.

    Parameters
    ----------
    path : Path
        Folder of a complete run.

    Raises
    ------
    RunError
        If there is no complete run, or a file is missing or damaged.
    """
    folder = RunFolder.open(path)
    measured = load_measured(folder.read_config().data.measured)
    distribution = from_dataset(folder.read_distribution())
    return forecast(folder.read_posterior(), measured, distribution)


@dataclass(frozen=True)
class RunTables:
    """The tables of a run: what its forecast says of every nucleus.

    Parameters
    ----------
    predictions : DataFrame
        ``predictions.csv``, indexed (Z, N).
    derived : DataFrame
        ``derived.csv``, indexed (Z, N).
    """

    predictions: pd.DataFrame
    derived: pd.DataFrame

    @classmethod
    def of(cls, path: Path) -> RunTables:
        """Read them.

        Raises
        ------
        RunError
            If there is no complete run, or a file is missing or damaged.
        """
        folder = RunFolder.open(path)
        tables = folder.read_predictions(), folder.read_derived()
        return cls(*(each.set_index(["Z", "N"]) for each in tables))

    @property
    def index(self) -> pd.MultiIndex:
        """All nuclei (Z, N)."""
        return nuclide_index(*(self.derived.index.get_level_values(each) for each in ("Z", "N")))

    def quantity(self, nuclei: pd.MultiIndex, name: str) -> pd.DataFrame:
        """One quantity of some nuclei.

        Parameters
        ----------
        nuclei : MultiIndex (Z, N)
            Of the run.
        name : str
            "mass_excess", or a key of `bmm.prediction.derived.QUANTITIES`.

        Returns
        -------
        DataFrame
            nucleus, Z, N, A, mean, median, sd, lower_68, upper_68, lower_95 and upper_95, MeV;
            without nuclei of which a neighbour is missing.  A mass is the predicted one, of a
            measured nucleus without its own measurement; sums and differences are those of
            measured masses, where these are measured.

        Raises
        ------
        ConfigError
            If there is no such quantity.
        """
        if name == "mass_excess":
            found = self.predictions[list(_COLUMNS)].reindex(nuclei)
        elif name in QUANTITIES:
            columns = {f"{name}_{each}": each for each in _COLUMNS}
            found = self.derived[list(columns)].rename(columns=columns).reindex(nuclei)
        else:
            expected = ", ".join(("mass_excess", *QUANTITIES))
            raise ConfigError(f"no quantity is called {name!r}; expected one of {expected}")
        found = found.dropna().reset_index()
        found.insert(2, "A", found["Z"] + found["N"])
        pairs = zip(found["Z"], found["N"], strict=True)
        found.insert(0, "nucleus", [label(int(Z), int(N)) for Z, N in pairs])
        return found
