"""Kernels that depend on the positions of two points, not on their difference alone.

Multiplying a process by a known function s(x) multiplies its kernel by s(x) s(x') (Rasmussen &
Williams, Gaussian Processes for Machine Learning, 2006, section 4.2.4).  `LocalScale` takes s from
a column of the points, `Growth` makes it a power of the mass number.  `Sheared` lets a kernel have
its length scales along oblique directions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Self

import numpy as np

from bmm.arrays import FloatArray
from bmm.errors import ConfigError
from bmm.gp.kernels import Fixed, Gradient, Kernel, Pullback

__all__ = ["Growth", "LocalScale", "Sheared"]


@dataclass(frozen=True)
class LocalScale(Fixed):
    """The kernel s(x) s(x') of a scale that is given in a column of the points.

    Multiplied with a kernel, it makes a process that is rough in some places
    and smooth in others.

    Parameters
    ----------
    column : int, default -1
        The column that holds s(x).

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.nonstationary import LocalScale
    >>> LocalScale()(np.array([[0.1, 2.0]]), np.array([[0.3, 0.5], [0.8, 3.0]]))
    array([[1., 6.]])
    """

    column: int = -1

    def variance(self, points: FloatArray) -> FloatArray:
        """See `bmm.gp.kernels.Kernel`."""
        return np.asarray(points[:, self.column] ** 2)

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `bmm.gp.kernels.Kernel`."""
        left, right = first[:, self.column], second[:, self.column]

        def pullback(weights: FloatArray) -> Gradient:
            by_first, by_second = np.zeros(first.shape), np.zeros(second.shape)
            by_first[:, self.column] = weights @ right
            by_second[:, self.column] = left @ weights
            return Gradient(np.empty(0), by_first, by_second)

        return np.outer(left, right), pullback


@dataclass(frozen=True)
class Growth(Kernel):
    """The kernel s(x) s(x') with s = (A / reference)^power, A = Z + N the sum of the coordinates.

    Its parameter is the power.

    Parameters
    ----------
    power : float
        Zero for a scale that is one everywhere.
    reference : float, default 100
        Mass number at which s is one.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.nonstationary import Growth
    >>> Growth(power=-0.5).scale(np.array([[50.0, 50.0], [100.0, 300.0]]))
    array([1. , 0.5])
    """

    power: float
    reference: float = 100.0

    @property
    def parameters(self) -> FloatArray:
        """The power, array (1,)."""
        return np.array([self.power])

    def with_parameters(self, parameters: FloatArray) -> Self:
        """See `bmm.gp.kernels.Kernel`."""
        return replace(self, power=float(parameters[0]))

    def log_ratio(self, points: FloatArray) -> FloatArray:
        """Give log(A / reference) at points (n, 2), array (n,)."""
        return np.asarray(np.log(points.sum(axis=1) / self.reference))

    def scale(self, points: FloatArray) -> FloatArray:
        """Scale s at points (n, 2), array (n,)."""
        return np.asarray((points.sum(axis=1) / self.reference) ** self.power)

    def variance(self, points: FloatArray) -> FloatArray:
        """See `bmm.gp.kernels.Kernel`."""
        return np.asarray(self.scale(points) ** 2)

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `bmm.gp.kernels.Kernel`."""
        covariance = np.outer(self.scale(first), self.scale(second))

        def pullback(weights: FloatArray) -> Gradient:
            weighted = weights * covariance
            rows, columns = weighted.sum(axis=1), weighted.sum(axis=0)
            power = rows @ self.log_ratio(first) + columns @ self.log_ratio(second)
            by_first, by_second = (
                np.repeat((self.power * total / points.sum(axis=1))[:, None], points.shape[1], 1)
                for total, points in ((rows, first), (columns, second))
            )
            return Gradient(np.array([power]), by_first, by_second)

        return covariance, pullback


@dataclass(frozen=True)
class Sheared(Kernel):
    """A kernel of sheared coordinates, x_i + sum over j > i of t_ij x_j.

    With the length scales of the kernel, the shears make any quadratic form, so that the valleys of
    a surface may run obliquely.  Parameters are those of the kernel, then t_01, t_02 and so on.

    Parameters
    ----------
    kernel : Kernel
        Of the sheared points.
    shears : tuple of float
        d (d - 1) / 2 of them shear the first d columns; further columns stay as they are.

    Raises
    ------
    ConfigError
        If there are not as many shears as there are pairs of coordinates, for any d.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.nonstationary import Sheared
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = Sheared(SquaredExponential((1.0, 1e6)), shears=(-0.5,))
    >>> kernel(np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]])).round(4)
    array([[1.]])
    """

    kernel: Kernel
    shears: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self._pairs()) != len(self.shears):
            raise ConfigError(
                f"expected one shear for each pair of coordinates (0, 1, 3, 6, ...), not "
                f"{len(self.shears)}"
            )

    @property
    def parameters(self) -> FloatArray:
        """Those of the kernel, and the shears, array (p,)."""
        return np.append(self.kernel.parameters, self.shears)

    def with_parameters(self, parameters: FloatArray) -> Self:
        """See `bmm.gp.kernels.Kernel`."""
        own = len(self.kernel.parameters)
        return replace(
            self,
            kernel=self.kernel.with_parameters(parameters[:own]),
            shears=tuple(parameters[own:].tolist()),
        )

    def sheared(self, points: FloatArray) -> FloatArray:
        """Coordinates that the kernel sees, array (n, d)."""
        along = np.array(points, dtype=np.float64)
        for shear, (i, j) in zip(self.shears, self._pairs(), strict=True):
            along[:, i] += shear * points[:, j]
        return along

    def variance(self, points: FloatArray) -> FloatArray:
        """See `bmm.gp.kernels.Kernel`."""
        return self.kernel.variance(self.sheared(points))

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `bmm.gp.kernels.Kernel`."""
        covariance, pull = self.kernel.with_pullback(self.sheared(first), self.sheared(second))

        def pullback(weights: FloatArray) -> Gradient:
            parameters, *by_points = pull(weights)
            shears = np.zeros(len(self.shears))
            for points, along in zip((first, second), by_points, strict=True):
                before = along.copy()
                for k, (i, j) in enumerate(self._pairs()):
                    shears[k] += before[:, i] @ points[:, j]
                    along[:, j] += self.shears[k] * before[:, i]
            return Gradient(np.append(parameters, shears), *by_points)

        return covariance, pullback

    def _pairs(self) -> list[tuple[int, int]]:
        """Pairs of coordinates in the order of the shears."""
        d = round((1 + np.sqrt(1 + 8 * len(self.shears))) / 2)
        return list(combinations(range(d), 2))
