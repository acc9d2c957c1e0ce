"""Exponential and logarithm of whole arrays, in place."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["exp_in_place", "log_in_place"]

FloatArray = npt.NDArray[np.float64]


@numba.njit(cache=True, error_model="numpy")
def exp_in_place(x: FloatArray, work: FloatArray) -> None:
    """Replace x, an array (n,), by its exponential; work is an array (n,) that is not needed."""
    for i in range(x.size):
        x[i] = np.exp(x[i])


@numba.njit(cache=True, error_model="numpy")
def log_in_place(x: FloatArray, work: FloatArray) -> None:
    """Replace x, an array (n,), by its natural logarithm; work is not needed."""
    for i in range(x.size):
        x[i] = np.log(x[i])
