"""The Garvey-Kelson relations: sums of six neighbouring masses in which all interactions cancel.

The longitudinal relation, for N >= Z,

    M(Z-2, N+2) - M(Z, N) + M(Z-1, N) - M(Z-2, N+1) + M(Z, N+1) - M(Z-1, N+2) = 0,

its mirror image with Z and N exchanged for N < Z, and the transverse one,

    M(Z, N+2) - M(Z-2, N) + M(Z-2, N+1) - M(Z-1, N+2) + M(Z-1, N) - M(Z, N+1) = 0,

count every proton, neutron and pair of neighbours as often with plus as with minus (Garvey et al.,
Rev. Mod. Phys. 41, S1, 1969).  Nature breaks them by 0.1 MeV in the median and by much more at
closed shells and near N = Z, so they bind a network softly.  Iterated alone, to predict one unknown
mass after the other, they diverge: see `iterate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.nuclides import nuclide_index, numbers

__all__ = ["Form", "Relations", "find_relations", "iterate"]

Form = Literal["longitudinal", "transverse"]

_SIGNS = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
# (dZ, dN) of the six nuclei, in the order of the signs.
_LONGITUDINAL = np.array([(-2, 2), (0, 0), (-1, 0), (-2, 1), (0, 1), (-1, 2)])
_TRANSVERSE = np.array([(0, 2), (-2, 0), (-2, 1), (-1, 2), (-1, 0), (0, 1)])


@dataclass(frozen=True)
class Relations:
    """Relations among the nuclei of an index.

    Parameters
    ----------
    rows : int array (relation, 6)
        Positions in the index of the nuclei that enter.
    transverse : bool array (relation,)
        Whether the relation is a transverse one.
    """

    rows: IntArray
    transverse: npt.NDArray[np.bool]

    def __len__(self) -> int:
        """Return the number of relations."""
        return len(self.rows)

    def violation(self, masses: FloatArray) -> FloatArray:
        """By how much masses (nucleus,) break each relation; array (relation,), MeV."""
        return np.asarray(masses[self.rows] @ _SIGNS)


def find_relations(
    nuclei: pd.Index, forms: tuple[Form, ...] = ("longitudinal", "transverse")
) -> Relations:
    """Find every relation whose six nuclei are all in an index.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        Any nuclei.
    forms : tuple of {"longitudinal", "transverse"}
        Which relations; the longitudinal one is mirrored where N < Z.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.mdn.garvey_kelson import find_relations
    >>> Z, N = (each.ravel().tolist() for each in np.mgrid[50:53, 82:85])
    >>> len(find_relations(nuclide_index(Z, N)).rows)
    2
    """
    Z, N = numbers(nuclei)
    at = np.stack([Z, N], axis=1)
    found, transverse = [np.empty((0, 6), dtype=np.int64)], [np.empty(0, dtype=bool)]
    for form in forms:
        steps = np.broadcast_to(_TRANSVERSE, (len(at), 6, 2))
        if form == "longitudinal":
            mirrored = _LONGITUDINAL[:, ::-1]
            steps = np.where((N >= Z)[:, None, None], _LONGITUDINAL, mirrored)
        corners = at[:, None] + steps
        rows = _positions(nuclei, corners)
        rows = rows[(rows >= 0).all(axis=1)]
        found.append(rows)
        transverse.append(np.full(len(rows), form == "transverse"))
    return Relations(np.concatenate(found), np.concatenate(transverse))


def _positions(nuclei: pd.Index, corners: IntArray) -> IntArray:
    """Positions in the index of nuclei (n, 6, 2), array (n, 6); -1 where there is none."""
    flat = pd.MultiIndex.from_arrays([*corners.reshape(-1, 2).T], names=["Z", "N"])
    return np.asarray(nuclei.get_indexer(flat)).reshape(len(corners), 6)


def iterate(masses: pd.Series[float], chart: pd.Index, rounds: int) -> pd.DataFrame:
    """Predict unknown masses by the relations alone, and others from these, again and again.

    In each round every unknown mass that is the only unknown one of some relation becomes the
    mean of what these relations say.

    Parameters
    ----------
    masses : Series
        Known mass excesses, MeV, indexed (Z, N).
    chart : MultiIndex (Z, N)
        Nuclei to fill in.
    rounds : int
        At most how many times.

    Returns
    -------
    DataFrame
        Indexed (Z, N) over the nuclei that were reached: mass_excess (MeV) and round, 0 for a
        known mass.

    Examples
    --------
    One mass of a plane is unknown; the relations hold exactly for sums of functions of Z and N:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.mdn.garvey_kelson import iterate
    >>> Z, N = (x.ravel() for x in np.meshgrid(np.arange(50, 55), np.arange(70, 75), indexing="ij"))
    >>> masses = pd.Series(0.5 * Z - 0.3 * N, index=nuclide_index(Z, N))
    >>> filled = iterate(masses.drop((52, 72)), masses.index, 1)
    >>> filled.loc[(52, 72), "mass_excess"].round(6), round(0.5 * 52 - 0.3 * 72, 6)
    (np.float64(4.4), 4.4)
    """
    index = nuclide_index(chart.union(masses.index))
    rows = find_relations(index).rows
    values = masses.reindex(index).to_numpy(dtype=np.float64).copy()
    reached = np.where(np.isfinite(values), 0, -1)
    for number in range(1, rounds + 1):
        unknown = np.isnan(values[rows])
        one = unknown.sum(axis=1) == 1
        if not one.any():
            break
        column = unknown[one].argmax(axis=1)
        target = rows[one, column]
        predicted = -_SIGNS[column] * np.nansum(values[rows[one]] * _SIGNS, axis=1)
        count = np.bincount(target, minlength=len(values))
        total = np.bincount(target, weights=predicted, minlength=len(values))
        new = count > 0
        values[new] = total[new] / count[new]
        reached[new] = number
    known = reached >= 0
    return pd.DataFrame({"mass_excess": values[known], "round": reached[known]}, index=index[known])
