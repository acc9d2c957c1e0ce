"""The forecast of a run, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr
from scipy.special import ndtri

from bmm.distributions import interval_ends
from bmm.distributions.storage import from_dataset
from bmm.errors import ConfigError
from bmm.mixing.fitted import fitted_masses
from bmm.nuclides import label, nuclide_index
from bmm.prediction.derived import QUANTITIES
from bmm.prediction.forecast import Forecast, forecast
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import known_masses

__all__ = ["RunTables", "read_forecast", "with_fitted"]

_COLUMNS = ("mean", "median", "sd", *interval_ends())


def read_forecast(path: str | Path) -> Forecast:
    """Read the forecast of a run: distributions, joint law and measured masses.

    Parameters
    ----------
    path : str or Path
        Folder of a complete run.

    Raises
    ------
    RunError
        If there is no complete run, or a file is missing or damaged.

    Examples
    --------
    With `folder` of the example of `bmm.run`:

    >>> from bmm.workflows.run_forecast import read_forecast
    >>> known = read_forecast(folder / "run")
    >>> known.masses().loc[(50, 82), "mass_excess"].round(2)
    np.float64(-76.55)
    """
    folder = RunFolder.open(Path(path))
    folder.read_derived()  # or a run of an earlier version is refused in one line
    tree = folder.read_posterior()
    known = known_masses(folder.read_config().data, folder.checksums)
    distribution = from_dataset(folder.read_distribution())
    return forecast(tree, with_fitted(known, fitted_masses(tree)), distribution)


def with_fitted(known: pd.DataFrame, fitted: pd.DataFrame) -> pd.DataFrame:
    """Add the masses that a mixture was fitted to, such as later ones, to those of an evaluation.

    Parameters
    ----------
    known, fitted : DataFrame
        Indexed (Z, N), with mass_excess and mass_excess_uncertainty in MeV.  The latter replace
        masses of the same nuclei.

    Examples
    --------
    With `measured` of the example of `bmm.fit`; the masses of tin are replaced:

    >>> from bmm.workflows.run_forecast import with_fitted
    >>> len(with_fitted(measured, measured.loc[50:50])) == len(measured)
    True
    """
    columns = ["mass_excess", "mass_excess_uncertainty"]
    return pd.concat([known.loc[~known.index.isin(fitted.index), columns], fitted]).sort_index()


@dataclass(frozen=True)
class RunTables:
    """The tables of a run: its forecast of every nucleus.

    Parameters
    ----------
    predictions : DataFrame
        ``predictions.csv``, indexed (Z, N).
    derived : DataFrame
        ``derived.csv``, indexed (Z, N).
    chart : Dataset
        Uncorrected predictions of the models for the chart.
    """

    predictions: pd.DataFrame
    derived: pd.DataFrame
    chart: xr.Dataset

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
        predictions, derived = (each.set_index(["Z", "N"]) for each in tables)
        return cls(predictions, derived, folder.read_posterior()["theory"].to_dataset())

    @property
    def index(self) -> pd.MultiIndex:
        """Nuclei of the chart (Z, N)."""
        return nuclide_index(
            *(self.predictions.index.get_level_values(each) for each in ("Z", "N"))
        )

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
            without nuclei of which a neighbour is missing.  Measured masses are taken as measured,
            with normal errors.

        Raises
        ------
        ConfigError
            If there is no such quantity.
        """
        if name == "mass_excess":
            found = self._masses().reindex(nuclei)
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

    def _masses(self) -> pd.DataFrame:
        """Masses as measured, and as predicted where they are not, indexed (Z, N)."""
        table = self.predictions
        known = table["measured"].notna()
        mass, sd = table["measured"], table["measured_uncertainty"]
        columns = {"mean": mass, "median": mass, "sd": sd}
        ends = interval_ends()
        columns |= {name: mass + float(ndtri(q)) * sd for name, q in ends.items()}
        return pd.DataFrame(columns).where(known, table[list(columns)])
