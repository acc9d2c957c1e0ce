"""How much a measurement is expected to sharpen a drip line.

The position of a drip line is not a linear function of the masses.  Its expected variance given the
outcome y of a measurement is half the mean squared difference of two surfaces that share the
outcome and are otherwise independent,

    E_y var(L | y) = E (L_1 - L_2)^2 / 2.

A third surface is measured at c, with an error, and gives y.  In the normal scores z of the joint
law a free draw is moved onto the outcome,

    z(x) + gain(x) [y + error - z(c)],      gain(x) = cov(z(x), z(c)) / [var z(c) + t(c)],

which is an exact draw given y (Matheron's rule; Wilson et al., J. Mach. Learn. Res. 22(105), 2021),
and masses follow from z.  The variance before the measurement comes from the same free draws, which
all candidates share, so that differences have less noise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.design.copula import ConditionedCopula
from bmm.design.targets import DripLine
from bmm.errors import DomainError
from bmm.nuclides import nuclide_index, numbers
from bmm.prediction.derived import QUANTITIES, partners
from bmm.prediction.existence import SEPARATIONS
from bmm.prediction.joint_law import JointLaw

__all__ = ["DripLineExpectedVariance"]


class DripLineExpectedVariance:
    """Distribution of a drip line after some measurements.

    Parameters
    ----------
    law : JointLaw
        Of the forecast.
    points : MultiIndex (Z, N)
        Candidates first, then the other nuclei that decide the drip line.
    rows : int array (point,)
        Their positions in the law.
    target : DripLine
        The drip line.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV: masses of the nuclei on the way.
    precision : float
        Standard deviation of a measurement, MeV.
    outcomes : int
        Number of outcomes to draw, each with a pair of surfaces.
    candidates : int
        How many of the points can be measured.
    rng : Generator
        Random numbers.

    Attributes
    ----------
    before : float
        Variance of the neutron number before anything is measured, estimated from the same pairs.
    at_edge : float
        Share of the surfaces on which one of the two outermost isotopes that can be judged is still
        bound, so that the line may lie further out; see `bmm.prediction.existence.drip_lines`.
    """

    def __init__(
        self,
        law: JointLaw,
        points: pd.MultiIndex,
        rows: IntArray,
        target: DripLine,
        measured: pd.DataFrame,
        precision: float,
        outcomes: int,
        candidates: int,
        rng: np.random.Generator,
    ) -> None:
        self._line = _Line(target, points, measured)
        self._table, self._rows = law.table, rows[self._line.points]
        self._copula = ConditionedCopula(law, rows, rows[:candidates], precision)
        self._candidates, self._rng = candidates, rng
        # Scores of the two surfaces of every pair, and of the one that is measured.
        self._free = law.standard_normal(3 * outcomes, rng, rows).reshape(3, outcomes, -1)
        self._squares = self._half_squares(self._free[:2])
        self.before = float(self._squares.mean())
        at_edge = self._line.is_at_edge(self._lines(self._free[2]))
        self.at_edge = float(at_edge.mean())
        self._refresh()

    def expect(self) -> tuple[FloatArray, FloatArray]:
        """Variance expected to be left after measuring each candidate, and its standard error.

        Returns
        -------
        left, error : array (candidate,)
            Squared neutron numbers; the error is that of the difference from `before`.
        """
        left, error = np.empty((2, self._candidates))
        for point in range(self._candidates):
            squares = self._half_squares(self._moved(point)[:2])
            left[point] = squares.mean()
            error[point] = (squares - self._squares).std(ddof=1) / np.sqrt(len(squares))
        return left, error

    def take(self, point: int) -> None:
        """Measure a candidate: continue from the outcomes that `expect` has drawn."""
        self._free = self._moved(point)
        self._copula.take(point)
        self._refresh()

    def _refresh(self) -> None:
        """Draw errors of the next measurement, and which surface it is made on."""
        self._noise = self._rng.standard_normal((4, self._free.shape[1]))

    def _moved(self, point: int) -> FloatArray:
        """Scores (surface, pair, point) given the outcome of measuring a candidate."""
        covariance, variance = self._copula.innovation(point)
        noise = self._copula.noise_sd(point) * self._noise
        outcome = self._free[2, :, point] + noise[3]
        short = outcome + noise[:3] - self._free[..., point]
        return np.asarray(self._free + short[..., None] * (covariance / variance))

    def _half_squares(self, scores: FloatArray) -> FloatArray:
        """Half the squared difference of the drip lines of two surfaces, array (pair,)."""
        first, second = (self._lines(each) for each in scores)
        return np.asarray(0.5 * (first - second) ** 2)

    def _lines(self, scores: FloatArray) -> FloatArray:
        """Neutron numbers (pair,) of the drip line on surfaces of scores (pair, point)."""
        return self._line.of(self._table.masses(scores[:, self._line.points], self._rows))


class _Line:
    """Position of a drip line on surfaces; bound as in `bmm.prediction.existence`."""

    def __init__(self, target: DripLine, points: pd.MultiIndex, measured: pd.DataFrame) -> None:
        protons = measured.index.get_level_values("Z")
        near = measured[(protons <= target.Z) & (protons >= target.Z - 2)]
        Z, N = numbers(near.index.append(target.nuclei).sort_values())
        every = nuclide_index(Z, N)
        chain = np.flatnonzero(target.Z == Z)
        rows = [partners(name, every)[chain] for name in SEPARATIONS]
        # As in `bmm.prediction.existence`, an isotope counts as bound only if all its energies are
        # known.
        whole = np.all([(each >= 0).all(axis=1) for each in rows], axis=0)
        if not whole.any():
            raise DomainError(
                f"target {target.name!r}: no isotope has all the neighbours that decide whether it "
                "is bound; expected a chart with the two elements before it"
            )
        self._N = N[chain][whole].astype(np.float64)
        self._rows = [each[whole] for each in rows]
        self._proton = target.side == "proton"
        self.points = np.flatnonzero(points.isin(every))
        self._from = np.flatnonzero(every.isin(points))
        order = every[self._from].get_indexer(points[self.points])
        self._from = self._from[order]
        self._known = near["mass_excess"].reindex(every).to_numpy(dtype=np.float64)

    def is_at_edge(self, lines: FloatArray) -> BoolArray:
        """Whether lines (draw,) are at one of the two outermost isotopes that can be judged."""
        ends = np.sort(self._N)[:2] if self._proton else np.sort(self._N)[-2:]
        return np.isin(lines, ends)

    def of(self, draws: FloatArray) -> FloatArray:
        """Neutron numbers (draw,) of the drip line on draws (draw, its points), MeV."""
        masses = np.tile(self._known, (len(draws), 1))
        masses[:, self._from] = draws
        held = np.ones((len(draws), len(self._N)), dtype=bool)
        for name, rows in zip(SEPARATIONS, self._rows, strict=True):
            definition = QUANTITIES[name]
            energy = sum(
                coefficient * masses[:, at]
                for (_, _, coefficient), at in zip(definition.terms, rows.T, strict=True)
            )
            held &= energy + definition.constant > 0
        some = held.any(axis=1)
        if self._proton:
            return np.where(some, self._N[held.argmax(axis=1)], self._N[-1] + 1)
        return np.where(some, self._N[len(self._N) - 1 - held[:, ::-1].argmax(axis=1)],
                        self._N[0] - 1)  # fmt: skip
