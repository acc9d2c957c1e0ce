"""Measured masses with the user's own, added or in place of those of the same nuclei."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bmm.data.measured import load_measured
from bmm.data.measurements import read_measurements
from bmm.data.new_masses import check_new_masses
from bmm.errors import DataError
from bmm.nuclides import labels, nuclide_index

__all__ = ["MeasuredMasses", "measured_masses"]

_COLUMNS = ["mass_excess", "mass_excess_uncertainty"]


@dataclass(frozen=True)
class MeasuredMasses:
    """Measured masses, and what the user's own files changed in them.

    Parameters
    ----------
    table : DataFrame
        Indexed (Z, N), sorted, with columns mass_excess and mass_excess_uncertainty in MeV.
    own : list of dict
        For each file of extra measurements: file, added and replaced (lists of nuclides).
    """

    table: pd.DataFrame
    own: list[dict[str, Any]]


def measured_masses(name_or_path: str, extra: Sequence[Path] = ()) -> MeasuredMasses:
    """Read measured masses, with measurements that replace some of them or are added.

    Parameters
    ----------
    name_or_path : str
        See `bmm.data.load_measured`.
    extra : sequence of Path, optional
        Files as `bmm.data.read_measurements` reads them.  A mass in one of them replaces that of
        the same nucleus.

    Raises
    ------
    DataError
        If a file cannot be read, a mass is absurd (see `bmm.data.check_new_masses`), or two of the
        extra files hold the same nucleus; the message names the file.

    Examples
    --------
    >>> from bmm.data.own_measurements import measured_masses
    >>> len(measured_masses("AME2020").table) > 2400
    True
    """
    table = load_measured(name_or_path)[_COLUMNS]
    evaluated = table.index
    own: list[dict[str, Any]] = []
    source: dict[str, Path] = {}
    for path in extra:
        new = _checked(path)
        for name in _names(new):
            if name in source:
                raise DataError(
                    f"{path}: {name} is also in {source[name]}: expected each nucleus once"
                )
            source[name] = path
        known = new.index.isin(evaluated)
        own.append(
            {"file": str(path), "added": _names(new[~known]), "replaced": _names(new[known])}
        )
        table = pd.concat([table[~table.index.isin(new.index)], new])
    return MeasuredMasses(table.sort_index(), own)


def _checked(path: Path) -> pd.DataFrame:
    table = read_measurements(path)
    nothing = pd.DataFrame({"mean": [], "sd": []}, index=nuclide_index([], []), dtype=float)
    check_new_masses(path, table, nothing)
    return table


def _names(table: pd.DataFrame) -> list[str]:
    return labels(*(table.index.get_level_values(name).tolist() for name in ("Z", "N")))
