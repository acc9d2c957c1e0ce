"""Parts of the chart on which predictions are judged separately."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree

from bmm.arrays import BoolArray
from bmm.nuclides import MAGIC_NUMBERS, numbers

__all__ = ["distance_to", "region_masks"]


_LIGHT = 60
_NEAR = 2


def region_masks(nuclei: pd.Index, training: pd.Index) -> dict[str, BoolArray]:
    """Tell which nuclei belong to which region; regions overlap.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei.
    training : MultiIndex (Z, N)
        What was learnt from.

    Returns
    -------
    dict
        Array (n,) for each region: "all"; "light", A < 60; "near magic", Z or N at most 2 from a
        magic number; "proton-rich" and "neutron-rich", on either side of the line of stability
        Z = A / (1.98 + 0.0155 A^(2/3)); "1 step", "2 steps" and "3 steps or more" of Z or N to
        the nearest training nucleus.

    Examples
    --------
    >>> from bmm.evaluation.regions import region_masks
    >>> from bmm.nuclides import nuclide_index
    >>> masks = region_masks(nuclide_index([50, 52], [84, 95]), nuclide_index([50, 51], [82, 82]))
    >>> masks["2 steps"].tolist(), masks["3 steps or more"].tolist()
    ([True, False], [False, True])
    """
    Z, N = numbers(nuclei)
    A = Z + N
    stable = A / (1.98 + 0.0155 * A ** (2 / 3))
    steps = distance_to(nuclei, training)
    return {
        "all": np.ones(len(nuclei), dtype=np.bool),
        "light": A < _LIGHT,
        "near magic": _near_magic(Z) | _near_magic(N),
        "proton-rich": stable < Z,
        "neutron-rich": stable >= Z,
        "1 step": steps == 1,
        "2 steps": steps == 2,
        "3 steps or more": steps >= 3,
    }


def distance_to(nuclei: pd.Index, training: pd.Index) -> npt.NDArray[np.int64]:
    """Count the steps of one proton or neutron from each nucleus to the nearest training one.

    Parameters
    ----------
    nuclei, training : MultiIndex (Z, N)
        The n nuclei, and what was learnt from.

    Returns
    -------
    int array (n,)
        |Z - Z'| + |N - N'| to the nearest.

    Examples
    --------
    >>> from bmm.evaluation.regions import distance_to
    >>> from bmm.nuclides import nuclide_index
    >>> distance_to(nuclide_index([50, 52], [84, 85]), nuclide_index([50, 51], [82, 82]))
    array([2, 4])
    """
    known = KDTree(np.column_stack(numbers(training)))
    steps, _ = known.query(np.column_stack(numbers(nuclei)), p=1)
    return np.asarray(steps).astype(np.int64)


def _near_magic(number: npt.NDArray[np.int64]) -> BoolArray:
    return np.asarray(np.abs(number[:, None] - np.array(MAGIC_NUMBERS)).min(axis=1) <= _NEAR)
