"""Kernels on the lattice of (Z, N), and their likelihood at the cost of a Cholesky decomposition.

The covariance of two nuclei depends on |dZ| and |dN| alone, up to a growth s(x) with the mass
number, and every nucleus has an independent deviation, the nugget:

    k(x, x') = s(x) s(x') {T[|dZ|, |dN|] + nugget^2 delta_xx'}.

Covariances are then looked up in the table T, and the gradient of the log likelihood is the
pullback of sums by lag (`bmm.gp.lag_tables`) through a kernel of some 20,000 lags instead of n^2
pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.errors import ConfigError
from bmm.gp.conditioning import add_noise, cholesky, inverse_triangle, log_density
from bmm.gp.kernels import Kernel, Pullback
from bmm.gp.nonstationary import Growth
from bmm.gp.process import MarginalLikelihood

__all__ = ["LatticeKernel", "lattice_likelihood", "lattice_points"]

# Pairs of points at the same lags, up to their signs.
_PAIRS = (((1, 2), (0, 0)), ((1, 0), (0, 2)), ((60, 83), (59, 81)))


@dataclass(frozen=True)
class LatticeKernel:
    """Covariance of a field over the chart of nuclides.

    Its parameters are those of the stationary kernel, log(nugget) and the power of the growth.

    Parameters
    ----------
    stationary : Kernel
        Of points (Z, N), a function of |dZ| and |dN|.
    growth : Growth
        s(x), the growth of everything with the mass number.
    nugget : float
        Standard deviation of the independent deviation of each nucleus, where s is one.

    Raises
    ------
    ConfigError
        If the nugget is not positive, or the kernel is not a function of the lags.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.lattice_kernel import LatticeKernel
    >>> from bmm.gp.nonstationary import Growth
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = LatticeKernel(SquaredExponential((3.0, 4.0)), Growth(0.0), nugget=0.1)
    >>> kernel(np.array([[50.0, 82.0]]), np.array([[50.0, 82.0], [53.0, 86.0]])).round(4)
    array([[1.    , 0.3679]])
    """

    stationary: Kernel
    growth: Growth
    nugget: float

    def __post_init__(self) -> None:
        if not self.nugget > 0:
            raise ConfigError(f"a nugget must be positive, not {self.nugget:g}")
        first, second = np.array(_PAIRS, dtype=np.float64).transpose(1, 0, 2)
        same = np.diag(self.stationary(first, second))
        if not np.allclose(same, same[0], rtol=1e-9, atol=0):
            raise ConfigError(
                "a kernel on the lattice must be a function of |dZ| and |dN|, such as sums and "
                "products of stationary and alternating kernels along the axes"
            )

    @property
    def parameters(self) -> FloatArray:
        """What is optimised, array (p,)."""
        own = [np.log(self.nugget), self.growth.power]
        return np.concatenate([self.stationary.parameters, own])

    def with_parameters(self, parameters: FloatArray) -> Self:
        """Give the same kernel with other parameters, array (p,)."""
        return replace(
            self,
            stationary=self.stationary.with_parameters(parameters[:-2]),
            nugget=float(np.exp(parameters[-2])),
            growth=self.growth.with_parameters(parameters[-1:]),
        )

    def __call__(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Covariances, array (n, m), between points (Z, N), (n, 2) and (m, 2), without nugget."""
        from bmm.gp.lag_tables import fill_across

        table, _ = self.by_lag(np.concatenate([first, second]))
        return np.asarray(
            fill_across(
                table,
                *_columns(first), self.growth.scale(first),
                *_columns(second), self.growth.scale(second),
            )
        )  # fmt: skip

    def variance(self, points: FloatArray) -> FloatArray:
        """Variance at points (n, 2), without the nugget; array (n,)."""
        return self.stationary.variance(points) * self.growth.variance(points)

    def nugget_variance(self, points: FloatArray) -> FloatArray:
        """Variance of the nugget at points (n, 2), array (n,)."""
        return np.asarray(self.nugget**2 * self.growth.variance(points))

    def by_lag(self, points: FloatArray) -> tuple[FloatArray, Pullback]:
        """Give the table T[|dZ|, |dN|] of all lags between points (n, 2), and its pullback."""
        spans = np.ptp(points, axis=0) if len(points) else np.zeros(2)
        lags = [np.arange(span + 1) for span in spans]
        grid = np.stack(np.meshgrid(*lags, indexing="ij"), axis=-1).reshape(-1, 2)
        covariance, pullback = self.stationary.with_pullback(grid, np.zeros((1, 2)))
        return covariance.reshape(len(lags[0]), len(lags[1])), pullback


def lattice_points(Z: IntArray, N: IntArray) -> FloatArray:
    """Give nuclei (Z, N), arrays (n,), as points (n, 2).

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.lattice_kernel import lattice_points
    >>> lattice_points(np.array([50, 50]), np.array([80, 82]))
    array([[50., 80.],
           [50., 82.]])
    """
    return np.column_stack([Z, N]).astype(np.float64)


def lattice_likelihood(
    kernel: LatticeKernel, points: FloatArray, values: FloatArray, noise: FloatArray
) -> MarginalLikelihood:
    """Log marginal likelihood of noisy values of a field, as `bmm.gp.process.marginal_likelihood`.

    Parameters
    ----------
    kernel : LatticeKernel
        Covariance of the field.
    points, values : array (n, 2), array (n,)
        Nuclei (Z, N), and what was observed there.
    noise : array (n,) or array (n, n)
        Variance of each observation, or their covariance.

    Raises
    ------
    DomainError
        If the covariance is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.lattice_kernel import LatticeKernel, lattice_likelihood
    >>> from bmm.gp.nonstationary import Growth
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = LatticeKernel(SquaredExponential((3.0, 4.0)), Growth(0.0), nugget=1.0)
    >>> points = np.array([[50.0, 50.0]])
    >>> found = lattice_likelihood(kernel, points, np.array([2.0]), np.array([2.0]))
    >>> round(found.value, 4), found.by_noise
    (-2.1121, array([0.]))
    """
    Z, N = _columns(points)
    scale, own = kernel.growth.scale(points), kernel.nugget_variance(points)
    table, pullback = kernel.by_lag(points)
    covariance = np.zeros((len(Z), len(Z)), order="F")
    from bmm.gp.lag_tables import fill_lower

    fill_lower(table, Z, N, scale, covariance)
    add_noise(covariance, own)
    add_noise(covariance, noise)
    factor = cholesky(covariance)
    value, pull = log_density(factor, values)
    inverse = inverse_triangle(factor, overwrite=True)
    from bmm.gp.lag_tables import sum_by_lag

    by_table, by_log_scale, by_noise = sum_by_lag(table, Z, N, scale, inverse, pull)
    by_own = 2 * own * by_noise
    power = (by_log_scale + by_own) @ kernel.growth.log_ratio(points)
    gradient = np.append(pullback(by_table.reshape(-1, 1)).parameters, [by_own.sum(), power])
    return MarginalLikelihood(value, gradient, by_noise)


def _columns(points: FloatArray) -> tuple[IntArray, IntArray]:
    """Z and N of points (n, 2), whole numbers; arrays (n,)."""
    Z, N = (np.ascontiguousarray(column, dtype=np.int64) for column in points.T)
    return Z, N
