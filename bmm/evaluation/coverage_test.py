"""How far from nominal the coverage of a right forecast may be.

Neighbouring nuclei err together, so that the shares of a few hundred inside their intervals scatter
more than those of as many coins.  How much more the forecast itself says: if it is right, the truth
is like one of its joint draws, and each draw in turn can stand for it: a Monte Carlo test in the
sense of Barnard (J. R. Stat. Soc. B 25, 294, 1963).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bmm.arrays import BoolArray, FloatArray, IntArray

__all__ = ["chance", "count_inside", "inside_if_true"]


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
    return count_inside(draws, levels, [np.ones(draws.shape[1], dtype=np.bool_)])[0]


def count_inside(
    draws: FloatArray, levels: Sequence[float], parts: Sequence[BoolArray]
) -> list[IntArray]:
    """Count, as `inside_if_true` does, among the values of each part.

    Parameters
    ----------
    draws, levels
        As there.
    parts : sequence of bool array (n,)
        Which of the n values belong to each part.

    Returns
    -------
    list of array (draw, level)
        One for each part.
    """
    # As in `bmm.evaluation.scores.pit`, a draw counts half below itself: the i-th of m lies at
    # (i + 1/2) / m, and inside if that is at most level / 2 from 1/2.  Columns are sorted as rows.
    m = len(draws)
    ordered = np.sort(draws.T, axis=1)
    counts = [np.empty((m, len(levels)), dtype=np.int64) for _ in parts]
    for j, level in enumerate(levels):
        at = np.flatnonzero(np.abs(2 * (np.arange(m) + 0.5) / m - 1) <= level)
        inside = np.zeros(draws.shape, dtype=np.bool_)
        if at.size:
            inside = (draws >= ordered[:, at[0]]) & (draws <= ordered[:, at[-1]])
        for count, part in zip(counts, parts, strict=True):
            count[:, j] = np.count_nonzero(inside[:, part], axis=1)
    return counts


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
