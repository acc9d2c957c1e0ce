"""New measurements reweight the members of an ensemble, by Bayes' theorem.

Member m is an hypothesis about all masses; data y_1 ... y_n that no member was trained on multiply
its weight by prod_i p_m(y_i).  The errors of one member are alike in neighbouring nuclei, which
the product does not know, so many new nuclei of one region decide too much: the effective number
of members, 1 / sum_m w_m^2, tells when the ensemble must be retrained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from bmm.arrays import FloatArray
from bmm.errors import DataError
from bmm.nuclides import label
from bmm.theory.mdn.ensemble import Ensemble, Mixture
from bmm.theory.mdn.model_file import read_ensemble

__all__ = ["FEWEST_EFFECTIVE", "EnsembleUpdate", "reweight", "update_model"]

FEWEST_EFFECTIVE = 0.25
"""Smallest share of the members that must be left, effectively."""


@dataclass(frozen=True)
class EnsembleUpdate:
    """An ensemble that has seen new masses.

    Parameters
    ----------
    ensemble : Ensemble
        With new weights.
    before, after : DataFrame
        Predictions of the new nuclei, indexed (Z, N): mass_excess, mass_excess_sd in MeV.
    effective : float
        Effective number of members left.
    """

    ensemble: Ensemble
    before: pd.DataFrame
    after: pd.DataFrame
    effective: float

    @property
    def needs_retraining(self) -> bool:
        """Whether too few members are left to represent the ensemble."""
        return self.effective < FEWEST_EFFECTIVE * len(self.ensemble.log_weight)

    @property
    def verdict(self) -> str:
        """One sentence."""
        left = f"{self.effective:.1f} of {len(self.ensemble.log_weight)} members are left"
        if self.needs_retraining:
            return f"{left}, effectively, which is too few: retrain with bmm train-mdn"
        return f"{left}, effectively"


def update_model(path: Path, measured: pd.DataFrame) -> EnsembleUpdate:
    """Reweight the members of a model file; the file is left as it is.

    Parameters
    ----------
    path : Path
        File of a trained model.
    measured : DataFrame
        New nuclei; see `reweight`.

    Raises
    ------
    DataError
        If the file cannot be read, or as `reweight` says.
    """
    return reweight(read_ensemble(path), measured)


def reweight(ensemble: Ensemble, measured: pd.DataFrame) -> EnsembleUpdate:
    """Reweight the members of an ensemble, without training.

    Parameters
    ----------
    ensemble : Ensemble
        Its weights so far are the prior.
    measured : DataFrame
        New nuclei, indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Raises
    ------
    DataError
        If there is none, a mass is not finite or an uncertainty negative, or a nucleus has been
        learnt from.
    """
    mass, uncertainty = _values(ensemble, measured)
    before = ensemble.predict(measured.index)
    evidence = _member_log_density(ensemble, mass, uncertainty, measured.index)
    log_weight = ensemble.log_weight + evidence.sum(axis=1)
    log_weight = log_weight - special.logsumexp(log_weight)
    updated = replace(ensemble, log_weight=log_weight)
    return EnsembleUpdate(
        ensemble=updated,
        before=_table(before, measured.index),
        after=_table(updated.predict(measured.index), measured.index),
        effective=float(1 / np.exp(2 * log_weight).sum()),
    )


def _member_log_density(
    ensemble: Ensemble, mass: FloatArray, uncertainty: FloatArray, nuclei: pd.Index
) -> FloatArray:
    """Log density of each mass under each member by itself, array (M, n), log(1/MeV)."""
    parts = []
    for m in range(len(ensemble.log_weight)):
        alone = np.full(len(ensemble.log_weight), -np.inf)
        alone[m] = 0.0
        own = replace(ensemble, log_weight=alone).predict(nuclei)
        parts.append(own.log_density(mass, uncertainty))
    return np.stack(parts)


def _values(ensemble: Ensemble, measured: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    for column in ("mass_excess", "mass_excess_uncertainty"):
        if column not in measured:
            raise DataError(f"new measurements need a column {column} (MeV)")
    if measured.empty:
        raise DataError("new measurements: expected at least one nucleus")
    values = measured[["mass_excess", "mass_excess_uncertainty"]].to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(values).all(axis=1) | (values[:, 1] < 0)
    known = measured.index.isin(ensemble.training)
    for mask, why in (
        (wrong, "expected a finite mass excess and an uncertainty that is not negative"),
        (measured.index.duplicated(), "expected each nucleus once"),
        (known, "the model has learnt from it, and a mass must not count twice"),
    ):
        if mask.any():
            Z, N = measured.index[mask][0]
            raise DataError(f"new measurement of {label(Z, N)} (Z={Z}, N={N}): {why}")
    return values[:, 0], values[:, 1]


def _table(predicted: Mixture, nuclei: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {"mass_excess": predicted.mean, "mass_excess_sd": predicted.sd}, index=nuclei
    )
