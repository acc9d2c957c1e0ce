"""How much a measurement is expected to sharpen masses and sums of masses.

The uncertainty of a target is the sum of the variances of its quantities q = sum_j c_j m(x_j).
The uncertainty expected to be left after measurements is exactly (see `bmm.design.copula`),

    sum_q sum_jj' c_j c_j' sum_k a_k(x_j) a_k(x_j') [r(x_j, x_j')^k - rho(x_j, x_j')^k].
"""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.design.copula import ORDER, ConditionedCopula, hermite_coefficients
from bmm.design.linear_form import LinearForm
from bmm.prediction.joint_law import JointLaw

__all__ = ["EnergyExpectedVariance"]

# Quantities whose correlations are made at a time.
_TOGETHER = 300


class EnergyExpectedVariance:
    """Distribution of energies after some measurements.

    Parameters
    ----------
    law : JointLaw
        Of the forecast.
    form : LinearForm
        The target's quantities.
    rows : int array (nucleus,)
        Positions in the law of the nuclei of the form.
    candidates : int array (point,)
        Positions in the law of the nuclei that can be measured.
    precision : float
        Standard deviation of a measurement, MeV.
    known_variance : float, default 0
        Variance that the measured masses add to the quantities, MeV^2, in all.

    Attributes
    ----------
    before : float
        Variance of the target before anything is measured, MeV^2.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`, the mass of Sn-140 measured to 50 keV:

    >>> import numpy as np
    >>> from bmm.design.energies import EnergyExpectedVariance
    >>> from bmm.design.targets import read_target
    >>> form = read_target("masses Sn-140", even).form
    >>> row = even.law_rows(form.nuclei)
    >>> expected = EnergyExpectedVariance(even.law, form, row, row, precision=0.05)
    >>> left, _ = expected.expect()
    >>> bool(0 < left[0] < 0.1 * expected.before)
    True
    """

    def __init__(
        self,
        law: JointLaw,
        form: LinearForm,
        rows: IntArray,
        candidates: IntArray,
        precision: float,
        *,
        known_variance: float = 0.0,
    ) -> None:
        self._copula = ConditionedCopula(law, rows, candidates, precision)
        self._points = range(len(candidates))
        self._at = form.rows
        coefficient = hermite_coefficients(law.table, rows)[form.rows] * form.uncertain[..., None]
        # Factors (k, quantity, term, term) of the k-th powers of the correlations.
        self._factor = np.einsum("qsk,qtk->kqst", coefficient, coefficient)
        self._explained = np.zeros(self._factor.shape[1:])
        self.before = self._sum(self._within(law, rows)) + known_variance
        self._known = known_variance

    def expect(self) -> tuple[FloatArray, FloatArray]:
        """Variance expected to be left after measuring each candidate, and its error.

        Returns
        -------
        left, error : array (point,)
            MeV^2; the error is 0, as nothing is drawn.
        """
        left = np.array([self.before - self._sum(self._after(point)) for point in self._points])
        return left, np.zeros(len(left))

    def take(self, point: int) -> None:
        """Measure a candidate."""
        self._explained = self._after(point)
        self._copula.take(point)

    def _after(self, point: int) -> FloatArray:
        """Explained correlations (quantity, term, term) after measuring a candidate as well."""
        covariance, variance = self._copula.innovation(point)
        explained = covariance[self._at]
        return self._explained + explained[:, :, None] * explained[:, None] / variance

    def _within(self, law: JointLaw, rows: IntArray) -> FloatArray:
        """Correlations (quantity, term, term) of the masses of each quantity."""
        if self._at.shape[1] == 1:
            return np.ones((*self._at.shape, 1))
        found = np.empty((*self._at.shape, self._at.shape[1]))
        for start in range(0, len(found), _TOGETHER):
            some = self._at[start : start + _TOGETHER]
            enter, place = np.unique(some, return_inverse=True)
            correlation = law.correlation(rows[enter], rows[enter])
            place = place.reshape(some.shape)
            found[start : start + _TOGETHER] = correlation[place[:, :, None], place[:, None]]
        return found

    def _sum(self, correlation: FloatArray) -> float:
        """Sum over all quantities of the series in correlations (quantity, term, term)."""
        total = np.zeros_like(correlation)
        for k in reversed(range(ORDER)):  # Horner's scheme
            total = correlation * (self._factor[k] + total)
        return float(total.sum())
