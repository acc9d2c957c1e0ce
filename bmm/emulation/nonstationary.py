"""A Gaussian process whose roughness follows that of the surface.

A potential energy surface is smooth, except where the mean field changes from one solution to
another, as at scission.  There it is discontinuous.  A stationary process then assumes roughness
everywhere, and its uncertainty is no larger beside a discontinuity than far from it.  This one is
the sum of a smooth part and a rough one,

    k(x, x') = S^2 m_5/2(x, x') + R^2 a(x) a(x') m_1/2(x, x'),

both Matérn, each with its own length scales along directions that are learned too: valleys and
discontinuities of a surface seldom run along its axes.  The square of the local roughness a comes
from the errors of the process: the squared leave-one-out residuals (Dubrule, Math. Geol. 15, 687
(1983); Sundararajan & Keerthi, Neural Comput. 13, 1103 (2001)) of the learned points near x,
relative to the typical one.  Standard deviations are large beside a discontinuity that was found,
so that new points follow it.  There is no nugget: a repeated calculation gives the same value, and
learned values are reproduced.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from bmm.arrays import FloatArray
from bmm.emulation.gaussian import Process, ProcessPacking, fit_logs, standardise
from bmm.emulation.surrogate import Emulator
from bmm.gp.kernels import Constant, Kernel
from bmm.gp.nonstationary import LocalScale, Sheared
from bmm.gp.optimisation import Optimum
from bmm.gp.process import ExactProcess, marginal_likelihood
from bmm.gp.stationary import Matern

__all__ = [
    "NonstationaryLearner",
    "NonstationaryProcess",
    "local_roughness",
    "negative_log_likelihood",
]

_SMOOTH, _ROUGH = 2.5, 0.5
# Of values of order one at coordinates between -1 and 1: centres of the priors.
_AMPLITUDES, _LENGTH = (1.0, 0.3), 0.4
# Of the variance; far below what any theory is computed to.
_JITTER = 1e-7
# In mean distances between the learned points: range over which a residual is informative.
_REACH = 0.4
# Weight of a roughness of one, in numbers of residuals.
_PRIOR = 2.0
# In medians: a larger residual is not typical.  In typical ones: larger ones are cut to this.
_OUTLYING, _MOST = 9.0, 100.0


@dataclass(frozen=True)
class NonstationaryProcess(Process):
    """A process that is rough in places; its sites are points and the local roughness there.

    `logs` are of amplitude and length scales of the smooth part, then of the rough one; tilts
    follow.  Length scales are those of tilted coordinates: to each, the later ones are added, as
    many times as the tilts say, so that scales and tilts make any quadratic form.

    Parameters
    ----------
    squared_residual : array (n,)
        Squared leave-one-out residuals, relative to the typical one; all one if the surface is as
        rough everywhere.
    """

    squared_residual: FloatArray

    def roughness(self, points: FloatArray) -> FloatArray:
        """Local roughness a at points (n, d), array (n,)."""
        return local_roughness(self.points, self.squared_residual, points)[0]

    @property
    def kernel(self) -> Kernel:
        """Covariance of sites; see `Process`."""
        return _kernel(self.logs, self.points.shape[1])

    @property
    def noise(self) -> float:
        """The jitter; see `Process`."""
        return _JITTER

    def sites(self, points: FloatArray) -> FloatArray:
        """Give points with the local roughness there, array (n, d + 1)."""
        return np.column_stack([points, self.roughness(points)])

    def variance(self, remaining: FloatArray) -> FloatArray:
        """Variance, of which the jitter is always left; see `Process`."""
        return np.asarray(np.maximum(remaining, _JITTER))


@dataclass(frozen=True)
class NonstationaryLearner(ProcessPacking):
    """Processes with hyperparameters of the largest posterior density.

    Examples
    --------
    Values of a step: the uncertainty is larger beside it than far from it.

    >>> import numpy as np
    >>> from bmm.emulation.nonstationary import NonstationaryLearner
    >>> points = np.linspace(-1, 1, 21)[:, None]
    >>> step = np.where(points[:, 0] > 0.02, 1.0, 0.0)
    >>> process = NonstationaryLearner().fit(points, step, seed=0)
    >>> beside, far = process.at(np.array([[0.05], [0.75]])).sd
    >>> bool(beside > far)
    True
    """

    kind: ClassVar[type[Process]] = NonstationaryProcess
    name: str = "nonstationary-gp"

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> NonstationaryProcess:
        """Condition a process; see `bmm.emulation.surrogate.Learner`.  Deterministic.

        The roughness comes from the residuals of the previous process, conditioned on the new
        values, if its roughness was local; otherwise from those of a process of uniform roughness.
        The uniform one is kept unless local roughness is preferred by Akaike's criterion (IEEE
        Trans. Autom.  Control 19, 716 (1974)), the influence of the residuals on the roughness at
        their own points being its number of parameters.
        """
        standard, centre, scale = standardise(values)
        even = np.ones(len(values))
        uniform = _fit(_centres(points.shape[1]), points, standard, even)
        start, rough = uniform.parameters, even
        if isinstance(previous, NonstationaryProcess) and np.ptp(previous.squared_residual) > 0:
            start, rough = previous.logs, previous.roughness(points)
        squared_residual = _relative(_left_out(start, points, standard, rough) ** 2)
        rough, freedom = local_roughness(points, squared_residual, points)
        local = _fit(start, points, standard, rough)
        if uniform.value - local.value > freedom:
            return NonstationaryProcess(
                points, standard, local.parameters, centre, scale, squared_residual
            )
        return NonstationaryProcess(points, standard, uniform.parameters, centre, scale, even)


def local_roughness(
    learned: FloatArray, squared_residual: FloatArray, points: FloatArray
) -> tuple[FloatArray, float]:
    """Average squared residuals over the surroundings of points.

    Parameters
    ----------
    learned : array (m, d)
        Where the residuals are.
    squared_residual : array (m,)
        Squared, relative to the typical one.
    points : array (n, d)
        Weights fall off around them as a Gaussian with a width of 0.4 mean distances between the
        learned points; twice the weight of a residual right there is given to one.

    Returns
    -------
    array (n,), float
        The root of it, and the summed share of a residual right there.

    Examples
    --------
    Residuals nine times as large as typical near 0, and typical ones at 1:

    >>> import numpy as np
    >>> from bmm.emulation.nonstationary import local_roughness
    >>> learned = np.linspace(0, 1, 11)[:, None]
    >>> squared = np.where(learned[:, 0] < 0.3, 9.0, 1.0)
    >>> roughness, _ = local_roughness(learned, squared, np.array([[0.0], [1.0]]))
    >>> roughness.round(2)
    array([2.08, 1.  ])
    """
    dimensions = learned.shape[1]
    reach = _REACH * (2.0**dimensions / len(learned)) ** (1 / dimensions)
    weight = np.exp(-0.5 * cdist(points, learned, "sqeuclidean") / reach**2)
    total = weight.sum(axis=1) + _PRIOR
    return np.sqrt((weight @ squared_residual + _PRIOR) / total), float((1 / total).sum())


def negative_log_likelihood(
    logs: FloatArray, points: FloatArray, values: FloatArray, rough: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood, up to a constant, and its gradient.

    Parameters
    ----------
    logs : array (2 + 2 d + d (d - 1) / 2,)
        As in `NonstationaryProcess`.
    points, values : array (n, d), array (n,)
        What is learned from.
    rough : array (n,)
        Local roughness at the points.

    Examples
    --------
    Uniform roughness, a = 1:

    >>> import numpy as np
    >>> from bmm.emulation.nonstationary import negative_log_likelihood
    >>> points = np.linspace(-1, 1, 5)[:, None]
    >>> value, gradient = negative_log_likelihood(np.zeros(4), points, np.zeros(5), np.ones(5))
    >>> gradient.shape
    (4,)
    """
    kernel, sites = _kernel(logs, points.shape[1]), np.column_stack([points, rough])
    found = marginal_likelihood(kernel, sites, values, _JITTER)
    return -found.value - 0.5 * len(values) * np.log(2 * np.pi), -found.by_parameters


def _fit(start: FloatArray, points: FloatArray, values: FloatArray, rough: FloatArray) -> Optimum:
    """Find logarithms of the largest posterior density."""
    objective = partial(negative_log_likelihood, points=points, values=values, rough=rough)
    return fit_logs(objective, start, _centres(points.shape[1]))


def _left_out(
    logs: FloatArray, points: FloatArray, values: FloatArray, rough: FloatArray
) -> FloatArray:
    """Leave-one-out residual of each value, array (n,)."""
    kernel, sites = _kernel(logs, points.shape[1]), np.column_stack([points, rough])
    mean, _ = ExactProcess(kernel, sites, values, _JITTER).left_out(np.arange(len(values)))
    return values - mean


def _relative(squares: FloatArray) -> FloatArray:
    """Squared residuals relative to the typical one, their mean without the largest few."""
    outlying = _OUTLYING * np.median(squares)
    typical = np.minimum(squares, outlying).mean() + np.finfo(np.float64).tiny
    return np.asarray(np.minimum(squares / typical, _MOST))


def _centres(dimensions: int) -> FloatArray:
    logs = np.log([x for each in _AMPLITUDES for x in (each, *[_LENGTH] * dimensions)])
    return np.append(logs, np.zeros(dimensions * (dimensions - 1) // 2))


def _kernel(logs: FloatArray, d: int) -> Kernel:
    """Covariance of sites, whose last column is local roughness."""
    smooth = Constant(1.0) * Matern((1.0,) * d, smoothness=_SMOOTH)
    rough = Constant(1.0) * LocalScale() * Matern((1.0,) * d, smoothness=_ROUGH)
    return Sheared(smooth + rough, (0.0,) * (d * (d - 1) // 2)).with_parameters(logs)
