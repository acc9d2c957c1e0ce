"""How measurements change the distribution of other masses in the joint law of a forecast.

In the law of `bmm.prediction.joint_law` the mass of nucleus x is a function Q_x of a standard
normal z(x), and the z are jointly normal with correlation r.  A mass measured at c with the
standard deviation tau is taken as a measurement of z(c) with the variance

    t(c) = (tau / E Q_c')^2.

The z stay normal after measurements S, which explain of the correlation the part

    rho = r_S [r_SS + diag(t)]^-1 r_S^T,

the covariance of the conditional means.  In normalised Hermite polynomials,
Q_x(z) = sum_k a_k(x) He_k(z) / sqrt(k!), and by Mehler's formula

    cov(m(x), m(x')) = sum_k a_k(x) a_k(x') r(x, x')^k,
    cov(E[m(x) | S], E[m(x') | S]) = sum_k a_k(x) a_k(x') rho(x, x')^k,      k > 0,

so that the expected variance of any sum of masses after the measurements follows exactly, without
drawing outcomes (A. Stuart & J. K. Ord, Kendall's Advanced Theory of Statistics, vol. 1, 6th ed.,
1994, section 16.8, for the series).
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.polynomial.hermite_e import hermegauss, hermeval

from bmm.arrays import FloatArray, IntArray
from bmm.prediction.joint_law import JointLaw, QuantileTable

__all__ = ["ORDER", "ConditionedCopula", "hermite_coefficients"]

ORDER = 12
"""Order of the last polynomial; it carries the variance of all higher orders, about 1e-3 of the
whole."""

_NODES = 80


def hermite_coefficients(table: QuantileTable, rows: IntArray, order: int = ORDER) -> FloatArray:
    """Coefficients a_k, k from 1 to `order`, of masses in Hermite polynomials of z.

    Parameters
    ----------
    table : QuantileTable
        Masses as functions of z.
    rows : int array (n,)
        Nuclei of the table.
    order : int
        The last k.

    Returns
    -------
    array (n, order)
        MeV.  Their squares add up to the variance of the mass.

    Examples
    --------
    A normal mass is linear in z:

    >>> import numpy as np
    >>> from bmm.distributions import StudentTMixture
    >>> from bmm.prediction.joint_law import QuantileTable
    >>> table = QuantileTable.of(StudentTMixture([[-80.0]], [[0.5]]))
    >>> hermite_coefficients(table, np.array([0]), 2).round(6)
    array([[0.5, 0. ]])
    """
    nodes, weight = hermegauss(_NODES)
    weight = weight / weight.sum()
    at = np.tile(nodes[:, None], (1, len(rows)))
    masses = table.masses(at, rows)
    masses -= weight @ masses
    scales = np.sqrt([float(factorial(k)) for k in range(1, order + 1)])
    terms = hermeval(nodes, np.eye(order + 1)[:, 1:]) / scales[:, None]
    found = masses.T @ (weight * terms).T
    beyond = weight @ masses**2 - (found**2).sum(axis=1)
    last = np.sqrt(found[:, -1] ** 2 + np.maximum(beyond, 0.0))
    found[:, -1] = np.where(found[:, -1] < 0, -last, last)
    return np.asarray(found)


class ConditionedCopula:
    """Normal scores z of some nuclei, conditioned on measurements of candidates.

    Parameters
    ----------
    law : JointLaw
        Of the forecast.
    rows : int array (n,)
        Nuclei of the law to follow.
    candidates : int array (m,)
        Nuclei of the law that can be measured.
    precision : float
        Standard deviation of a measurement, MeV.

    Attributes
    ----------
    correlation, explained : array (n, m)
        Between the nuclei and the candidates: r, and rho after the measurements so far.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`: a measurement leaves little variance of the
    normal score of its nucleus.

    >>> import numpy as np
    >>> from bmm.design.copula import ConditionedCopula
    >>> from bmm.nuclides import nuclide_index
    >>> row = even.law_rows(nuclide_index([50], [90]))
    >>> copula = ConditionedCopula(even.law, row, row, precision=0.01)
    >>> before, _ = copula.innovation(0)
    >>> copula.take(0)
    >>> after, _ = copula.innovation(0)
    >>> before.round(3), bool(after[0] < 0.01)
    (array([1.]), True)
    """

    def __init__(
        self, law: JointLaw, rows: IntArray, candidates: IntArray, precision: float
    ) -> None:
        slope = hermite_coefficients(law.table, candidates)[:, 0]  # a_1 = E Q'
        self._noise = (precision / slope) ** 2
        self._between = law.correlation(candidates, candidates)
        self._known = np.zeros_like(self._between)
        self.correlation = law.correlation(rows, candidates)
        self.explained = np.zeros_like(self.correlation)

    def innovation(self, point: int) -> tuple[FloatArray, float]:
        """Covariance (n,) of z with a candidate's, given all so far, and its variance with noise.

        Parameters
        ----------
        point : int
            Position among the candidates.
        """
        left = self._between[point, point] - self._known[point, point]
        covariance = self.correlation[:, point] - self.explained[:, point]
        return covariance, float(left + self._noise[point])

    def noise_sd(self, point: int) -> float:
        """Give the standard deviation of a measurement of a candidate's z."""
        return float(np.sqrt(self._noise[point]))

    def take(self, point: int) -> None:
        """Measure a candidate."""
        covariance, variance = self.innovation(point)
        among = self._between[point] - self._known[point]
        self.explained += covariance[:, None] * among / variance
        self._known += among[:, None] * among / variance
