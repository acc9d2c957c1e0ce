"""Sums of numbers that are given by their logarithms."""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray

__all__ = ["log_sum_exp"]


def log_sum_exp(values: FloatArray) -> FloatArray:
    """Logarithm of the sum of exp(values) over the last axis; -inf where all are -inf.

    Examples
    --------
    >>> log_sum_exp(np.array([[-1000.0, -1000.0], [-np.inf, -np.inf]])).round(4)
    array([-999.3069,      -inf])
    """
    top = values.max(axis=-1, keepdims=True)
    top = np.where(top == -np.inf, 0.0, top)
    with np.errstate(divide="ignore"):
        return np.asarray(top[..., 0] + np.log(np.exp(values - top).sum(axis=-1)))
