"""A guess at what a mass table is: its layout, quantity, unit and convention, with the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.configuration import checked
from bmm.conversions import HELIUM_MASS_EXCESS, HYDROGEN_MASS_EXCESS, NEUTRON_MASS_EXCESS
from bmm.data.column_roles import Roles, find_roles, number_columns
from bmm.data.expected_masses import Source, expected_masses
from bmm.data.hdf5_frame import frame_groups
from bmm.data.layout import Column, TableLayout
from bmm.data.plausibility import looks_empty
from bmm.data.published_layouts import LAYOUTS, NamedLayout
from bmm.data.readings import Fit, Reading, fit_readings
from bmm.data.smoothness import find_suspects
from bmm.data.table_files import table_files
from bmm.data.text_guess import GuessedText, guess_text
from bmm.data.text_table import read_text
from bmm.data.user_table import read_mass_table
from bmm.errors import DataError, quoted
from bmm.nuclides import is_plausible

__all__ = ["Evidence", "TableGuess", "guess_table"]

_HEAD = 6000  # characters in which a published layout shows
_HDF5 = b"\x89HDF\r\n\x1a\n"
_GOOD = 10.0  # MeV; median deviation of what may be masses
_MEASURED = 0.03  # MeV; median deviation of a column that repeats measured masses
_SAMPLE = 800  # nuclei that readings are compared on
_SHOWN = 3  # readings of a column that are evidence
_POOR = 4.0  # MeV; median deviation above which it is reported
_SIMILAR = 5.0  # times larger deviations that another column of masses may have
_ALIKE = 1.5  # ratio of deviations below which the convention cannot be determined
_SEPARATION = 1.5  # MeV; median deviation of what are separation energies or Q values
_SHARED = 5  # rows with one value that looks empty

_DIFFERENCES: dict[str, tuple[int, int, float]] = {
    "S_1n": (0, 1, NEUTRON_MASS_EXCESS),
    "S_2n": (0, 2, 2 * NEUTRON_MASS_EXCESS),
    "S_1p": (1, 0, HYDROGEN_MASS_EXCESS),
    "S_2p": (2, 0, 2 * HYDROGEN_MASS_EXCESS),
    "Q_alpha": (2, 2, HELIUM_MASS_EXCESS),
    "Q_beta-": (-1, 1, 0.0),
    "Q_beta+ or Q_EC": (1, -1, 0.0),
}
"""Differences of masses: protons and neutrons that leave, and their mass excess (MeV)."""

type _Candidate = tuple[Roles, Column, Fit, FloatArray]


@dataclass(frozen=True)
class Evidence:
    """How one column fits, read in one way.

    Parameters
    ----------
    column : str or int
        Its name or number.
    reading : Reading
        What it is taken for.
    n : int
        Nuclei that are compared.
    median, rms, bias : float
        Median absolute, root-mean-square and mean deviation from AME2020, or where too little is
        measured from shipped models and a liquid drop, MeV.
    """

    column: Column
    reading: Reading
    n: int
    median: float
    rms: float
    bias: float


@dataclass(frozen=True)
class TableGuess:
    """What a table is.

    Parameters
    ----------
    path : Path
        The table.
    layout : NamedLayout or TableLayout
        The layout, as a card has it.
    masses : DataFrame
        The table, read so; see `bmm.data.read_mass_table`.
    measured : Series
        Mass excess (MeV) of AME2020 of the nuclei that are measured, indexed (Z, N).
    evidence : list of Evidence
        The reading that is chosen, then others.
    remarks : list of str
        What the user should look at.
    """

    path: Path
    layout: NamedLayout | TableLayout
    masses: pd.DataFrame
    measured: pd.Series[float]
    evidence: list[Evidence]
    remarks: list[str] = field(default_factory=list)

    @property
    def suspects(self) -> pd.DataFrame:
        """Masses that do not fit their neighbours; see `bmm.data.find_suspects`."""
        return find_suspects(self.masses["mass_excess"])

    def keys(self) -> dict[str, Any]:
        """Give the section ``[layout]`` of a card."""
        if isinstance(self.layout, NamedLayout):
            return {"name": self.layout.name} | self.layout.changes
        return self.layout.model_dump(mode="json", exclude_unset=True)


def guess_table(path: Path, *, value: str | None = None, group: str = "") -> TableGuess:
    """Guess the layout of a table, and what its columns hold.

    Parameters
    ----------
    path : Path
        A file, or a folder of files.
    value : str, optional
        Name or number of the column of the masses, if several may be that.
    group : str, optional
        Of an HDF5 file: the frame.

    Raises
    ------
    DataError
        If it is no mass table; the sentence says why.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data import load_theory
    >>> from bmm.data.table_guess import guess_table
    >>> path = Path(tempfile.mkdtemp()) / "masses.csv"
    >>> load_theory("FRDM2012")["mass_excess"].loc[40:50].reset_index().to_csv(path, index=False)
    >>> layout = guess_table(path).layout
    >>> layout.value, layout.quantity, layout.unit
    ('mass_excess', 'mass_excess', 'MeV')
    """
    files = table_files(path)
    first = files[0]
    if _is_hdf5(first):
        return _frame(path, group)
    if value is None:
        for name in _recognised(files):
            guess = _published(path, name)
            if guess is not None:
                return guess
    return _own(path, first, value)


def _is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_HDF5)) == _HDF5
    except (OSError, ValueError):
        return False


def _recognised(files: list[Path]) -> Iterator[str]:
    head = [read_text(files[0])[:_HEAD]]
    names = [each.name for each in files]
    for name in LAYOUTS:
        known = LAYOUTS[name]
        if any(re.search(known.head, x, re.MULTILINE) for x in (names if known.by_name else head)):
            yield name


def _frame(path: Path, group: str) -> TableGuess:
    groups = frame_groups(path)
    if not group and len(groups) != 1:
        raise DataError(
            f"{path}: {len(groups)} frames; expected --group to name one of {', '.join(groups)}."
        )
    changes = {"group": group or groups[0]}
    if group.startswith("AME"):
        changes["convention"] = "atomic"
    return _finished(path, NamedLayout(name="bmex", changes=changes), [], [])


def _published(path: Path, name: str) -> TableGuess | None:
    layout = NamedLayout(name=name)
    try:
        return _finished(path, layout, [], [f"a published layout: {LAYOUTS[name].title}"])
    except DataError:
        return None


def _own(path: Path, first: Path, value: str | None) -> TableGuess:
    text = guess_text(first)
    roles = find_roles(text)
    if not roles:
        raise DataError(
            f"{path}: no columns name nuclei; expected Z and N, Z and A, an element symbol and A, "
            "or names such as sn132."
        )
    found = [
        (each, column, fit, values)
        for each in roles
        for column, values in number_columns(text, each).items()
        if value is None or str(column) == value
        for fit in _fits(each, values)[:_SHOWN]
    ]
    if not found:
        asked = "of masses" if value is None else f"{quoted(value)} of numbers"
        raise DataError(f"{path}: no column {asked} found; expected one beside the nuclei.")
    found.sort(key=lambda each: each[2].size)
    good = [each for each in found if each[2].size < _GOOD]
    if not good:
        raise _no_masses(path, text, found[0])
    # A column that repeats what is measured is no model's, if there is another.
    models = [each for each in good if each[2].size > _MEASURED]
    chosen = _preferred(models or good)
    role, column, fit, values = chosen
    keys = text.keys | role.keys | _value_keys(column, fit.reading, values)
    if _has_marks(text, column):
        keys["estimated"] = "skip"
    layout = checked(TableLayout, keys, path, error=DataError)
    order = dict.fromkeys([_evidence(*each) for each in (chosen, *good) if each[0] is role])
    evidence = [*order]
    return _finished(path, layout, evidence, _remarks(evidence, is_model=bool(models)))


def _preferred(found: list[_Candidate]) -> _Candidate:
    """Choose the best, or of those that fit as well a mass excess."""
    best = found[0][2].size
    alike = [each for each in found if each[2].size <= 1.02 * best + 1e-3]
    return next((each for each in alike if each[2].reading.quantity == "mass_excess"), found[0])


def _value_keys(column: Column, reading: Reading, values: FloatArray) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "value": column,
        "quantity": reading.quantity,
        "unit": reading.unit,
    }
    if not reading.quantity.endswith("_mass"):
        keys["convention"] = reading.convention
    if reading.sign != 1:
        keys["sign"] = reading.sign
    empty = _empty(values)
    if empty:
        keys["missing"] = ["", "nan", *(f"{each:g}" for each in empty)]
    return keys


def _has_marks(text: GuessedText, column: Column) -> bool:
    """Whether some cells of a column are marked by #, as AME marks what it estimates."""
    header = text.table.header
    place = column - 1 if isinstance(column, int) else header.index(column)
    return any("#" in row.cells[place] for row in text.table.rows)


def _empty(values: FloatArray) -> list[float]:
    """Placeholders for missing values: made of nines, or 0, in many rows."""
    found, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    return [float(v) for v, n in zip(found, counts, strict=True) if n >= _SHARED and looks_empty(v)]


def _usable(roles: Roles, values: FloatArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Nuclei with a value, those that are measured if enough are, and what is expected of them."""
    known = np.isfinite(values) & ~np.isin(values, _empty(values)) & is_plausible(roles.Z, roles.N)
    Z, N, value = roles.Z[known], roles.N[known], values[known]
    expected = expected_masses(Z, N)
    measured = expected.source == Source.MEASURED
    if measured.sum() >= max(_SHARED, 0.1 * len(Z)):
        Z, N, value = Z[measured], N[measured], value[measured]
        return Z, N, value, expected.mass_excess[measured]
    return Z, N, value, expected.mass_excess


def _fits(roles: Roles, values: FloatArray) -> list[Fit]:
    Z, N, value, expectation = _usable(roles, values)
    if len(Z) < _SHOWN:
        return []
    some = slice(None, None, max(1, len(Z) // _SAMPLE))
    return fit_readings(Z[some], N[some], value[some], expectation[some])


def _evidence(roles: Roles, column: Column, fit: Fit, values: FloatArray) -> Evidence:
    Z, N, value, expectation = _usable(roles, values)
    off = fit.reading.mass_excess(Z, N, value) - expectation
    return _deviations(column, fit.reading, off)


def _remarks(evidence: list[Evidence], *, is_model: bool) -> list[str]:
    best, *rest = evidence
    remarks = []
    if not is_model:
        remarks.append(
            f"column {quoted(best.column)} repeats measured masses: no model, but good for "
            "[data] measured"
        )
    if best.median > _POOR:
        remarks.append(
            f"the median deviation, {best.median:.1f} MeV, is larger than of most shipped models: "
            "does the column hold masses?"
        )
    others = dict.fromkeys(
        quoted(each.column)
        for each in rest
        if each.column != best.column and _MEASURED < each.median < _SIMILAR * best.median
    )
    if others:
        remarks.append(f"other columns that may be masses: {', '.join(others)}; see --value")
    one = best.reading
    for each in rest:
        other = replace(each.reading, convention=one.convention)
        if each.column == best.column and other == one and each.median < _ALIKE * best.median:
            remarks.append(
                f"the convention cannot be determined from the numbers (median deviation "
                f"{best.median:.3f} MeV {one.convention}, {each.median:.3f} MeV "
                f"{each.reading.convention}): look it up"
            )
    return remarks


def _no_masses(path: Path, text: GuessedText, best: _Candidate) -> DataError:
    """Say why a table holds no masses: differences of them, or nothing that fits."""
    roles, column, fit, _ = best
    for each, values in number_columns(text, roles).items():
        name = _difference(roles, values)
        if name:
            kind = "separation energies" if name.startswith("S") else "Q values"
            return DataError(
                f"{path}: column {quoted(each)} holds {kind}, {name}; masses cannot be had from "
                "differences alone: expected a mass or a binding energy."
            )
    how = f"{fit.reading.quantity} in {fit.reading.unit}"
    return DataError(
        f"{path}: no column holds masses in any known quantity and unit; the nearest, "
        f"{quoted(column)} as {how}, is {fit.size:.4g} MeV off AME2020 in the median: expected a "
        "mass table."
    )


def _difference(roles: Roles, values: FloatArray) -> str:
    known = np.isfinite(values) & ~np.isin(values, _empty(values)) & is_plausible(roles.Z, roles.N)
    Z, N, value = roles.Z[known], roles.N[known], values[known]
    for name, (dZ, dN, leaving) in _DIFFERENCES.items():
        inside = (dZ < Z) & (dN < N)
        if inside.sum() < _SHOWN:
            continue
        z, n = Z[inside], N[inside]
        energy = (
            expected_masses(z - dZ, n - dN).mass_excess
            + leaving
            - expected_masses(z, n).mass_excess
        )
        for factor in (1.0, -1.0, 1e-3, -1e-3):
            if np.median(np.abs(factor * value[inside] - energy)) < _SEPARATION:
                return name
    return ""


def _finished(
    path: Path, layout: NamedLayout | TableLayout, evidence: list[Evidence], remarks: list[str]
) -> TableGuess:
    masses = read_mass_table(path, layout)
    Z, N = (masses.index.get_level_values(level).to_numpy() for level in "ZN")
    expected = expected_masses(Z, N)
    known = expected.source == Source.MEASURED
    measured = pd.Series(expected.mass_excess[known], index=masses.index[known])
    if not evidence:
        some = known if known.any() else np.ones(len(Z), dtype=np.bool)
        off = masses["mass_excess"].to_numpy()[some] - expected.mass_excess[some]
        evidence = [_deviations("", Reading(), off)]
    return TableGuess(path, layout, masses, measured, evidence, remarks)


def _deviations(column: Column, reading: Reading, off: FloatArray) -> Evidence:
    sizes = np.median(np.abs(off)), np.sqrt(np.mean(off**2)), np.mean(off)
    return Evidence(column, reading, len(off), *map(float, sizes))
