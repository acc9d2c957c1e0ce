"""Other readings of a column of masses: another quantity, unit, sign or order of the columns.

A column that is declared as what it is not, such as masses of bare nuclei as masses of atoms, or
micro-u as keV, may be a few MeV off only.  It is found by reading it in every other way and
comparing all of them with the same expected masses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, get_args

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.conversions import Convention, Quantity, Unit, to_mass_excess

__all__ = [
    "SHIFTS",
    "Fit",
    "Misreading",
    "Numbers",
    "Reading",
    "find_misreading",
    "fit_readings",
]

Numbers = Literal[
    "as printed", "N + 1", "N - 1", "Z + 1", "Z - 1", "N + 2", "N - 2", "Z + 2", "Z - 2",
    "Z and N swapped", "A for N", "N for A",
]  # fmt: skip
"""What the nucleus is, by the numbers that the table prints as Z and N: as they are; with one or
two neutrons or protons more or less; both exchanged; A in the column of N, or N in that of A."""

_BETTER = 2.0  # times smaller median deviation from what is measured, to be worth telling ...
_BETTER_THAN_MODELS = 8.0  # ... and from what models expect, for they err alike
_MUCH_BETTER = 4.0  # times smaller: a misreading
_FAR_BETTER = (
    8.0  # times smaller, to show a shift that staggering cannot, and half as many less scatter
)
_FLOOR = 0.02  # MeV; no reading fits better than that
_EVIDENCE = 10.0  # log of the odds against chance; some 70 readings are tried
_ROUGHER = 2.5  # times larger odd-even staggering of the deviations, if N or Z is shifted
_FEWEST = 10  # second differences that show this
_EXPECTED_SPREAD = 10.0  # MeV; what models of unmeasured nuclei may be wrong by
_GOOD = 10.0  # MeV; median deviation of a reading that is worth naming

type Expected = Callable[[IntArray, IntArray], FloatArray]


@dataclass(frozen=True)
class Reading:
    """What a table's columns are taken for.

    Parameters
    ----------
    quantity, unit, convention : str
        See `bmm.conversions.to_mass_excess`.
    sign : {1, -1}
        What the column is multiplied by.
    numbers : str
        What the nucleus is; see `Numbers`.
    """

    quantity: Quantity = "mass_excess"
    unit: Unit = "MeV"
    convention: Convention = "atomic"
    sign: int = 1
    numbers: Numbers = "as printed"

    def mass_excess(self, Z: IntArray, N: IntArray, value: FloatArray) -> FloatArray:
        """Atomic mass excess (MeV) of nuclei whose column holds `value`."""
        return to_mass_excess(
            Z, N, self.sign * value,
            quantity=self.quantity, unit=self.unit, convention=self.convention,
        )  # fmt: skip

    def differs_in(self, declared: Reading) -> list[str]:
        """Say what is not as declared, such as ``unit = "keV"``."""
        keys = ["quantity", "unit", "convention", "sign"]
        if self.quantity.endswith("_mass"):
            keys.remove("convention")  # it is part of the name
        pairs = {key: getattr(self, key) for key in keys}
        changed = [
            f"{key} = {value}" if key == "sign" else f'{key} = "{value}"'
            for key, value in pairs.items()
            if value != getattr(declared, key)
        ]
        if self.numbers != "as printed":
            changed.append(_SPOKEN[self.numbers])
        return changed


type Nuclei = tuple[IntArray, IntArray]
_NUCLEI: dict[Numbers, Callable[[IntArray, IntArray], Nuclei]] = {
    "as printed": lambda Z, N: (Z, N),
    "N + 1": lambda Z, N: (Z, N + 1),
    "N - 1": lambda Z, N: (Z, N - 1),
    "Z + 1": lambda Z, N: (Z + 1, N),
    "Z - 1": lambda Z, N: (Z - 1, N),
    "N + 2": lambda Z, N: (Z, N + 2),
    "N - 2": lambda Z, N: (Z, N - 2),
    "Z + 2": lambda Z, N: (Z + 2, N),
    "Z - 2": lambda Z, N: (Z - 2, N),
    "Z and N swapped": lambda Z, N: (N, Z),
    "A for N": lambda Z, N: (Z, N - Z),
    "N for A": lambda Z, N: (Z, N + Z),
}
SHIFTS: tuple[Numbers, ...] = (
    "N + 1", "N - 1", "Z + 1", "Z - 1", "N + 2", "N - 2", "Z + 2", "Z - 2"
)  # fmt: skip
"""Those in which one number is shifted."""
_SPOKEN: dict[Numbers, str] = {
    "N + 1": "N one larger than printed",
    "N - 1": "N one smaller than printed",
    "Z + 1": "Z one larger than printed",
    "Z - 1": "Z one smaller than printed",
    "N + 2": "N two larger than printed",
    "N - 2": "N two smaller than printed",
    "Z + 2": "Z two larger than printed",
    "Z - 2": "Z two smaller than printed",
    "Z and N swapped": "Z and N swapped",
    "A for N": "A, not N, in the column of N",
    "N for A": "N, not A, in the column of A",
}


@dataclass(frozen=True)
class Misreading:
    """A reading that fits better than the declared one.

    Parameters
    ----------
    reading : Reading
        The better one.
    declared, better : float
        Median absolute deviation of both from the expected masses, MeV.
    n : int
        Number of nuclei compared.
    certain : bool
        Whether the declared reading is an error; if not, it is to be looked at.
    """

    reading: Reading
    declared: float
    better: float
    n: int
    certain: bool


@dataclass(frozen=True)
class Fit:
    """How well a reading agrees with the expected masses.

    Parameters
    ----------
    reading : Reading
        What the columns are taken for.
    n : int
        Number of nuclei compared.
    size : float
        Median absolute deviation from the expected masses, MeV.
    scatter : float
        The same from the median deviation, MeV.
    roughness : dict
        Median absolute second difference along Z and N, MeV; NaN where there are too few.
    odd : dict
        Whether there are several Z, or N, and all are odd.
    """

    reading: Reading
    n: int
    size: float
    scatter: float
    roughness: dict[str, float]
    odd: dict[str, bool]


def fit_readings(Z: IntArray, N: IntArray, value: FloatArray, expectation: FloatArray) -> list[Fit]:
    """Try a column in every quantity, unit, convention and sign, the best reading first.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers.
    value : array (nucleus,)
        The column as printed.
    expectation : array (nucleus,)
        Expected mass excess, MeV.
    """
    plain = Reading()
    readings = (plain, *_meanings(plain))
    found = [_fit(each, Z, N, value, expectation) for each in readings]
    return sorted(found, key=lambda each: each.size)


def find_misreading(
    Z: IntArray,
    N: IntArray,
    value: FloatArray,
    declared: Reading,
    expected: Expected,
    *,
    numbers: Sequence[Numbers] = ("as printed",),
    measured: bool = True,
    certain: bool = True,
) -> Misreading | None:
    """Find a reading of a column that fits the expected masses several times better.

    A shift of N or Z by one is recognised by the odd-even staggering, which it inverts, or where
    there is none to see, as one by two, by a fit that is better by far; and all else by the median
    deviation.  It has to be improbable by chance, and the better reading may scatter no more than
    the declared one: a model that is off by a constant is no misreading.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers as printed.
    value : array (nucleus,)
        The column as printed.
    declared : Reading
        What it is taken for.
    expected : callable
        Expected mass excess (MeV) of nuclei; NaN where there is none.
    numbers : sequence of str, optional
        Readings of Z and N to try.
    measured : bool, default True
        Whether the expected masses are measured; if models expect them, more is asked for.
    certain : bool, default True
        Whether evidence is required.  If false, name the simplest reading that fits as a mass model
        does: where the declared one is impossible anyway.

    Returns
    -------
    Misreading or None
        The best, or of those that fit about as well, the one nearest to what is declared.
    """
    here, *others = _fits(Z, N, value, expected, declared, numbers)
    if here.n == 0:
        return None
    better = [
        each
        for each in others
        if 2 * each.n >= max(here.n, 2)
        and (_fits_better(each, here, measured) if certain else each.size < min(_GOOD, here.size))
    ]
    if not better:
        return None
    least = min(each.size for each in better)
    alike = max(2 * least, _FLOOR if measured else _GOOD)
    near = [each for each in better if each.size <= alike]
    # Models err by more than keV and micro-u differ; the usual unit comes first.
    best = min(
        near,
        key=lambda each: (len(each.reading.differs_in(declared)), each.size if measured else 0),
    )
    sure = best.reading.numbers in SHIFTS or here.size > _MUCH_BETTER * best.size
    return Misreading(best.reading, here.size, best.size, best.n, sure)


def _fits(
    Z: IntArray,
    N: IntArray,
    value: FloatArray,
    expected: Expected,
    declared: Reading,
    numbers: Sequence[Numbers],
) -> list[Fit]:
    """Try all readings, the declared one first."""
    found: list[Fit] = []
    orders: list[Numbers] = ["as printed", *(each for each in numbers if each != "as printed")]
    for order in orders:
        protons, neutrons = _NUCLEI[order](Z, N)
        known = (protons >= 0) & (neutrons >= 0) & (protons + neutrons > 0)
        expectation = np.full(len(Z), np.nan)
        expectation[known] = expected(protons[known], neutrons[known])
        known = np.isfinite(expectation)
        part = protons[known], neutrons[known], value[known], expectation[known]
        if order == "as printed":
            found = [_fit(declared, *part, shown=bool(numbers))]
            found += [_fit(each, *part) for each in _meanings(declared)]
        else:
            # A wrong unit as well would be found first.
            found.append(_fit(replace(declared, numbers=order), *part, shown=order in SHIFTS))
    return found


def _meanings(declared: Reading) -> Iterator[Reading]:
    of_masses: dict[Quantity, tuple[Convention, ...]] = {
        "atomic_mass": ("atomic",),
        "nuclear_mass": ("nuclear",),
    }
    for quantity, unit, sign in product(get_args(Quantity), get_args(Unit), (1, -1)):
        for convention in of_masses.get(quantity, get_args(Convention)):
            reading = Reading(quantity, unit, convention, sign)
            if reading != declared:
                yield reading


def _fit(
    reading: Reading,
    Z: IntArray,
    N: IntArray,
    value: FloatArray,
    expectation: FloatArray,
    *,
    shown: bool = False,
) -> Fit:
    """Compare one reading with what is expected; `shown`, its odd-even staggering as well."""
    if not len(Z):
        return Fit(reading, 0, np.inf, np.inf, {}, {})
    deviation = reading.mass_excess(Z, N, value) - expectation
    size = float(np.median(np.abs(deviation)))
    scatter = float(np.median(np.abs(deviation - np.median(deviation))))
    odd = {
        axis: bool((numbers % 2 == 1).all() and len(np.unique(numbers)) > 2)
        for axis, numbers in (("Z", Z), ("N", N))
    }
    rough = _roughness(Z, N, deviation) if shown else {}
    return Fit(reading, len(Z), size, scatter, rough, odd)


def _fits_better(other: Fit, declared: Fit, measured: bool) -> bool:
    if other.scatter > 1.5 * declared.scatter + _FLOOR:
        return False
    if other.reading.numbers in SHIFTS:
        return _is_shifted(other, declared, measured)
    ratio = max(declared.size, _FLOOR) / max(other.size, _FLOOR)
    if (other.n - 1) * np.log(ratio) < _EVIDENCE:
        return False
    if measured:
        return ratio > _BETTER
    return ratio > _BETTER_THAN_MODELS and declared.size > _EXPECTED_SPREAD


def _is_shifted(other: Fit, declared: Fit, measured: bool) -> bool:
    axis, by_one = other.reading.numbers[0], other.reading.numbers.endswith("1")
    before, after = declared.roughness[axis], other.roughness[axis]
    if by_one and not np.isnan(before):
        turned = before > _ROUGHER * max(after, _FLOOR)
        return turned and other.size <= 1.5 * declared.size
    # There are tables of even-even nuclei, and none of odd ones only.
    if by_one and declared.odd[axis] and declared.n >= 2 * _FEWEST:
        return other.size <= 1.5 * declared.size
    ratio = declared.size / max(other.size, _FLOOR)
    smoother = declared.scatter / max(other.scatter, _FLOOR)
    chance = (other.n - 1) * np.log(ratio) < _EVIDENCE
    return measured and not chance and ratio > _FAR_BETTER and smoother > _FAR_BETTER / 2


def _roughness(Z: IntArray, N: IntArray, deviation: FloatArray) -> dict[str, float]:
    """Median absolute second difference between neighbours along each axis, MeV."""
    chart = np.full((Z.max() + 3, N.max() + 3), np.nan)
    chart[Z, N] = deviation
    steps = {
        "Z": chart[2:] - 2 * chart[1:-1] + chart[:-2],
        "N": chart[:, 2:] - 2 * chart[:, 1:-1] + chart[:, :-2],
    }
    found = {axis: np.abs(each[np.isfinite(each)]) for axis, each in steps.items()}
    return {
        axis: float(np.median(each)) if each.size >= _FEWEST else np.nan
        for axis, each in found.items()
    }
