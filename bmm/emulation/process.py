"""A Gaussian process, the standing rival of the committee.

Exact, with a Matérn covariance of smoothness 1/2, 3/2 or 5/2, whichever the marginal likelihood
prefers, a length scale for each coordinate and a nugget (Rasmussen & Williams, Gaussian Processes
for Machine Learning, 2006, chapters 2, 4.2 and 5.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize

from bmm.emulation.belief import Emulator

__all__ = [
    "GaussianProcess",
    "ProcessBelief",
    "ProcessLearner",
    "covariance_of",
    "matern",
    "slope_of",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

SMOOTHNESS = (0.5, 1.5, 2.5)
# Of values of order one at coordinates between -1 and 1: centres of the priors and their width.
_LENGTH, _NUGGET, _WIDTH = 0.4, 0.02, 1.5
_JITTER = 1e-8
_EVALUATIONS = 25


def matern(distance: FloatArray, smoothness: float) -> FloatArray:
    """Matérn correlation at scaled distances, for smoothness 1/2, 3/2 or 5/2."""
    r = np.sqrt(2 * smoothness) * distance
    polynomial = {0.5: np.ones_like(r), 1.5: 1 + r, 2.5: 1 + r + r**2 / 3}[smoothness]
    return np.asarray(polynomial * np.exp(-r))


@dataclass(frozen=True)
class GaussianProcess:
    """A process conditioned on values.

    Parameters
    ----------
    points : array (n, d)
        Where it has learned.
    values : array (n,)
        Of order one.
    smoothness : float
        Of the covariance.
    logs : array (d + 2,)
        Logarithms of amplitude, nugget and length scales.
    centre, scale : float
        Of the values in their own unit.
    """

    points: FloatArray
    values: FloatArray
    smoothness: float
    logs: FloatArray
    centre: float
    scale: float

    def at(self, points: FloatArray) -> ProcessBelief:
        """Predict points (n, d), scaled as those it has learned from."""
        across = covariance_of(_kernel(self.logs), self.points, points, self.smoothness)
        cholesky = _factor(self.logs, self.points, self.smoothness)
        white = linalg.solve_triangular(cholesky, across, lower=True)
        pull = linalg.solve_triangular(cholesky, self.values, lower=True)
        return ProcessBelief(self, points, self.centre + self.scale * (pull @ white), white)


@dataclass(frozen=True)
class ProcessBelief:
    """What a process says of n points.

    Parameters
    ----------
    process : GaussianProcess
        Whose belief it is.
    points : array (n, d)
    mean : array (n,)
    white : array (learned, n)
        Covariance of the learned values with the points, whitened.
    """

    process: GaussianProcess
    points: FloatArray
    mean: FloatArray
    white: FloatArray

    @property
    def sd(self) -> FloatArray:
        """Posterior standard deviation, nugget included, array (n,)."""
        amplitude, nugget = np.exp(2 * self.process.logs[:2])
        variance = amplitude - np.einsum("in,in->n", self.white, self.white)
        return np.asarray(self.process.scale * np.sqrt(np.maximum(variance, 0.0) + nugget))

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Posterior covariance between points, without nugget; array (rows, columns)."""
        process = self.process
        prior = covariance_of(
            _kernel(process.logs), self.points[rows], self.points[columns], process.smoothness
        )
        return np.asarray(
            process.scale**2 * (prior - self.white[:, rows].T @ self.white[:, columns])
        )


@dataclass(frozen=True)
class ProcessLearner:
    """Gaussian processes with hyperparameters of the largest posterior density."""

    name: str = "gp"

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> GaussianProcess:
        """Condition a process; see `bmm.emulation.belief.Learner`.  There is no chance in it."""
        centre, scale = float(values.mean()), float(values.std()) or 1.0
        standard = (values - centre) / scale
        start = _centres(points.shape[1])
        if isinstance(previous, GaussianProcess):
            start = previous.logs
        found = [
            (
                optimize.minimize(
                    negative_log_posterior,
                    start,
                    args=(points, standard, smoothness),
                    jac=True,
                    method="L-BFGS-B",
                    bounds=[(each - 5, each + 5) for each in _centres(points.shape[1])],
                    options={"maxfun": _EVALUATIONS},
                ),
                smoothness,
            )
            for smoothness in SMOOTHNESS
        ]
        best, smoothness = min(found, key=lambda each: float(each[0].fun))
        return GaussianProcess(points, standard, smoothness, best.x, centre, scale)

    def pack(self, emulator: Emulator) -> dict[str, FloatArray]:
        """Give the arrays that make a process."""
        assert isinstance(emulator, GaussianProcess)
        numbers = np.array([emulator.smoothness, emulator.centre, emulator.scale])
        return {
            "points": emulator.points,
            "values": emulator.values,
            "logs": emulator.logs,
            "numbers": numbers,
        }

    def unpack(self, arrays: dict[str, FloatArray], dimensions: int) -> GaussianProcess:
        """Make the process again."""
        smoothness, centre, scale = arrays["numbers"].tolist()
        parts = arrays["points"], arrays["values"], smoothness, arrays["logs"]
        return GaussianProcess(*parts, centre, scale)


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
    cholesky = _factor(logs, points, smoothness)
    pull = linalg.cho_solve((cholesky, True), values)
    value = 0.5 * values @ pull + np.log(np.diag(cholesky)).sum()
    # d value / d theta = tr[(K^-1 - a a^T) dK / d theta] / 2
    inner = linalg.cho_solve((cholesky, True), np.eye(len(values))) - np.outer(pull, pull)
    gradient = np.empty_like(logs)
    gradient[0] = np.einsum(
        "ij,ij->", inner, covariance_of(_kernel(logs), points, points, smoothness)
    )
    gradient[1] = np.trace(inner) * np.exp(2 * logs[1])
    steep = inner * slope_of(_kernel(logs), points, smoothness)
    for k, length in enumerate(np.exp(logs[2:])):
        apart = (points[:, None, k] - points[None, :, k]) / length
        gradient[2 + k] = 0.5 * np.einsum("ij,ij->", steep, apart**2)
    off = (logs - _centres(points.shape[1])) / _WIDTH
    return float(value + 0.5 * off @ off), gradient + off / _WIDTH


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


def _centres(dimensions: int) -> FloatArray:
    return np.log([1.0, _NUGGET, *[_LENGTH] * dimensions])


def _kernel(logs: FloatArray) -> FloatArray:
    """Logarithms of amplitude and length scales: all but the nugget's."""
    return np.delete(logs, 1)


def _distance(logs: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    lengths = np.exp(logs)
    squares = sum(
        ((first[:, None, k] - second[None, :, k]) / length) ** 2 for k, length in enumerate(lengths)
    )
    return np.sqrt(np.asarray(squares))


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


def _factor(logs: FloatArray, points: FloatArray, smoothness: float) -> FloatArray:
    """Cholesky factor of the covariance of the learned values, nugget included."""
    covariance = covariance_of(_kernel(logs), points, points, smoothness)
    covariance[np.diag_indices_from(covariance)] += np.exp(2 * logs[1]) + _JITTER
    return np.asarray(linalg.cholesky(covariance, lower=True))
