"""A Gaussian process on a segment as a sum of sine functions.

The Hilbert-space approximation of Solin & Särkkä (Stat. Comput. 30, 419, 2020,
doi:10.1007/s11222-019-09886-w) writes a Gaussian process on [centre - L, centre + L] as

    f(x) = sum_j sqrt(S(omega_j)) phi_j(x) beta_j,   beta_j ~ N(0, 1),
    phi_j(x) = sin(omega_j (x - centre + L)) / sqrt(L),   omega_j = j pi / (2 L),

with S the spectral density of its kernel: squared exponential, or Matérn with nu = 3/2 or 5/2
(C. E. Rasmussen & C. K. I. Williams, Gaussian Processes for Machine Learning (2006), section
4.2.1).  The field vanishes on the walls and is mirrored beyond them, so the box is laid around the
*prediction* chart and nothing outside is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, pi, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from bmm.arrays import FloatArray, IntArray
from bmm.errors import ConfigError, DataError, DomainError
from bmm.gp.chains import Chains

__all__ = [
    "Axis",
    "ChainBasis",
    "Kernel",
    "boundary_factor",
    "number_of_functions",
    "root_spectral_density",
]

Kernel = Literal["squared_exponential", "matern32", "matern52"]
"""Names of the kernels of one axis."""

# Riutort-Mayol et al., Stat. Comput. 33, 17 (2023), doi:10.1007/s11222-022-10167-2.
_BOUNDARY_SLOPE: dict[Kernel, float] = {
    "squared_exponential": 3.2,
    "matern32": 4.5,
    "matern52": 4.1,
}
_FUNCTIONS_SLOPE: dict[Kernel, float] = {
    "squared_exponential": 1.75,
    "matern32": 3.42,
    "matern52": 2.65,
}
_SMALLEST_BOUNDARY = 1.2
_MARGIN = 1.5


def boundary_factor(
    longest: float, half_range: float, kernel: Kernel = "squared_exponential"
) -> float:
    """Smallest half width of the box, in units of the half range of the data.

    Parameters
    ----------
    longest : float
        Longest length scale expected.
    half_range : float
        Half range S of the points where the field is wanted, same unit.
    kernel : {"squared_exponential", "matern32", "matern52"}
        Kernel of the field.

    Returns
    -------
    float
        c = max(1.2, a longest / S) of Riutort-Mayol et al. (2023), with a = 3.2 for the squared
        exponential kernel, 4.5 and 4.1 for the Matérn kernels with nu = 3/2 and 5/2.

    Examples
    --------
    >>> from bmm.gp.basis import boundary_factor
    >>> boundary_factor(longest=20.0, half_range=40.0)
    1.6
    """
    return max(_SMALLEST_BOUNDARY, _BOUNDARY_SLOPE[kernel] * longest / half_range)


def number_of_functions(
    shortest: float, half_range: float, c: float, kernel: Kernel = "squared_exponential"
) -> int:
    """Count the basis functions that resolve the shortest length scale.

    Returns
    -------
    int
        m = b c S / shortest of Riutort-Mayol et al. (2023), rounded up, with b = 1.75 for the
        squared exponential kernel, 3.42 and 2.65 for the Matérn kernels with nu = 3/2 and 5/2.

    Examples
    --------
    >>> from bmm.gp.basis import number_of_functions
    >>> number_of_functions(shortest=5.0, half_range=40.0, c=1.6)
    23
    """
    return ceil(_FUNCTIONS_SLOPE[kernel] * c * half_range / shortest)


def root_spectral_density(
    omega: FloatArray, rho: Any, kernel: Kernel = "squared_exponential", xp: Any = np
) -> Any:
    """Square root of the spectral density of a kernel of unit variance.

    Parameters
    ----------
    omega : array (m,)
        Frequencies, 1/nucleon.
    rho : float or array (..., 1)
        Length scale, nucleons.
    kernel : {"squared_exponential", "matern32", "matern52"}
        exp[-x^2 / (2 rho^2)], or the Matérn kernel with nu = 3/2 or 5/2.
    xp : module
        ``numpy``, or ``pytensor.tensor`` for a symbolic rho.

    Returns
    -------
    array (..., m)
        sqrt(S): S(omega) = sqrt(2 pi) rho exp(-q^2 / 2), 12 sqrt(3) rho / (3 + q^2)^2 and
        (400 sqrt(5) / 3) rho / (5 + q^2)^3, where q = rho omega.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.basis import root_spectral_density
    >>> root_spectral_density(np.array([0.0, 1.0]), 2.0).round(4)
    array([2.239 , 0.8237])
    >>> root_spectral_density(np.array([0.0, 1.0]), 2.0, "matern32").round(4)
    array([2.1491, 0.9211])
    """
    rho = np.asarray(rho, dtype=np.float64) if xp is np else rho
    q_squared = (rho * omega) ** 2
    if kernel == "squared_exponential":
        return xp.sqrt(sqrt(2 * pi) * rho) * xp.exp(-0.25 * q_squared)
    if kernel == "matern32":
        return xp.sqrt(12 * sqrt(3) * rho) / (3 + q_squared)
    return xp.sqrt(400 * sqrt(5) / 3 * rho) / (5 + q_squared) ** 1.5


@dataclass(frozen=True)
class Axis:
    """One axis of the chart with its sine functions.

    Parameters
    ----------
    name : str
        ``"Z"`` or ``"N"``, for messages.
    low, high : int
        First and last value of the prediction chart.
    c : float
        Half width of the box in units of the half range of the chart.
    m : int
        Number of functions.
    kernel : {"squared_exponential", "matern32", "matern52"}
        Kernel of the field along the axis.

    Raises
    ------
    ConfigError
        If the chart spans a single value.

    Examples
    --------
    Enough functions give the covariance of the kernel, exp[-(2 / 5)^2 / 2] at a distance of 2.

    >>> from bmm.gp.basis import Axis
    >>> axis = Axis.by_rule("Z", 28, 110, length_scales=(5.0, 10.0), m=60)
    >>> phi = axis.functions([50, 52]) * axis.root_spectral_density(5.0)
    >>> (phi @ phi.T).round(4)
    array([[1.    , 0.9231],
           [0.9231, 1.    ]])
    """

    name: str
    low: int
    high: int
    c: float
    m: int
    kernel: Kernel = "squared_exponential"

    def __post_init__(self) -> None:
        if self.high <= self.low:
            raise ConfigError(
                f"the prediction chart spans only {self.name}={self.low}: "
                "a field over the chart needs at least two values"
            )

    @classmethod
    def by_rule(
        cls,
        name: str,
        low: int,
        high: int,
        length_scales: tuple[float, float],
        *,
        c: float | None = None,
        m: int | None = None,
        kernel: Kernel = "squared_exponential",
    ) -> Axis:
        """Lay out an axis by the rule of Riutort-Mayol et al. (2023).

        The rule allows the field to be damped at the ends of the chart.  Drip lines lie there, so
        the box keeps at least one and a half of the longest length scale beyond them.

        Parameters
        ----------
        name, low, high, kernel
            As for the class.
        length_scales : (float, float)
            Shortest and longest length scale to be resolved, nucleons.
        c, m : optional
            Take these instead of the rule's.
        """
        half_range = max(0.5 * (high - low), 0.5)
        shortest, longest = length_scales
        if c is None:
            c = max(
                boundary_factor(longest, half_range, kernel), 1 + _MARGIN * longest / half_range
            )
        m = number_of_functions(shortest, half_range, c, kernel) if m is None else m
        return cls(name, low, high, c, m, kernel)

    @property
    def half_range(self) -> float:
        """Half range S of the prediction chart, nucleons."""
        return 0.5 * (self.high - self.low)

    @property
    def half_width(self) -> float:
        """Half width L = c S of the box, nucleons."""
        return self.c * self.half_range

    @property
    def shortest_resolved(self) -> float:
        """Length scale b L / m below which the basis is too small by the rule, nucleons."""
        return _FUNCTIONS_SLOPE[self.kernel] * self.half_width / self.m

    @property
    def omega(self) -> FloatArray:
        """Frequencies; array (m,), 1/nucleon."""
        return np.asarray(np.arange(1, self.m + 1) * (pi / (2 * self.half_width)))

    def root_spectral_density(self, rho: Any, xp: Any = np) -> Any:
        """Square root of the spectral density at the frequencies; see `root_spectral_density`."""
        return root_spectral_density(self.omega, rho, self.kernel, xp)

    def functions(self, x: ArrayLike) -> FloatArray:
        """Evaluate the sine functions.

        Parameters
        ----------
        x : array (n,)
            Values of Z or N on the prediction chart.

        Returns
        -------
        array (n, m)

        Raises
        ------
        DomainError
            For a value outside the prediction chart, where the basis would be mirrored.
        """
        values = np.atleast_1d(np.asarray(x, dtype=np.float64))
        outside = values[(values < self.low) | (values > self.high)]
        if outside.size:
            raise DomainError(
                f"{self.name}={outside[0]:g} is outside the prediction chart, which spans "
                f"{self.name} from {self.low} to {self.high}"
            )
        centre = 0.5 * (self.low + self.high)
        phase = (values - centre + self.half_width)[:, None] * self.omega
        return np.asarray(np.sin(phase) / sqrt(self.half_width))


@dataclass(frozen=True)
class ChainBasis:
    """The bases along Z and N at nuclei that are gathered in isotopic chains.

    Parameters
    ----------
    phi_Z : array (chain, m_Z)
        Functions at the occurring Z.
    phi_N : array (nucleus, m_N)
        Functions at the N of each nucleus, chain after chain.
    first : array (chain + 1,)
        Where each chain begins, and the end of the last.
    mean : array (m_Z, m_N)
        Mean of each product of a function of Z and one of N over the nuclei.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.basis import Axis, ChainBasis
    >>> axes = Axis("Z", 28, 50, c=1.3, m=4), Axis("N", 28, 82, c=1.3, m=6)
    >>> basis = ChainBasis.of(*axes, np.array([28, 50, 50]), np.array([28, 50, 82]))
    >>> basis.phi_Z.shape, basis.phi_N.shape, basis.first
    ((2, 4), (3, 6), array([0, 1, 3]))
    """

    phi_Z: FloatArray
    phi_N: FloatArray
    first: IntArray
    mean: FloatArray

    @classmethod
    def of(cls, axis_Z: Axis, axis_N: Axis, Z: IntArray, N: IntArray) -> ChainBasis:
        """Place the nuclei (Z, N), arrays (nucleus,), ordered by Z.

        Raises
        ------
        DataError
            If they are not ordered by Z.
        DomainError
            For a nucleus outside the prediction chart.
        """
        if (np.diff(Z) < 0).any():
            raise DataError("nuclei on a lattice must be ordered by Z")
        chains, phi_N = Chains.of(Z, N), axis_N.functions(N)
        mean = axis_Z.functions(Z).T @ phi_N / len(Z)
        return cls(axis_Z.functions(chains.Z), phi_N, chains.first, mean)
