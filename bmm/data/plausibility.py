"""Checks of a column of masses against what is known: sentinels, misreadings and wrong rows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.data.expected_masses import Source, expected_masses
from bmm.data.readings import Misreading, Numbers, Reading, find_misreading
from bmm.errors import DataError

__all__ = [
    "LARGEST_MASS",
    "LARGEST_SPREAD",
    "LARGEST_UNCERTAINTY",
    "Column",
    "check_masses",
    "check_spreads",
    "looks_empty",
]

logger = logging.getLogger(__name__)

LARGEST_MASS = 2000.0
"""Largest mass excess (MeV, either sign) of any nucleus on the chart."""

LARGEST_SPREAD = 100.0
"""Largest standard deviation (MeV) that a model may state."""

LARGEST_UNCERTAINTY = 5.0
"""Largest uncertainty (MeV) of a measured mass; AME1995 has an estimate of +- 4 MeV."""

# The worst shipped models are off by 16 MeV where masses are measured and by 62 MeV elsewhere.
_OFF = np.array([50.0, 50.0, 100.0, 300.0])  # MeV, by the source expected from; an error of a row
_IMPOSSIBLE = 50.0  # MeV; median deviation of a table that is no mass table as declared
_POOR = 10.0  # MeV; median deviation that is reported
_SHARED = 5  # rows with the same value, if three times as many as by chance ...
_STRANGE = 10.0  # MeV ... which is so far from what is expected for them ...
_STRANGER = 5.0  # ... and so many times farther than other rows
_FEW, _SHARE = 5, 0.2  # measured nuclei, at least, to compare with these alone


@dataclass(frozen=True)
class Column:
    """A column of masses as printed.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers.
    value : array (nucleus,)
        The numbers.
    where : list of str
        File and line of each, for messages.
    """

    Z: IntArray
    N: IntArray
    value: FloatArray
    where: list[str]


def check_masses(
    path: Path, column: Column, declared: Reading, orders: Sequence[Numbers] = ()
) -> FloatArray:
    """Convert a column to mass excesses, unless it is not what it is declared as.

    Parameters
    ----------
    path : Path
        Of the table, for messages.
    column : Column
        The nuclei and their values.
    declared : Reading
        What the column is taken for.
    orders : sequence of str, optional
        What else Z and N may be; see `bmm.data.readings.Numbers`.

    Returns
    -------
    array (nucleus,)
        Atomic mass excess, MeV.

    Raises
    ------
    DataError
        If a value stands for a missing one, another reading fits several times better, or a row is
        impossible.
    """
    masses = declared.mass_excess(column.Z, column.N, column.value)
    expected = expected_masses(column.Z, column.N)
    deviation = masses - expected.mass_excess
    _refuse_sentinels(column, deviation)
    measured = expected.source == Source.MEASURED
    _refuse_misreading(path, column, declared, orders, deviation, measured)
    wrong = (np.abs(deviation) > _OFF[expected.source]) | (np.abs(masses) > LARGEST_MASS)
    if wrong.any():
        row = int(np.argmax(wrong))
        rest = f" (and {wrong.sum() - 1} more such rows)" if wrong.sum() > 1 else ""
        likely = expected.mass_excess[row]
        raise DataError(
            f"{column.where[row]}: Z={column.Z[row]}, N={column.N[row]} has "
            f"{column.value[row]:g}, a mass excess of {masses[row]:.6g} MeV{rest}; expected about "
            f"{likely:.4g} MeV (placeholders for missing values: see missing)."
        )
    return masses


def check_spreads(column: Column, sd: FloatArray) -> None:
    """Refuse standard deviations (nucleus,) that are not above 0 and at most 100 MeV.

    Raises
    ------
    DataError
        The message names the line.
    """
    wrong = ~((sd > 0) & (sd <= LARGEST_SPREAD))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{column.where[row]}: expected a standard deviation above 0 and at most "
            f"{LARGEST_SPREAD:g} MeV, not {sd[row]:.4g} MeV."
        )


def _refuse_sentinels(column: Column, deviation: FloatArray) -> None:
    """Refuse placeholders for missing values, which many rows share and no neighbour is near."""
    values, first, which, counts = np.unique(
        column.value, return_index=True, return_inverse=True, return_counts=True
    )
    size = np.abs(deviation)
    # The median over the rows of each value, of which there are thousands.
    ordered = size[np.lexsort((size, which))]
    start = np.cumsum(counts) - counts
    typical = (ordered[start + (counts - 1) // 2] + ordered[start + counts // 2]) / 2
    usual = float(np.median(size[counts[which] < _SHARED])) if (counts < _SHARED).any() else 0.0
    strange = typical > max(_STRANGE, _STRANGER * usual)
    by_chance = int(counts[~strange].max(initial=1))
    for k in np.flatnonzero(strange)[np.argsort(-counts[strange], kind="stable")]:
        if counts[k] >= max(_SHARED, 3 * by_chance) or looks_empty(values[k]):
            row = int(first[k])
            raise DataError(
                f"{column.where[row]}: {values[k]:g} stands in {counts[k]} of {len(which)} rows "
                f"and is no mass of Z={column.Z[row]}, N={column.N[row]}; where it means none, "
                f'write missing = ["{values[k]:g}"].'
            )


def looks_empty(value: float) -> bool:
    """Whether a value is 0 or made of nines, as placeholders for missing values are.

    Examples
    --------
    >>> from bmm.data.plausibility import looks_empty
    >>> looks_empty(999.99), looks_empty(-83.55)
    (True, False)
    """
    digits = f"{abs(value):.9g}".replace(".", "")
    return value == 0 or (set(digits) == {"9"} and len(digits) > 1)


def _refuse_misreading(
    path: Path,
    column: Column,
    declared: Reading,
    orders: Sequence[Numbers],
    deviation: FloatArray,
    measured: BoolArray,
) -> None:
    use_measured = bool(measured.sum() >= max(_FEW, _SHARE * len(measured)))
    size = float(np.median(np.abs(deviation[measured] if use_measured else deviation)))

    def expected(Z: IntArray, N: IntArray) -> FloatArray:
        found = expected_masses(Z, N)
        left_out = use_measured & (found.source != Source.MEASURED)
        return np.where(left_out, np.nan, found.mass_excess)

    found = find_misreading(
        column.Z, column.N, column.value, declared, expected,
        numbers=orders, measured=use_measured, certain=size <= _IMPOSSIBLE,
    )  # fmt: skip
    against = "AME2020" if use_measured else "models and a liquid drop"
    if found is not None and found.certain:
        raise DataError(f"{path}: {_told(found, declared, against)}: expected it in the layout.")
    if size > _IMPOSSIBLE:
        raise DataError(
            f"{path}: the median deviation from {against} is {size:.1f} MeV, and no other "
            "quantity, unit, sign or order of the columns fits either; expected masses."
        )
    if found is not None:
        logger.warning("%s: %s: is the layout right?", path, _told(found, declared, against))
    elif use_measured and size > _POOR:
        logger.warning(
            "%s: the median deviation from AME2020 is %.1f MeV, more than of any shipped model",
            path,
            size,
        )


def _told(found: Misreading, declared: Reading, against: str) -> str:
    better = " and ".join(found.reading.differs_in(declared))
    if found.better >= found.declared:  # a shift that only parities show
        return (
            f"its odd and even nuclei, compared with {against} (nuclei: {found.n}), are those of a "
            f"table with {better}"
        )
    return (
        f"read as declared, the median deviation from {against} is {found.declared:.1f} MeV "
        f"(nuclei: {found.n}); it is {found.better:.2f} MeV with {better}"
    )
