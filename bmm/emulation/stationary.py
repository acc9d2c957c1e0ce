"""A stationary Gaussian process, the baseline of the other emulators.

Its covariance is a kernel and a nugget.  The kernel is the one of largest marginal likelihood, by
default among the Matérn kernels of smoothness 1/2, 3/2 and 5/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from bmm.arrays import FloatArray
from bmm.emulation.gaussian import Process, ProcessPacking, fit_logs, standardise
from bmm.emulation.surrogate import Emulator
from bmm.gp.by_name import KERNELS
from bmm.gp.kernels import Constant, Kernel
from bmm.gp.process import marginal_likelihood

__all__ = ["MATERN", "GaussianProcess", "ProcessLearner", "negative_log_likelihood"]

MATERN = ("matern-1/2", "matern-3/2", "matern-5/2")
# Of values of order one at coordinates between -1 and 1: centres of the priors.
_LENGTH, _NUGGET = 0.4, 0.02
_JITTER = 1e-8


@dataclass(frozen=True)
class GaussianProcess(Process):
    """A stationary process; `logs` are of amplitude, nugget and length scales.

    Parameters
    ----------
    correlation : str
        Name of the kernel in `bmm.gp.by_name.KERNELS`.
    """

    correlation: str

    @property
    def kernel(self) -> Kernel:
        """Covariance without the nugget; see `Process`."""
        return _kernel(self.logs, self.correlation)

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
    """Gaussian processes with hyperparameters of the largest posterior density.

    Parameters
    ----------
    name : str, default "gp"
        Name in tables.
    kernels : tuple of str
        Names in `bmm.gp.by_name.KERNELS`, of which the best is taken.

    Examples
    --------
    Eight values of a sine, and its value between them:

    >>> import numpy as np
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> points = np.linspace(-1, 1, 8)[:, None]
    >>> learner = ProcessLearner(kernels=("matern-5/2",))
    >>> process = learner.fit(points, np.sin(2 * points[:, 0]), seed=0)
    >>> process.at(np.array([[0.5]])).mean.round(1), np.sin(1.0).round(1)
    (array([0.8]), np.float64(0.8))
    """

    kind: ClassVar[type[Process]] = GaussianProcess
    name: str = "gp"
    kernels: tuple[str, ...] = MATERN

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of the kernels; see `bmm.emulation.experiments.run_experiment`."""
        return tuple(KERNELS.module(each) for each in self.kernels)

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> GaussianProcess:
        """Condition a process; see `bmm.emulation.surrogate.Learner`.  Deterministic."""
        standard, centre, scale = standardise(values)
        centres = _centres(points.shape[1])
        start = previous.logs if isinstance(previous, GaussianProcess) else centres
        found = {
            kernel: fit_logs(
                partial(
                    negative_log_likelihood, points=points, values=standard, correlation=kernel
                ),
                start,
                centres,
            )
            for kernel in self.kernels
        }
        best = min(found, key=lambda kernel: found[kernel].value)
        return GaussianProcess(points, standard, found[best].parameters, centre, scale, best)


def negative_log_likelihood(
    logs: FloatArray, points: FloatArray, values: FloatArray, correlation: str
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood, up to a constant, and its gradient.

    Parameters
    ----------
    logs : array (d + 2,)
        Logarithms of amplitude, nugget and length scales.
    points, values : array (n, d), array (n,)
        What is learned from.
    correlation : str
        Name of the kernel in `bmm.gp.by_name.KERNELS`.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.stationary import negative_log_likelihood
    >>> points = np.linspace(-1, 1, 5)[:, None]
    >>> value, gradient = negative_log_likelihood(np.zeros(3), points, np.zeros(5), "matern-5/2")
    >>> gradient.shape  # amplitude, nugget and one length scale
    (3,)
    """
    found = marginal_likelihood(_kernel(logs, correlation), points, values, _noise(logs))
    nugget = 2 * np.exp(2 * logs[1]) * found.by_noise.sum()
    return -found.value - 0.5 * len(values) * np.log(2 * np.pi), -np.insert(
        found.by_parameters, 1, nugget
    )


def _centres(dimensions: int) -> FloatArray:
    return np.log([1.0, _NUGGET, *[_LENGTH] * dimensions])


def _kernel(logs: FloatArray, correlation: str) -> Kernel:
    """Covariance of the logarithms of amplitude, nugget and length scales, without the nugget."""
    kernel = Constant(1.0) * KERNELS[correlation]((1.0,) * (len(logs) - 2))
    return kernel.with_parameters(np.delete(logs, 1))


def _noise(logs: FloatArray) -> float:
    return float(np.exp(2 * logs[1]) + _JITTER)
