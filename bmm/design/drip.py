"""How much a measurement is expected to sharpen a drip line.

Where a drip line lies is no linear function of the masses.  Its expected variance given the outcome
y of a measurement is half the mean squared difference of two surfaces that share the outcome and
are otherwise independent,

    E_y var(L | y) = E (L_1 - L_2)^2 / 2.

The first surface comes from a branch of `bmm.design.law`; measuring the mass of c on it, with an
error, gives y.  The second surface's branch is drawn with the probabilities that y leaves; within
it a free draw m is moved onto the outcome, m(x) + gain(x) [y + error - m(c)], which is an exact
draw given y (Matheron's rule; Wilson et al., J. Mach. Learn. Res. 22(105), 2021).  The free draws,
from which the variance before the measurement is taken likewise, are those of every candidate, so
that differences are surer.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import linalg

from bmm.design.law import Branch
from bmm.design.targets import DripLine
from bmm.nuclides import labels
from bmm.prediction.existence import bound
from bmm.theory.adapters import numbers

__all__ = ["DripOutlook", "last_bound"]

FloatArray = npt.NDArray[np.float64]

_JITTER = 1e-9


class DripOutlook:
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
        Pairs of surfaces to draw from each branch.
    candidates : int
        How many of the points can be measured.
    rng : Generator
        Random numbers.

    Attributes
    ----------
    before : float
        Variance of the neutron number before anything is measured, estimated from the same pairs.
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
    ) -> None:
        self._branches = deepcopy(list(branches))
        self._precision, self._candidates, self._rng = precision, candidates, rng
        self._line = _Line(target, points, measured)
        number = len(branches)
        self._weight = np.array([each.probability for each in branches])
        self._truth = np.repeat(np.arange(number), outcomes)
        self._log_weight = np.tile(np.log(self._weight), (len(self._truth), 1))
        count = len(self._truth)
        self._points = np.tile(np.stack([each.mean for each in branches]), (count, 1, 1))
        # Free draws of every branch; the first surface is another one of its own branch.
        self._free = np.stack([_draws(each, count, rng) for each in branches], axis=1)
        true = np.stack([_draws(each, count, rng) for each in branches], axis=1)
        self._true = true[np.arange(count), self._truth]
        self._level = rng.random(count)
        self._refresh()
        first, second = self._line.of(self._true), self._line.of(self._second(self._log_weight))
        self._first = first
        self._squares = 0.5 * (first - second) ** 2
        self.before = float(self._average(self._squares)[0])

    def expect(self) -> tuple[FloatArray, FloatArray]:
        """Variance expected to be left after measuring each candidate, and its standard error.

        Returns
        -------
        left, error : array (candidate,)
            Squared neutron numbers; the error is that of the difference from `before`.
        """
        found = [self._look(point) for point in range(self._candidates)]
        left, error = (np.array(each) for each in zip(*found, strict=True))
        return left, error

    def take(self, point: int) -> None:
        """Measure a candidate: go on from the outcomes that `expect` has looked at."""
        self._log_weight, moved, deviation, total = self._outcome(point)
        for b, branch in enumerate(self._branches):
            step = deviation[:, b, None] / total[b]
            self._points[:, b] += step * branch.covariance[point]
            self._free[:, b] = moved[:, b]
            branch.condition(point, self._precision)
        self._refresh()

    def _refresh(self) -> None:
        self._noise = self._precision * self._rng.standard_normal((2, len(self._truth)))

    def _outcome(self, point: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Log probabilities (pair, branch), moved draws (pair, branch, point), deviations, totals.

        The deviations (pair, branch) are those of the outcome from the branches' means.
        """
        total = np.array([each.innovation(self._precision)[point] for each in self._branches])
        outcome = self._true[:, point] + self._noise[0]
        deviation = outcome[:, None] - self._points[:, :, point]
        log_weight = self._log_weight - 0.5 * (deviation**2 / total + np.log(total))
        log_weight -= np.logaddexp.reduce(log_weight, axis=1, keepdims=True)
        gain = np.stack([each.covariance[point] for each in self._branches]) / total[:, None]
        short = (outcome + self._noise[1])[:, None] - self._free[:, :, point]
        return log_weight, self._free + short[:, :, None] * gain, deviation, total

    def _look(self, point: int) -> tuple[float, float]:
        log_weight, moved, _, _ = self._outcome(point)
        second = self._line.of(self._chosen(log_weight, moved))
        squares = 0.5 * (self._first - second) ** 2
        left, _ = self._average(squares)
        _, error = self._average(squares - self._squares)
        return left, error

    def _second(self, log_weight: FloatArray) -> FloatArray:
        return self._chosen(log_weight, self._free)

    def _chosen(self, log_weight: FloatArray, draws: FloatArray) -> FloatArray:
        """Of each pair, the draw of a branch taken with the probabilities given; (pair, point)."""
        above = np.cumsum(np.exp(log_weight), axis=1)[:, :-1]
        branch = (self._level[:, None] >= above).sum(axis=1)
        return np.asarray(draws[np.arange(len(draws)), branch])

    def _average(self, values: FloatArray) -> tuple[float, float]:
        """Mean over the pairs (pair,) of all branches, and its standard error."""
        by_branch = values.reshape(len(self._branches), -1)
        error = np.sqrt(self._weight**2 @ by_branch.var(axis=1, ddof=1) / by_branch.shape[1])
        return float(self._weight @ by_branch.mean(axis=1)), float(error)


class _Line:
    """Position of a drip line on surfaces."""

    def __init__(self, target: DripLine, points: pd.MultiIndex, measured: pd.DataFrame) -> None:
        self._target = target
        near = measured[measured.index.get_level_values("Z").isin(range(target.Z - 2, target.Z + 1))]
        free = near.index.append(target.nuclei)
        self._nuclei = free.sort_values()
        Z, N = numbers(self._nuclei)
        self._coordinates = {"nucleus": labels(Z.tolist(), N.tolist()),
                             "Z": ("nucleus", Z), "N": ("nucleus", N)}  # fmt: skip
        self._from = points.get_indexer(self._nuclei)
        self._known = near["mass_excess"].reindex(self._nuclei).to_numpy(dtype=np.float64)

    def of(self, draws: FloatArray) -> FloatArray:
        """Neutron numbers (draw,) of the drip line on draws (draw, point), MeV."""
        masses = np.where(self._from >= 0, draws[:, self._from], self._known)
        surfaces = xr.DataArray(masses, dims=("draw", "nucleus"), coords=self._coordinates)
        return last_bound(surfaces, self._target)


def last_bound(surfaces: xr.DataArray, target: DripLine) -> FloatArray:
    """Neutron number of the outermost isotope that is bound, array (draw,).

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV, of the element and the two before it.
    target : DripLine
        The element, and the side.

    Returns
    -------
    array (draw,)
        Where no isotope is bound, the neutron number at which one would enter the chain.
    """
    state = bound(surfaces)
    own = state.isel(nucleus=state["Z"].to_numpy() == target.Z).sortby("N")
    N = own["N"].to_numpy().astype(np.float64)
    held = np.nan_to_num(own.transpose("draw", "nucleus").to_numpy()) > 0
    if target.side == "neutron":
        last = N[held.shape[1] - 1 - held[:, ::-1].argmax(axis=1)]
        return np.where(held.any(axis=1), last, N[0] - 1)
    return np.where(held.any(axis=1), N[held.argmax(axis=1)], N[-1] + 1)


def _draws(branch: Branch, count: int, rng: np.random.Generator) -> FloatArray:
    """Draw the points (count, point) of a branch, MeV."""
    covariance = branch.covariance.copy()
    covariance[np.diag_indices_from(covariance)] *= 1 + _JITTER
    factor = linalg.cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(branch.mean + rng.standard_normal((count, len(factor))) @ factor.T)
