"""Theories corrected by what they got wrong nearby.

Every model gets the field of its own residuals (see `bmm.theory.residual_field`), and with it a
spread for each nucleus that grows with the distance from the data.  A measured nucleus is
corrected by the others only: whoever learns weights from it must not see it corrected by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray, IntArray
from bmm.data import check_measured
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.nuclides import label, nuclide_index
from bmm.theory.adapters import numbers
from bmm.theory.residual_field import Hyperparameters, ResidualField, fit_residuals
from bmm.theory.support import data_support
from bmm.theory.validation import check_agreement, check_theory

__all__ = [
    "CorrectedModel",
    "Correction",
    "FittedHyperparameters",
    "correct_average",
    "correct_theory",
]

# Of a log evidence: what another machine may compute for the same masses.
_SAME = 1e-7


@dataclass(frozen=True)
class FittedHyperparameters:
    """What is learnt of a model's residuals before it is told any of them.

    Parameters
    ----------
    hyperparameters : Hyperparameters
        Of the field.
    factor : float
        See `CorrectedModel`.
    log_evidence : float, optional
        What the masses that taught this gave, log(1/MeV): others are refused then.
    """

    hyperparameters: Hyperparameters
    factor: float
    log_evidence: float | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> FittedHyperparameters:
        """Read it from the facts of a `CorrectedModel`.

        Raises
        ------
        DataError
            If something is missing.
        """
        try:
            return cls(
                Hyperparameters.from_dict(facts),
                float(facts["factor"]),
                float(facts["log_evidence"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"expected what an earlier correction has learnt ({error!r})"
            ) from error

    def conditioned(
        self,
        Z: IntArray,
        N: IntArray,
        residual: FloatArray,
        known_sd: FloatArray,
    ) -> ResidualField:
        """Condition the field on deviations (n,), MeV; see `ResidualField`.

        Raises
        ------
        DataError
            If these are not the masses that it was learnt from, and those alone will do.
        """
        field = ResidualField.conditioned(self.hyperparameters, Z, N, residual, known_sd)
        known = self.log_evidence
        if known is not None and not np.isclose(field.log_evidence, known, rtol=_SAME, atol=_SAME):
            raise DataError(
                f"the field was learnt from other masses: their log evidence is {known:.6f}, "
                f"that of the masses at hand {field.log_evidence:.6f}"
            )
        return field


@dataclass(frozen=True)
class CorrectedModel:
    """One model and the field of its residuals.

    Parameters
    ----------
    field : ResidualField
        Conditioned on the measured nuclei that the model covers.
    factor : float
        What the field's spread is multiplied by, so that a Student-t with `NU` degrees of freedom
        fits the deviations of left-out nuclei best.
    """

    field: ResidualField
    factor: float

    @property
    def learnt(self) -> FittedHyperparameters:
        """What another correction may take over."""
        return FittedHyperparameters(self.field.hyperparameters, self.factor)

    @property
    def facts(self) -> dict[str, Any]:
        """What was learnt, as plain values; log_evidence in log(1/MeV)."""
        return {
            "n_training": len(self.field.residual),
            "log_evidence": self.field.log_evidence,
            "factor": self.factor,
            **self.field.hyperparameters.as_dict(),
        }


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
        In the order of the theory.
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
) -> Correction:
    """Correct every model, where it predicts, by the field of its residuals.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), with columns mass_excess and
        mass_excess_uncertainty in MeV.
    theory : Dataset
        What the models say of these nuclei and of any others; see
        `bmm.theory.adapters.prediction`.
    learnt : mapping of str to FittedHyperparameters, optional
        Take hyperparameters and factor of every model from here instead of learning them.
    block : int array (measured nucleus,), optional
        Learn them block by block, which is faster; see `bmm.theory.residual_field.fit_residuals`.

    Raises
    ------
    DataError
        If a measured nucleus is not in the theory, a model that is to learn covers fewer than 20
        of them, what was learnt is not of this model or of these masses, or the frame or dataset
        cannot be used; see `bmm.data.check_measured` and `bmm.theory.validation`.
    """
    measured, theory = check_measured(measured), check_theory(theory)
    check_agreement(measured, theory)
    nuclei = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    rows = nuclei.get_indexer(measured.index)
    if (rows < 0).any():
        Z, N = measured.index[int(np.argmax(rows < 0))]
        raise DataError(f"{label(Z, N)} is measured, but the theory to be corrected leaves it out")
    parts = theory.transpose("nucleus", "theory")
    mass, sd = (parts[name].to_numpy().copy() for name in ("mass_excess", "mass_excess_sd"))
    models = {}
    for k, name in enumerate(str(each) for each in theory["theory"].to_numpy()):
        try:
            mass[:, k], sd[:, k], models[name] = _correct_model(
                theory["Z"].to_numpy(), theory["N"].to_numpy(), mass[:, k], sd[:, k], rows,
                measured, _known(learnt, name), block,
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
    models: Mapping[str, CorrectedModel],
    *,
    learnt: FittedHyperparameters | None = None,
    elements: int | None = None,
) -> CorrectedModel:
    """Learn what the average of models gets wrong.

    Parameters
    ----------
    models : mapping of str to CorrectedModel
        From `correct_theory`.  A measured nucleus that some of them leave out is described by the
        average of the others.
    learnt : FittedHyperparameters, optional
        Take hyperparameters and factor from here instead of learning them.
    elements : int, optional
        Learn them in blocks of that many elements, which is faster; see
        `bmm.theory.residual_field.fit_residuals`.

    Returns
    -------
    CorrectedModel
        As if their average were a model: field in MeV, and factor.

    Raises
    ------
    DataError
        If they are to learn from fewer than 20 nuclei.
    """
    fields = [each.field for each in models.values()]
    told = pd.concat(
        [
            pd.DataFrame(
                {"residual": field.residual, "variance": field.noise},
                index=nuclide_index(field.Z, field.N),
            )
            for field in fields
        ]
    )
    mean = told.groupby(level=["Z", "N"]).mean()
    Z, N = numbers(mean.index)
    residual, known_sd = mean["residual"].to_numpy(), np.sqrt(mean["variance"].to_numpy())
    if learnt is not None:
        field = learnt.conditioned(Z, N, residual, known_sd)
        return CorrectedModel(field, learnt.factor)
    block = None if elements is None else Z // elements
    field = fit_residuals(Z, N, residual, known_sd, block)
    left_out, its_sd = field.left_out(np.arange(len(Z)))
    return CorrectedModel(field, _factor((residual - left_out) / its_sd))


def _correct_model(
    Z: IntArray,
    N: IntArray,
    mass: FloatArray,
    stated: FloatArray,
    rows: IntArray,
    measured: pd.DataFrame,
    learnt: FittedHyperparameters | None,
    block: IntArray | None,
) -> tuple[FloatArray, FloatArray, CorrectedModel]:
    """Corrected masses (nucleus,) and scales of one model, MeV, and what was learnt."""
    values = measured[["mass_excess", "mass_excess_uncertainty"]].to_numpy(dtype=np.float64)
    residual = values[:, 0] - mass[rows]
    kept = np.isfinite(residual)
    known_sd = np.hypot(values[:, 1], np.nan_to_num(stated[rows]))[kept]
    at = rows[kept]
    if learnt is None:
        blocks = None if block is None else block[kept]
        field = fit_residuals(Z[at], N[at], residual[kept], known_sd, blocks)
    else:
        field = learnt.conditioned(Z[at], N[at], residual[kept], known_sd)
    left_out, its_sd = field.left_out(np.arange(len(at)))
    factor = learnt.factor if learnt else _factor((residual[kept] - left_out) / its_sd)
    covered = np.isfinite(mass)
    mean, sd = np.full(len(mass), np.nan), np.full(len(mass), np.nan)
    others = covered.copy()
    others[at] = False
    mean[others], sd[others] = field.at(Z[others], N[others])
    mean[at] = left_out
    sd[at] = np.sqrt(np.maximum(its_sd**2 - known_sd**2, 0.0))
    scale = np.hypot(factor * sd, np.nan_to_num(stated))
    return mass + mean, np.where(covered, scale, np.nan), CorrectedModel(field, factor)


def _known(
    learnt: Mapping[str, FittedHyperparameters] | None, name: str
) -> FittedHyperparameters | None:
    """Find what is learnt of a model already, if anything is to be taken over."""
    if learnt is None:
        return None
    if name not in learnt:
        raise DataError("expected what an earlier correction has learnt of this model too")
    return learnt[name]


def _factor(deviation: FloatArray) -> float:
    """Scale of the Student-t that fits standardised deviations (n,) best."""
    from scipy import stats

    return float(stats.t.fit(deviation, fdf=NU, floc=0)[-1])
