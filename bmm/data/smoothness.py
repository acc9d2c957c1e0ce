"""Check of a mass table against itself: masses that do not fit in with their neighbours'."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bmm.arrays import BoolArray, FloatArray
from bmm.conversions import binding_energy
from bmm.data.liquid_drop import fit_liquid_drop, liquid_drop_energy

__all__ = ["find_suspects"]

# Displacements (dZ, dN) that keep the parities of Z and N, so that pairing drops out.
_DIRECTIONS = np.array([(0, 2), (2, 0), (2, 2), (2, -2), (0, 4), (4, 0), (2, -4), (4, -2)])
_REGION = 6  # half-width, in Z and N, of the region whose scatter a deviation is compared with
_MARGIN = 8  # empty rim of the chart: twice the longest displacement

type Cells = tuple[NDArray[np.int64], NDArray[np.int64]]


def find_suspects(mass_excess: pd.Series, *, threshold: float = 10.0) -> pd.DataFrame:
    """Return the nuclei whose mass does not fit in with their neighbours'.

    A liquid drop is fitted to the table and subtracted.  Each nucleus is then predicted from
    neighbours of its own parity: in up to eight directions by the mean of the two on opposite
    sides, or at the border by extrapolation from one side; the median is its prediction.  The
    nuclei that stand out most are set aside and the rest is checked again without them, until none
    deviates by more than `threshold` times the scatter of its region.

    The check sees single wrong rows and jumps.  It cannot see an error that is itself smooth, such
    as a whole table shifted by one neutron.

    Parameters
    ----------
    mass_excess : pandas.Series
        Mass excess (MeV), indexed by (Z, N).
    threshold : float, default 10
        Deviation, in units of the scatter, from which a nucleus is a suspect.

    Returns
    -------
    pandas.DataFrame
        One row per suspect, largest deviation first, with columns

        * Z, N
        * deviation: the table's value less its neighbours' prediction (MeV)
        * scale: robust standard deviation of such deviations in its region (MeV)
        * neighbours: number of directions behind the prediction

    Examples
    --------
    Masses that lie on a parabola but for one, in MeV:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from bmm.data.smoothness import find_suspects
    >>> from bmm.nuclides import nuclide_index
    >>> Z, N = (each.ravel() for each in np.mgrid[40:48, 50:60])
    >>> masses = pd.Series(0.5 * (Z - 44.0) ** 2 + 0.3 * (N - 55.0) ** 2, nuclide_index(Z, N))
    >>> masses.loc[(44, 55)] += 5
    >>> find_suspects(masses)[["Z", "N", "deviation"]].round(1).to_numpy().tolist()
    [[44.0, 55.0, 4.9]]
    """
    from scipy.ndimage import maximum_filter

    Z = mass_excess.index.get_level_values("Z").to_numpy()
    N = mass_excess.index.get_level_values("N").to_numpy()
    cells = (Z + _MARGIN, N + _MARGIN)
    energy = binding_energy(Z, N, mass_excess.to_numpy(dtype=float))
    residual = liquid_drop_energy(Z, N, fit_liquid_drop(Z, N, energy)) - energy
    trusted = np.ones(residual.size, dtype=bool)
    while True:
        deviation, neighbours = _deviations(residual, cells, trusted)
        scale = _scatter(deviation, cells, trusted)
        score = np.nan_to_num(np.abs(deviation) / scale)
        live = np.where(trusted, score, 0.0)
        # Only the worst of each neighbourhood: it may be the cause of the other deviations.
        worst = (live > threshold) & (live == maximum_filter(_chart(live, cells, 0.0), 5)[cells])
        if not worst.any():
            break
        trusted &= ~worst
    columns = {"Z": Z, "N": N, "deviation": deviation, "scale": scale, "neighbours": neighbours}
    # Judged by the last round: what was set aside early may fit in without its wrong neighbours.
    suspects = pd.DataFrame(columns)[score > threshold]
    return suspects.sort_values("deviation", key=np.abs, ascending=False, ignore_index=True)


def _deviations(
    residual: FloatArray, cells: Cells, trusted: BoolArray
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return each nucleus less its prediction, and the number of directions behind that."""
    chart = _chart(np.where(trusted, residual, np.nan), cells, np.nan)

    def at(steps: int) -> FloatArray:
        return np.stack([chart[cells[0] + steps * z, cells[1] + steps * n] for z, n in _DIRECTIONS])

    predictions = (at(1) + at(-1)) / 2
    for side in (1, -1):
        extrapolated = 2 * at(side) - at(2 * side)
        predictions = np.where(np.isnan(predictions), extrapolated, predictions)
    return residual - _median(predictions, axis=0), np.isfinite(predictions).sum(axis=0)


def _scatter(deviation: FloatArray, cells: Cells, trusted: BoolArray) -> FloatArray:
    """Return the robust standard deviation of the deviations around each nucleus."""
    size = np.where(trusted, np.abs(deviation), np.nan)
    everywhere = 1.4826 * _median(size)
    width = 2 * _REGION + 1
    regions = sliding_window_view(_chart(size, cells, np.nan), (width, width))
    corner = (cells[0] - _REGION, cells[1] - _REGION)
    local = 1.4826 * _median(regions[corner].reshape(size.size, -1), axis=1)
    # Masses of light nuclei scatter more.  The upper bound keeps a region full of wrong rows from
    # hiding them.
    A = cells[0] + cells[1] - 2 * _MARGIN
    lowest = everywhere * np.maximum(1.0, 40.0 / A)
    return np.clip(np.fmax(local, lowest), lowest, 2 * lowest)


def _chart(values: FloatArray, cells: Cells, fill: float) -> FloatArray:
    shape = (cells[0].max() + _MARGIN + 1, cells[1].max() + _MARGIN + 1)
    chart = np.full(shape, fill)
    chart[cells] = values
    return chart


def _median(values: FloatArray, axis: int | None = None) -> FloatArray:
    with warnings.catch_warnings():
        # A nucleus without neighbours has no prediction; its NaN is meant.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=axis))
