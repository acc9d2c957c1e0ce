"""Names of the array types that bmm annotates with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BoolArray", "FloatArray", "IntArray"]

FloatArray = npt.NDArray[np.float64]
"""Real numbers in double precision."""

IntArray = npt.NDArray[np.int64]
"""Whole numbers, such as Z, N or positions in another array."""

BoolArray = npt.NDArray[np.bool_]
"""Truth values, such as which nuclei a model covers."""
