"""The joint law of all masses: a Gaussian copula on the distribution of each nucleus.

Neighbouring nuclei err together, so that a separation energy is known far better than two masses
drawn one by one would say.  Every nucleus x has its own distribution, with the quantile function
Q_x, and a standard normal z(x) ties it to the others:

    m(x) = Q_x[Phi(z(x))],      z(x) = [f(x) e(x) + b(x) t(x)] / sd(x).

* e is the residual field of the *average* of the models given the measured masses, less its mean,
  and f its spread factor, which is local (`bmm.theory.corrected_model.CorrectedModel.factor_at`).
  Part of what one model gets wrong between neighbours is its own and averages out.
* b(x) is what the distribution is wider than f e, and t a field of unit variance.  The models part
  beyond the data as trends, alike over a dozen nucleons.

Given a measured mass, the normal z of all nuclei are conditioned exactly (Rasmussen & Williams,
Gaussian Processes for Machine Learning, 2006, eq. 2.23), and the quantile functions carry that
back to masses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.special import ndtr

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import StudentTMixture, student_t
from bmm.distributions.student_t import NU
from bmm.gp.lattice_field import draw_field
from bmm.gp.lattice_kernel import LatticeKernel, lattice_points
from bmm.gp.nonstationary import Growth
from bmm.gp.stationary import SquaredExponential
from bmm.theory.corrected_model import CorrectedModel

__all__ = ["TREND_LENGTH", "JointLaw", "QuantileTable"]

TREND_LENGTH = 12.0
"""Length scale, in nucleons, of what the distributions are wider than the residual field.

Between 5 and 40 the coverage of differences of masses hardly changes; the spread of sums over the
chart, such as the number of bound nuclei, does."""

_TREND = LatticeKernel(SquaredExponential((TREND_LENGTH, TREND_LENGTH)), Growth(0.0), nugget=1e-4)
# Knots of the quantile functions, in standard deviations of z.
_REACH, _STEP = 6.5, 0.125
_KNOTS = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)


@dataclass(frozen=True)
class QuantileTable:
    """Masses as functions of a standard normal z, nucleus by nucleus.

    Between knots an eighth apart it is a cubic Hermite polynomial with slopes that keep it
    monotone (Fritsch & Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984), doi:10.1137/0905021);
    beyond the last knot, at 6.5 standard deviations, it goes on as a straight line.

    Parameters
    ----------
    value, slope : array (nucleus, knot)
        Mass excess, MeV, and its derivative by z, MeV.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.distributions import StudentTMixture
    >>> from bmm.prediction.joint_law import QuantileTable
    >>> table = QuantileTable.of(StudentTMixture([[-80.0]], [[0.5]]))
    >>> table.masses(np.array([[0.0], [1.0]])).round(4)
    array([[-80. ],
           [-79.5]])
    """

    value: FloatArray
    slope: FloatArray

    @classmethod
    def of(cls, marginal: StudentTMixture) -> QuantileTable:
        """Tabulate the quantile functions of some nuclei."""
        value = marginal.quantile(ndtr(_KNOTS))
        chord = np.diff(value, axis=1) / _STEP
        total = chord[:, 1:] + chord[:, :-1]
        inner = 2 * chord[:, 1:] * chord[:, :-1] / np.where(total > 0, total, 1.0)
        return cls(value, np.concatenate([chord[:, :1], inner, chord[:, -1:]], axis=1))

    def masses(
        self, z: FloatArray, rows: IntArray | None = None, *, overwrite: bool = False
    ) -> FloatArray:
        """Masses (draw, nucleus) at z (draw, nucleus) of all nuclei, or of some rows, MeV.

        They may take the place of z, for draws of the whole chart are large.
        """
        at = np.arange(len(self.value)) if rows is None else rows
        found = z if overwrite else np.empty(z.shape)
        _interpolate(np.ascontiguousarray(z), at, self.value, self.slope, found)
        return found


@numba.njit(cache=True)
def _interpolate(z, rows, value, slope, found):  # type: ignore[no-untyped-def]
    """Write piecewise cubics at z (draw, nucleus) into found, which may be z itself."""
    last = value.shape[1] - 2
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            inside = min(max(z[i, j], -_REACH), _REACH)
            at = (inside + _REACH) / _STEP
            knot = min(int(at), last)
            t, row = at - knot, rows[j]
            low, rise, end = (
                value[row, knot],
                _STEP * slope[row, knot],
                _STEP * slope[row, knot + 1],
            )
            step = value[row, knot + 1] - low
            cubic = t * (rise + t * ((3 * step - 2 * rise - end) + t * (rise + end - 2 * step)))
            beyond = slope[row, 0] if z[i, j] < 0 else slope[row, last + 1]
            found[i, j] = low + cubic + (z[i, j] - inside) * beyond


@dataclass(frozen=True)
class JointLaw:
    """Joint law of the masses of some nuclei that are not measured.

    Parameters
    ----------
    Z, N : int array (n,)
        The nuclei.
    table : QuantileTable
        Their quantile functions.
    average : CorrectedModel or None
        Residual field of the models' average, given the measured masses; without it, nuclei are
        tied by the trend alone.
    factor, known_sd, added_sd : array (n,)
        Spread factor of that field, its standard deviation times the factor, and the standard
        deviation of the trend that is added, MeV.
    """

    Z: IntArray
    N: IntArray
    table: QuantileTable
    average: CorrectedModel | None
    factor: FloatArray
    known_sd: FloatArray
    added_sd: FloatArray

    @classmethod
    def of(
        cls, Z: IntArray, N: IntArray, marginal: StudentTMixture, average: CorrectedModel | None
    ) -> JointLaw:
        """Tie the distributions of nuclei (n,) by the residual field of the models' average."""
        table = QuantileTable.of(marginal)
        low, high = marginal.quantile([0.16, 0.84]).T
        width = (high - low) / (2 * student_t.quantile(0.84, NU))
        factor, known_sd = np.zeros(len(Z)), np.zeros(len(Z))
        if average is not None:
            factor = average.factor_at(Z, N)
            known_sd = factor * average.field.at(Z, N)[1]
        added_sd = np.sqrt(np.maximum(width**2 - known_sd**2, 0.0))
        return cls(Z, N, table, average, factor, known_sd, added_sd)

    @property
    def _sd(self) -> FloatArray:
        return np.hypot(self.known_sd, self.added_sd)

    def standard_normal(
        self, count: int, rng: np.random.Generator, rows: IntArray | None = None
    ) -> FloatArray:
        """Joint draws of z of all nuclei, or of some rows; array (count, nucleus)."""
        at = np.arange(len(self.Z)) if rows is None else rows
        Z, N = self.Z[at], self.N[at]
        drawn = draw_field(_TREND, Z, N, count, rng)
        drawn *= self.added_sd[at]
        if self.average is not None:
            known = self.average.field.draws(Z, N, count, rng)
            known -= self.average.field.at(Z, N)[0]
            known *= self.factor[at]
            drawn += known
        drawn /= self._sd[at]
        return drawn

    def draws(
        self, count: int, rng: np.random.Generator, rows: IntArray | None = None
    ) -> FloatArray:
        """Joint draws of the mass excess of all nuclei, or of some rows; (count, nucleus), MeV."""
        return self.table.masses(self.standard_normal(count, rng, rows), rows, overwrite=True)

    def correlation(self, first: IntArray, second: IntArray) -> FloatArray:
        """Correlation of z between two lists of rows, array (first, second).

        Examples
        --------
        See `bmm.design.expected_variance`, which conditions on it.
        """
        points = lattice_points(self.Z, self.N)
        a, b = points[first], points[second]
        covariance = self.added_sd[first, None] * self.added_sd[second] * _TREND.stationary(a, b)
        if self.average is not None:
            field, m = self.average.field, len(first)
            known = field.process.at(np.concatenate([a, b]))
            own = (first[:, None] == second) * field.kernel.nugget_variance(a)[:, None]
            between = known.covariance(slice(0, m), slice(m, None)) + own
            covariance += self.factor[first, None] * self.factor[second] * between
        return np.asarray(covariance / (self._sd[first, None] * self._sd[second]))
