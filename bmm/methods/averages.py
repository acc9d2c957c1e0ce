"""Fixed weights over the whole chart, with a spread from the training nuclei."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions import StudentTMixture
from bmm.errors import DataError
from bmm.methods.interface import Method
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.training_arrays import masses_of, training_data

__all__ = ["EqualWeights", "FittedAverage", "FittedCombination", "LeastSquares"]


@dataclass(frozen=True)
class FittedAverage:
    """The mean of the models that cover a nucleus, with normal noise.

    Parameters
    ----------
    sigma : float
        Standard deviation, MeV.
    facts : dict
        What was learnt.

    Examples
    --------
    With `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.averages import FittedAverage
    >>> forecast = FittedAverage(0.5, {}).forecast(theory, seed=0)
    >>> forecast.distribution.sd[:2].round(3)  # MeV
    array([0.5, 0.5])
    """

    sigma: float
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that any model covers."""
        average = _average(masses_of(theory))
        return MixtureForecast(theory, StudentTMixture(average[:, None], self.sigma), seed)


class EqualWeights(Method):
    """The plain average of the models that cover a nucleus, normal with its training rms.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.averages import EqualWeights
    >>> average = EqualWeights().fit(measured, theory, seed=0)
    >>> bool(0.1 < average.sigma < 1)  # rms on the training nuclei, MeV
    True
    """

    method: Literal["equal-weights"] = "equal-weights"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedAverage:
        """Take the average's rms; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory, common=False)
        sigma = float(np.sqrt(np.mean((training.mass - _average(training.theory)) ** 2)))
        return FittedAverage(sigma, training.counts | {"sigma_MeV": sigma})


@dataclass(frozen=True)
class FittedCombination:
    """A linear combination of all models, with normal noise.

    Parameters
    ----------
    weights : array (model,)
        One for each model.
    sigma : float
        Standard deviation, MeV.
    facts : dict
        What was learnt.

    Examples
    --------
    Half of each model of `theory` of the example of `bmm.fit`, with a spread of 0.5 MeV:

    >>> import numpy as np
    >>> from bmm.methods.averages import FittedCombination
    >>> fitted = FittedCombination(np.array([0.5, 0.5]), 0.5, {})
    >>> fitted.forecast(theory, seed=0).distribution.sd[:2].round(3)
    array([0.5, 0.5])
    """

    weights: FloatArray
    sigma: float
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that every model covers."""
        combined = masses_of(theory) @ self.weights
        return MixtureForecast(theory, StudentTMixture(combined[:, None], self.sigma), seed)


class LeastSquares(Method):
    """Weights that minimise the squared deviation; normal with its training rms.

    Only nuclei that every model covers are used, and can be predicted.  The weights may be
    negative.

    Parameters
    ----------
    sum_to_one : bool, default False
        Make the weights sum to one.  The result then does not depend on whether masses, mass
        excesses or binding energies are combined; without, it is for mass excesses.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.averages import LeastSquares
    >>> found = LeastSquares(sum_to_one=True).fit(measured, theory, seed=0)
    >>> round(float(found.weights.sum()), 6)
    1.0
    """

    method: Literal["least-squares"] = "least-squares"
    sum_to_one: bool = False

    @property
    def variant(self) -> str:
        """Name of the method with its constraint."""
        return f"{self.method} (sum 1)" if self.sum_to_one else self.method

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedCombination:
        """Solve for the weights; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory)
        if len(training.mass) <= len(training.models):
            raise DataError(
                f"least squares: {len(training.mass)} nuclei are covered by all models; "
                f"expected more than the {len(training.models)} weights"
            )
        if self.sum_to_one:
            # Deviations from the last model, so that its weight is what is left of one.
            against = training.theory[:, -1:]
            target = training.mass - against[:, 0]
            free = np.linalg.lstsq(training.theory[:, :-1] - against, target, rcond=None)[0]
            weights = np.append(free, 1 - free.sum())
        else:
            weights = np.linalg.lstsq(training.theory, training.mass, rcond=None)[0]
        sigma = float(np.sqrt(np.mean((training.mass - training.theory @ weights) ** 2)))
        facts = training.counts | {
            "sigma_MeV": sigma,
            "weights": training.named(weights),
            "sum_of_weights": float(weights.sum()),
        }
        return FittedCombination(weights, sigma, facts)


def _average(theory: FloatArray) -> FloatArray:
    """Mean of (nucleus, theory) over the models that are not NaN; NaN where all are."""
    covered = np.isfinite(theory)
    count = covered.sum(axis=1)
    total = np.where(covered, theory, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
