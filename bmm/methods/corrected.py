"""Corrected models, mixed evenly.

Every model is corrected by the field of its residuals, paired nucleons included; its forecast is a
Student-t as wide as leaving nuclei out has shown it must be.  Where corrected models agree, so do
the data nearby; where they part, beyond the data, the mixture widens by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import AfterValidator

from bmm.data import MEASURED_TABLES, load_measured, uncertainty_scale_factor
from bmm.distributions import StudentTMixture
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.methods.interface import Method
from bmm.methods.mixture_forecast import DRAWS
from bmm.methods.training_arrays import position_of
from bmm.nuclides import nuclide_index
from bmm.prediction.forecast import Forecast
from bmm.theory.correction import CorrectedModel, Correction, correct_average, correct_theory
from bmm.theory.residual_field import BLOCK

__all__ = ["CorrectedForecast", "CorrectedMixture", "FittedCorrection"]


@dataclass(frozen=True)
class CorrectedForecast:
    """The even mixture of corrected models; its draws are joint.

    Parameters
    ----------
    correction : Correction
        From `bmm.theory.correction.correct_theory`.
    average : CorrectedModel
        Residual field of the models' average.
    theory : Dataset
        The nuclei wanted.  One that was not in the theory of the correction has no forecast.
    seed : int
        Of the draws.
    """

    correction: Correction
    average: CorrectedModel
    theory: xr.Dataset
    seed: int

    @cached_property
    def distribution(self) -> StudentTMixture:
        """Of the mass excess of every nucleus, MeV."""
        corrected = self.correction.theory
        known = nuclide_index(corrected["Z"].to_numpy(), corrected["N"].to_numpy())
        asked = nuclide_index(self.theory["Z"].to_numpy(), self.theory["N"].to_numpy())
        rows = known.get_indexer(asked)
        part = corrected.isel(nucleus=rows).transpose("nucleus", "theory")
        centre = np.where(rows[:, None] >= 0, part["mass_excess"].to_numpy(), np.nan)
        return StudentTMixture(centre, part["mass_excess_sd"].to_numpy(), nu=NU)

    @cached_property
    def draws(self) -> xr.DataArray:
        """Joint draws (draw, nucleus), MeV."""
        joint = Forecast(self.theory, self.distribution, self.average, seed=self.seed)
        return joint.draws(DRAWS)


@dataclass(frozen=True)
class FittedCorrection:
    """Corrected models.

    Parameters
    ----------
    correction : Correction
        From `bmm.theory.correction.correct_theory`.
    average : CorrectedModel
        Residual field of the models' average.
    facts : dict
        What was learnt.
    """

    correction: Correction
    average: CorrectedModel
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> CorrectedForecast:
        """Predict nuclei that were in the theory of the fit, where any model covers them."""
        return CorrectedForecast(self.correction, self.average, theory, seed)


def _factor_or_evaluation(value: float | str) -> float | str:
    known = value in MEASURED_TABLES if isinstance(value, str) else 0 < value < np.inf
    if not known:
        evaluations = ", ".join(MEASURED_TABLES)
        raise ValueError(f"expected a positive number or one of {evaluations}, not {value!r}")
    return value


class CorrectedMixture(Method):
    """All models, or one, corrected by the fields of their residuals, with equal weights.

    Parameters
    ----------
    model : str, optional
        Name of a component, to be corrected alone.
    uncertainty_factor : float or str, default 1
        What the stated uncertainties of the training masses are multiplied by.  Those of older
        evaluations have proved too small for many masses far from stability.  The name of an
        evaluation older than the training masses: learn the factor from how its uncertainties
        compare with the training masses; see `bmm.data.uncertainty_scale_factor`.
    """

    method: Literal["corrected-mixture"] = "corrected-mixture"
    model: str | None = None
    uncertainty_factor: Annotated[float | str, AfterValidator(_factor_or_evaluation)] = 1.0

    @property
    def evaluations(self) -> tuple[str, ...]:
        """The evaluation that the factor is learnt from, if it is."""
        return (self.uncertainty_factor,) if isinstance(self.uncertainty_factor, str) else ()

    @property
    def variant(self) -> str:
        """Name of the method, or of the model that is corrected, and the factor."""
        name = f"{self.model}, corrected" if self.model else self.method
        factor = self.uncertainty_factor
        if isinstance(factor, str):
            return f"{name}, uncertainties learnt from {factor}"
        return name if factor == 1 else f"{name}, uncertainties x{factor:g}"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedCorrection:
        """Fit the fields; see `bmm.methods.interface.Method`."""
        models = tuple(str(name) for name in theory["theory"].to_numpy())
        if self.model is not None:
            theory = theory.isel(theory=[position_of(self.model, models)])
        covered = np.isfinite(theory["mass_excess"].transpose("nucleus", "theory").to_numpy())
        index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
        kept = measured[measured.index.isin(index[covered.any(axis=1)])]
        factor, learnt = self._factor(measured)
        widened = kept.assign(mass_excess_uncertainty=factor * kept["mass_excess_uncertainty"])
        block = widened.index.get_level_values("Z").to_numpy() // BLOCK
        correction = correct_theory(widened, theory, block=block)
        average = correct_average(widened, theory, elements=BLOCK)
        facts = {"n_training": len(kept), "n_lost": len(measured) - len(kept)} | learnt
        return FittedCorrection(correction, average, facts | {"fields": correction.facts})

    def _factor(self, measured: pd.DataFrame) -> tuple[float, dict[str, Any]]:
        """Find the factor, and what was learnt of it from the training masses (MeV)."""
        if not isinstance(self.uncertainty_factor, str):
            return self.uncertainty_factor, {}
        try:
            found = uncertainty_scale_factor(load_measured(self.uncertainty_factor), measured)
        except DataError as error:
            raise DataError(f"uncertainty_factor = {self.uncertainty_factor!r}: {error}") from error
        return found.factor, {"uncertainties": found.facts}
