"""Corrected models, mixed evenly.

Every model is corrected by the field of its residuals, paired nucleons included; its forecast is a
Student-t as wide as leaving nuclei out has shown it must be.  Where corrected models agree, so do
the data nearby; where they part, beyond the data, the mixture widens by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bmm.data import MEASURED_TABLES
from bmm.distributions import StudentTMixture
from bmm.distributions.student_t import NU
from bmm.measurement.treatment import ErrorTreatment, treat_errors, treatment_name
from bmm.methods.extrapolation import Extrapolations, PooledForecast
from bmm.methods.interface import Forecast, Method
from bmm.methods.mixture_forecast import DRAWS
from bmm.methods.training_arrays import position_of
from bmm.nuclides import nuclide_index
from bmm.prediction.forecast import Forecast as JointForecast
from bmm.theory.corrected_model import CorrectedModel
from bmm.theory.correction import Correction, correct_average, correct_theory
from bmm.theory.joined import join_masses, theory_at
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
        asked = nuclide_index(self.theory["Z"].to_numpy(), self.theory["N"].to_numpy())
        part = theory_at(self.correction.theory, asked)
        return StudentTMixture(
            part["mass_excess"].to_numpy(), part["mass_excess_sd"].to_numpy(), nu=NU
        )

    @cached_property
    def draws(self) -> xr.DataArray:
        """Joint draws (draw, nucleus), MeV."""
        joint = JointForecast(self.theory, self.distribution, self.average, seed=self.seed)
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
    extrapolations : Extrapolations, optional
        Averaged with the models where there are any.
    """

    correction: Correction
    average: CorrectedModel
    facts: dict[str, Any]
    extrapolations: Extrapolations | None = None

    def forecast(self, theory: xr.Dataset, seed: int) -> Forecast:
        """Predict nuclei that were in the theory of the fit, where any model covers them."""
        corrected = CorrectedForecast(self.correction, self.average, theory, seed)
        if self.extrapolations is None:
            return corrected
        return PooledForecast(corrected, self.extrapolations.forecast(theory, seed + 1))


class CorrectedMixture(Method):
    """All models, or one, corrected by the fields of their residuals, with equal weights.

    Parameters
    ----------
    model : str, optional
        Name of a component, to be corrected alone.
    measurement_errors : str, default "stated"
        What the errors of the training masses are taken to be: "stated", "factor:X" or "learnt";
        see `bmm.measurement.treatment.ErrorTreatment`.  Stated uncertainties of older evaluations
        have proved too small for many masses far from stability.
    extrapolations : bool, default False
        Average the distribution of the mixture and the evaluators' estimate, half and half, where
        the evaluation that the training masses are from prints one; see
        `bmm.methods.extrapolation`.

    Examples
    --------
    >>> from bmm.methods.corrected import CorrectedMixture
    >>> CorrectedMixture(measurement_errors="learnt").label
    'corrected-mixture, measurement errors learnt'
    """

    method: Literal["corrected-mixture"] = "corrected-mixture"
    model: str | None = None
    measurement_errors: ErrorTreatment = "stated"
    extrapolations: bool = False

    @property
    def evaluations(self) -> tuple[str, ...]:
        """The evaluation that the factor is learnt from, if it is."""
        source = self.measurement_errors.partition(":")[2]
        return (source,) if source in MEASURED_TABLES else ()

    @property
    def variant(self) -> str:
        """Name of the method, or of the model that is corrected, and the treatment of errors."""
        name = f"{self.model}, corrected" if self.model else self.method
        if self.extrapolations:
            corrected = name if self.model else "corrected mixture"
            name = f"{corrected} and evaluators' extrapolations"
        treatment = treatment_name(self.measurement_errors)
        return f"{name}, {treatment}" if treatment else name

    def memory(self, nuclei: int, models: int) -> float:
        """Memory of a fit and a forecast, GB: every corrected model keeps a matrix of its own."""
        corrected = 1 if self.model else models
        return super().memory(nuclei, models) + 8e-9 * corrected * nuclei**2

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedCorrection:
        """Fit the fields; see `bmm.methods.interface.Method`."""
        models = tuple(str(name) for name in theory["theory"].to_numpy())
        covered = np.isfinite(join_masses(measured, theory)["theory_mass_excess"].to_numpy())
        chosen = (
            list(range(len(models))) if self.model is None else [position_of(self.model, models)]
        )
        # The errors of measurements are those of all that any model covers.
        some_model = covered.any(axis=1)
        treated = treat_errors(self.measurement_errors, measured[some_model], theory)
        kept = treated.measured[covered[some_model][:, chosen].any(axis=1)]
        some, errors = theory.isel(theory=chosen), treated.errors
        block = kept.index.get_level_values("Z").to_numpy() // BLOCK
        correction = correct_theory(kept, some, block=block, errors=errors)
        average = correct_average(kept, some, learnt=treated.average, elements=BLOCK, errors=errors)
        facts = {"n_training": len(kept), "n_lost": len(measured) - len(kept)} | treated.facts
        facts |= {"fields": correction.facts}
        if not self.extrapolations:
            return FittedCorrection(correction, average, facts)
        estimates = Extrapolations.of(measured)
        facts["estimates"] = estimates.facts["estimates"]
        return FittedCorrection(correction, average, facts, estimates)
