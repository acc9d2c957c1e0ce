"""A Gaussian process, the standing rival of the committee.

Its Matérn covariance has the smoothness 1/2, 3/2 or 5/2, whichever the marginal likelihood
prefers, and a nugget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from bmm.arrays import FloatArray
from bmm.emulation.gaussian import Process, ProcessPacking, fit_logs, standardise
from bmm.emulation.surrogate import Emulator
from bmm.gp.kernels import Constant, Kernel
from bmm.gp.process import marginal_likelihood
from bmm.gp.stationary import Matern

__all__ = ["GaussianProcess", "ProcessLearner", "negative_log_likelihood"]

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

    @property
    def kernel(self) -> Kernel:
        """Matérn covariance, without the nugget; see `Process`."""
        return _kernel(self.logs, self.smoothness)

    @property
    def noise(self) -> float:
        """The nugget; see `Process`."""
        return _noise(self.logs)

    def sites(self, points: FloatArray) -> FloatArray:
        """Give the points themselves."""
        return points

    def variance(self, remaining: FloatArray) -> FloatArray:
        """Variance, nugget included; see `Process`."""
        return np.asarray(np.maximum(remaining, 0.0) + np.exp(2 * self.logs[1]))


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
        found = {
            smoothness: fit_logs(
                partial(
                    negative_log_likelihood, points=points, values=standard, smoothness=smoothness
                ),
                start,
                centres,
            )
            for smoothness in SMOOTHNESS
        }
        best = min(found, key=lambda smoothness: found[smoothness].value)
        return GaussianProcess(points, standard, found[best].parameters, centre, scale, best)


def negative_log_likelihood(
    logs: FloatArray, points: FloatArray, values: FloatArray, smoothness: float
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood, up to a constant, and its gradient.

    Parameters
    ----------
    logs : array (d + 2,)
        Logarithms of amplitude, nugget and length scales.
    points, values : array (n, d), array (n,)
        What is learned from.
    smoothness : float
        Of the covariance.
    """
    found = marginal_likelihood(_kernel(logs, smoothness), points, values, _noise(logs))
    nugget = 2 * np.exp(2 * logs[1]) * found.by_noise.sum()
    return -found.value - 0.5 * len(values) * np.log(2 * np.pi), -np.insert(
        found.by_parameters, 1, nugget
    )


def _centres(dimensions: int) -> FloatArray:
    return np.log([1.0, _NUGGET, *[_LENGTH] * dimensions])


def _kernel(logs: FloatArray, smoothness: float) -> Kernel:
    """Covariance of the logarithms of amplitude, nugget and length scales, without the nugget."""
    kernel = Constant(1.0) * Matern((1.0,) * (len(logs) - 2), smoothness=smoothness)
    return kernel.with_parameters(np.delete(logs, 1))


def _noise(logs: FloatArray) -> float:
    return float(np.exp(2 * logs[1]) + _JITTER)
