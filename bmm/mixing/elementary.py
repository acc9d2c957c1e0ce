"""Exponential and logarithm of whole arrays, several times faster than one number at a time.

The loops have no branches and call nothing, so that the compiler turns them into vector
instructions.  Both are exact to the last bit or two over the ranges that their docstrings name.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["exp_in_place", "log_in_place"]

FloatArray = npt.NDArray[np.float64]

_LOG2_E = 1.4426950408889634
# log 2 in two parts: the first has trailing zeros, so that its product with an integer is exact.
_LOG_2_HIGH = 6.93147180369123816490e-01
_LOG_2_LOW = 1.90821492927058770002e-10
# Adding it moves the nearest integer into the last bits of the sum.
_SHIFTER = 6755399441055744.0
_LEAST_EXPONENT = -700.0
_FRACTION_BITS = 52
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


@numba.njit(cache=True, error_model="numpy")
def exp_in_place(x: FloatArray, work: FloatArray) -> None:
    """Replace x, numbers up to 700, by its exponential; below -700 it stays at exp(-700).

    x and work are arrays (n,) of their own; work is overwritten.

    exp(x) = 2^k exp(r) with the integer k nearest to x / log 2; exp(r) by its Taylor series to
    r^13, whose remainder is below 1e-17 for |r| <= log(2) / 2.
    """
    for i in range(x.size):
        value = _LEAST_EXPONENT if x[i] < _LEAST_EXPONENT else x[i]
        work[i] = value * _LOG2_E + _SHIFTER
        k = work[i] - _SHIFTER
        r = (value - k * _LOG_2_HIGH) - k * _LOG_2_LOW
        series = 1.0 + r * (1.0 / 13.0)
        series = 1.0 + r * (1.0 / 12.0) * series
        series = 1.0 + r * (1.0 / 11.0) * series
        series = 1.0 + r * (1.0 / 10.0) * series
        series = 1.0 + r * (1.0 / 9.0) * series
        series = 1.0 + r * (1.0 / 8.0) * series
        series = 1.0 + r * (1.0 / 7.0) * series
        series = 1.0 + r * (1.0 / 6.0) * series
        series = 1.0 + r * (1.0 / 5.0) * series
        series = 1.0 + r * (1.0 / 4.0) * series
        series = 1.0 + r * (1.0 / 3.0) * series
        series = 1.0 + r * (1.0 / 2.0) * series
        x[i] = 1.0 + r * series
    x_bits = x.view(np.int64)
    work_bits = work.view(np.int64)
    for i in range(x.size):
        x_bits[i] += work_bits[i] << _FRACTION_BITS


@numba.njit(cache=True, error_model="numpy")
def log_in_place(x: FloatArray, work: FloatArray) -> None:
    """Replace x, positive normal numbers, by its natural logarithm.

    x and work are arrays (n,) of their own; work is overwritten.

    log(x) = k log 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2); log(1 + f) by the
    minimax polynomial of fdlibm (e_log.c, Sun Microsystems 1993).
    """
    bits = x.view(np.int64)
    work_bits = work.view(np.int64)
    for i in range(x.size):
        k = (bits[i] - _ROOT_HALF_BITS) >> _FRACTION_BITS
        work_bits[i] = bits[i] - (k << _FRACTION_BITS)
        x[i] = np.float64(k) + (x[i] - x[i])  # NaN stays NaN
    for i in range(x.size):
        k = x[i]
        f = work[i] - 1.0
        s = f / (2.0 + f)
        z = s * s
        series = 1.531383769920937332e-01 + z * 1.479819860511658591e-01
        series = 1.818357216161805012e-01 + z * series
        series = 2.222219843214978396e-01 + z * series
        series = 2.857142874366239149e-01 + z * series
        series = 3.999999999940941908e-01 + z * series
        series = z * (6.666666666666735130e-01 + z * series)
        half = 0.5 * f * f
        x[i] = k * _LOG_2_HIGH - ((half - (s * (half + series) + k * _LOG_2_LOW)) - f)
