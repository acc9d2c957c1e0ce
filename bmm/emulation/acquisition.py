"""Which points to compute next, by name.

"spread": where the uncertainty of the emulator is largest.  "error-reduction": where a value would
lower the expected squared error over all points most.  "random" and "space-filling" do not use the
emulator. In a batch, each point is chosen as if those before it had been computed: their values are
unknown, but the uncertainty that they would leave elsewhere is not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.emulation.surrogate import SurrogatePrediction
from bmm.gp.conditioning import Conditioning
from bmm.registry import Registry

__all__ = [
    "ACQUISITIONS",
    "Acquisition",
    "choose",
    "error_reduction",
    "expected_reduction",
    "random",
    "space_filling",
    "spread",
]

# Candidates, and points whose error counts in "error-reduction"; more are sampled down to this.
_MOST = 2000
_MOST_COUNTED = 600
_JITTER = 1e-9


type Acquisition = Callable[
    [SurrogatePrediction, FloatArray, IntArray, IntArray, int, FloatArray, np.random.Generator],
    IntArray,
]
"""A way of choosing points: a function of what is predicted at all points, their scaled coordinates
(n, d), the numbers of those that are computed, the numbers of those that may be chosen, how many
are wanted, how much the error at each point counts (n,), and a random generator.  It returns the
numbers of the chosen points, the best first."""

ACQUISITIONS: Registry[Acquisition] = Registry(
    "acquisition",
    "bmm.acquisitions",
    {
        "spread": f"{__name__}:spread",
        "error-reduction": f"{__name__}:error_reduction",
        "random": f"{__name__}:random",
        "space-filling": f"{__name__}:space_filling",
    },
)
"""Ways of choosing points, by name."""


def choose(
    name: str,
    predicted: SurrogatePrediction,
    points: FloatArray,
    computed: IntArray,
    batch: int,
    weight: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Choose points that are not computed yet.

    Parameters
    ----------
    name : str
        One of `ACQUISITIONS`.
    predicted : SurrogatePrediction
        At all n points.
    points : array (n, d)
        Scaled coordinates.
    computed : int array
        Numbers of the points that are computed.
    batch : int
        How many to choose; fewer if fewer are left.
    weight : array (n,)
        How much the error at each point counts, such as the probability that its energy matters.
    rng : Generator
        For "random", and where there are too many points for all to be considered.

    Returns
    -------
    int array (batch,)
        Numbers of the points, the best first.

    Raises
    ------
    ConfigError
        If no acquisition is called so.

    Examples
    --------
    The next two points of a process with one value, at 0:

    >>> import numpy as np
    >>> from bmm.emulation.acquisition import choose
    >>> from bmm.gp.process import ExactProcess
    >>> from bmm.gp.stationary import Matern
    >>> points = np.linspace(-1.0, 1.0, 5)[:, None]
    >>> process = ExactProcess(Matern((1.0,)), points[2:3], np.array([0.0]), 1e-6)
    >>> rng = np.random.default_rng(0)
    >>> choose("space-filling", process.at(points), points, np.array([2]), 2, np.ones(5), rng)
    array([0, 4])
    """
    acquisition = ACQUISITIONS[name]
    left = np.setdiff1d(np.arange(len(points)), computed)
    if len(left) > _MOST and name not in ("random", "space-filling"):
        left = np.sort(rng.choice(left, _MOST, replace=False))
    return acquisition(predicted, points, computed, left, min(batch, len(left)), weight, rng)


def expected_reduction(across: FloatArray, variance: FloatArray, weight: FloatArray) -> FloatArray:
    """Give the expected reduction of the weighted squared error by each candidate's value.

    For a Gaussian process, sum_i w_i cov(i, j)^2 / var(j): the reduction of the variance at i once
    j is known, whatever its value (Cohn, Ghahramani & Jordan, J. Artif.  Intell.  Res. 4, 129
    (1996)).

    Parameters
    ----------
    across : array (m, n)
        Covariance of the m points that count with the n candidates.
    variance : array (n,)
        Of the candidates.
    weight : array (m,)
        Of the points that count.

    Examples
    --------
    A candidate that is fully correlated with a point of variance 4, and one that is not:

    >>> import numpy as np
    >>> from bmm.emulation.acquisition import expected_reduction
    >>> expected_reduction(np.array([[4.0, 0.0]]), np.array([4.0, 4.0]), np.ones(1))
    array([4., 0.])
    """
    return np.asarray(weight @ across**2 / variance)


class _Remaining:
    """Uncertainty of a prediction at the points left, once those taken so far are computed.

    A pivoted Cholesky factor: it needs the covariances of the points taken, not their values.

    Parameters
    ----------
    predicted : SurrogatePrediction
        At all points.
    left : int array (n,)
        Numbers of the points that may be taken.
    batch : int
        How many will be.
    """

    def __init__(self, predicted: SurrogatePrediction, left: IntArray, batch: int) -> None:
        variance = _variance(predicted, left)
        self._least = _JITTER * variance.max() + np.finfo(np.float64).tiny
        self.variance = np.maximum(variance, self._least)
        self.taken: list[int] = []
        self._predicted, self._left = predicted, left
        self._open = np.ones(len(left), dtype=bool)
        self._factors = np.empty((batch, len(left)))

    def take(self, value: FloatArray) -> tuple[int, Conditioning]:
        """Take the open point of the largest value (n,).

        Returns
        -------
        int, Conditioning
            Its place in `left`, and how computing it would change the prediction of the points
            left.
        """
        k, best = len(self.taken), int(np.argmax(np.where(self._open, value, -np.inf)))
        self.taken.append(best)
        self._open[best] = False
        column = self._predicted.covariance(self._left, self._left[best : best + 1])[:, 0]
        column = column - self._factors[:k].T @ self._factors[:k, best]
        known = Conditioning.of(self.variance[None, best : best + 1], column[None])
        self._factors[k] = known.white[0]
        self.variance = np.maximum(self.variance - known.explained_variance, self._least)
        return best, known


def spread(
    predicted: SurrogatePrediction,
    points: FloatArray,
    computed: IntArray,
    left: IntArray,
    batch: int,
    weight: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Largest weighted variance, given the points chosen before.

    Examples
    --------
    A process with one value, at 0: the ends are the most uncertain points.

    >>> import numpy as np
    >>> from bmm.emulation.acquisition import spread
    >>> from bmm.gp.process import ExactProcess
    >>> from bmm.gp.stationary import Matern
    >>> points = np.linspace(-1.0, 1.0, 5)[:, None]
    >>> computed, left = np.array([2]), np.array([0, 1, 3, 4])
    >>> process = ExactProcess(Matern((1.0,)), points[2:3], np.zeros(1), 1e-6)
    >>> rng = np.random.default_rng(0)
    >>> sorted(spread(process.at(points), points, computed, left, 2, np.ones(5), rng).tolist())
    [0, 4]
    """
    remaining = _Remaining(predicted, left, batch)
    for _ in range(batch):
        remaining.take(weight[left] * remaining.variance)
    return left[remaining.taken]


def error_reduction(
    predicted: SurrogatePrediction,
    points: FloatArray,
    computed: IntArray,
    left: IntArray,
    batch: int,
    weight: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Largest expected reduction, the covariances updated after each choice."""
    counts = left if len(left) <= _MOST_COUNTED else rng.choice(left, _MOST_COUNTED, replace=False)
    across = predicted.covariance(counts, left)
    remaining = _Remaining(predicted, left, batch)
    for _ in range(batch):
        variance = remaining.variance
        best, known = remaining.take(expected_reduction(across, variance, weight[counts]))
        across -= known.explained_with(across[:, best : best + 1].T)
    return left[remaining.taken]


def random(
    predicted: SurrogatePrediction,
    points: FloatArray,
    computed: IntArray,
    left: IntArray,
    batch: int,
    weight: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Any, with equal probability."""
    return rng.choice(left, batch, replace=False)


def space_filling(
    predicted: SurrogatePrediction,
    points: FloatArray,
    computed: IntArray,
    left: IntArray,
    batch: int,
    weight: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Farthest from all that are computed or chosen, one by one.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.emulation.acquisition import space_filling
    >>> from bmm.gp.process import ExactProcess
    >>> from bmm.gp.stationary import Matern
    >>> points, computed, left = np.linspace(-1.0, 1.0, 5)[:, None], np.array([0]), np.arange(1, 5)
    >>> process = ExactProcess(Matern((1.0,)), points[:1], np.zeros(1), 1e-6)
    >>> rng = np.random.default_rng(0)
    >>> space_filling(process.at(points), points, computed, left, 2, np.ones(5), rng)
    array([4, 2])
    """
    nearest = np.full(len(left), np.inf)
    for i in computed:
        nearest = np.minimum(nearest, ((points[left] - points[i]) ** 2).sum(axis=1))
    chosen: list[int] = []
    for _ in range(batch):
        best = int(np.argmax(nearest))
        chosen.append(best)
        nearest = np.minimum(nearest, ((points[left] - points[left[best]]) ** 2).sum(axis=1))
    return left[chosen]


def _variance(predicted: SurrogatePrediction, rows: IntArray) -> FloatArray:
    """Variances as `SurrogatePrediction.covariance` has them; array (rows,)."""
    return np.concatenate(
        [
            np.diag(predicted.covariance(part, part))
            for part in np.array_split(rows, len(rows) // 256 + 1)
        ]
    )
