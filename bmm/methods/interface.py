"""The one interface of all methods that turn several models into one prediction.

A method is fitted to measured masses and to the models' predictions of them; the fitted method
turns the models' predictions of other nuclei into a predictive distribution.  Test masses never
enter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import pandas as pd
import xarray as xr

from bmm.configuration import Configuration
from bmm.distributions import StudentTMixture

__all__ = ["LIBRARIES_GB", "Fitted", "Forecast", "Method"]

LIBRARIES_GB = 0.6
"""Memory of a process that has loaded the libraries, GB."""


class Forecast(Protocol):
    """Predictive distributions of some nuclei.

    A nucleus that the method cannot predict, because a model leaves it out, has a distribution
    without components and NaN in every draw.
    """

    @property
    def distribution(self) -> StudentTMixture:
        """Distribution of each nucleus's mass excess, MeV, without measurement noise."""

    @property
    def draws(self) -> xr.DataArray:
        """Draws (draw, nucleus) of the mass excess, MeV, with coordinates nucleus, Z and N.

        They follow the distributions; for differences of masses it matters whether they are joint.
        """


class Fitted(Protocol):
    """A method that has learnt."""

    @property
    def facts(self) -> dict[str, Any]:
        """What was learnt, as plain values: n_training, n_lost, weights, spreads, ..."""

    def forecast(self, theory: xr.Dataset, seed: int) -> Forecast:
        """Predict nuclei.

        Parameters
        ----------
        theory : Dataset
            Predictions of the same models for the nuclei; see `bmm.theory.adapters.prediction`.
        seed : int
            Of the predictive draws.
        """


class Method(Configuration, ABC):
    """A way to turn several models into one prediction; its fields are its options.

    A method has the field ``method``, with its name in configurations, and is one line of
    `bmm.methods.registry.METHODS`, or an entry point of the group ``bmm.methods``.

    Parameters
    ----------
    name : str, optional
        Name in tables, where two variants of one method are compared.
    """

    name: str | None = None

    @abstractmethod
    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> Fitted:
        """Learn from measured masses.

        Parameters
        ----------
        measured : DataFrame
            Nuclei to learn from, indexed (Z, N), with columns mass_excess and
            mass_excess_uncertainty in MeV.
        theory : Dataset
            Predictions of the models for these nuclei, and for any others to be predicted later;
            see `bmm.theory.adapters.prediction`.
        seed : int, default 0
            Of whatever is sampled.
        """

    def memory(self, nuclei: int, models: int) -> float:
        """Memory that a fit and a forecast take, GB, at most.

        Here, what the libraries take, and eight matrices of all pairs of nuclei: a method that
        keeps more says so.

        Parameters
        ----------
        nuclei, models : int
            Of training and test, and of the theory.
        """
        return LIBRARIES_GB + 8 * 8e-9 * nuclei**2

    @property
    def label(self) -> str:
        """Name of the method in tables."""
        return self.name or self.variant

    @property
    def evaluations(self) -> tuple[str, ...]:
        """Shipped evaluations it reads besides the training masses; older ones only are blind."""
        return ()

    @property
    def partial(self) -> bool:
        """Whether it predicts some nuclei only, by design, and is scored on these, apart."""
        return False

    @property
    def variant(self) -> str:
        """Name of the method with the options that tell it from others."""
        return str(getattr(self, "method", type(self).__name__))

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that, with all that they import, decide its forecasts."""
        return (type(self).__module__,)
