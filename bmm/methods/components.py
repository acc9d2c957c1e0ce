"""Linear combination in the principal components of the models.

Giuliani, Godbey, Kejzlar & Nazarewicz (Phys. Rev. Res. 6, 033266, 2024): models that err alike
are combined along the directions in which they differ.  With M_ik = mass of nucleus i by model k,

    M_ik - mean_k M_ik = sum_j U_ij S_j V_kj,      y_i = mean_k M_ik + sum_j U_ij b_j + noise,

so that model k has the weight 1/K + sum_j V_kj b_j / S_j.  The weights sum to one, and may be
negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field
from scipy.special import gammaln

from bmm.arrays import FloatArray
from bmm.distributions import StudentTMixture
from bmm.errors import ConfigError, DataError
from bmm.methods.interface import Method
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.training_arrays import masses_of, training_data

__all__ = ["FittedComponents", "PrincipalComponents"]


_LEAST_SINGULAR = 1e-10
# Noise variance: inverse gamma with this shape, and as its scale shape * (0.1 MeV)^2.
_SHAPE, _SPREAD = 1.0, 0.1


@dataclass(frozen=True)
class FittedComponents:
    """Posterior of the coefficients, normal given the noise, whose variance is inverse gamma.

    Parameters
    ----------
    directions : array (model, component)
        Take deviations from the model average to components, V_kj / S_j.
    coefficients : array (component,)
        Posterior mean of b_j, MeV.
    shrinkage : float
        Posterior covariance of b, in units of the noise variance; the same for every component.
    shape, scale : float
        Posterior of the noise variance, MeV^2.
    facts : dict
        What was learnt.
    """

    directions: FloatArray
    coefficients: FloatArray
    shrinkage: float
    shape: float
    scale: float
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict, by a Student-t in closed form, the nuclei that every model covers."""
        masses = masses_of(theory)
        average = masses.mean(axis=1)
        components = (masses - average[:, None]) @ self.directions
        centre = average + components @ self.coefficients
        variance = 1 + self.shrinkage * (components**2).sum(axis=1)
        scale = np.sqrt(self.scale / self.shape * np.nan_to_num(variance, nan=1.0))
        distribution = StudentTMixture(centre[:, None], scale[:, None], nu=2 * self.shape)
        return MixtureForecast(theory, distribution, seed)


class PrincipalComponents(Method):
    """Bayesian linear regression on the leading principal components of the models.

    The prior of the coefficients given the noise variance s^2 is normal with the variance n s^2
    (unit information), that of s^2 inverse gamma with the shape 1 around (0.1 MeV)^2; posterior
    and prediction are closed forms.  Only nuclei that every model covers are used.

    Parameters
    ----------
    components : int, optional
        How many are kept; by default, as many as have the best evidence.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.components import PrincipalComponents
    >>> found = PrincipalComponents(components=1).fit(measured, theory, seed=0)
    >>> found.directions.shape
    (2, 1)
    """

    method: Literal["principal-components"] = "principal-components"
    components: Annotated[int, Field(ge=0)] | None = None

    @property
    def variant(self) -> str:
        """Name of the method, with the number of components if it is set."""
        if self.components is None:
            return super().variant
        return f"{super().variant} ({self.components})"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedComponents:
        """Solve for the coefficients; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory)
        average = training.theory.mean(axis=1)
        U, S, Vt = np.linalg.svd(training.theory - average[:, None], full_matrices=False)
        # The deviations from the average have one direction less than there are models.
        usable = int((_LEAST_SINGULAR * np.linalg.norm(training.theory) < S).sum())
        usable = min(usable, len(training.models) - 1)
        if self.components is not None and self.components > usable:
            raise ConfigError(
                f"principal components: {self.components} are asked for; expected at most {usable}"
            )
        target = training.mass - average
        n = len(target)
        if n < 2:
            raise DataError(
                "principal components: expected at least two nuclei that every model covers"
            )
        projected = U.T @ target
        counts = range(usable + 1)
        evidence = [_log_evidence(target, projected[:m], n) for m in counts]
        m = int(np.argmax(evidence)) if self.components is None else self.components
        shrinkage = n / (n + 1)
        coefficients = shrinkage * projected[:m]
        directions = Vt[:m].T / S[:m]
        weights = 1 / len(training.models) + directions @ coefficients
        shape, scale = _noise_posterior(target, projected[:m], n)
        facts = training.counts | {
            "components": m,
            "log_evidence_by_components": evidence,
            "weights": training.named(weights),
            "sigma_MeV": float(np.sqrt(scale / shape)),
        }
        return FittedComponents(directions, coefficients, shrinkage, shape, scale, facts)


def _noise_posterior(target: FloatArray, projected: FloatArray, n: int) -> tuple[float, float]:
    """Shape and scale of the inverse-gamma posterior of the noise variance, MeV^2."""
    explained = n / (n + 1) * (projected @ projected)
    scale = _SHAPE * _SPREAD**2 + 0.5 * (target @ target - explained)
    return _SHAPE + 0.5 * n, float(scale)


def _log_evidence(target: FloatArray, projected: FloatArray, n: int) -> float:
    """Log density of the training masses with some components, all parameters integrated out."""
    shape, scale = _noise_posterior(target, projected, n)
    prior = _SHAPE * log(_SHAPE * _SPREAD**2) - gammaln(_SHAPE)
    posterior = shape * log(scale) - gammaln(shape)
    volume = -0.5 * len(projected) * log(n + 1)
    return float(prior - posterior + volume - 0.5 * n * log(2 * pi))
