"""Stationary kernels by name, for settings that choose one."""

from __future__ import annotations

from collections.abc import Callable

from bmm.gp.kernels import Kernel
from bmm.gp.stationary import Matern
from bmm.registry import Registry

__all__ = ["KERNELS", "KernelOfLengths", "matern_1_2", "matern_3_2", "matern_5_2"]

type KernelOfLengths = Callable[[tuple[float, ...]], Kernel]
"""Makes a kernel of variance one from the length scales along all coordinates; the parameters of
the kernel are their logarithms, in that order."""

KERNELS: Registry[KernelOfLengths] = Registry(
    "kernel",
    "bmm.kernels",
    {
        "matern-1/2": f"{__name__}:matern_1_2",
        "matern-3/2": f"{__name__}:matern_3_2",
        "matern-5/2": f"{__name__}:matern_5_2",
        "squared-exponential": "bmm.gp.stationary:SquaredExponential",
    },
)
"""Kernels, such as `bmm emulate --kernel` takes."""


def matern_1_2(lengths: tuple[float, ...]) -> Matern:
    """Matérn kernel of smoothness 1/2, whose processes are continuous but not differentiable.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.by_name import matern_1_2
    >>> matern_1_2((2.0,))(np.array([[0.0]]), np.array([[0.0], [2.0]])).round(4)
    array([[1.    , 0.3679]])
    """
    return Matern(lengths, smoothness=0.5)


def matern_3_2(lengths: tuple[float, ...]) -> Matern:
    """Matérn kernel of smoothness 3/2, whose processes have one derivative.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.by_name import matern_3_2
    >>> points = np.array([[0.0], [1.0]])
    >>> matern_3_2((1.0,)).with_pullback(points, points)[0].round(3)
    array([[1.   , 0.483],
           [0.483, 1.   ]])
    """
    return Matern(lengths, smoothness=1.5)


def matern_5_2(lengths: tuple[float, ...]) -> Matern:
    """Matérn kernel of smoothness 5/2, whose processes have two derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.by_name import matern_5_2
    >>> matern_5_2((2.0,))(np.array([[0.0]]), np.array([[0.0], [2.0]])).round(4)
    array([[1.   , 0.524]])
    """
    return Matern(lengths, smoothness=2.5)
