"""A Gaussian process, the standing rival of the committee.

Its Matérn covariance has the smoothness 1/2, 3/2 or 5/2, whichever the marginal likelihood
prefers, and a nugget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from bmm.emulation.gaussian import (
    Process,
    ProcessPacking,
    covariance_of,
    likelihood,
    log_prior,
    maximise,
    slope_of,
    standardise,
)
from bmm.emulation.surrogate import Emulator

__all__ = ["GaussianProcess", "ProcessLearner", "negative_log_posterior"]

FloatArray = npt.NDArray[np.float64]

SMOOTHNESS = (0.5, 1.5, 2.5)
# Of values of order one at coordinates between -1 and 1: centres of the priors.
_LENGTH, _NUGGET = 0.4, 0.02
_JITTER = 1e-8


@dataclass(frozen=True)
class GaussianProcess(Process):
    """A stationary process; `logs` are of amplitude, nugget and length scales.

    Parameters
    ----------
    smoothness : float
        Of the covariance.
    """

    smoothness: float

    def sites(self, points: FloatArray) -> FloatArray:
        """Give the points themselves."""
        return points

    def covariance(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Covariance without nugget; see `Process`."""
        return covariance_of(_kernel(self.logs), first, second, self.smoothness)

    def variance(self, sites: FloatArray, known: FloatArray) -> FloatArray:
        """Variance, nugget included; see `Process`."""
        amplitude, nugget = np.exp(2 * self.logs[:2])
        return np.asarray(np.maximum(amplitude - known, 0.0) + nugget)

    def noise(self) -> float:
        """Give the nugget."""
        return _noise(self.logs)


@dataclass(frozen=True)
class ProcessLearner(ProcessPacking):
    """Gaussian processes with hyperparameters of the largest posterior density."""

    kind: ClassVar[type[Process]] = GaussianProcess
    name: str = "gp"

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> GaussianProcess:
        """Condition a process; see `bmm.emulation.surrogate.Learner`.  There is no chance in it."""
        standard, centre, scale = standardise(values)
        centres = _centres(points.shape[1])
        start = previous.logs if isinstance(previous, GaussianProcess) else centres
        found = [
            maximise(negative_log_posterior, start, centres, (points, standard, smoothness))
            for smoothness in SMOOTHNESS
        ]
        (logs, _), smoothness = min(
            zip(found, SMOOTHNESS, strict=True), key=lambda each: each[0][1]
        )
        return GaussianProcess(points, standard, logs, centre, scale, smoothness)


def negative_log_posterior(
    logs: FloatArray, points: FloatArray, values: FloatArray, smoothness: float
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood and log prior, up to a constant, and its gradient.

    Parameters
    ----------
    logs : array (d + 2,)
        Logarithms of amplitude, nugget and length scales, each normal with a spread of 1.5.
    points, values : array (n, d), array (n,)
        What is learned from.
    smoothness : float
        Of the covariance.
    """
    covariance = covariance_of(_kernel(logs), points, points, smoothness)
    value, inner = likelihood(covariance.copy(), _noise(logs), values)
    gradient = np.empty_like(logs)
    gradient[0] = np.einsum("ij,ij->", inner, covariance)
    gradient[1] = np.trace(inner) * np.exp(2 * logs[1])
    steep = inner * slope_of(_kernel(logs), points, smoothness)
    for k, length in enumerate(np.exp(logs[2:])):
        apart = (points[:, None, k] - points[None, :, k]) / length
        gradient[2 + k] = 0.5 * np.einsum("ij,ij->", steep, apart**2)
    prior, pull = log_prior(logs, _centres(points.shape[1]))
    return value + prior, gradient + pull


def _centres(dimensions: int) -> FloatArray:
    return np.log([1.0, _NUGGET, *[_LENGTH] * dimensions])


def _kernel(logs: FloatArray) -> FloatArray:
    """Logarithms of amplitude and length scales: all but the nugget's."""
    return np.delete(logs, 1)


def _noise(logs: FloatArray) -> float:
    return float(np.exp(2 * logs[1]) + _JITTER)
