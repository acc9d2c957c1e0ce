"""Scores of predicted masses, on plain arrays.

Orientation: `rms`, `mean_absolute_error` and `crps` are better when smaller; `bias` and
`coverage` minus its level are better when closer to zero.  Everything is computed in float64,
whatever the precision of the draws, a few hundred nuclei at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bmm.arrays import BoolArray, FloatArray
from bmm.errors import ConfigError, DataError

__all__ = [
    "LEVELS",
    "bias",
    "coverage",
    "coverage_standard_error",
    "crps",
    "inside_intervals",
    "mean_absolute_error",
    "pit",
    "rms",
    "rms_standard_error",
]

LEVELS = (
    *(step / 20 for step in range(1, 14)), 0.68, *(step / 20 for step in range(14, 20)), 0.99
)  # fmt: skip
"""Probabilities of the central credible intervals: 5 % to 95 % in steps of 5 %, 68 % and 99 %."""

_CHUNK = 256


def rms(predicted: npt.ArrayLike, observed: npt.ArrayLike) -> float:
    """Root of the mean squared deviation of (nucleus,) from (nucleus,); smaller is better.

    Examples
    --------
    >>> from bmm.evaluation.scores import rms
    >>> round(rms([1.0, 2.0], [1.3, 1.6]), 3)
    0.354
    """
    return float(np.sqrt(np.mean(_deviations(predicted, observed) ** 2)))


def mean_absolute_error(predicted: npt.ArrayLike, observed: npt.ArrayLike) -> float:
    """Mean absolute deviation of (nucleus,) from (nucleus,); smaller is better.

    Examples
    --------
    >>> from bmm.evaluation.scores import mean_absolute_error
    >>> round(mean_absolute_error([1.0, 2.0], [1.3, 1.6]), 3)
    0.35
    """
    return float(np.mean(np.abs(_deviations(predicted, observed))))


def bias(predicted: npt.ArrayLike, observed: npt.ArrayLike) -> float:
    """Mean of predicted minus observed, both (nucleus,); closer to zero is better.

    Examples
    --------
    >>> from bmm.evaluation.scores import bias
    >>> bias([1.0, 2.0], [0.5, 1.5])
    0.5
    """
    return float(np.mean(_deviations(predicted, observed)))


def rms_standard_error(predicted: npt.ArrayLike, observed: npt.ArrayLike) -> float:
    """Return the standard error of `rms`, by the delta method.

    It takes the nuclei as independent draws from one population.  Deviations of neighbouring
    nuclei are correlated, so the true error is larger.

    Parameters
    ----------
    predicted, observed : array (nucleus,)
        In one unit.

    Returns
    -------
    float
        In that unit; NaN for fewer than two nuclei, 0 where every deviation is 0.

    Examples
    --------
    >>> from bmm.evaluation.scores import rms_standard_error
    >>> round(rms_standard_error([0.0, 0.0, 0.0, 0.0], [0.5, -0.5, 1.0, -1.0]), 3)
    0.137
    """
    squares = _deviations(predicted, observed) ** 2
    if squares.size < 2:
        return float("nan")
    root = np.sqrt(squares.mean())
    return float(squares.std(ddof=1) / (2 * root * np.sqrt(squares.size))) if root > 0 else 0.0


def coverage(
    draws: npt.ArrayLike, observed: npt.ArrayLike, levels: npt.ArrayLike = LEVELS
) -> FloatArray:
    """Share of the observations that fall into their central credible intervals.

    Parameters
    ----------
    draws : array (draw, nucleus)
        From the predictive distribution of the observation, its measurement noise included.
    observed : array (nucleus,)
        In the unit of the draws.
    levels : array (level,), default `LEVELS`
        Probabilities of the intervals, between 0 and 1.

    Returns
    -------
    array (level,)
        Between 0 and 1.  A calibrated prediction covers each level as often as it says: more is
        overcautious, less is overconfident.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.evaluation.scores import coverage
    >>> draws = np.random.default_rng(1).normal(size=(4000, 3))
    >>> coverage(draws, [0.1, -0.9, 3.0], [0.5, 0.9])
    array([0.33333333, 0.66666667])
    """
    levels = np.asarray(levels, dtype=np.float64)
    if levels.ndim != 1 or not ((levels > 0) & (levels < 1)).all():
        raise ConfigError("coverage levels must be a list of numbers between 0 and 1.")
    draws, observed = _checked(draws, observed)
    tails = np.concatenate([(1 - levels) / 2, (1 + levels) / 2])
    inside = np.zeros(levels.size, dtype=np.int64)
    for chunk, ordered in _sorted_chunks(draws):
        lower, upper = np.split(np.quantile(ordered, tails, axis=1), 2)
        inside += ((lower <= observed[chunk]) & (observed[chunk] <= upper)).sum(axis=1)
    return inside / observed.size


def coverage_standard_error(levels: npt.ArrayLike, n: int) -> FloatArray:
    """Return the standard error that `coverage` has if the prediction is calibrated.

    That of a binomial share.  It takes the nuclei as independent; neighbours are not, so the true
    error is larger.

    Parameters
    ----------
    levels : array (level,)
        Probabilities of the intervals.
    n : int
        Number of nuclei.

    Examples
    --------
    >>> from bmm.evaluation.scores import coverage_standard_error
    >>> coverage_standard_error([0.68, 0.95], 298).round(3)
    array([0.027, 0.013])
    """
    levels = np.asarray(levels, dtype=np.float64)
    return np.asarray(np.sqrt(levels * (1 - levels) / n))


def pit(draws: npt.ArrayLike, observed: npt.ArrayLike) -> FloatArray:
    """Probability integral transform: where each observation falls among its draws.

    Uniform on 0 to 1 if the prediction is calibrated.

    Parameters
    ----------
    draws : array (draw, nucleus)
        From the predictive distribution of the observation, its measurement noise included.
    observed : array (nucleus,)
        In the unit of the draws.

    Returns
    -------
    array (nucleus,)
        Share of the draws below the observation; a draw equal to it counts half.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.evaluation.scores import pit
    >>> pit(np.arange(1.0, 5.0)[:, None], [2.5])
    array([0.5])
    """
    draws, observed = _checked(draws, observed)
    below = (draws < observed).sum(axis=0)
    equal = (draws == observed).sum(axis=0)
    return np.asarray((below + equal / 2) / draws.shape[0])


def inside_intervals(pit: npt.ArrayLike, levels: npt.ArrayLike = LEVELS) -> BoolArray:
    """Tell whether observations lie inside their central intervals.

    An observation with the probability integral transform u is inside the central interval of
    probability q if |2 u - 1| <= q.

    Parameters
    ----------
    pit : array (nucleus,)
        See `bmm.distributions.StudentTMixture.cdf`, and `pit` for draws.
    levels : array (level,), default `LEVELS`
        Probabilities of the intervals.

    Returns
    -------
    bool array (nucleus, level)

    Examples
    --------
    >>> inside_intervals([0.5, 0.9], [0.5, 0.95]).tolist()
    [[True, True], [False, True]]
    """
    off_centre = 2 * np.abs(np.asarray(pit, dtype=np.float64) - 0.5)
    return np.asarray(off_centre[:, None] <= np.asarray(levels))


def crps(draws: npt.ArrayLike, observed: npt.ArrayLike) -> FloatArray:
    """Continuous ranked probability score; smaller is better.

    E|X - y| - E|X - X'| / 2, where the second mean runs over the pairs of different draws ("fair"
    score of Ferro 2014, doi:10.1002/qj.2270): unbiased for any number of draws, so that it may be a
    little negative.  For a single certain value it is the absolute error.

    Parameters
    ----------
    draws : array (draw, nucleus)
        At least two draws from the predictive distribution of the observation.
    observed : array (nucleus,)
        In the unit of the draws.

    Returns
    -------
    array (nucleus,)
        In the unit of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.evaluation.scores import crps
    >>> crps(np.full((2, 1), 1.0), [1.5])
    array([0.5])
    >>> draws = np.random.default_rng(1).normal(size=(20000, 1))
    >>> crps(draws, [0.0]).round(2)
    array([0.23])
    """
    draws, observed = _checked(draws, observed)
    n = draws.shape[0]
    if n < 2:
        raise DataError("the CRPS needs at least two draws; there is one.")
    # Sorting turns the sum over all pairs into one weighted sum: O(n log n).
    pair_weights = (2 * np.arange(n) - n + 1) / (n * (n - 1))
    scores = np.empty(observed.size)
    for chunk, ordered in _sorted_chunks(draws):
        # Around the observation, digits are not lost to a large common offset.
        deviations = ordered - observed[chunk, None]
        scores[chunk] = np.abs(deviations).mean(axis=1) - deviations @ pair_weights
    return scores


def _sorted_chunks(draws: npt.NDArray[np.floating]) -> Iterator[tuple[slice, FloatArray]]:
    """Yield a few hundred nuclei at a time, and their sorted draws (nucleus, draw)."""
    for start in range(0, draws.shape[1], _CHUNK):
        chunk = slice(start, start + _CHUNK)
        yield chunk, np.sort(draws[:, chunk].T.astype(np.float64), axis=1)


def _deviations(predicted: npt.ArrayLike, observed: npt.ArrayLike) -> FloatArray:
    predicted, observed = (np.asarray(x, dtype=np.float64) for x in (predicted, observed))
    if predicted.ndim != 1 or predicted.shape != observed.shape or not predicted.size:
        raise DataError(
            "predicted and observed values must be lists of one length, at least 1, not of shapes "
            f"{predicted.shape} and {observed.shape}."
        )
    deviations = predicted - observed
    if not np.isfinite(deviations).all():
        raise DataError("predicted and observed values must be finite; leave out the others.")
    return deviations


def _checked(
    draws: npt.ArrayLike, observed: npt.ArrayLike
) -> tuple[npt.NDArray[np.floating], FloatArray]:
    draws, observed = np.asarray(draws), np.asarray(observed, dtype=np.float64)
    if draws.ndim != 2 or draws.shape[1:] != observed.shape or not draws.size:
        raise DataError(
            "expected draws (draw, nucleus) and observed values (nucleus,), at least one each, "
            f"not the shapes {draws.shape} and {observed.shape}."
        )
    if not (np.isfinite(draws).all() and np.isfinite(observed).all()):
        raise DataError("draws and observed values must be finite; leave out the other nuclei.")
    return draws, observed
