"""Names and indices of nuclides."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.typing import ArrayLike

from bmm.arrays import IntArray
from bmm.errors import DataError, DomainError, quoted

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "MAGIC_NUMBERS",
    "MAX_N",
    "MAX_Z",
    "Nuclides",
    "chosen_nuclides",
    "is_plausible",
    "label",
    "labels",
    "nuclide_index",
    "numbers",
    "parse_nuclide",
    "proton_number",
    "select_nuclei",
    "symbol",
]

type Nuclides = str | tuple[int, int] | pd.Index | Sequence[str | tuple[int, int]]
"""What a Python call takes for nuclei; see `chosen_nuclides`."""

MAGIC_NUMBERS = (8, 20, 28, 50, 82, 126, 184)
"""Proton and neutron numbers of closed shells (184 is a prediction)."""

MAX_Z = 140
"""Largest proton number accepted anywhere; no published table has larger ones."""

MAX_N = 320
"""Largest neutron number accepted anywhere (the WS3 tables reach 301)."""

# n, then H to Og (IUPAC).
_NAMES = (
    "n H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
_NAMED = _NAMES.split()
_SYSTEMATIC = [
    "".join("nubtqphsoe"[int(digit)] for digit in str(Z)).capitalize()
    for Z in range(len(_NAMED), MAX_Z + 1)
]
_SYMBOLS = (*_NAMED, *_SYSTEMATIC)
_PROTONS = {name: Z for Z, name in enumerate(_SYMBOLS)}

_SYMBOL_FIRST = re.compile(r"(?P<symbol>[A-Za-z]{1,3})-?(?P<A>[0-9]{1,3})")
_MASS_FIRST = re.compile(r"(?P<A>[0-9]{1,3})-?(?P<symbol>[A-Za-z]{1,3})")
_PAIR = re.compile(r"(?P<Z>[0-9]{1,3}),(?P<N>[0-9]{1,3})")
_CHAIN = re.compile(r"(?P<axis>[ZNAzna])=(?P<first>[0-9]{1,3})(?:-(?P<last>[0-9]{1,3}))?")


def symbol(Z: int) -> str:
    """Return the element symbol of proton number `Z`; "n" for Z = 0, systematic beyond Og.

    Examples
    --------
    >>> from bmm.nuclides import symbol
    >>> symbol(50), symbol(120)
    ('Sn', 'Ubn')
    """
    if not 0 <= Z <= MAX_Z:
        raise DomainError(f"Z = {Z} has no element symbol; expected 0 <= Z <= {MAX_Z}.")
    return _SYMBOLS[Z]


def label(Z: int, N: int) -> str:
    """Return the usual name of a nuclide, e.g. "Sn-132".

    Examples
    --------
    >>> from bmm.nuclides import label
    >>> label(50, 82)
    'Sn-132'
    """
    return f"{symbol(Z)}-{Z + N}"


def labels(Z: Sequence[int] | pd.Index, N: Sequence[int] | pd.Index) -> list[str]:
    """Return the usual names of many nuclides."""
    return [label(int(z), int(n)) for z, n in zip(Z, N, strict=True)]


def proton_number(text: str) -> int:
    """Return Z of an element symbol.

    Parameters
    ----------
    text : str
        "Sn", "sn" or "SN"; a lone lower-case "n" is the neutron and "N" is nitrogen.

    Raises
    ------
    DomainError
        If there is no such element.

    Examples
    --------
    >>> from bmm.nuclides import proton_number
    >>> proton_number("Sn"), proton_number("N"), proton_number("n")
    (50, 7, 0)
    """
    found = _PROTONS.get(text if text == "n" else text.capitalize())
    if found is None:
        raise DomainError(f"{quoted(text)} names no element; expected one such as 'Sn'.")
    return found


def is_plausible(Z: ArrayLike, N: ArrayLike) -> npt.NDArray[np.bool]:
    """Whether nuclei lie in the region that mass tables cover, or near it.

    The shipped tables, which end beyond the drip lines, lie inside with a margin; Z = 140 with
    N = 0 lies outside.

    Parameters
    ----------
    Z, N : array_like of int
        Proton and neutron numbers.
    """
    protons, neutrons = np.asarray(Z, dtype=float), np.asarray(N, dtype=float)
    fewest = protons / 2 + protons**2 / 400 - 6
    return np.asarray(
        (protons >= 0)
        & (protons <= MAX_Z)
        & (neutrons >= np.maximum(fewest, 0))
        & (neutrons <= np.minimum(3.2 * protons + 20, MAX_N))
        & (protons + neutrons > 0)
    )


def parse_nuclide(text: str) -> tuple[int, int]:
    """Read a nuclide's name and return (Z, N).

    Parameters
    ----------
    text : str
        "Sn-132", "Sn132", "132Sn", "sn-132" or "50,82" (Z, N).  A lone lower-case "n" is the
        neutron and "N" is nitrogen; otherwise case does not matter.

    Returns
    -------
    tuple of int
        Proton and neutron number.

    Raises
    ------
    DomainError
        If the text is no nuclide.

    Examples
    --------
    >>> from bmm.nuclides import parse_nuclide
    >>> parse_nuclide("Sn-132"), parse_nuclide("208Pb"), parse_nuclide("50,82")
    ((50, 82), (82, 126), (50, 82))
    """
    compact = text.replace(" ", "")
    if pair := _PAIR.fullmatch(compact):
        Z, N = int(pair["Z"]), int(pair["N"])
    elif name := _SYMBOL_FIRST.fullmatch(compact) or _MASS_FIRST.fullmatch(compact):
        try:
            Z = proton_number(name["symbol"])
        except DomainError:
            raise DomainError(
                f"{quoted(text)} names no element; expected e.g. 'Sn-132' or '50,82'."
            ) from None
        N = int(name["A"]) - Z
    else:
        raise DomainError(
            f"{quoted(text)} is no nuclide; expected e.g. 'Sn-132', '132Sn' or '50,82'."
        )
    if N < 0:
        raise DomainError(f"{quoted(text)} has fewer nucleons than protons (Z = {Z}).")
    if Z > MAX_Z or N > MAX_N or Z + N == 0:
        raise DomainError(
            f"{quoted(text)} lies off the chart; expected Z <= {MAX_Z} and N <= {MAX_N}."
        )
    return Z, N


@overload
def nuclide_index(
    labelled: xr.Dataset | xr.DataArray | pd.DataFrame | pd.Index, /
) -> pd.MultiIndex: ...
@overload
def nuclide_index(Z: ArrayLike, N: ArrayLike) -> pd.MultiIndex: ...
def nuclide_index(Z: Any, N: Any = None) -> pd.MultiIndex:
    """Return the index that every bmm table has.

    Parameters
    ----------
    Z, N : array_like of int
        Proton and neutron numbers, of equal length; the order is kept.  In place of both, whatever
        holds them: a Dataset or DataArray with the coordinates Z and N, a DataFrame with such
        columns, or an index (Z, N).

    Returns
    -------
    pandas.MultiIndex
        With integer levels "Z" and "N", free of duplicates.

    Raises
    ------
    DataError
        If a number is no integer, a nuclide comes twice, or an index has other levels.
    DomainError
        If a number is negative or beyond `MAX_Z`, `MAX_N`.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index
    >>> nuclide_index([50, 82], [82, 126]).tolist()
    [(50, 82), (82, 126)]
    >>> nuclide_index(pd.DataFrame({"Z": [50], "N": [82], "mass_excess": [-76.5]})).tolist()
    [(50, 82)]
    """
    if N is None:
        Z, N = numbers(Z) if isinstance(Z, pd.Index) else (Z["Z"], Z["N"])
    columns = {"Z": np.asarray(Z), "N": np.asarray(N)}
    for name, limit in (("Z", MAX_Z), ("N", MAX_N)):
        columns[name] = _integers(name, columns[name])
        outside = columns[name][(columns[name] < 0) | (columns[name] > limit)]
        if outside.size:
            raise DomainError(f"{name} = {outside[0]} lies off the chart; expected 0 to {limit}.")
    index = pd.MultiIndex.from_arrays([columns["Z"], columns["N"]], names=["Z", "N"])
    if not index.is_unique:
        z, n = index[index.duplicated()][0]
        raise DataError(f"Z = {z}, N = {n} comes twice; expected each nuclide once.")
    return index


def numbers(nuclei: pd.Index) -> tuple[IntArray, IntArray]:
    """Proton and neutron numbers of an index (Z, N); arrays (nucleus,).

    Raises
    ------
    DataError
        If it has other levels.

    Examples
    --------
    >>> from bmm.nuclides import numbers
    >>> Z, N = numbers(nuclide_index([50, 82], [82, 126]))
    >>> Z + N
    array([132, 208])
    """
    if list(nuclei.names) != ["Z", "N"]:
        raise DataError(f"nuclei must be indexed by (Z, N), not by {quoted(tuple(nuclei.names))}")
    Z, N = (nuclei.get_level_values(level).to_numpy(dtype=np.int64) for level in ("Z", "N"))
    return Z, N


def _integers(name: str, values: np.ndarray) -> np.ndarray:
    if values.size and not (
        np.issubdtype(values.dtype, np.number) and np.array_equal(values, np.round(values))
    ):
        raise DataError(f"{name} must be whole numbers.")
    return values.astype(np.int64)


def chosen_nuclides(nuclides: Nuclides, available: pd.MultiIndex | None = None) -> pd.MultiIndex:
    """Return the nuclei that an argument names, in any of the ways below.

    Parameters
    ----------
    nuclides : str, (int, int), Index, or sequence of these
        A name as `parse_nuclide` reads it, a pair (Z, N), an index (Z, N) or of names, or several
        of these.  Where there are nuclei to choose from, also chains as `select_nuclei` reads them.
    available : pandas.MultiIndex, optional
        Nuclei to choose from, levels "Z" and "N".

    Returns
    -------
    pandas.MultiIndex
        Levels "Z" and "N", each nucleus once, in the order they are asked for.

    Raises
    ------
    DomainError
        If nothing is asked for, or something that names no nuclide.

    Examples
    --------
    >>> from bmm.nuclides import chosen_nuclides
    >>> chosen_nuclides(["Sn-132", (82, 126)]).tolist()
    [(50, 82), (82, 126)]
    """
    if isinstance(nuclides, pd.MultiIndex):
        if list(nuclides.names) not in (["Z", "N"], [None, None]):
            raise DomainError(
                f"nuclei are indexed by {quoted(tuple(nuclides.names))}, not by (Z, N)"
            )
        return nuclide_index(*(nuclides.get_level_values(level) for level in (0, 1)))
    found: dict[tuple[int, int], None] = {}
    for each in _listed(nuclides):
        if (
            isinstance(each, str)
            and available is not None
            and _CHAIN.fullmatch(each.replace(" ", ""))
        ):
            found |= dict.fromkeys(select_nuclei(each, available))
        else:
            found[_pair(each)] = None
    if not found:
        raise DomainError("no nucleus is asked for: expected at least one, such as 'Sn-132'")
    return nuclide_index(*zip(*found, strict=True))


def _listed(nuclides: Any) -> list[Any]:
    """Return the parts of a selection: one name or pair, or several."""
    if isinstance(nuclides, str):
        return [nuclides]
    if not isinstance(nuclides, Iterable) or isinstance(nuclides, (pd.DataFrame, Mapping)):
        raise DomainError(
            f"{quoted(nuclides)} is no nuclide; expected such as 'Sn-132' or (50, 82)"
        )
    parts = list(nuclides)
    pair = len(parts) == 2 and all(isinstance(each, (int, np.integer)) for each in parts)
    return [tuple(parts)] if pair else parts


def _pair(nuclide: Any) -> tuple[int, int]:
    if isinstance(nuclide, str):
        return parse_nuclide(nuclide)
    try:
        Z, N = nuclide
        return parse_nuclide(f"{operator.index(Z)},{operator.index(N)}")
    except (TypeError, ValueError) as error:
        raise DomainError(
            f"{quoted(nuclide)} is no nuclide; expected such as 'Sn-132' or (50, 82)"
        ) from error


def select_nuclei(selection: str, available: pd.MultiIndex) -> pd.MultiIndex:
    """Return the available nuclei that a short text selects.

    Parameters
    ----------
    selection : str
        A nuclide ("Sn-132", "50,82") or a chain: "Z=50", "N=82", "A=132", or a range of chains
        such as "Z=50-52".
    available : pandas.MultiIndex
        Nuclei to choose from, levels "Z" and "N".

    Returns
    -------
    pandas.MultiIndex
        The selected part of `available`, in its order; never empty.

    Raises
    ------
    DomainError
        If the text is not understood, or selects nothing.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index, select_nuclei
    >>> available = nuclide_index([49, 50, 50, 51], [82, 80, 82, 82])
    >>> select_nuclei("N=82", available).tolist()
    [(49, 82), (50, 82), (51, 82)]
    >>> select_nuclei("Z=50-51", available).tolist()
    [(50, 80), (50, 82), (51, 82)]
    """
    Z = available.get_level_values("Z").to_numpy()
    N = available.get_level_values("N").to_numpy()
    if chain := _CHAIN.fullmatch(selection.replace(" ", "")):
        first = int(chain["first"])
        last = int(chain["last"] or first)
        number = {"Z": Z, "N": N, "A": Z + N}[chain["axis"].upper()]
        chosen = (number >= first) & (number <= last)
    else:
        chosen = np.asarray(available.isin([parse_nuclide(selection)]))
    if not chosen.any():
        raise DomainError(
            f"{quoted(selection)} selects none of the {len(available)} available nuclei."
        )
    selected: pd.MultiIndex = available[chosen]
    return selected
