"""How much a measurement is expected to sharpen a drip line.

Where a drip line lies is no linear function of the masses.  Its expected variance given the outcome
y of a measurement is half the mean squared difference of two surfaces that share the outcome and
are otherwise independent,

    E_y var(L | y) = E (L_1 - L_2)^2 / 2.

A third surface, from each branch of `bmm.design.gaussian_mixture` in turn, is measured at c,
with an error, and gives y.  The branches of the two are drawn with the probabilities that hold
then (see `bmm.design.ranking`); within a branch a free draw m is moved onto the outcome,
m(x) + gain(x) [y + error - m(c)], which is an exact draw given y (Matheron's rule; Wilson et al.,
J. Mach. Learn. Res. 22(105), 2021).  The free draws, from which the variance before the measurement
is taken likewise, are those of every candidate, so that differences are surer.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pandas as pd

from bmm.arrays import BoolArray, FloatArray
from bmm.design.gaussian_mixture import Branch
from bmm.design.targets import DripLine
from bmm.errors import DomainError
from bmm.gp.conditioning import draw_normal
from bmm.nuclides import nuclide_index
from bmm.prediction.derived import QUANTITIES, partners
from bmm.prediction.existence import SEPARATIONS
from bmm.theory.adapters import numbers

__all__ = ["DripLineExpectedVariance"]

_JITTER = 1e-9


class DripLineExpectedVariance:
    """What is known of a drip line after some measurements.

    Parameters
    ----------
    branches : sequence of Branch
        Of the points; they are copied.
    points : MultiIndex (Z, N)
        Candidates first, then the other nuclei that decide the drip line.
    target : DripLine
        The drip line.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV: masses of the nuclei on the way.
    precision : float
        Standard deviation of a measurement, MeV.
    outcomes : int
        Outcomes to draw from each branch, and a pair of surfaces for each.
    candidates : int
        How many of the points can be measured.
    rng : Generator
        Random numbers.
    learn : bool, default False
        Let outcomes change the probabilities of the branches.

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
        branches: Sequence[Branch],
        points: pd.MultiIndex,
        target: DripLine,
        measured: pd.DataFrame,
        precision: float,
        outcomes: int,
        candidates: int,
        rng: np.random.Generator,
        *,
        learn: bool = False,
    ) -> None:
        self._branches = deepcopy(list(branches))
        self._precision, self._candidates, self._rng = precision, candidates, rng
        self._learn = learn
        self._line = _Line(target, points, measured)
        self._weight = np.array([each.probability for each in branches])
        self._truth = np.repeat(np.arange(len(branches)), outcomes)
        count = len(self._truth)
        self._log_weight = np.tile(np.log(self._weight), (count, 1))
        self._mean = np.tile(np.stack([each.mean for each in branches]), (count, 1, 1))
        # Draws of every branch: of the two surfaces, and of the one that is measured.
        self._free = np.stack(
            [
                np.stack(
                    [
                        draw_normal(each.mean, each.covariance, count, rng, jitter=_JITTER)
                        for each in branches
                    ],
                    axis=1,
                )
                for _ in range(3)
            ]
        )
        self._level = rng.random((2, count))
        self._squares = self._half_squares(self._log_weight)
        self.before = self._average(self._squares)[0]
        self.at_edge = self._share_at_edge()
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
            squares = self._half_squares(*self._outcome(point)[1:], point)
            left[point] = self._average(squares)[0]
            error[point] = self._average(squares - self._squares)[1]
        return left, error

    def take(self, point: int) -> None:
        """Measure a candidate: go on from the outcomes that `expect` has looked at."""
        deviation, self._log_weight, short = self._outcome(point)
        for b, branch in enumerate(self._branches):
            known, points = branch.measured(point, self._precision), len(branch.mean)
            self._mean[:, b] += known.shift(deviation[:, b, None])[:, :points]
            self._free[:, :, b] += known.shift(short[:, :, b, None])[..., :points]
            branch.condition(known)
        self._refresh()

    def _refresh(self) -> None:
        """Draw errors of the next measurement, and whose surface it is made on."""
        if not self._learn:
            self._truth = self._rng.permutation(self._truth)
        self._noise = self._precision * self._rng.standard_normal((4, len(self._truth)))

    def _outcome(self, point: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Find what a measurement changes.

        Returns
        -------
        deviation, log_weight : array (pair, branch)
            Deviation of the outcome from the branch's mean, MeV, and the branches' probabilities.
        short : array (surface, pair, branch)
            What the draws at the point are short of the outcome, MeV.
        """
        total = np.array([each.innovation(self._precision)[point] for each in self._branches])
        pairs = np.arange(len(self._truth))
        outcome = self._free[2, pairs, self._truth, point] + self._noise[3]
        deviation = outcome[:, None] - self._mean[:, :, point]
        log_weight = self._log_weight
        if self._learn:
            log_weight = log_weight - 0.5 * (deviation**2 / total + np.log(total))
            log_weight -= np.logaddexp.reduce(log_weight, axis=1, keepdims=True)
        short = (outcome + self._noise[:3])[:, :, None] - self._free[..., point]
        return deviation, log_weight, short

    def _half_squares(
        self, log_weight: FloatArray, short: FloatArray | None = None, point: int = 0
    ) -> FloatArray:
        """Half the squared difference of the drip lines of the two surfaces, array (pair,)."""
        above = np.cumsum(np.exp(log_weight), axis=1)[:, :-1]
        pairs, line = np.arange(len(above)), self._line.points
        found = []
        for surface, level in enumerate(self._level):
            branch = (level[:, None] >= above).sum(axis=1)
            draws = self._free[surface][pairs, branch][:, line]
            if short is not None:
                gain = np.stack(
                    [each.measured(point, self._precision).gain[line, 0] for each in self._branches]
                )
                draws = draws + short[surface, pairs, branch][:, None] * gain[branch]
            found.append(self._line.of(draws))
        return 0.5 * (found[0] - found[1]) ** 2

    def _share_at_edge(self) -> float:
        pairs = np.arange(len(self._truth))
        lines = self._line.of(self._free[2, pairs, self._truth][:, self._line.points])
        return self._average(self._line.is_at_edge(lines).astype(np.float64))[0]

    def _average(self, values: FloatArray) -> tuple[float, float]:
        """Mean over the pairs (pair,) of all branches, and its standard error."""
        by_branch = values[np.argsort(self._truth, kind="stable")]
        by_branch = by_branch.reshape(len(self._branches), -1)
        error = np.sqrt(self._weight**2 @ by_branch.var(axis=1, ddof=1) / by_branch.shape[1])
        return float(self._weight @ by_branch.mean(axis=1)), float(error)


class _Line:
    """Position of a drip line on surfaces; bound as in `bmm.prediction.existence`."""

    def __init__(self, target: DripLine, points: pd.MultiIndex, measured: pd.DataFrame) -> None:
        protons = measured.index.get_level_values("Z")
        near = measured[(protons <= target.Z) & (protons >= target.Z - 2)]
        Z, N = numbers(near.index.append(target.nuclei).sort_values())
        every = nuclide_index(Z, N)
        chain = np.flatnonzero(target.Z == Z)
        rows = [partners(name, every)[chain] for name in SEPARATIONS]
        # As existence has it, an isotope counts as bound only where nothing about it is unknown.
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
