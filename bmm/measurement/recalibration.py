"""What stated probabilities have been worth at earlier transitions between evaluations.

A mass of posterior probability p has at transition t turned out to be off with the probability

    logit p' = a_t + s logit p,      a_t ~ N(c, scatter^2),

for the share of masses that are off differs from one transition to the next by more than chance.
The next transition has an intercept of its own, so that its probabilities are averages over a_t,
c, s and the scatter, given all earlier ones (Platt scaling with a random intercept; J. Platt, in
Advances in Large Margin Classifiers, MIT Press 1999, p. 61).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from bmm.arrays import BoolArray, FloatArray

__all__ = ["Recalibration"]

# Standard deviations of the priors: c ~ N, log s ~ N, scatter ~ half-normal.
_CENTRE_SD, _LOG_SLOPE_SD, _SCATTER_SD = 2.0, 1.0, 0.5
# Grids over which the posterior is summed.
_INTERCEPT = np.linspace(-12.0, 8.0, 161)
_LOG_SLOPE = np.linspace(-2.6, 1.0, 49)
_SCATTER = np.linspace(0.05, 2.5, 50)
# Logits beyond which no record could tell probabilities from each other, and where p' is kept.
_MOST = 30.0
_KNOTS = np.linspace(-_MOST, _MOST, 121)


@dataclass(frozen=True)
class Recalibration:
    """A map of stated probabilities to what the next transition should show.

    Parameters
    ----------
    intercept, slope, scatter : float
        Posterior means of c, s and the scatter.
    n, n_off : int
        Remeasured masses that taught it, and how many of them were off.
    transitions : int
        Number of transitions.
    logit : sequence of float
        logit p' at equally spaced logits of p from -30 to 30; it rises, so that ranks stay.
    """

    intercept: float
    slope: float
    scatter: float
    n: int
    n_off: int
    transitions: int
    logit: Sequence[float]

    @classmethod
    def learn(cls, transitions: Sequence[tuple[FloatArray, BoolArray]]) -> Recalibration:
        """Learn it; the posterior is summed on a grid.

        Parameters
        ----------
        transitions : sequence of (array (n,), bool array (n,))
            For each, posterior probabilities of masses that were remeasured, and whether they were
            off.
        """
        likelihoods = [_log_likelihood(*each) for each in transitions]
        posterior = np.empty((len(_SCATTER), len(_INTERCEPT), len(_LOG_SLOPE)))
        distance = _INTERCEPT[:, None] - _INTERCEPT
        spreads = np.exp(-0.5 * (distance / _SCATTER[:, None, None]) ** 2)
        spreads /= spreads.sum(axis=2, keepdims=True)
        for density, spread, scatter in zip(posterior, spreads, _SCATTER, strict=True):
            density[:] = -0.5 * (_LOG_SLOPE / _LOG_SLOPE_SD) ** 2
            density -= 0.5 * (_INTERCEPT[:, None] / _CENTRE_SD) ** 2
            density -= 0.5 * (scatter / _SCATTER_SD) ** 2
            for each in likelihoods:
                density += np.log(np.maximum(spread @ np.exp(each), np.finfo(float).tiny))
        weight = np.exp(posterior - posterior.max())
        weight /= weight.sum()
        # Of the intercept of the next transition, and the slope.
        following = np.einsum("tca,tcs->as", spreads, weight)
        slopes = np.exp(_LOG_SLOPE)
        share = sum(
            special.expit(_INTERCEPT[:, None] + slope * _KNOTS).T @ each
            for slope, each in zip(slopes, following.T, strict=True)
        )
        return cls(
            intercept=float(weight.sum((0, 2)) @ _INTERCEPT),
            slope=float(weight.sum((0, 1)) @ slopes),
            scatter=float(weight.sum((1, 2)) @ _SCATTER),
            n=sum(len(off) for _, off in transitions),
            n_off=int(sum(off.sum() for _, off in transitions)),
            transitions=len(transitions),
            logit=special.logit(share).tolist(),
        )

    def apply(self, probability: FloatArray) -> FloatArray:
        """Recalibrate probabilities (n,)."""
        return np.asarray(special.expit(np.interp(_logit(probability), _KNOTS, self.logit)))


def _log_likelihood(probability: FloatArray, off: BoolArray) -> FloatArray:
    """Log likelihood of intercept and slope (intercept, slope), less its maximum."""
    x, sign = _logit(probability), np.where(off, -1.0, 1.0)
    found = np.stack(
        [
            -np.logaddexp(0, sign * (_INTERCEPT[:, None] + slope * x)).sum(axis=1)
            for slope in np.exp(_LOG_SLOPE)
        ],
        axis=1,
    )
    return np.asarray(found - found.max())


def _logit(probability: FloatArray) -> FloatArray:
    # A posterior normal leaves probabilities of 0 and 1.
    return np.clip(special.logit(np.asarray(probability, dtype=np.float64)), -_MOST, _MOST)
