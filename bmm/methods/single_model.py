"""One model alone, with the spread it had on the training nuclei."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bmm.distributions import StudentTMixture, student_t
from bmm.methods.interface import Method
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.training_arrays import masses_of, position_of, training_data

__all__ = ["BestSingle", "FittedSingle", "SingleModel"]


@dataclass(frozen=True)
class FittedSingle:
    """A model with normal noise.

    Parameters
    ----------
    position : int
        Of the model among the components.
    sigma : float
        Standard deviation, MeV.
    facts : dict
        What was learnt.

    Examples
    --------
    The second model of `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.single_model import FittedSingle
    >>> forecast = FittedSingle(1, 0.5, {}).forecast(theory, seed=0)
    >>> masses = theory["mass_excess"].transpose("nucleus", "theory").to_numpy()
    >>> bool(abs(forecast.distribution.mean[0] - masses[0, 1]) < 1e-9)
    True
    """

    position: int
    sigma: float
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that the model covers."""
        masses = masses_of(theory)[:, [self.position]]
        return MixtureForecast(theory, StudentTMixture(masses, self.sigma), seed)


class SingleModel(Method):
    """A given model, normal with its rms on the training nuclei that it covers.

    Parameters
    ----------
    model : str
        Name of a component.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.single_model import SingleModel
    >>> found = SingleModel(model="HFB24").fit(measured, theory, seed=0)
    >>> bool(0.1 < found.sigma < 1)  # rms on the training nuclei, MeV
    True
    """

    method: Literal["single-model"] = "single-model"
    model: str

    @property
    def variant(self) -> str:
        """The model's name."""
        return self.model

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedSingle:
        """Take the model's rms; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory, common=False)
        position = position_of(self.model, training.models)
        deviation = training.deviation[:, position]
        covered = np.isfinite(deviation)
        sigma = float(np.sqrt(np.mean(deviation[covered] ** 2)))
        facts = {
            "n_training": int(covered.sum()),
            "n_lost": len(measured) - int(covered.sum()),
            "model": self.model,
            "sigma_MeV": sigma,
        }
        return FittedSingle(position, sigma, facts)


class BestSingle(Method):
    """The model that is best on the training nuclei that all models cover.

    Parameters
    ----------
    by : {"rms", "crps"}
        What it is best in; for the CRPS each model is normal with its rms.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.single_model import BestSingle
    >>> sorted(BestSingle().fit(measured, theory, seed=0).facts)
    ['model', 'n_lost', 'n_training', 'rms', 'sigma_MeV']
    """

    method: Literal["best-single"] = "best-single"
    by: Literal["rms", "crps"] = "rms"

    @property
    def variant(self) -> str:
        """Name of the method with its criterion."""
        return f"{self.method} ({self.by})"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedSingle:
        """Choose the model; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory)
        rms = np.sqrt(np.mean(training.deviation**2, axis=0))
        crps = student_t.crps(training.deviation, rms, np.inf).mean(axis=0)
        score = rms if self.by == "rms" else crps
        chosen = SingleModel(model=training.models[int(np.argmin(score))])
        fitted = chosen.fit(measured, theory, seed)
        return FittedSingle(
            fitted.position, fitted.sigma, fitted.facts | {self.by: training.named(score)}
        )
