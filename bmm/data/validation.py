"""Checks of measured masses that are given as a DataFrame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bmm.data.plausibility import LARGEST_MASS, LARGEST_UNCERTAINTY
from bmm.errors import DataError, quoted
from bmm.nuclides import label, nuclide_index

__all__ = ["check_measured"]

_INDEX = ["Z", "N"]
_COLUMNS = ("mass_excess", "mass_excess_uncertainty")


def check_measured(measured: Any, *, uncertainty: bool = True) -> pd.DataFrame:
    """Check a DataFrame of measured masses.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV; others are
        kept.
    uncertainty : bool, default True
        Whether the column mass_excess_uncertainty is needed.

    Returns
    -------
    DataFrame
        The same, with an index of integers and columns of floats.

    Raises
    ------
    DataError
        If it is no such frame, a nucleus comes twice, or a number is missing or impossible; the
        sentence names the nucleus.
    DomainError
        If a nucleus lies off the chart.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.data import check_measured
    >>> from bmm.nuclides import nuclide_index
    >>> columns = {"mass_excess": [-76.5], "mass_excess_uncertainty": [0.002]}
    >>> check_measured(pd.DataFrame(columns, nuclide_index([50], [82])))["mass_excess"].tolist()
    [-76.5]
    """
    if not isinstance(measured, pd.DataFrame):
        raise DataError(
            f"measured masses: expected a DataFrame indexed (Z, N), not {type(measured).__name__}"
        )
    index = _checked_index(measured)
    columns = _COLUMNS if uncertainty else _COLUMNS[:1]
    missing = [name for name in columns if name not in measured]
    if missing:
        there = ", ".join(quoted(name) for name in measured.columns[:8]) or "none"
        raise DataError(
            f"measured masses need a column {missing[0]!r} (MeV); expected it among {there}"
        )
    checked = measured.set_axis(index)
    for name in columns:
        try:
            checked[name] = measured[name].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise DataError(f"measured masses: expected numbers in the column {name!r}") from error
    _refuse(
        checked, ~checked[list(columns)].abs().lt(np.inf).all(axis=1), "finite numbers", columns
    )
    _refuse(
        checked,
        checked["mass_excess"].abs() > LARGEST_MASS,
        f"a mass excess of at most {LARGEST_MASS:g} MeV (is it in keV?)",
        columns[:1],
    )
    if uncertainty:
        spread = checked["mass_excess_uncertainty"]
        _refuse(
            checked,
            (spread < 0) | (spread > LARGEST_UNCERTAINTY),
            f"an uncertainty from 0 to {LARGEST_UNCERTAINTY:g} MeV (is it in keV?)",
            columns[1:],
        )
    return checked


def _checked_index(measured: pd.DataFrame) -> pd.MultiIndex:
    names = list(measured.index.names)
    if names != _INDEX:
        remedy = "measured.set_index(['Z', 'N'])" if set(_INDEX) <= {*measured.columns} else ""
        if sorted(map(str, names)) == sorted(_INDEX):
            remedy = "measured.reorder_levels(['Z', 'N'])"
        raise DataError(
            f"measured masses are indexed by {quoted(tuple(names))}: expected ('Z', 'N')"
            + (f", such as {remedy}" if remedy else "")
        )
    Z, N = (measured.index.get_level_values(name).to_numpy() for name in _INDEX)
    try:
        return nuclide_index(Z, N)
    except DataError as error:
        raise DataError(f"measured masses: {error}") from error


def _refuse(
    measured: pd.DataFrame, wrong: pd.Series, expected: str, columns: tuple[str, ...]
) -> None:
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        values = " and ".join(f"{measured[name].iloc[row]:g}" for name in columns)
        raise DataError(
            f"measured masses: {label(*measured.index[row])} has {values}; expected {expected}"
        )
