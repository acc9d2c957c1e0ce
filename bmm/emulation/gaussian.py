"""What Gaussian processes of any covariance share.

Exact processes (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, chapters 2,
4.2 and 5.4), of sums of Matérn covariances with a length scale for each coordinate.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize

from bmm.emulation.surrogate import Emulator

__all__ = [
    "Process",
    "ProcessPacking",
    "ProcessPrediction",
    "covariance_of",
    "factor",
    "likelihood",
    "log_prior",
    "matern",
    "maximise",
    "slope_of",
    "standardise",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Of the normal priors of logarithms.
_WIDTH = 1.5
_EVALUATIONS = 25


@dataclass(frozen=True)
class Process(ABC):
    """A process conditioned on values.

    Parameters
    ----------
    points : array (n, d)
        Where it has learned.
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

    @abstractmethod
    def sites(self, points: FloatArray) -> FloatArray:
        """Give what the covariance sees of points (n, d); array (n, ...)."""

    @abstractmethod
    def covariance(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Covariance of sites before any value is known; array (first, second)."""

    @abstractmethod
    def variance(self, sites: FloatArray, known: FloatArray) -> FloatArray:
        """Variance of values at sites of which so much is `known`; array (n,)."""

    @abstractmethod
    def noise(self) -> float:
        """Variance of the learned values beyond their covariance."""

    def at(self, points: FloatArray) -> ProcessPrediction:
        """Predict points (n, d), scaled as those it has learned from."""
        learned, here = self.sites(self.points), self.sites(points)
        cholesky = factor(self.covariance(learned, learned), self.noise())
        white = linalg.solve_triangular(cholesky, self.covariance(learned, here), lower=True)
        pull = linalg.solve_triangular(cholesky, self.values, lower=True)
        return ProcessPrediction(self, here, self.centre + self.scale * (pull @ white), white)


@dataclass(frozen=True)
class ProcessPrediction:
    """What a process says of n points.

    Parameters
    ----------
    process : Process
        Whose predicted it is.
    sites : array (n, ...)
        What its covariance sees of the points.
    mean : array (n,)
    white : array (learned, n)
        Covariance of the learned values with the points, whitened.
    """

    process: Process
    sites: FloatArray
    mean: FloatArray
    white: FloatArray

    @property
    def sd(self) -> FloatArray:
        """Posterior standard deviation of values, array (n,)."""
        known = np.einsum("in,in->n", self.white, self.white)
        return np.asarray(self.process.scale * np.sqrt(self.process.variance(self.sites, known)))

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Posterior covariance between points, without a nugget; array (rows, columns)."""
        prior = self.process.covariance(self.sites[rows], self.sites[columns])
        shared = self.white[:, rows].T @ self.white[:, columns]
        return np.asarray(self.process.scale**2 * (prior - shared))


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
            name: each if each.ndim else float(each) for name, each in arrays.items()
        }
        return self.kind(**parts)


def standardise(values: FloatArray) -> tuple[FloatArray, float, float]:
    """Give values (n,) of order one, and the centre and scale that make them so."""
    centre, scale = float(values.mean()), float(values.std()) or 1.0
    return (values - centre) / scale, centre, scale


def matern(distance: FloatArray, smoothness: float) -> FloatArray:
    """Matérn correlation at scaled distances, for smoothness 1/2, 3/2 or 5/2."""
    r = np.sqrt(2 * smoothness) * distance
    polynomial = {0.5: np.ones_like(r), 1.5: 1 + r, 2.5: 1 + r + r**2 / 3}[smoothness]
    return np.asarray(polynomial * np.exp(-r))


def covariance_of(
    logs: FloatArray, first: FloatArray, second: FloatArray, smoothness: float
) -> FloatArray:
    """Matérn covariance between points.

    Parameters
    ----------
    logs : array (1 + d,)
        Logarithms of amplitude and length scales.
    first, second : array (n, d), array (m, d)
        Points.
    smoothness : float
        1/2, 3/2 or 5/2.

    Returns
    -------
    array (n, m)
    """
    correlation = matern(_distance(logs[1:], first, second), smoothness)
    return np.asarray(np.exp(2 * logs[0]) * correlation)


def slope_of(logs: FloatArray, points: FloatArray, smoothness: float) -> FloatArray:
    """Minus 1/r d/dr of the covariance (n, n), r the scaled distance; as `covariance_of`."""
    r = _distance(logs[1:], points, points)
    root = np.sqrt(2 * smoothness)
    amplitude = np.exp(2 * logs[0])
    if smoothness == 0.5:
        # At r = 0 the squared distance it is multiplied with is zero as well.
        return np.asarray(amplitude * np.exp(-r) / np.maximum(r, 1e-12))
    if smoothness == 1.5:
        return np.asarray(amplitude * 3 * np.exp(-root * r))
    return np.asarray(amplitude * (5 / 3) * (1 + root * r) * np.exp(-root * r))


def factor(covariance: FloatArray, noise: float) -> FloatArray:
    """Cholesky factor of the covariance of learned values; `covariance` is overwritten."""
    covariance[np.diag_indices_from(covariance)] += noise
    return np.asarray(linalg.cholesky(covariance, lower=True))


def likelihood(
    covariance: FloatArray, noise: float, values: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood up to a constant, and what its gradient is made of.

    Returns
    -------
    float, array (n, n)
        The latter is K^-1 - a a^T, where a = K^-1 y: the derivative by any hyperparameter is
        half the trace of its product with that of the covariance K.
    """
    cholesky = factor(covariance, noise)
    pull = linalg.cho_solve((cholesky, True), values)
    value = 0.5 * values @ pull + np.log(np.diag(cholesky)).sum()
    inner = linalg.cho_solve((cholesky, True), np.eye(len(values))) - np.outer(pull, pull)
    return float(value), inner


def log_prior(logs: FloatArray, centres: FloatArray) -> tuple[float, FloatArray]:
    """Minus the log prior of logarithms, normal with a spread of 1.5, and its gradient."""
    off = (logs - centres) / _WIDTH
    return float(0.5 * off @ off), off / _WIDTH


def maximise(
    objective: Callable[..., tuple[float, FloatArray]],
    start: FloatArray,
    centres: FloatArray,
    args: tuple[Any, ...],
) -> tuple[FloatArray, float]:
    """Find logarithms of the largest posterior density, and minus its logarithm.

    Parameters
    ----------
    objective : callable
        Of the logarithms and `args`; gives minus the log density and its gradient.
    start, centres : array
        Logarithms to start from, and the centres of their priors.
    args : tuple
    """
    found = optimize.minimize(
        objective,
        start,
        args=args,
        jac=True,
        method="L-BFGS-B",
        bounds=[(each - 5, each + 5) for each in centres],
        options={"maxfun": _EVALUATIONS},
    )
    return np.asarray(found.x), float(found.fun)


def _distance(logs: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    lengths = np.exp(logs)
    squares = sum(
        ((first[:, None, k] - second[None, :, k]) / length) ** 2 for k, length in enumerate(lengths)
    )
    return np.sqrt(np.asarray(squares))
