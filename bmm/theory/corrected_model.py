"""A model with the field of its residuals, and what is learnt of that field.

The spread of the field is multiplied by a factor that is common to the chart and by a local one, so
that a Student-t with `bmm.distributions.student_t.NU` degrees of freedom fits the deviations of
left-out nuclei.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.data.mass_errors import MassErrors
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.gp.local_spread import LENGTH, PRIOR_COUNT, local_spread
from bmm.theory.residual_field import Hyperparameters, ResidualField

__all__ = ["CorrectedModel", "FittedHyperparameters"]

# Of a log evidence: what another machine may compute for the same masses.
_SAME = 1e-7


@dataclass(frozen=True)
class FittedHyperparameters:
    """What is learnt of a model's residuals before it is conditioned on any of them.

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
    def of(cls, facts: Mapping[str, Any], *, any_masses: bool = False) -> FittedHyperparameters:
        """Read it from the facts of a `CorrectedModel`.

        Parameters
        ----------
        facts : mapping
            See `CorrectedModel.facts`.
        any_masses : bool, default False
            Allow the field to be conditioned on other masses than it was learnt from.

        Raises
        ------
        DataError
            If something is missing.
        """
        try:
            if facts["local_spread"] != {"length": LENGTH, "prior_count": PRIOR_COUNT}:
                raise ValueError(f"local_spread = {facts['local_spread']}")
            return cls(
                Hyperparameters.from_dict(facts),
                float(facts["factor"]),
                None if any_masses else float(facts["log_evidence"]),
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
        errors: MassErrors | None = None,
    ) -> ResidualField:
        """Condition the field on deviations (n,), MeV; see `ResidualField`.

        Raises
        ------
        DataError
            If these are not the masses that it was learnt from, and those alone will do.
        """
        field = ResidualField.conditioned(self.hyperparameters, Z, N, residual, known_sd, errors)
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
        What the field's spread is multiplied by over the whole chart, so that a Student-t with `NU`
        degrees of freedom fits the deviations of left-out nuclei best.
    """

    field: ResidualField
    factor: float

    @classmethod
    def of(cls, field: ResidualField) -> CorrectedModel:
        """Learn the factor from the deviations of left-out nuclei."""
        from scipy import stats

        mean, sd = field.left_out(np.arange(len(field.residual)))
        noise = field.noise if field.noise.ndim == 1 else np.diag(field.noise)
        spread = local_spread(field, field.Z, field.N, NU)
        wide = np.sqrt(noise + spread**2 * np.maximum(sd**2 - noise, 0))
        factor = stats.t.fit((field.residual - mean) / wide, fdf=NU, floc=0)[-1]
        return cls(field, float(factor))

    def factor_at(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Multiply the factor by the local spread at nuclei (m,); see `bmm.gp.local_spread`."""
        return self.factor * local_spread(self.field, Z, N, NU)

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
            "local_spread": {"length": LENGTH, "prior_count": PRIOR_COUNT},
            **self.field.hyperparameters.as_dict(),
        }
