"""Kernels that depend on the difference of two points alone.

The squared exponential and the Matérn kernels of smoothness 1/2, 3/2 and 5/2 (Rasmussen & Williams,
Gaussian Processes for Machine Learning, 2006, equations 4.9 and 4.14) are functions of the scaled
distance

    r^2 = sum_k (x_k - x'_k)^2 / rho_k^2,

with a length scale rho_k for each coordinate.  The alternating kernel (-1)^(x - x') belongs to a
process that changes sign from one whole number to the next, as pairing does along Z and N.
All have variance one; `bmm.gp.kernels.Constant` gives them an amplitude.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from bmm.arrays import FloatArray
from bmm.errors import ConfigError, DomainError
from bmm.gp.kernels import Fixed, Gradient, Kernel, Pullback

__all__ = ["Alternating", "Matern", "SquaredExponential", "Stationary"]

# At r = 0 the slope is multiplied by a distance of zero; it must only be finite there.
_LEAST_DISTANCE = 1e-12
_SMOOTHNESS = (0.5, 1.5, 2.5)


@dataclass(frozen=True)
class Stationary(Kernel):
    """A correlation that falls with the scaled distance; its parameters are log(rho_k).

    Parameters
    ----------
    lengths : tuple of float
        Length scales rho_k, in units of the coordinates.
    axes : tuple of int, optional
        Columns of the points that the length scales belong to; by default the first ones.

    Raises
    ------
    ConfigError
        If a length scale is not positive, or there is not one for each axis.

    Examples
    --------
    A subclass is a correlation and its slope, here 1 / (1 + r^2 / 2):

    >>> import numpy as np
    >>> from bmm.gp.stationary import Stationary
    >>> class RationalQuadratic(Stationary):
    ...     def correlation(self, distance):
    ...         return 1 / (1 + distance**2 / 2)
    ...     def slope(self, distance):  # -(1 / r) d correlation / dr
    ...         return self.correlation(distance) ** 2
    ...
    >>> RationalQuadratic((2.0,))(np.array([[0.0]]), np.array([[2.0]])).round(4)
    array([[0.6667]])
    """

    lengths: tuple[float, ...]
    axes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) <= 0:
            raise ConfigError(f"length scales must be positive, not {self.lengths}")
        if not self.axes:
            object.__setattr__(self, "axes", tuple(range(len(self.lengths))))
        if len(self.axes) != len(self.lengths):
            raise ConfigError(
                f"expected one length scale for each axis, not {len(self.lengths)} for "
                f"{len(self.axes)}"
            )

    @abstractmethod
    def correlation(self, distance: FloatArray) -> FloatArray:
        """Correlation at scaled distances r, of the same shape."""

    @abstractmethod
    def slope(self, distance: FloatArray) -> FloatArray:
        """Minus the derivative of the correlation by r, divided by r; of the same shape."""

    @property
    def parameters(self) -> FloatArray:
        """log(rho_k), array (axis,)."""
        return np.log(self.lengths)

    def with_parameters(self, parameters: FloatArray) -> Self:
        """See `bmm.gp.kernels.Kernel`."""
        return replace(self, lengths=tuple(np.exp(parameters).tolist()))

    def variance(self, points: FloatArray) -> FloatArray:
        """One everywhere; array (n,)."""
        return np.ones(len(points))

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `bmm.gp.kernels.Kernel`."""
        steps = [
            (first[:, None, axis] - second[None, :, axis]) / length
            for axis, length in zip(self.axes, self.lengths, strict=True)
        ]
        distance = np.sqrt(np.asarray(sum(step**2 for step in steps)))

        def pullback(weights: FloatArray) -> Gradient:
            steep = weights * self.slope(distance)
            parameters = np.empty(len(steps))
            by_first, by_second = np.zeros(first.shape), np.zeros(second.shape)
            for k, (step, axis, length) in enumerate(
                zip(steps, self.axes, self.lengths, strict=True)
            ):
                pulled = steep * step
                parameters[k] = np.vdot(pulled, step)
                by_first[:, axis] = -pulled.sum(axis=1) / length
                by_second[:, axis] = pulled.sum(axis=0) / length
            return Gradient(parameters, by_first, by_second)

        return self.correlation(distance), pullback


@dataclass(frozen=True)
class SquaredExponential(Stationary):
    """The kernel exp(-r^2 / 2) of processes with derivatives of any order.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = SquaredExponential((3.0, 4.0))
    >>> kernel(np.array([[50.0, 82.0]]), np.array([[53.0, 82.0], [53.0, 86.0]])).round(4)
    array([[0.6065, 0.3679]])
    """

    def correlation(self, distance: FloatArray) -> FloatArray:
        """See `Stationary`."""
        return np.exp(-0.5 * distance**2)

    def slope(self, distance: FloatArray) -> FloatArray:
        """See `Stationary`."""
        return self.correlation(distance)


@dataclass(frozen=True)
class Matern(Stationary):
    """The Matérn kernel of a half-integer smoothness nu.

    With u = sqrt(2 nu) r, it is exp(-u), (1 + u) exp(-u) and (1 + u + u^2 / 3) exp(-u) for nu =
    1/2, 3/2 and 5/2: processes without a derivative, with one, and with two.

    Parameters
    ----------
    smoothness : float, default 2.5
        1/2, 3/2 or 5/2.

    Raises
    ------
    ConfigError
        For another smoothness.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.stationary import Matern
    >>> Matern((2.0,), smoothness=0.5)(np.array([[0.0]]), np.array([[2.0]])).round(4)
    array([[0.3679]])
    """

    smoothness: float = 2.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.smoothness not in _SMOOTHNESS:
            raise ConfigError(
                f"expected a Matérn smoothness of 0.5, 1.5 or 2.5, not {self.smoothness:g}"
            )

    def correlation(self, distance: FloatArray) -> FloatArray:
        """See `Stationary`."""
        u = np.sqrt(2 * self.smoothness) * distance
        if self.smoothness == 0.5:
            return np.asarray(np.exp(-u))
        polynomial = 1 + u if self.smoothness == 1.5 else 1 + u + u**2 / 3
        return np.asarray(polynomial * np.exp(-u))

    def slope(self, distance: FloatArray) -> FloatArray:
        """See `Stationary`."""
        u = np.sqrt(2 * self.smoothness) * distance
        if self.smoothness == 0.5:
            return np.asarray(np.exp(-u) / np.maximum(distance, _LEAST_DISTANCE))
        if self.smoothness == 1.5:
            return np.asarray(3 * np.exp(-u))
        return np.asarray((5 / 3) * (1 + u) * np.exp(-u))


@dataclass(frozen=True)
class Alternating(Fixed):
    """The kernel (-1)^(sum of x_k - x'_k) over some axes with whole-number coordinates.

    Multiplied with a smooth kernel, it makes a field times (-1)^Z, (-1)^N or
    (-1)^(Z + N): the pairing of protons, of neutrons, and of both.

    Parameters
    ----------
    axes : tuple of int
        Columns of the points.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.stationary import Alternating
    >>> Alternating(axes=(1,))(np.array([[50.0, 82.0]]), np.array([[51.0, 82.0], [50.0, 83.0]]))
    array([[ 1., -1.]])
    """

    axes: tuple[int, ...]

    def variance(self, points: FloatArray) -> FloatArray:
        """One everywhere; array (n,)."""
        return np.ones(len(points))

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `bmm.gp.kernels.Kernel`; derivatives by the points are zero.

        Raises
        ------
        DomainError
            If a coordinate is not a whole number.
        """

        def pullback(weights: FloatArray) -> Gradient:
            return Gradient(np.empty(0), np.zeros(first.shape), np.zeros(second.shape))

        return np.outer(self._signs(first), self._signs(second)), pullback

    def _signs(self, points: FloatArray) -> FloatArray:
        parity = points[:, list(self.axes)].sum(axis=1) % 2
        if not np.isin(parity, (0, 1)).all():
            raise DomainError("an alternating kernel is defined at whole numbers only")
        return np.asarray(1.0 - 2.0 * parity)
