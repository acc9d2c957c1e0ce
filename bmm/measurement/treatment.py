"""Treatments of the errors of training masses: as stated, scaled, or learnt from history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import AfterValidator

from bmm.data import (
    MEASURED_TABLES,
    MassErrors,
    earlier_evaluations,
    find_evaluation,
    load_measured,
    split_evaluation,
    uncertainty_scale_factor,
)
from bmm.errors import DataError
from bmm.measurement.posterior import MeasurementErrors, infer_measurement_errors, stored_errors
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.residual_field import Hyperparameters

__all__ = [
    "ErrorTreatment",
    "TreatedMasses",
    "errors_of_all",
    "learn_errors",
    "treat_errors",
    "treatment_name",
]

_FACTOR = "factor"


def _known(value: str) -> str:
    kind, _, source = value.partition(":")
    if value in ("stated", "learnt", _FACTOR) or (kind == _FACTOR and source in MEASURED_TABLES):
        return value
    if kind == _FACTOR and _number(source) is not None:
        return f"{_FACTOR}:{_number(source)!r}"
    raise ValueError(
        "expected 'stated', 'learnt', 'factor', 'factor:' and a positive number or one of "
        f"{', '.join(MEASURED_TABLES)}, not {value!r}"
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < np.inf else None


type ErrorTreatment = Annotated[str, AfterValidator(_known)]
"""One of

* ``stated``: the stated uncertainties, independent of each other;
* ``factor:X``: these times the number X; if X is an evaluation older than the training masses,
  times the factor that its uncertainties needed, as found from the training masses (see
  `bmm.data.uncertainty_scale_factor`); ``factor`` alone takes the evaluation before theirs;
* ``learnt``: errors of the links between masses learnt from all earlier evaluations, with the
  theories as evidence (see `bmm.measurement.posterior`).
"""


@dataclass(frozen=True, eq=False)
class TreatedMasses:
    """Training masses and their errors.

    Parameters
    ----------
    measured : DataFrame
        The masses, with stated or scaled uncertainties.
    errors : MassErrors or None
        In place of these, where fields are conditioned.
    average : Hyperparameters or None
        Of the field of the average's residuals, if that was the evidence.
    facts : dict
        What was learnt, as plain values.

    Examples
    --------
    >>> from bmm.measurement.treatment import treat_errors
    >>> treated = treat_errors("stated", measured, theory)
    >>> treated.measured.equals(measured), treated.errors, treated.facts
    (True, None, {})
    """

    measured: pd.DataFrame
    errors: MassErrors | None
    average: Hyperparameters | None
    facts: dict[str, Any]


def treat_errors(treatment: str, measured: pd.DataFrame, theory: xr.Dataset) -> TreatedMasses:
    """Apply a treatment to training masses.

    Parameters
    ----------
    treatment : str
        See `ErrorTreatment`.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV; for
        ``learnt`` and ``factor``, from a shipped evaluation, as `bmm.data.load_measured` gives
        them.  Errors of masses that were added or replaced are as stated, beside ``learnt``.
    theory : Dataset
        Predictions of the models for these nuclei; see `bmm.theory.adapters.prediction`.

    Raises
    ------
    DataError
        If there is nothing to learn from.

    Examples
    --------
    Stated uncertainties times 2:

    >>> from bmm.measurement.treatment import treat_errors
    >>> treated = treat_errors("factor:2", measured, theory)
    >>> column = "mass_excess_uncertainty"
    >>> (treated.measured[column] / measured[column]).round(6).unique()
    array([2.])
    """
    if treatment == "learnt":
        found = learn_errors(measured, theory)
        facts = {"measurement_errors": found.facts}
        errors = errors_of_all(found.stored, measured)
        return TreatedMasses(measured, errors, found.average.hyperparameters, facts)
    if treatment == "stated":
        return TreatedMasses(measured, None, None, {})
    factor, facts = _factor(treatment, measured)
    widened = factor * measured["mass_excess_uncertainty"]
    return TreatedMasses(measured.assign(mass_excess_uncertainty=widened), None, None, facts)


def learn_errors(
    measured: pd.DataFrame, theory: xr.Dataset, hyperparameters: Hyperparameters | None = None
) -> MeasurementErrors:
    """Infer the errors of the masses that are those of a shipped evaluation.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.  Masses that
        were added to the evaluation, or replaced in it, are left out.
    theory, hyperparameters
        See `bmm.measurement.posterior.infer_measurement_errors`.

    Raises
    ------
    DataError
        See `bmm.data.split_evaluation` and `bmm.measurement.posterior.infer_measurement_errors`.
    """
    evaluation, shared = split_evaluation(measured)
    of_evaluation = load_measured(evaluation).loc[measured.index[shared]]
    return infer_measurement_errors(of_evaluation, theory, hyperparameters)


def errors_of_all(stored: xr.Dataset, measured: pd.DataFrame) -> MassErrors:
    """Errors of masses: learnt ones where there are any, and the stated ones of all others.

    Parameters
    ----------
    stored : Dataset
        See `bmm.measurement.posterior.MeasurementErrors.stored`.
    measured : DataFrame
        Indexed (Z, N), with the column mass_excess_uncertainty in MeV.
    """
    learnt = stored_errors(stored)
    nuclei = nuclide_index(*numbers(measured.index))
    is_new = ~nuclei.isin(learnt.nuclei)
    if not is_new.any():
        return learnt.of(nuclei)
    u = measured["mass_excess_uncertainty"].to_numpy(dtype=np.float64)[is_new]
    return learnt.joined(nuclei[is_new], u**2).of(nuclei)


def _factor(treatment: str, measured: pd.DataFrame) -> tuple[float, dict[str, Any]]:
    """Find the factor, and what was learnt of it (MeV)."""
    source = treatment.partition(":")[2]
    number = _number(source)
    if number is not None:
        return number, {}
    if not source:
        evaluation = find_evaluation(measured)
        earlier = earlier_evaluations(evaluation)
        if not earlier:
            raise DataError(f"no evaluation before {evaluation} is shipped to learn a factor from")
        source = earlier[-1]
    try:
        found = uncertainty_scale_factor(load_measured(source), measured)
    except DataError as error:
        raise DataError(f"measurement_errors = {treatment!r}: {error}") from error
    return found.factor, {"uncertainties": found.facts | {"evaluation": source}}


def treatment_name(treatment: str) -> str:
    """Name a treatment in tables; "" for the stated uncertainties.

    Examples
    --------
    >>> from bmm.measurement.treatment import treatment_name
    >>> treatment_name("learnt"), treatment_name("factor:2"), treatment_name("stated")
    ('measurement errors learnt', 'uncertainties x2', '')
    """
    source = treatment.partition(":")[2]
    if treatment == "stated":
        return ""
    if treatment == "learnt":
        return "measurement errors learnt"
    if source in MEASURED_TABLES:
        return f"uncertainties learnt from {source}"
    if source:
        return f"uncertainties x{float(source):g}"
    return "uncertainties learnt from the evaluation before"
