"""Theories corrected by what they got wrong nearby.

Every model gets the field of its own residuals (see `bmm.theory.residual_field`), and with it a
spread for each nucleus that grows with the distance from the data, and is larger where left-out
neighbours are farther off than elsewhere (`bmm.gp.local_spread`).  A measured nucleus is corrected
by the others only: weights must not be learnt from a nucleus that was corrected by its own mass.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray, IntArray
from bmm.data import check_measured
from bmm.data.mass_errors import MassErrors
from bmm.distributions.student_t import NU, inflation
from bmm.errors import DataError
from bmm.nuclides import nuclide_index, numbers
from bmm.progress import track
from bmm.theory.corrected_model import CorrectedModel, FittedHyperparameters
from bmm.theory.joined import join_masses
from bmm.theory.residual_field import FEWEST, Hyperparameters, ResidualField, fit_residuals
from bmm.theory.support import data_support
from bmm.theory.validation import check_agreement, check_theory

__all__ = ["Correction", "correct_average", "correct_theory"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Correction:
    """A theory, corrected.

    Parameters
    ----------
    theory : Dataset
        The nuclei and models of the theory.  mass_excess is corrected, at a measured nucleus by
        the others only; mass_excess_sd is the scale of a Student-t with `NU` degrees of freedom;
        support (nucleus,) is the share of the neighbours that are measured.
    models : dict of str to CorrectedModel
        In the order of the theory, without those that cover fewer than 20 measured nuclei: their
        masses are as they were, and their scale is that of their residuals.
    """

    theory: xr.Dataset
    models: dict[str, CorrectedModel]

    @property
    def facts(self) -> dict[str, Any]:
        """What was learnt of each model."""
        return {name: each.facts for name, each in self.models.items()}


def correct_theory(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    *,
    learnt: Mapping[str, FittedHyperparameters] | None = None,
    block: IntArray | None = None,
    errors: MassErrors | None = None,
) -> Correction:
    """Correct every model, where it predicts, by the field of its residuals.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), with columns mass_excess and
        mass_excess_uncertainty in MeV.
    theory : Dataset
        Predictions of the models for these nuclei and any others; see
        `bmm.theory.adapters.prediction`.
    learnt : mapping of str to FittedHyperparameters, optional
        Take hyperparameters and factor of every model from here instead of learning them.
    block : int array (measured nucleus,), optional
        Learn them block by block, which is faster; see `bmm.theory.residual_field.fit_residuals`.
    errors : MassErrors, optional
        Expected errors of the measured masses and their covariance; they take the place of the
        stated variances where the fields are conditioned.  Hyperparameters are learnt with the
        stated ones nevertheless.

    Raises
    ------
    DataError
        If a measured nucleus is not in the theory, a model covers none of them, what was learnt is
        not of this model or of these masses, or the frame or dataset cannot be used; see
        `bmm.data.check_measured` and `bmm.theory.validation`.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`; beyond the measured nuclei the
    spread grows:

    >>> correction = bmm.correct_theory(measured, theory)
    >>> sd = correction.theory["mass_excess_sd"].sel(theory="HFB24", nucleus=["Sn-132", "Sn-150"])
    >>> bool(sd[0] < sd[1]), round(float(correction.theory["support"].sel(nucleus="Sn-150")), 2)
    (True, 0.0)
    """
    measured, theory = check_measured(measured), check_theory(theory)
    check_agreement(measured, theory)
    joined = join_masses(measured, theory, missing="refuse")
    deviation = (joined["mass_excess"] - joined["theory_mass_excess"]).to_numpy()
    nuclei = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    rows = nuclei.get_indexer(measured.index)
    parts = theory.transpose("nucleus", "theory")
    mass, sd = (parts[name].to_numpy().copy() for name in ("mass_excess", "mass_excess_sd"))
    models: dict[str, CorrectedModel] = {}
    names = [str(each) for each in theory["theory"].to_numpy()]
    for name in track(names, "correcting the models", note=str):
        k = names.index(name)
        try:
            residual = deviation[:, k]
            if np.isfinite(residual).sum() < FEWEST:
                sd[:, k] = _uncorrected_scale(name, residual, mass[:, k], sd[:, k])
                continue
            mass[:, k], sd[:, k], models[name] = _correct_model(
                theory["Z"].to_numpy(), theory["N"].to_numpy(), mass[:, k], sd[:, k], rows,
                measured, _known(learnt, name), block, errors,
            )  # fmt: skip
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    dims = ("nucleus", "theory")
    changed = {
        name: (dims, values, theory[name].attrs)
        for name, values in (("mass_excess", mass), ("mass_excess_sd", sd))
    }
    support = data_support(theory["Z"].to_numpy(), theory["N"].to_numpy(), *numbers(measured.index))
    corrected = theory.assign(changed).assign(support=("nucleus", support))
    return Correction(corrected, models)


def correct_average(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    *,
    learnt: FittedHyperparameters | Hyperparameters | None = None,
    elements: int | None = None,
    errors: MassErrors | None = None,
) -> CorrectedModel:
    """Fit the field of the residuals of the average of the models.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), with columns mass_excess and
        mass_excess_uncertainty in MeV.
    theory : Dataset
        What the models say, uncorrected.  A nucleus that some of them leave out is described by
        the average of the others.
    learnt : FittedHyperparameters or Hyperparameters, optional
        Take hyperparameters and factor from here, or hyperparameters alone, instead of learning
        them.
    elements : int, optional
        Learn them in blocks of that many elements, which is faster; see
        `bmm.theory.residual_field.fit_residuals`.
    errors : MassErrors, optional
        Those of `correct_theory`, if it was given any; `learnt` is needed then.

    Returns
    -------
    CorrectedModel
        As if their average were a model: field in MeV, and factor.

    Raises
    ------
    DataError
        If they are to learn from fewer than 20 nuclei, or with errors in place of stated variances.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.theory.correction import correct_average
    >>> sorted(correct_average(measured, theory).facts)[:4]
    ['amplitude', 'factor', 'local_spread', 'log_evidence']
    """
    if errors is not None and learnt is None:
        raise DataError("the average of models with given errors: expected hyperparameters too")
    Z, N, residual, known_sd = _average_residual(measured, theory, stated=errors is None)
    if isinstance(learnt, FittedHyperparameters):
        field = learnt.conditioned(Z, N, residual, known_sd, errors)
        return CorrectedModel(field, learnt.factor)
    if learnt is not None:
        field = ResidualField.conditioned(learnt, Z, N, residual, known_sd, errors)
    else:
        field = fit_residuals(Z, N, residual, known_sd, None if elements is None else Z // elements)
    return CorrectedModel.of(field)


def _average_residual(
    measured: pd.DataFrame, theory: xr.Dataset, *, stated: bool
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Nuclei, mean deviations from the models and their spreads known beforehand, MeV.

    The spreads hold the stated uncertainties of the measurements only if that is wanted.
    """
    joined = join_masses(measured, theory, missing="drop")
    joined = joined.isel(nucleus=np.lexsort((joined["N"], joined["Z"])))
    residual = (joined["mass_excess"] - joined["theory_mass_excess"]).to_numpy()
    covers = np.isfinite(residual)
    variance = np.nan_to_num(joined["theory_mass_excess_sd"].to_numpy()) ** 2
    if stated:
        variance = variance + joined["mass_excess_uncertainty"].to_numpy()[:, None] ** 2
    some, count = covers.any(axis=1), covers.sum(axis=1)
    deviation, squared = (
        np.where(covers, each, 0.0).sum(axis=1)[some] / count[some] for each in (residual, variance)
    )
    Z, N = (joined[name].to_numpy()[some] for name in "ZN")
    return Z, N, deviation, np.sqrt(squared)


def _correct_model(
    Z: IntArray,
    N: IntArray,
    mass: FloatArray,
    stated: FloatArray,
    rows: IntArray,
    measured: pd.DataFrame,
    learnt: FittedHyperparameters | None,
    block: IntArray | None,
    errors: MassErrors | None,
) -> tuple[FloatArray, FloatArray, CorrectedModel]:
    """Corrected masses (nucleus,) and scales of one model, MeV, and what was learnt."""
    values = measured[["mass_excess", "mass_excess_uncertainty"]].to_numpy(dtype=np.float64)
    residual = values[:, 0] - mass[rows]
    kept = np.isfinite(residual)
    own_sd = np.nan_to_num(stated[rows])[kept]
    at, residual = rows[kept], residual[kept]
    known_sd = np.hypot(values[kept, 1], own_sd)
    given = own_sd if errors is not None else known_sd
    if learnt is None:
        blocks = None if block is None else block[kept]
        field = fit_residuals(Z[at], N[at], residual, known_sd, blocks)
        if errors is not None:
            found = field.hyperparameters
            field = ResidualField.conditioned(found, Z[at], N[at], residual, given, errors)
    else:
        field = learnt.conditioned(Z[at], N[at], residual, given, errors)
    model = CorrectedModel(field, learnt.factor) if learnt else CorrectedModel.of(field)
    covered = np.isfinite(mass)
    mean, sd = np.full(len(mass), np.nan), np.full(len(mass), np.nan)
    others = covered.copy()
    others[at] = False
    mean[others], sd[others] = field.at(Z[others], N[others])
    mean[at], sd[at] = field.left_out_anew()
    scale = np.hypot(model.factor_at(Z, N) * sd, np.nan_to_num(stated))
    return mass + mean, np.where(covered, scale, np.nan), model


def _uncorrected_scale(
    name: str, residual: FloatArray, mass: FloatArray, stated: FloatArray
) -> FloatArray:
    """Scale (nucleus,) of a model with too few measured nuclei for a field, MeV."""
    known = residual[np.isfinite(residual)]
    if not known.size:
        raise DataError("covers no measured nucleus: expected at least one")
    logger.warning(
        "%s covers %d measured nuclei, fewer than %d: it is not corrected, and as wide as its "
        "residuals", name, known.size, FEWEST,
    )  # fmt: skip
    scale = np.sqrt(np.mean(known**2) / inflation(NU))
    return np.where(np.isfinite(mass), np.hypot(scale, np.nan_to_num(stated)), np.nan)


def _known(
    learnt: Mapping[str, FittedHyperparameters] | None, name: str
) -> FittedHyperparameters | None:
    """Find what is learnt of a model already, if anything is to be taken over."""
    if learnt is None:
        return None
    if name not in learnt:
        raise DataError("expected what an earlier correction has learnt of this model too")
    return learnt[name]
