"""Fit a mixture of corrected models, or of models as they are, for a forecast.

Every model is corrected by the field of its residuals (`bmm.theory.correction`), a measured nucleus
by the others only, and the local weights are learnt from their predictions of it.  The
residual field of the models' average, which ties the masses of neighbours, is learnt as well.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.data import MassErrors, check_measured
from bmm.errors import ConfigError, DataError
from bmm.measurement.treatment import errors_of_all, learn_errors
from bmm.mixing.fit import checked_settings, fit
from bmm.mixing.form import form_of
from bmm.mixing.settings import FORECAST, MeasurementTreatment, Mixing
from bmm.theory.corrected_model import CorrectedModel, FittedHyperparameters
from bmm.theory.correction import correct_average, correct_theory
from bmm.theory.residual_field import BLOCK, FEWEST, Hyperparameters

__all__ = ["average_hyperparameters", "average_of", "fit_forecast", "recorrected"]

logger = logging.getLogger(__name__)

_AVERAGE = "average"


def fit_forecast(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    settings: Mixing | None = None,
    *,
    corrected: bool = True,
    measurement_errors: MeasurementTreatment = "stated",
    seed: int = 0,
    store: Path | None = None,
    console: Console | None = None,
) -> xr.DataTree:
    """Learn residual fields and local weights.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), with columns mass_excess and
        mass_excess_uncertainty in MeV.
    theory : Dataset
        Predictions of the models for them and for all other nuclei of the chart; see
        `bmm.theory.adapters.prediction`.
    settings : Mixing, optional
        Form of the likelihood, priors, basis and sampler; by default
        `bmm.mixing.settings.FORECAST`, or `Mixing()` for models that are not corrected.
    corrected : bool, default True
        Correct the models first.  With fewer than 20 measured nuclei they are mixed as they are,
        in the density form, with a warning.
    measurement_errors : {"stated", "learnt"}, default "stated"
        What the errors of the masses are taken to be where residual fields are conditioned: of
        the stated uncertainties, or as learnt from the revisions of earlier evaluations (see
        `bmm.measurement.posterior`); masses that are no evaluation's are as stated.
    seed, store, console
        See `bmm.mixing.fit.fit`.

    Returns
    -------
    DataTree
        As from `bmm.mixing.fit.fit`, its group chart corrected; with the group theory, what the
        models themselves say, the group measurement_errors, what their errors were learnt to be,
        and the attributes fields, the hyperparameters of the residual fields, and
        measurement_errors, what history taught.  See `bmm.prediction.forecast.forecast`.

    Raises
    ------
    ConfigError
        If models that are not corrected are to be mixed in the Dirichlet form.
    DataError, RunError
        See `bmm.mixing.fit.fit`.

    Examples
    --------
    With `measured`, `theory` and `settings` of the example of `bmm.fit`; few functions and
    draws:

    >>> from bmm.mixing.settings import FORECAST
    >>> few = FORECAST.model_copy(update={"basis": settings.basis, "sampler": settings.sampler})
    >>> mixture = bmm.fit_forecast(measured, theory, few)
    >>> sorted(mixture["posterior"].data_vars)
    ['beta', 'correlation', 'eta', 'log_alpha_0', 'rho_N', 'rho_Z']
    """
    settings = checked_settings(settings, seed)
    measured = check_measured(measured)
    if corrected and len(measured) < FEWEST:
        logger.warning(
            "%d measured nuclei, fewer than %d: the models are mixed uncorrected, in the density "
            "form", len(measured), FEWEST,
        )  # fmt: skip
        corrected, settings, measurement_errors = False, None, "stated"
    settings = settings or (FORECAST if corrected else Mixing())
    form = form_of(settings)
    form.check(settings)
    if form.corrected and not corrected:
        raise ConfigError(
            f"key 'mixing.likelihood': the form {settings.likelihood!r} is for corrected models; "
            "expected 'density' or 'linear' with theory.corrected = false"
        )
    chart, facts, stored = _corrected_chart(measured, theory, corrected, measurement_errors)
    tree = fit(measured, chart, chart, settings, seed=seed, store=store, console=console)
    tree["theory"] = xr.DataTree(theory)
    tree.attrs |= facts | {"corrected": int(corrected)}
    if stored is not None:
        tree["measurement_errors"] = xr.DataTree(stored)
    return tree


def _corrected_chart(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    corrected: bool,
    measurement_errors: MeasurementTreatment,
) -> tuple[xr.Dataset, dict[str, str], xr.Dataset | None]:
    """Correct the models if wanted; what was learnt, as attributes, and the learnt errors.

    The conditioned fields, a few matrices of all pairs of nuclei each, end here: sampling needs
    the memory.
    """
    chart, fields = theory, {}
    average = _learn_average(measured, theory)
    errors, stored, learnt = None, None, {}
    if measurement_errors == "learnt":
        found = learn_errors(
            measured, theory, None if average is None else average.field.hyperparameters
        )
        errors, stored = errors_of_all(found.stored, measured), found.stored
        average = correct_average(
            measured, theory, learnt=found.average.hyperparameters, errors=errors
        )
        learnt = found.facts
    if corrected:
        block = measured.index.get_level_values("Z").to_numpy() // BLOCK
        correction = correct_theory(measured, theory, block=block, errors=errors)
        chart, fields = correction.theory, dict(correction.facts)
    if average is not None:
        fields[_AVERAGE] = average.facts
    facts = {"fields": json.dumps(fields), "measurement_errors": json.dumps(learnt)}
    return chart, facts, stored


def average_of(tree: xr.DataTree, measured: pd.DataFrame) -> CorrectedModel | None:
    """Condition the residual field of the models' average on measured masses.

    Parameters
    ----------
    tree : DataTree
        From `fit_forecast`; of another, None is returned.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> from bmm.mixing.corrected_fit import average_of
    >>> average = average_of(mixture, measured)
    >>> bool(average.factor > 0)
    True
    """
    learnt = _learnt(tree).get(_AVERAGE)
    if learnt is None:
        return None
    theory = tree["theory"].to_dataset()
    return correct_average(measured, theory, learnt=learnt, errors=_errors(tree, measured))


def average_hyperparameters(tree: xr.DataTree) -> Hyperparameters | None:
    """Hyperparameters of the residual field of the models' average.

    Parameters
    ----------
    tree : DataTree
        From `fit_forecast`; None is returned of another, or if there were too few nuclei.
    """
    learnt = _learnt(tree).get(_AVERAGE)
    return None if learnt is None else learnt.hyperparameters


def recorrected(tree: xr.DataTree, measured: pd.DataFrame) -> xr.DataTree:
    """Condition the residual fields on other masses, with hyperparameters and weights as they are.

    Parameters
    ----------
    tree : DataTree
        From `fit_forecast`.
    measured : DataFrame
        All masses to condition on, indexed (Z, N), MeV.

    Returns
    -------
    DataTree
        With another group chart; the tree itself if its models are not corrected.
    """
    if not tree.attrs.get("corrected", 0):
        return tree
    learnt = _learnt(tree)
    correction = correct_theory(
        measured, tree["theory"].to_dataset(), learnt=learnt, errors=_errors(tree, measured)
    )
    changed = tree.copy()
    changed["chart"] = xr.DataTree(correction.theory)
    return changed


def _learn_average(measured: pd.DataFrame, theory: xr.Dataset) -> CorrectedModel | None:
    """Learn the residual field of the models' average, if there are nuclei enough."""
    try:
        return correct_average(measured, theory, elements=BLOCK)
    except DataError as error:
        logger.warning("neighbouring masses are tied by a trend alone: %s", error)
        return None


def _errors(tree: xr.DataTree, measured: pd.DataFrame) -> MassErrors | None:
    """Errors of masses as the mixture has learnt them; None if they are as stated."""
    if "measurement_errors" not in tree.children:
        return None
    return errors_of_all(tree["measurement_errors"].to_dataset(), measured)


def _learnt(tree: xr.DataTree) -> dict[str, FittedHyperparameters]:
    """Hyperparameters of the fields, whatever masses they are conditioned on."""
    fields = json.loads(tree.attrs.get("fields", "{}"))
    return {
        name: FittedHyperparameters.of(facts, any_masses=True)
        for name, facts in fields.items()
        if "amplitude" in facts
    }
