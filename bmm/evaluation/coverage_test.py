"""How far from nominal the coverage of a right forecast may be.

Neighbouring nuclei err together, so that the shares of a few hundred inside their intervals scatter
more than those of as many coins.  How much more the forecast itself says: if it is right, the truth
is like one of its joint draws, and each draw in turn can stand for it: a Monte Carlo test in the
sense of Barnard (J. R. Stat. Soc. B 25, 294, 1963).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bmm.arrays import FloatArray, IntArray

__all__ = ["chance", "count_inside", "inside_if_true", "off_centre_if_true"]


def inside_if_true(draws: FloatArray, levels: Sequence[float]) -> IntArray:
    """Count what would lie inside its central interval if a draw were the truth.

    Parameters
    ----------
    draws : array (draw, n)
        Joint draws of n values, measurement noise included.
    levels : sequence of float
        Probabilities of the central intervals.

    Returns
    -------
    array (draw, level)
        Each between 0 and n.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.evaluation.coverage_test import inside_if_true
    >>> draws = np.random.default_rng(1).normal(size=(1000, 50))
    >>> inside_if_true(draws, [0.5, 0.9]).mean(axis=0).round()
    array([25., 45.])
    """
    return count_inside(off_centre_if_true(draws), levels)


def off_centre_if_true(draws: FloatArray) -> FloatArray:
    """Probability of the smallest central interval that holds a draw, if it were the truth.

    Parameters
    ----------
    draws : array (draw, n)
        As for `inside_if_true`.

    Returns
    -------
    array (draw, n)
        Between 0, for the median, and 1.
    """
    count = len(draws)
    order = np.argsort(draws, axis=0)
    off_centre = np.empty(draws.shape)
    # As in `bmm.evaluation.scores.pit`, a draw counts half below itself.
    place = np.abs(2 * (np.arange(count) + 0.5) / count - 1)
    np.put_along_axis(off_centre, order, place[:, None], axis=0)
    return off_centre


def count_inside(off_centre: FloatArray, levels: Sequence[float]) -> IntArray:
    """Count the values of each draw that lie inside their central intervals.

    Parameters
    ----------
    off_centre : array (draw, n)
        From `off_centre_if_true`, of all values or of some.
    levels
        See `inside_if_true`, whose result this is for all values.
    """
    return np.stack([(off_centre <= level).sum(axis=1) for level in levels], axis=1)


def chance(inside: IntArray, n: int, coverage: FloatArray, levels: Sequence[float]) -> float:
    """Probability that a right forecast would look at least as far from nominal.

    Parameters
    ----------
    inside : array (draw, level)
        From `inside_if_true`.
    n : int
        Number of values.
    coverage : array (level,)
        Observed share of the values inside.
    levels : sequence of float
        Probabilities of the central intervals.

    Returns
    -------
    float
        Share of the draws, the truth counted as one more, whose coverage deviates from a level by
        as much as the observed coverage does, the largest deviation over the levels being compared.
        Small values are evidence against the forecast; if it is right, one below p has at most
        (with few values, where many draws tie, less than) the probability p.

    Examples
    --------
    Joint draws of 60 of 100 nuclei inside the interval of 68 %, where 68 were expected:

    >>> import numpy as np
    >>> from bmm.evaluation.coverage_test import chance
    >>> inside = np.random.default_rng(1).binomial(100, 0.68, size=(500, 1))
    >>> 0.05 < chance(inside, 100, np.array([0.60]), [0.68]) < 0.2
    True
    """
    nominal = np.asarray(levels)
    drawn = np.abs(inside / n - nominal).max(axis=1)
    # Shares are ratios of integers, which rounding must not make unequal.
    observed = np.abs(coverage - nominal).max() - 1e-9
    return float((1 + (drawn >= observed).sum()) / (1 + len(drawn)))
