"""Measured masses of a shipped evaluation or of the user's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bmm.data.folders import check_name, data_folder
from bmm.data.measured import MEASURED_TABLES, load_measured
from bmm.data.measurements import read_measurements
from bmm.data.new_masses import check_new_masses
from bmm.errors import DataError
from bmm.nuclides import labels, nuclide_index

__all__ = ["MeasuredMasses", "is_own_table", "measured_file", "measured_masses"]


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


def is_own_table(name_or_path: str) -> bool:
    """Tell whether a name of measured masses is the path of the user's own file."""
    return name_or_path.lower().endswith(".csv")


def measured_file(name_or_path: str) -> Path:
    """Return the file of a shipped evaluation, or the user's own.

    Raises
    ------
    DataError
        If it is neither the name of a shipped evaluation nor the path of a ``.csv`` file.
    """
    if is_own_table(name_or_path):
        return Path(name_or_path)
    check_name(name_or_path, MEASURED_TABLES, "measured")
    return data_folder() / "measured" / f"{name_or_path}.csv"


def measured_masses(name_or_path: str, extra: Sequence[Path] = ()) -> MeasuredMasses:
    """Read measured masses, with measurements that replace some of them or are added.

    Parameters
    ----------
    name_or_path : str
        Name of a shipped evaluation, or path of a file as `bmm.data.read_measurements` reads it.
    extra : sequence of Path, optional
        Such files.  A mass in one of them replaces that of the same nucleus in the evaluation.

    Raises
    ------
    DataError
        If a file cannot be read, a mass is absurd (see `bmm.data.check_new_masses`), or two of the
        extra files hold the same nucleus; the sentence names the file.
    """
    table = _checked(measured_file(name_or_path)) if is_own_table(name_or_path) else (
        load_measured(name_or_path)[["mass_excess", "mass_excess_uncertainty"]]
    )  # fmt: skip
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
