"""How much a measurement is expected to sharpen masses and sums of masses.

The uncertainty of a target is the sum of the variances of its quantities.  With the branches b of
`bmm.design.gaussian_mixture`, of probabilities w_b, the variance that is left after measuring the
mass at c is

    E_y sum_q var(q | y) = sum_b w_b sum_q [var_b(q) - cov_b(q, c)^2 / (var_b(c) + tau^2)]
                           + E_y sum_b w_b(y) sum_q [mean_b(q | y) - mean(q | y)]^2.

The first term, how much is unknown within the branches, is exact.  The second, how far they
disagree, depends on the outcome y; it is an average over outcomes drawn from each branch in turn,
and the only source of Monte Carlo error.  Outcomes of different candidates come from the same
random numbers, so that their differences are surer.  The probabilities w_b(y) are w_b again, or
those that y leaves; see `bmm.design.ranking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np

from bmm.arrays import FloatArray
from bmm.design.gaussian_mixture import Branch

__all__ = ["EnergyExpectedVariance"]

_BLOCK = 256
"""Candidates looked at together."""


class EnergyExpectedVariance:
    """What is known of energies after some measurements, over many possible outcomes.

    Parameters
    ----------
    branches : sequence of Branch
        Of the candidates as points, and the target's quantities; they are copied.
    precision : float
        Standard deviation of a measurement, MeV.
    outcomes : int
        Outcomes to draw from each branch.
    rng : Generator
        Random numbers.
    learn : bool, default False
        Let outcomes change the probabilities of the branches.
    known_variance : float, default 0
        Variance that the measured masses add to the quantities, MeV^2, in all.

    Attributes
    ----------
    before : float
        Variance of the target before anything is measured, MeV^2; exact.
    """

    def __init__(
        self,
        branches: Sequence[Branch],
        precision: float,
        outcomes: int,
        rng: np.random.Generator,
        *,
        learn: bool = False,
        known_variance: float = 0.0,
    ) -> None:
        self._branches = deepcopy(list(branches))
        self._precision, self._rng, self._known = precision, rng, known_variance
        self._learn = learn
        self._weight = np.array([each.probability for each in branches])
        number = len(branches)
        self._truth = np.repeat(np.arange(number), outcomes)
        # Of each outcome: log posterior weights, means of the points and of the quantities.
        self._log_weight = np.tile(np.log(self._weight), (len(self._truth), 1))
        points = np.stack([each.mean for each in branches])
        quantities = np.stack([each.quantity for each in branches])
        quantities = quantities - self._weight @ quantities
        self._points = np.tile(points, (len(self._truth), 1, 1))
        self._quantities = np.tile(quantities, (len(self._truth), 1, 1))
        self._noise = rng.standard_normal(len(self._truth))
        within = self._within() + known_variance
        self.before = float(within + self._weight @ (quantities**2).sum(axis=1))

    def expect(self) -> tuple[FloatArray, FloatArray]:
        """Variance expected to be left after measuring each candidate, and its standard error.

        Returns
        -------
        left, error : array (point,)
            MeV^2; the error is that of the average over outcomes.
        """
        parts = [
            self._average(self._apart(slice(start, start + _BLOCK)))
            for start in range(0, self._points.shape[2], _BLOCK)
        ]
        apart, error = (np.concatenate(each) for each in zip(*parts, strict=True))
        explained = sum(
            weight * (each.across**2).sum(axis=0) / each.innovation(self._precision)
            for weight, each in zip(self._weight, self._branches, strict=True)
        )
        return self._within() + self._known - explained + apart, error

    def take(self, point: int) -> None:
        """Measure a candidate: go on from the outcomes that `expect` has looked at."""
        deviation, log_weight, _ = self._look(slice(point, point + 1))
        self._log_weight = log_weight[:, :, 0]
        if not self._learn:  # the next outcome is any branch's again
            self._truth = self._rng.permutation(self._truth)
        for b, branch in enumerate(self._branches):
            known = branch.measured(point, self._precision)
            points, quantities = np.split(known.shift(deviation[:, b]), [len(branch.mean)], axis=1)
            self._points[:, b] += points
            self._quantities[:, b] += quantities
            branch.condition(known)
        self._noise = self._rng.standard_normal(len(self._truth))

    def _within(self) -> float:
        variances = [each.quantity_variance.sum() for each in self._branches]
        return float(self._weight @ variances)

    def _average(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean of values (outcome, m) over the outcomes of all branches, and its error, (m,)."""
        by_branch = values[np.argsort(self._truth, kind="stable")]
        by_branch = by_branch.reshape(len(self._branches), -1, values.shape[1])
        mean, spread = by_branch.mean(axis=1), by_branch.var(axis=1, ddof=1)
        error = np.sqrt(self._weight**2 @ spread / by_branch.shape[1])
        return self._weight @ mean, error

    def _look(self, points: slice) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Find what measuring some points gives.

        Returns
        -------
        deviation, log_weight : array (outcome, branch, point)
            Of the outcomes from the branches' means, MeV, and the branches' probabilities then.
        total : array (branch, point)
            Variance of the outcome within a branch, MeV^2.
        """
        mean = self._points[:, :, points]
        total = np.stack([each.innovation(self._precision)[points] for each in self._branches])
        own = mean[np.arange(len(self._truth)), self._truth]
        outcome = own + np.sqrt(total)[self._truth] * self._noise[:, None]
        deviation = outcome[:, None] - mean
        log_weight = np.broadcast_to(self._log_weight[:, :, None], deviation.shape)
        if self._learn:
            log_weight = log_weight - 0.5 * (deviation**2 / total + np.log(total))
            log_weight -= np.logaddexp.reduce(log_weight, axis=1, keepdims=True)
        return deviation, log_weight, total

    def _apart(self, points: slice) -> FloatArray:
        """Variance between the branches, after measuring some points, array (outcome, point)."""
        deviation, log_weight, total = self._look(points)
        weight = np.exp(log_weight)
        gains = [each.across[:, points] / total[b] for b, each in enumerate(self._branches)]
        found = np.zeros(deviation[:, 0].shape)
        for b, first in enumerate(gains):
            for other, second in enumerate(gains[: b + 1]):
                # Half the squared distance between two branches, over all pairs of branches.
                apart = self._quantities[:, b] - self._quantities[:, other]
                distance = (apart**2).sum(axis=1)[:, None]
                step = deviation[:, b] * (apart @ first) - deviation[:, other] * (apart @ second)
                distance = distance + 2 * step
                distance += deviation[:, b] ** 2 * (first**2).sum(axis=0)
                distance += deviation[:, other] ** 2 * (second**2).sum(axis=0)
                distance -= 2 * deviation[:, b] * deviation[:, other] * (first * second).sum(axis=0)
                found += weight[:, b] * weight[:, other] * distance
        return found
