"""The algebra of jointly normal values: factors, densities, conditioning, leave-out, draws.

Exact conditioning of a Gaussian process needs only these few functions of its covariances.  With y
= f(c) + noise observed, K = cov(c, c) + cov(noise) = L L^T, and the *whitened* covariance V = L^-1
cov(c, x), values at x have

    mean(x | y) = mean(x) + V^T L^-1 [y - mean(c)],    cov(x, x' | y) = cov(x, x') - V^T V'

(Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, equations 2.23 and 2.24,
doi:10.7551/mitpress/3206.001.0001).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from scipy import linalg
from scipy.linalg import blas, lapack

from bmm.arrays import FloatArray, IntArray
from bmm.errors import DomainError

__all__ = [
    "Conditioning",
    "add_noise",
    "cholesky",
    "draw_normal",
    "inverse_triangle",
    "left_out",
    "log_density",
    "mirrored",
]


def add_noise(covariance: FloatArray, noise: FloatArray | float) -> None:
    """Add the noise of observations to a covariance (n, n), in place.

    Parameters
    ----------
    covariance : array (n, n)
        It is changed.
    noise : float, array (n,) or array (n, n)
        One variance, the variance of each observation, or their covariance.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import add_noise
    >>> covariance = np.ones((2, 2))
    >>> add_noise(covariance, np.array([0.5, 1.0]))
    >>> covariance
    array([[1.5, 1. ],
           [1. , 2. ]])
    """
    if np.ndim(noise) == 2:
        covariance += noise
    else:
        covariance[np.diag_indices_from(covariance)] += noise


def cholesky(covariance: FloatArray) -> FloatArray:
    """Lower Cholesky factor of a covariance (n, n), of which only the lower triangle is read.

    Its upper triangle is undefined.  A covariance in Fortran order is overwritten.

    Raises
    ------
    DomainError
        If the covariance is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import cholesky
    >>> np.tril(cholesky(np.array([[4.0, 0.0], [2.0, 2.0]])))
    array([[2., 0.],
           [1., 1.]])
    """
    factor, info = lapack.dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
    if info:
        raise DomainError(
            f"the covariance of {len(covariance)} values is not positive definite (row {info}): "
            "expected finite hyperparameters, and points that differ or are noisy"
        )
    return np.asarray(factor)


def log_density(factor: FloatArray, deviation: FloatArray) -> tuple[float, FloatArray]:
    """Log density of a normal vector, and its deviation multiplied by the inverse covariance.

    Parameters
    ----------
    factor : array (n, n)
        Lower Cholesky factor of the covariance.
    deviation : array (n,)
        The vector minus its mean.

    Returns
    -------
    float, array (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import log_density
    >>> value, pull = log_density(np.array([[2.0]]), np.array([1.0]))
    >>> round(value, 4), pull
    (-1.7371, array([0.25]))
    """
    pull, _ = lapack.dpotrs(factor, deviation, lower=1)
    value = -0.5 * deviation @ pull - np.log(np.diag(factor)).sum()
    return float(value - 0.5 * len(deviation) * np.log(2 * np.pi)), pull


def inverse_triangle(factor: FloatArray, *, overwrite: bool = False) -> FloatArray:
    """Lower triangle of the inverse covariance; the upper one is undefined.

    Parameters
    ----------
    factor : array (n, n)
        Lower Cholesky factor of the covariance.
    overwrite : bool, default False
        Let the result take the place of a factor in Fortran order.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import inverse_triangle
    >>> inverse_triangle(np.array([[2.0]]))
    array([[0.25]])
    """
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=int(overwrite))
    return np.asarray(inverse)


def mirrored(triangle: FloatArray) -> FloatArray:
    """Symmetric matrix (n, n) of a lower triangle.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import mirrored
    >>> mirrored(np.array([[1.0, np.nan], [2.0, 3.0]]))
    array([[1., 2.],
           [2., 3.]])
    """
    below = np.tril(triangle, -1)
    whole = below + below.T
    whole[np.diag_indices_from(whole)] = np.diag(triangle)
    return np.asarray(whole)


@dataclass(frozen=True)
class Conditioning:
    """How observing k values changes the distribution of n others.

    Parameters
    ----------
    factor : array (k, k)
        Lower Cholesky factor L of the covariance of the observations, noise included.
    white : array (k, n)
        V = L^-1 cov(c, x), the covariance of the observations with the others, whitened.

    Examples
    --------
    One value of variance 3 is observed with a noise of variance 1; the other has a covariance of 2
    with it.

    >>> import numpy as np
    >>> from bmm.gp.conditioning import Conditioning
    >>> known = Conditioning.of(np.array([[4.0]]), np.array([[2.0]]))
    >>> known.shift(np.array([1.0])), known.explained_variance
    (array([0.5]), array([1.]))
    """

    factor: FloatArray
    white: FloatArray

    @classmethod
    def of(cls, inner: FloatArray, across: FloatArray) -> Conditioning:
        """Condition on observations.

        Parameters
        ----------
        inner : array (k, k)
            Covariance of the observations, noise included.
        across : array (k, n)
            Covariance of the observations with the other values.

        Raises
        ------
        DomainError
            If `inner` is not positive definite.
        """
        return cls.by_factor(cholesky(np.array(inner, order="F")), across)

    @classmethod
    def by_factor(cls, factor: FloatArray, across: FloatArray) -> Conditioning:
        """As `of`, with the Cholesky factor (k, k) of the covariance of the observations."""
        return cls(factor, _whitened(factor, across))

    def shift(self, deviation: FloatArray) -> FloatArray:
        """Change of the means, array (..., n), for observations (..., k) minus their mean."""
        leading = deviation.shape[:-1]
        flat = deviation.reshape(prod(leading), len(self.factor))
        shifts = _whitened(self.factor, flat.T).T @ self.white
        return np.asarray(shifts.reshape(*leading, self.white.shape[1]))

    @property
    def gain(self) -> FloatArray:
        """Change of the means per unit of each observation, array (n, k)."""
        return self.shift(np.eye(len(self.factor))).T

    @property
    def explained_variance(self) -> FloatArray:
        """Reduction of the variance of each of the others, array (n,)."""
        return np.asarray(np.einsum("kn,kn->n", self.white, self.white))

    def explained(self, rows: IntArray | slice, columns: IntArray | slice) -> FloatArray:
        """Reduction of the covariance between some of the others, array (rows, columns)."""
        return np.asarray(self.white[:, rows].T @ self.white[:, columns])

    def explained_with(self, across: FloatArray) -> FloatArray:
        """Reduction of the covariance between m further values and the others, array (m, n).

        Parameters
        ----------
        across : array (k, m)
            Covariance of the observations with the further values.
        """
        return np.asarray(_whitened(self.factor, across).T @ self.white)


def left_out(
    precision: FloatArray, values: FloatArray, block: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Predict each value from those outside its block.

    With P the inverse covariance and B a block, what is left out has the covariance P_BB^-1 and the
    mean y_B - P_BB^-1 [P y]_B.  For blocks of one this is equation 5.12 of Rasmussen & Williams
    (2006); see also Dubrule, Math. Geol. 15, 687 (1983), doi:10.1007/BF01033232.

    Parameters
    ----------
    precision : array (n, n)
        Inverse covariance of the observations, noise included.
    values : array (n,)
        Observations minus their mean.
    block : int array (n,)
        Number of the block of each value; all different leaves one out at a time.

    Returns
    -------
    mean, sd : array (n,)
        The noise of an observation is part of its sd.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import left_out
    >>> precision = np.linalg.inv(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> mean, sd = left_out(precision, np.array([1.0, 3.0]), np.array([0, 1]))
    >>> mean, sd**2
    (array([1.5, 0.5]), array([1.5, 1.5]))
    """
    pull = precision @ values
    blocks, members = np.unique(block, return_inverse=True)
    if len(blocks) == len(values):
        variance = 1.0 / np.diag(precision)
        return values - variance * pull, np.sqrt(variance)
    mean, sd = np.empty_like(values), np.empty_like(values)
    for number in range(len(blocks)):
        inside = np.flatnonzero(members == number)
        covariance = np.linalg.inv(precision[np.ix_(inside, inside)])
        mean[inside] = values[inside] - covariance @ pull[inside]
        sd[inside] = np.sqrt(np.diag(covariance))
    return mean, sd


def draw_normal(
    mean: FloatArray | float,
    covariance: FloatArray,
    count: int,
    rng: np.random.Generator,
    *,
    jitter: float = 0.0,
) -> FloatArray:
    """Draw normal vectors of a dense covariance.

    Parameters
    ----------
    mean : array (n,) or float
        Their mean.
    covariance : array (n, n)
        Only its lower triangle is read.  In C order it is kept, in Fortran order overwritten.
    count : int
        Number of draws.
    rng : Generator
        Random numbers.
    jitter : float, default 0
        Relative increase of the variances, where rounding may have made the covariance of nearly
        equal values indefinite.

    Returns
    -------
    array (count, n)

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.conditioning import draw_normal
    >>> draws = draw_normal(5.0, np.eye(2) + 1.0, 40_000, np.random.default_rng(0))
    >>> np.cov(draws.T).round(1)
    array([[2., 1.],
           [1., 2.]])
    """
    enlarged = np.asfortranarray(covariance)
    enlarged[np.diag_indices_from(enlarged)] *= 1 + jitter
    white = rng.standard_normal((count, len(enlarged)))
    drawn = blas.dtrmm(1.0, cholesky(enlarged), white.T, lower=1, overwrite_b=1)
    return np.asarray(mean + drawn.T)


def _whitened(factor: FloatArray, values: FloatArray) -> FloatArray:
    """L^-1 times values (n,) or (n, m)."""
    solved: Any = linalg.solve_triangular(factor, values, lower=True, check_finite=False)
    return np.asarray(solved)
