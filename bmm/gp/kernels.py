"""Kernels as values that add and multiply, with their derivatives.

A kernel k(x, x') is the covariance of a Gaussian process at two points.  Sums and products of
kernels are kernels (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, section
4.2.4), so that the code of a model follows its formula:

    smooth + pairing = Constant(0.8) * SquaredExponential((3.0, 4.0))
                       + Constant(0.2) * SquaredExponential((9.0, 9.0)) * Alternating(axes=(1,))

Derivatives are taken in reverse.  `Kernel.with_pullback` gives the covariances K and a function
that carries weights W, the derivatives of any scalar by the entries of K, back to the kernel's
parameters and points.  The gradient of a marginal likelihood is one such pullback, whatever the
kernel, and reuses what was computed for K.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from bmm.arrays import FloatArray
from bmm.errors import ConfigError

__all__ = ["Constant", "Fixed", "Gradient", "Kernel", "Product", "Pullback", "Sum"]


class Gradient(NamedTuple):
    """Derivatives of a scalar by what its covariances were made of.

    Parameters
    ----------
    parameters : array (p,)
        By the parameters of the kernel.
    first, second : array (n, d), array (m, d)
        By the coordinates of the points.

    Examples
    --------
    The derivative of the covariance s^2 by log s is 2 s^2:

    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> point = np.array([[0.0]])
    >>> covariance, pullback = Constant(3.0).with_pullback(point, point)
    >>> gradient = pullback(np.ones((1, 1)))
    >>> gradient.parameters, gradient.first
    (array([18.]), array([[0.]]))
    """

    parameters: FloatArray
    first: FloatArray
    second: FloatArray


type Pullback = Callable[[FloatArray], Gradient]
"""From derivatives by covariances, array (n, m), to the derivatives by what made them."""


class Kernel(ABC):
    """The covariance of a Gaussian process at two points.

    Kernels are immutable.  ``k1 + k2`` and ``k1 * k2`` are kernels whose parameters are those of k1
    followed by those of k2; a number c stands for ``Constant(sqrt(c))``.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = 4.0 * SquaredExponential((3.0, 3.0)) + Constant(0.5)
    >>> points = np.array([[50.0, 82.0], [50.0, 85.0]])
    >>> kernel(points, points).round(4)
    array([[4.25  , 2.6761],
           [2.6761, 4.25  ]])
    >>> kernel.parameters.round(4)  # log 2, log 3, log 3, log 0.5
    array([ 0.6931,  1.0986,  1.0986, -0.6931])
    """

    @property
    @abstractmethod
    def parameters(self) -> FloatArray:
        """What is optimised, array (p,): logarithms of positive parameters, others as they are."""

    @abstractmethod
    def with_parameters(self, parameters: FloatArray) -> Self:
        """Give the same kernel with other parameters, array (p,)."""

    @abstractmethod
    def variance(self, points: FloatArray) -> FloatArray:
        """Variance k(x, x) at points (n, d), array (n,)."""

    @abstractmethod
    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """Covariances between points, and how derivatives by them are carried back.

        Parameters
        ----------
        first, second : array (n, d), array (m, d)
            Points.

        Returns
        -------
        array (n, m), callable
            The array may be read-only.
        """

    def __call__(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Covariances, array (n, m), between points (n, d) and (m, d)."""
        return self.with_pullback(first, second)[0]

    def __add__(self, other: Kernel | float) -> Sum:
        """Add the kernel of an independent process."""
        return Sum(self, _promoted(other))

    def __radd__(self, other: float) -> Sum:
        """Add a constant; see `__add__`."""
        return Sum(_promoted(other), self)

    def __mul__(self, other: Kernel | float) -> Product:
        """Multiply by a kernel, or by a variance."""
        return Product(self, _promoted(other))

    def __rmul__(self, other: float) -> Product:
        """Multiply by a variance; see `__mul__`."""
        return Product(_promoted(other), self)


class Fixed(Kernel):
    """Base of kernels without parameters."""

    @property
    def parameters(self) -> FloatArray:
        """None, array (0,)."""
        return np.empty(0)

    def with_parameters(self, parameters: FloatArray) -> Self:
        """Give the kernel as it is."""
        return self


@dataclass(frozen=True)
class Constant(Kernel):
    """The same covariance everywhere, k(x, x') = amplitude^2; its parameter is log(amplitude).

    Parameters
    ----------
    amplitude : float
        Standard deviation, in the unit of the process.

    Raises
    ------
    ConfigError
        If it is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> Constant(3.0)(np.zeros((1, 2)), np.ones((2, 2)))
    array([[9., 9.]])
    """

    amplitude: float

    def __post_init__(self) -> None:
        if not self.amplitude > 0:
            raise ConfigError(f"a kernel's amplitude must be positive, not {self.amplitude:g}")

    @property
    def parameters(self) -> FloatArray:
        """log(amplitude), array (1,)."""
        return np.log([self.amplitude])

    def with_parameters(self, parameters: FloatArray) -> Self:
        """See `Kernel`."""
        return replace(self, amplitude=float(np.exp(parameters[0])))

    def variance(self, points: FloatArray) -> FloatArray:
        """See `Kernel`."""
        return np.full(len(points), self.amplitude**2)

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `Kernel`."""
        variance = self.amplitude**2

        def pullback(weights: FloatArray) -> Gradient:
            return Gradient(
                np.array([2 * variance * weights.sum()]),
                np.zeros(first.shape),
                np.zeros(second.shape),
            )

        return np.broadcast_to(variance, (len(first), len(second))), pullback


@dataclass(frozen=True)
class _Pair(Kernel):
    """Two kernels, whose parameters follow one another."""

    left: Kernel
    right: Kernel

    @property
    def parameters(self) -> FloatArray:
        """Those of the left kernel, then those of the right, array (p,)."""
        return np.concatenate([self.left.parameters, self.right.parameters])

    def with_parameters(self, parameters: FloatArray) -> Self:
        """See `Kernel`."""
        own = len(self.left.parameters)
        return replace(
            self,
            left=self.left.with_parameters(parameters[:own]),
            right=self.right.with_parameters(parameters[own:]),
        )


class Sum(_Pair):
    """Covariance of the sum of two independent processes, written ``k1 + k2``.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> kernel = Constant(1.0) + Constant(2.0)
    >>> kernel.variance(np.zeros((1, 2)))
    array([5.])
    """

    def variance(self, points: FloatArray) -> FloatArray:
        """See `Kernel`."""
        return self.left.variance(points) + self.right.variance(points)

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `Kernel`."""
        left, pull_left = self.left.with_pullback(first, second)
        right, pull_right = self.right.with_pullback(first, second)

        def pullback(weights: FloatArray) -> Gradient:
            return _joined(pull_left(weights), pull_right(weights))

        return left + right, pullback


class Product(_Pair):
    """Covariance that is the product of two, written ``k1 * k2``.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.kernels import Constant
    >>> kernel = Constant(2.0) * Constant(3.0)
    >>> kernel.variance(np.zeros((1, 2)))
    array([36.])
    """

    def variance(self, points: FloatArray) -> FloatArray:
        """See `Kernel`."""
        return self.left.variance(points) * self.right.variance(points)

    def with_pullback(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, Pullback]:
        """See `Kernel`."""
        left, pull_left = self.left.with_pullback(first, second)
        right, pull_right = self.right.with_pullback(first, second)

        def pullback(weights: FloatArray) -> Gradient:
            return _joined(pull_left(weights * right), pull_right(weights * left))

        return left * right, pullback


def _joined(left: Gradient, right: Gradient) -> Gradient:
    """Join the derivatives by both parts of a pair."""
    return Gradient(
        np.concatenate([left.parameters, right.parameters]),
        left.first + right.first,
        left.second + right.second,
    )


def _promoted(kernel: Kernel | float) -> Kernel:
    """Give a variance as a kernel, and a kernel as it is."""
    return kernel if isinstance(kernel, Kernel) else Constant(float(np.sqrt(kernel)))
