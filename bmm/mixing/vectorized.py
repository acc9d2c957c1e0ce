"""Exponential, logarithm and sum that the compiler can vectorise.

A loop that calls the C library's functions runs one number at a time.  These have no branches and
call nothing, so that a loop over an array becomes vector instructions and runs four times faster.
Exponential and logarithm are exact to the last bit or two over the ranges that their docstrings
name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

__all__ = ["exponential", "inner", "logarithm", "total"]


def inner[F: Callable[..., Any]](function: F) -> F:
    """Let compiled functions call a function; for Python it stays what it is.

    Examples
    --------
    >>> import numba
    >>> from bmm.mixing.vectorized import inner
    >>> @inner
    ... def doubled(x):
    ...     return 2.0 * x
    ...
    >>> @numba.njit
    ... def compiled(x):
    ...     return doubled(x)
    ...
    >>> compiled(3.0), doubled(3.0)
    (6.0, 6.0)
    """
    jitable: F = register_jitable(error_model="numpy")(function)
    return jitable


_LOG2_E = 1.4426950408889634
# log 2 in two parts: the first has trailing zeros, so that its product with an integer is exact.
_LOG_2_HIGH = 6.93147180369123816490e-01
_LOG_2_LOW = 1.90821492927058770002e-10
# Adding it moves the nearest integer into the last bits of the sum.
_SHIFTER = 6755399441055744.0
_LEAST_EXPONENT = -700.0
_FRACTION_BITS = 52
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


@intrinsic
def _bits(typingctx: Any, x: Any) -> Any:
    """Reinterpret a float64 as an int64, in a register: no memory is aliased."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def _float(typingctx: Any, bits: Any) -> Any:
    """Reinterpret an int64 as a float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def _fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Compute a b + c with one rounding; slow where the processor has no instruction for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@numba.njit(cache=True, error_model="numpy")
def exponential(x: float) -> float:
    """Exponential of a number up to 700; below -700 it stays at exp(-700).

    exp(x) = 2^k exp(r) with the integer k nearest to x / log 2; exp(r) by its Taylor series to
    r^13, whose remainder is below 1e-17 for |r| <= log(2) / 2.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.vectorized import exponential
    >>> exponential(1.0) == np.e, exponential(-1e6) == exponential(-700.0)
    (True, True)
    """
    value = _LEAST_EXPONENT if x < _LEAST_EXPONENT else x
    shifted = _fma(value, _LOG2_E, _SHIFTER)
    k = shifted - _SHIFTER
    r = _fma(k, -_LOG_2_LOW, _fma(k, -_LOG_2_HIGH, value))
    series = _fma(r, 1 / 6227020800, 1 / 479001600)  # 1 / 13! and 1 / 12!
    series = _fma(r, series, 1 / 39916800)
    series = _fma(r, series, 1 / 3628800)
    series = _fma(r, series, 1 / 362880)
    series = _fma(r, series, 1 / 40320)
    series = _fma(r, series, 1 / 5040)
    series = _fma(r, series, 1 / 720)
    series = _fma(r, series, 1 / 120)
    series = _fma(r, series, 1 / 24)
    series = _fma(r, series, 1 / 6)
    series = _fma(r, series, 0.5)
    series = _fma(r, series, 1.0)
    series = _fma(r, series, 1.0)
    result: float = _float(_bits(series) + (_bits(shifted) << _FRACTION_BITS))
    return result


@numba.njit(cache=True, error_model="numpy")
def logarithm(x: float) -> float:
    """Natural logarithm of a positive normal number; NaN stays NaN.

    log(x) = k log 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2); log(1 + f) by the
    minimax polynomial of fdlibm (e_log.c, Sun Microsystems 1993).

    Examples
    --------
    >>> from bmm.mixing.vectorized import logarithm
    >>> logarithm(1.0), round(logarithm(10.0), 6)
    (0.0, 2.302585)
    """
    bits = _bits(x)
    exponent = (bits - _ROOT_HALF_BITS) >> _FRACTION_BITS
    k = np.float64(exponent) + (x - x)  # the bits alone would make a number of NaN
    f = _float(bits - (exponent << _FRACTION_BITS)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = _fma(z, 1.479819860511658591e-01, 1.531383769920937332e-01)
    series = _fma(z, series, 1.818357216161805012e-01)
    series = _fma(z, series, 2.222219843214978396e-01)
    series = _fma(z, series, 2.857142874366239149e-01)
    series = _fma(z, series, 3.999999999940941908e-01)
    series = z * _fma(z, series, 6.666666666666735130e-01)
    half = 0.5 * f * f
    result: float = k * _LOG_2_HIGH - ((half - (s * (half + series) + k * _LOG_2_LOW)) - f)
    return result


@numba.njit(cache=True)
def total(x: npt.NDArray[np.float64]) -> float:
    """Sum of an array (n,), as eight partial sums that do not wait for each other.

    The compiler must keep the order of a plain sum, so that each term would wait for the last.  A
    product with ones, left to BLAS, takes longer to compile.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.vectorized import total
    >>> total(np.arange(100.0))
    4950.0
    """
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = x.size - x.size % 8
    for i in range(0, whole, 8):
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
        e += x[i + 4]
        f += x[i + 5]
        g += x[i + 6]
        h += x[i + 7]
    for i in range(whole, x.size):
        a += x[i]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))
