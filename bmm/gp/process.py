"""Exact Gaussian processes at scattered points: marginal likelihood and predictions.

Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), sections 2.2 and 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.gp.conditioning import (
    Conditioning,
    add_noise,
    cholesky,
    draw_normal,
    inverse_triangle,
    left_out,
    log_density,
    mirrored,
)
from bmm.gp.kernels import Kernel

__all__ = [
    "CovarianceFunction",
    "ExactProcess",
    "MarginalLikelihood",
    "ProcessPrediction",
    "marginal_likelihood",
]


class CovarianceFunction(Protocol):
    """The covariance of a process: a `bmm.gp.kernels.Kernel`, or one on the lattice."""

    def __call__(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Covariances, array (n, m), between points (n, d) and (m, d)."""

    def variance(self, points: FloatArray) -> FloatArray:
        """Variance at points (n, d), array (n,)."""


@dataclass(frozen=True)
class MarginalLikelihood:
    """Log marginal likelihood of noisy values of a process, and its derivatives.

    Parameters
    ----------
    value : float
        log N(y; 0, K + noise), of values in their unit.
    by_parameters : array (p,)
        Derivatives by the parameters of the kernel.
    by_noise : array (n,)
        Derivatives by the noise variance of each value.

    Examples
    --------
    At its maximum the derivatives vanish, here by the amplitude of one value of 2 with K = 3 + 1:

    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> from bmm.gp.process import marginal_likelihood
    >>> found = marginal_likelihood(Constant(np.sqrt(3.0)), np.zeros((1, 1)), np.array([2.0]), 1.0)
    >>> round(found.value, 4), abs(found.by_parameters).round(6)
    (-2.1121, array([0.]))
    """

    value: float
    by_parameters: FloatArray
    by_noise: FloatArray


def marginal_likelihood(
    kernel: Kernel, points: FloatArray, values: FloatArray, noise: FloatArray | float
) -> MarginalLikelihood:
    """Log marginal likelihood of a process of mean zero.

    Its derivative by any parameter theta is tr[(a a^T - K^-1) dK/dtheta] / 2 with a = K^-1 y
    (Rasmussen & Williams 2006, equation 5.9), one pullback through the kernel.

    Parameters
    ----------
    kernel : Kernel
        Covariance of the process.
    points, values : array (n, d), array (n,)
        Points of the observations, and the observed values.
    noise : float, array (n,) or array (n, n)
        Variance or covariance of the noise.

    Raises
    ------
    DomainError
        If the covariance is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> from bmm.gp.process import marginal_likelihood
    >>> found = marginal_likelihood(Constant(1.0), np.zeros((1, 1)), np.array([2.0]), 1.0)
    >>> round(found.value, 4), found.by_parameters, found.by_noise
    (-2.2655, array([0.5]), array([0.25]))
    """
    kept, pullback = kernel.with_pullback(points, points)
    covariance = np.array(kept, order="F")
    add_noise(covariance, noise)
    factor = cholesky(covariance)
    value, pull = log_density(factor, values)
    weights = mirrored(inverse_triangle(factor, overwrite=True))
    weights -= pull[:, None] * pull
    weights *= -0.5
    return MarginalLikelihood(value, pullback(weights).parameters, np.diag(weights).copy())


@dataclass(frozen=True, eq=False)
class ExactProcess:
    """A process of mean zero, conditioned on noisy values.

    Parameters
    ----------
    kernel : CovarianceFunction
        Prior covariance.
    points, values : array (n, d), array (n,)
        Points of the observations, and the observed values.
    noise : float, array (n,) or array (n, n)
        Variance or covariance of the noise of the values.

    Attributes
    ----------
    factor : array (n, n)
        Lower Cholesky factor of the covariance of the values, noise included.

    Raises
    ------
    DomainError
        If that covariance is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.process import ExactProcess
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = SquaredExponential((1.0,))
    >>> process = ExactProcess(kernel, np.zeros((1, 1)), np.array([2.0]), noise=1.0)
    >>> predicted = process.at(np.array([[0.0], [50.0]]))
    >>> predicted.mean, predicted.variance
    (array([1., 0.]), array([0.5, 1. ]))
    """

    kernel: CovarianceFunction
    points: FloatArray
    values: FloatArray
    noise: FloatArray | float
    factor: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        covariance = np.array(self.kernel(self.points, self.points), order="F")
        add_noise(covariance, self.noise)
        object.__setattr__(self, "factor", cholesky(covariance))

    @cached_property
    def log_likelihood(self) -> float:
        """Log marginal likelihood of the values."""
        return log_density(self.factor, self.values)[0]

    @cached_property
    def precision(self) -> FloatArray:
        """Inverse covariance of the values, noise included; array (n, n)."""
        return mirrored(inverse_triangle(self.factor))

    def at(self, points: FloatArray) -> ProcessPrediction:
        """Predict the process at points (m, d)."""
        across = self.kernel(self.points, points)
        known = Conditioning.by_factor(self.factor, across)
        return ProcessPrediction(self.kernel, points, known.shift(self.values), known)

    def left_out(self, block: IntArray) -> tuple[FloatArray, FloatArray]:
        """Predict each value from those outside its block; see `bmm.gp.conditioning.left_out`."""
        return left_out(self.precision, self.values, block)


@dataclass(frozen=True)
class ProcessPrediction:
    """Prediction of a conditioned process at n points, the noise of new observations left out.

    Parameters
    ----------
    kernel : CovarianceFunction
        Prior covariance.
    points : array (n, d)
        The points.
    mean : array (n,)
        Expected values.
    known : Conditioning
        How the observations change the distribution at the points.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.process import ExactProcess
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel, points = SquaredExponential((1.0,)), np.array([[0.0], [50.0]])
    >>> predicted = ExactProcess(kernel, points[:1], np.array([2.0]), noise=1.0).at(points)
    >>> predicted.covariance([0], [0, 1])
    array([[0.5, 0. ]])
    >>> predicted.draws(5, np.random.default_rng(0)).shape
    (5, 2)
    """

    kernel: CovarianceFunction
    points: FloatArray
    mean: FloatArray
    known: Conditioning

    @property
    def variance(self) -> FloatArray:
        """Variance at each point, array (n,); rounding may leave it just below zero."""
        return self.kernel.variance(self.points) - self.known.explained_variance

    def covariance(self, rows: IntArray | slice, columns: IntArray | slice) -> FloatArray:
        """Covariance between points given by their numbers, array (rows, columns)."""
        prior = self.kernel(self.points[rows], self.points[columns])
        return prior - self.known.explained(rows, columns)

    def draws(self, count: int, rng: np.random.Generator, *, jitter: float = 1e-9) -> FloatArray:
        """Joint draws of all points, array (count, n); see `bmm.gp.conditioning.draw_normal`."""
        covariance = self.covariance(slice(None), slice(None))
        return draw_normal(self.mean, covariance, count, rng, jitter=jitter)
