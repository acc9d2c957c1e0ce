"""What the Gaussian processes of the emulator share: units, and how they are stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.emulation.surrogate import Emulator
from bmm.gp.kernels import Kernel
from bmm.gp.optimisation import NormalPrior, Objective, Optimum, most_probable
from bmm.gp.process import ExactProcess, ProcessPrediction

__all__ = ["EmulatedPrediction", "Process", "ProcessPacking", "fit_logs", "standardise"]

# Of the normal priors of logarithms.
_SPREAD = 1.5
_REACH = 5.0
_EVALUATIONS = 25


@dataclass(frozen=True)
class Process(ABC):
    """A process conditioned on values.

    Parameters
    ----------
    points : array (n, d)
        Coordinates of the learned values.
    values : array (n,)
        Of order one.
    logs : array
        Logarithms of its hyperparameters.
    centre, scale : float
        Of the values in their own unit.
    """

    points: FloatArray
    values: FloatArray
    logs: FloatArray
    centre: float
    scale: float

    @property
    @abstractmethod
    def kernel(self) -> Kernel:
        """Prior covariance between the inputs of points."""

    @property
    @abstractmethod
    def noise(self) -> float:
        """Variance of the learned values beyond the kernel's."""

    @abstractmethod
    def sites(self, points: FloatArray) -> FloatArray:
        """Give the inputs of the kernel at points (n, d); array (n, ...)."""

    @abstractmethod
    def variance(self, remaining: FloatArray) -> FloatArray:
        """Variance of new values, given the `remaining` variance of the kernel; array (n,)."""

    def at(self, points: FloatArray) -> EmulatedPrediction:
        """Predict points (n, d), scaled as those it has learned from."""
        exact = ExactProcess(self.kernel, self.sites(self.points), self.values, self.noise)
        return EmulatedPrediction(self, exact.at(self.sites(points)))


@dataclass(frozen=True)
class EmulatedPrediction:
    """Prediction of a process at n points, in the unit of the values.

    Parameters
    ----------
    process : Process
        Whose prediction it is.
    standard : ProcessPrediction
        The same of values of order one.
    """

    process: Process
    standard: ProcessPrediction

    @property
    def mean(self) -> FloatArray:
        """Expected values, array (n,)."""
        return self.process.centre + self.process.scale * self.standard.mean

    @property
    def sd(self) -> FloatArray:
        """Posterior standard deviation of new values, array (n,)."""
        return np.asarray(
            self.process.scale * np.sqrt(self.process.variance(self.standard.variance))
        )

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Posterior covariance between points, without a nugget; array (rows, columns)."""
        return self.process.scale**2 * self.standard.covariance(rows, columns)


class ProcessPacking:
    """Processes of one kind as arrays, and made of them again."""

    kind: ClassVar[type[Process]]

    def pack(self, emulator: Emulator) -> dict[str, FloatArray]:
        """Give the arrays that make a process."""
        assert isinstance(emulator, self.kind)
        return {each.name: np.asarray(getattr(emulator, each.name)) for each in fields(emulator)}

    def unpack(self, arrays: dict[str, FloatArray], dimensions: int) -> Process:
        """Make the process again."""
        parts: dict[str, Any] = {
            name: each if each.ndim else each.item() for name, each in arrays.items()
        }
        return self.kind(**parts)


def standardise(values: FloatArray) -> tuple[FloatArray, float, float]:
    """Give values (n,) of order one, and the centre and scale that make them so.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.gaussian import standardise
    >>> standardise(np.array([-10.0, -6.0]))
    (array([-1.,  1.]), -8.0, 2.0)
    """
    centre, scale = float(values.mean()), float(values.std()) or 1.0
    return (values - centre) / scale, centre, scale


def fit_logs(objective: Objective, start: FloatArray, centres: FloatArray) -> Optimum:
    """Find logarithms of the largest posterior density.

    Parameters
    ----------
    objective : callable
        Gives minus the log likelihood of logarithms and its gradient.
    start, centres : array
        Logarithms to start from, and the centres of their normal priors, 1.5 wide.

    Examples
    --------
    Logarithms of flat likelihood stay at the centres of their priors:

    >>> import numpy as np
    >>> from bmm.emulation.gaussian import fit_logs
    >>> centres = np.array([0.5, -0.5])
    >>> fit_logs(lambda x: (0.0, np.zeros(2)), np.zeros(2), centres).parameters.round(3)
    array([ 0.5, -0.5])
    """
    prior = NormalPrior(centres, np.full(len(centres), _SPREAD))
    return most_probable(objective, start, prior, reach=_REACH, evaluations=_EVALUATIONS)
