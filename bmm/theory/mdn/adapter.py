"""The mixture density network as a theory model.

A network has seen its training masses, so its weight in a mixture would be too large if these
decided it.  The prediction of a training nucleus is therefore out-of-fold: it comes from the
members that did not see it.  All members predict all other nuclei.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.data import load_theory
from bmm.errors import BmmError
from bmm.theory.adapters import Domain, prediction, training_masses
from bmm.theory.mdn.ensemble import Ensemble
from bmm.theory.mdn.extra import require_extra
from bmm.theory.mdn.mdn_settings import MdnSettings

__all__ = ["Diverged", "FittedMdn", "MdnModel", "TrainedMdn", "predictions"]

_CHART = "DZ28"


class Diverged(BmmError, RuntimeError):
    """A training whose loss ceased to be a number.

    Parameters
    ----------
    message : str
        Names the epoch.
    ensemble : Ensemble
        The members' last good state.
    """

    def __init__(self, message: str, ensemble: Ensemble) -> None:
        super().__init__(message)
        self.ensemble = ensemble


@dataclass(frozen=True)
class MdnModel:
    """A mixture density network that is trained when it is fitted.

    Parameters
    ----------
    name : str
        Name of the model and of its only component.
    settings : MdnSettings
        Network, loss and training.
    domain : Domain
        Nuclei to learn from and to predict.
    """

    name: str
    settings: MdnSettings
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def fit(self, training: pd.DataFrame, console: Console | None = None) -> FittedMdn:
        """Train on the training nuclei, and on the relations over the whole chart.

        The chart is that of the shipped table DZ28, of which only the list of nuclei is used.

        Parameters
        ----------
        training : DataFrame
            Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
        console : rich.console.Console, optional
            Where to show progress.

        Raises
        ------
        ConfigError
            If the optional packages are not installed.
        DataError
            If there are too few nuclei, or none has the neighbours that the relations need.
        Diverged
            If the loss ceases to be a number.
        """
        require_extra("training a mixture density network")
        from bmm.theory.mdn.training import train
        from bmm.theory.mdn.training_data import pose

        known = training.loc[training_masses(training, self.domain).index]
        chart = load_theory(_CHART).index
        chart = chart[self.domain.covers(chart)]
        done = train(pose(known, chart, self.settings), self.settings, console)
        if done.failed_at is not None:
            raise Diverged(
                f"{self.name}: the loss is not finite at epoch {done.failed_at}; expected a "
                f"smaller learning_rate than {self.settings.learning_rate:g}",
                done.ensemble,
            )
        return FittedMdn(self.name, done.ensemble, self.domain)


@dataclass(frozen=True)
class FittedMdn:
    """A trained network.

    Parameters
    ----------
    name : str
        Name of the model and of its only component.
    ensemble : Ensemble
        Its members.
    domain : Domain
        Nuclei to predict.
    """

    name: str
    ensemble: Ensemble
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def predict(self, nuclei: pd.MultiIndex) -> xr.Dataset:
        """Predict masses; see `bmm.theory.adapters.FittedTheory` and the module's docstring."""
        inside = self.domain.covers(nuclei)
        mean, sd = np.full((2, len(nuclei), 1), np.nan)
        table = predictions(self.ensemble, nuclei[inside])
        mean[inside, 0], sd[inside, 0] = table["mass_excess"], table["mass_excess_sd"]
        return prediction(nuclei, self.components, mean, sd)


def predictions(ensemble: Ensemble, nuclei: pd.Index) -> pd.DataFrame:
    """Tabulate mass excess and its spread; training nuclei are predicted out-of-fold.

    Parameters
    ----------
    ensemble : Ensemble
        The members.
    nuclei : MultiIndex (Z, N)
        Any nuclei.

    Returns
    -------
    DataFrame
        Indexed as `nuclei`; mass_excess and mass_excess_sd in MeV, and out_of_fold.
    """
    tabulated = ensemble.predict(nuclei, out_of_fold=True)
    held = nuclei.isin(ensemble.training) & bool(ensemble.settings.folds)
    return pd.DataFrame(
        {"mass_excess": tabulated.mean, "mass_excess_sd": tabulated.sd, "out_of_fold": held},
        index=nuclei,
    )


class TrainedMdn(FittedMdn):
    """A network that was trained before; there is nothing left to learn.  As `FittedMdn`."""

    def fit(self, training: pd.DataFrame) -> FittedMdn:
        """Return the network as it is; the training masses are not looked at."""
        return self
