"""A Gaussian process that is rough where the surface turns out to be.

A potential energy surface is smooth, but torn where the mean field falls from one solution into
another, as at scission.  A stationary process takes the tears for roughness everywhere, and is no
less sure beside one than far from it.  This one is the sum of a smooth part and a rough one,

    k(x, x') = S^2 m_5/2(x, x') + R^2 a(x) a(x') m_1/2(x, x'),

both Matérn with length scales of their own.  The square of the local roughness a comes from what
the process gets wrong: the squared leave-one-out residuals (Dubrule, Math. Geol. 15, 687 (1983);
Sundararajan & Keerthi, Neural Comput. 13, 1103 (2001)) of the learned points near x, relative to
the typical one.  Standard deviations are large beside a tear that was found, so that new points
follow it.  There is no nugget: a theory that is computed again gives the same value again, and
learned values are returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize
from scipy.spatial.distance import cdist

from bmm.emulation.belief import Emulator
from bmm.emulation.process import covariance_of, slope_of

__all__ = ["TornBelief", "TornLearner", "TornProcess", "local_roughness", "negative_log_posterior"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_SMOOTH, _ROUGH = 2.5, 0.5
# Of values of order one at coordinates between -1 and 1: centres of the priors and their width.
_AMPLITUDES, _LENGTH, _WIDTH = (1.0, 0.3), 0.4, 1.5
# Of the variance; far below what any theory is computed to.
_JITTER = 1e-7
_EVALUATIONS = 25
# In mean distances between the learned points: how far a residual tells of its surroundings.
_REACH = 0.4
# Roughness is one until as many residuals say otherwise.
_PRIOR = 2.0
# In medians: a residual beyond is not typical.  In typical ones: none counts for more.
_OUTLYING, _MOST = 9.0, 100.0


@dataclass(frozen=True)
class TornProcess:
    """A process conditioned on values.

    Parameters
    ----------
    points : array (n, d)
        Where it has learned.
    values : array (n,)
        Of order one.
    surprise : array (n,)
        Squared leave-one-out residuals, relative to the typical one; all one if the surface is as
        rough everywhere.
    logs : array (2 + 2 d,)
        Logarithms of amplitude and length scales of the smooth part, then of the rough one.
    centre, scale : float
        Of the values in their own unit.
    """

    points: FloatArray
    values: FloatArray
    surprise: FloatArray
    logs: FloatArray
    centre: float
    scale: float

    def roughness(self, points: FloatArray) -> FloatArray:
        """Local roughness a at points (n, d), array (n,)."""
        return local_roughness(self.points, self.surprise, points)[0]

    def at(self, points: FloatArray) -> TornBelief:
        """Predict points (n, d), scaled as those it has learned from."""
        rough, here = self.roughness(self.points), self.roughness(points)
        cholesky = _factor(self.logs, self.points, rough)
        across = _covariance(self.logs, self.points, points, rough, here)
        white = linalg.solve_triangular(cholesky, across, lower=True)
        pull = linalg.solve_triangular(cholesky, self.values, lower=True)
        return TornBelief(self, points, here, self.centre + self.scale * (pull @ white), white)


@dataclass(frozen=True)
class TornBelief:
    """What a process says of n points.

    Parameters
    ----------
    process : TornProcess
        Whose belief it is.
    points : array (n, d)
    rough : array (n,)
        Local roughness.
    mean : array (n,)
    white : array (learned, n)
        Covariance of the learned values with the points, whitened.
    """

    process: TornProcess
    points: FloatArray
    rough: FloatArray
    mean: FloatArray
    white: FloatArray

    @property
    def sd(self) -> FloatArray:
        """Posterior standard deviation, array (n,)."""
        smooth, rough = np.exp(2 * _parts(self.process.logs)[:, 0])
        variance = smooth + rough * self.rough**2 - np.einsum("in,in->n", self.white, self.white)
        return np.asarray(self.process.scale * np.sqrt(np.maximum(variance, _JITTER)))

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Posterior covariance between points; array (rows, columns)."""
        prior = _covariance(
            self.process.logs,
            self.points[rows],
            self.points[columns],
            self.rough[rows],
            self.rough[columns],
        )
        shared = self.white[:, rows].T @ self.white[:, columns]
        return np.asarray(self.process.scale**2 * (prior - shared))


@dataclass(frozen=True)
class TornLearner:
    """Processes with hyperparameters of the largest posterior density."""

    name: str = "torn-gp"

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> TornProcess:
        """Condition a process; see `bmm.emulation.belief.Learner`.  There is no chance in it.

        The roughness comes from the residuals of the previous process, told the new values, if that
        was rough in places; otherwise of one that is as rough everywhere.  The latter is kept
        unless the former makes the values likelier by more than its freedom explains: Akaike's
        criterion (IEEE Trans. Autom. Control 19, 716 (1974)), the influence of the residuals on the
        roughness at their own points being its number of parameters.
        """
        centre, scale = float(values.mean()), float(values.std()) or 1.0
        standard, even = (values - centre) / scale, np.ones(len(values))
        logs, value = _maximise(_centres(points.shape[1]), points, standard, even)
        start, rough = logs, even
        if isinstance(previous, TornProcess) and np.ptp(previous.surprise) > 0:
            start, rough = previous.logs, previous.roughness(points)
        surprise = _relative(_left_out(start, points, standard, rough) ** 2)
        rough, freedom = local_roughness(points, surprise, points)
        torn, torn_value = _maximise(start, points, standard, rough)
        if value - torn_value > freedom:
            return TornProcess(points, standard, surprise, torn, centre, scale)
        return TornProcess(points, standard, even, logs, centre, scale)

    def pack(self, emulator: Emulator) -> dict[str, FloatArray]:
        """Give the arrays that make a process."""
        assert isinstance(emulator, TornProcess)
        return {
            "points": emulator.points,
            "values": emulator.values,
            "surprise": emulator.surprise,
            "logs": emulator.logs,
            "numbers": np.array([emulator.centre, emulator.scale]),
        }

    def unpack(self, arrays: dict[str, FloatArray], dimensions: int) -> TornProcess:
        """Make the process again."""
        centre, scale = arrays["numbers"].tolist()
        return TornProcess(
            arrays["points"], arrays["values"], arrays["surprise"], arrays["logs"], centre, scale
        )


def local_roughness(
    learned: FloatArray, surprise: FloatArray, points: FloatArray
) -> tuple[FloatArray, float]:
    """Average squared residuals over the surroundings of points.

    Parameters
    ----------
    learned : array (m, d)
        Where the residuals are.
    surprise : array (m,)
        Squared, relative to the typical one.
    points : array (n, d)
        Weights fall off around them as a Gaussian with a width of 0.4 mean distances between the
        learned points; twice the weight of a residual right there is given to one.

    Returns
    -------
    array (n,), float
        The root of it, and the summed share of a residual right there.
    """
    dimensions = learned.shape[1]
    reach = _REACH * (2.0**dimensions / len(learned)) ** (1 / dimensions)
    weight = np.exp(-0.5 * cdist(points, learned, "sqeuclidean") / reach**2)
    total = weight.sum(axis=1) + _PRIOR
    return np.sqrt((weight @ surprise + _PRIOR) / total), float((1 / total).sum())


def negative_log_posterior(
    logs: FloatArray, points: FloatArray, values: FloatArray, rough: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood and log prior, up to a constant, and its gradient.

    Parameters
    ----------
    logs : array (2 + 2 d,)
        As in `TornProcess`, each normal with a spread of 1.5.
    points, values : array (n, d), array (n,)
        What is learned from.
    rough : array (n,)
        Local roughness at the points.
    """
    cholesky = _factor(logs, points, rough)
    pull = linalg.cho_solve((cholesky, True), values)
    value = 0.5 * values @ pull + np.log(np.diag(cholesky)).sum()
    # d value / d theta = tr[(K^-1 - a a^T) dK / d theta] / 2
    inner = linalg.cho_solve((cholesky, True), np.eye(len(values))) - np.outer(pull, pull)
    gradient = np.empty_like(_parts(logs))
    squares = [(each[:, None] - each) ** 2 for each in points.T]
    factors = inner, inner * np.outer(rough, rough)
    for part, factor, smoothness, row in zip(
        _parts(logs), factors, (_SMOOTH, _ROUGH), gradient, strict=True
    ):
        row[0] = np.vdot(factor, covariance_of(part, points, points, smoothness))
        steep = factor * slope_of(part, points, smoothness)
        row[1:] = [0.5 * np.vdot(steep, each) for each in squares] * np.exp(-2 * part[1:])
    off = (logs - _centres(points.shape[1])) / _WIDTH
    return float(value + 0.5 * off @ off), gradient.ravel() + off / _WIDTH


def _maximise(
    start: FloatArray, points: FloatArray, values: FloatArray, rough: FloatArray
) -> tuple[FloatArray, float]:
    """Find logarithms of the largest posterior density, and minus its logarithm."""
    found = optimize.minimize(
        negative_log_posterior,
        start,
        args=(points, values, rough),
        jac=True,
        method="L-BFGS-B",
        bounds=[(each - 5, each + 5) for each in _centres(points.shape[1])],
        options={"maxfun": _EVALUATIONS},
    )
    return np.asarray(found.x), float(found.fun)


def _left_out(
    logs: FloatArray, points: FloatArray, values: FloatArray, rough: FloatArray
) -> FloatArray:
    """Give what is left of each value, array (n,), once all others are told."""
    cholesky = _factor(logs, points, rough)
    inverse = linalg.cho_solve((cholesky, True), np.eye(len(values)))
    return np.asarray(inverse @ values / np.diag(inverse))


def _relative(squares: FloatArray) -> FloatArray:
    """Squared residuals relative to the typical one, their mean without the few that are huge."""
    outlying = _OUTLYING * np.median(squares)
    typical = np.minimum(squares, outlying).mean() + np.finfo(np.float64).tiny
    return np.asarray(np.minimum(squares / typical, _MOST))


def _centres(dimensions: int) -> FloatArray:
    return np.log([x for each in _AMPLITUDES for x in (each, *[_LENGTH] * dimensions)])


def _parts(logs: FloatArray) -> FloatArray:
    """Logarithms of amplitude and length scales of the two parts, array (2, 1 + d)."""
    return logs.reshape(2, -1)


def _covariance(
    logs: FloatArray,
    first: FloatArray,
    second: FloatArray,
    first_rough: FloatArray,
    second_rough: FloatArray,
) -> FloatArray:
    smooth, rough = _parts(logs)
    shared = np.outer(first_rough, second_rough) * covariance_of(rough, first, second, _ROUGH)
    return covariance_of(smooth, first, second, _SMOOTH) + shared


def _factor(logs: FloatArray, points: FloatArray, rough: FloatArray) -> FloatArray:
    """Cholesky factor of the covariance of the learned values."""
    covariance = _covariance(logs, points, points, rough, rough)
    covariance[np.diag_indices_from(covariance)] += _JITTER
    return np.asarray(linalg.cholesky(covariance, lower=True))
