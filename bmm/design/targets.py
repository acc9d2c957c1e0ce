"""Targets of a measurement: masses, energies along a chain or a path, a drip line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray
from bmm.design.linear_form import LinearForm
from bmm.design.selection import chosen_nuclei
from bmm.errors import ConfigError, DomainError
from bmm.nuclides import MAX_Z, numbers, symbol
from bmm.prediction.derived import QUANTITIES, partners
from bmm.prediction.forecast import Forecast

__all__ = ["DripLine", "Energies", "read_target"]

_MASSES = "masses"
_DRIP = "drip-line"


@dataclass(frozen=True)
class Energies:
    """Masses, or sums of masses, of which at least one part of each is not measured.

    Parameters
    ----------
    name : str
        As it was asked for.
    quantity : str
        "masses", or a key of `bmm.prediction.derived.QUANTITIES`.
    nuclei : MultiIndex (Z, N)
        Whose energies these are.
    form : LinearForm
        What the unmeasured masses contribute.
    known_variance : array (nucleus,)
        What the measured ones contribute to the variance, MeV^2.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`, one unmeasured mass:

    >>> from bmm.design.targets import read_target
    >>> target = read_target("masses Sn-140", even)
    >>> target.form.uncertain.tolist(), target.known_variance.tolist()
    ([[1.0]], [0.0])
    """

    name: str
    quantity: str
    nuclei: pd.MultiIndex
    form: LinearForm
    known_variance: FloatArray


@dataclass(frozen=True)
class DripLine:
    """Neutron number of an element's outermost bound isotope.

    Parameters
    ----------
    name : str
        As it was asked for.
    Z : int
        The element.
    side : {"neutron", "proton"}
        Of the heaviest or of the lightest isotope.
    nuclei : MultiIndex (Z, N)
        Unmeasured nuclei whose masses decide it.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`:

    >>> from bmm.design.targets import read_target
    >>> line = read_target("drip-line Sn", even)
    >>> line.Z, line.side
    (50, 'neutron')
    """

    name: str
    Z: int
    side: Literal["neutron", "proton"]
    nuclei: pd.MultiIndex


def read_target(text: str, forecast: Forecast) -> Energies | DripLine:
    """Read a target.

    Parameters
    ----------
    text : str
        A kind and what it is wanted for.  The kind is "masses", a quantity of
        `bmm.prediction.derived.QUANTITIES` such as "S_2n", or "drip-line"; nuclei are written as
        for `bmm.design.selection.chosen_nuclei`: "masses Z=50-60 N=90-100", "S_2n Z=50",
        "S_1n path.csv".  A drip line has an element and, if not the neutrons', a side:
        "drip-line Z=20", "drip-line Ca proton".
    forecast : Forecast
        Of all masses.

    Raises
    ------
    ConfigError
        If there is no such kind.
    DomainError
        If no nucleus is left whose value is uncertain and can be predicted.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`:

    >>> from bmm.design.targets import read_target
    >>> target = read_target("S_2n Sn-140 Sn-142", even)
    >>> target.quantity, target.nuclei.tolist()
    ('S_2n', [(50, 90), (50, 92)])
    """
    kind, _, rest = text.strip().partition(" ")
    if kind == _DRIP:
        return _drip_line(text, rest, forecast)
    if kind != _MASSES and kind not in QUANTITIES:
        raise ConfigError(
            f"target {text!r}: expected it to begin with one of {_MASSES}, "
            f"{', '.join(QUANTITIES)}, {_DRIP}"
        )
    nuclei = chosen_nuclei(rest, forecast.index, "target")
    return _energies(text, kind, nuclei, forecast.index, forecast.known_masses)


def _energies(
    name: str, kind: str, nuclei: pd.MultiIndex, every: pd.MultiIndex, measured: pd.DataFrame
) -> Energies:
    if kind == _MASSES:
        at = every.get_indexer(nuclei)[:, None]
        coefficients = np.ones(1)
    else:
        at = partners(kind, every)[every.get_indexer(nuclei)]
        coefficients = np.array([each for _, _, each in QUANTITIES[kind].terms], dtype=float)
    uncertainty = measured["mass_excess_uncertainty"].reindex(every).to_numpy(dtype=float)
    known = np.isfinite(uncertainty)
    kept = (at >= 0).all(axis=1) & ~known[at].all(axis=1)
    if not kept.any():
        raise DomainError(
            f"target {name!r}: expected a nucleus whose {kind} is not measured and can be "
            f"predicted; of the {len(nuclei)} selected, {int((at < 0).any(axis=1).sum())} need a "
            "mass that no model covers"
        )
    at = at[kept]
    squares = np.where(known[at], np.nan_to_num(uncertainty)[at] ** 2, 0.0)
    enter = np.unique(at[~known[at]])
    rows = np.where(known[at], -1, np.searchsorted(enter, at))
    factors = np.broadcast_to(coefficients, at.shape)
    return Energies(
        name,
        kind,
        nuclei[kept],
        LinearForm(every[enter], rows, factors),
        (factors**2 * squares).sum(axis=1),
    )


def _drip_line(name: str, rest: str, forecast: Forecast) -> DripLine:
    element, _, side = rest.strip().partition(" ")
    side = side.strip() or "neutron"
    if side not in ("neutron", "proton"):
        raise ConfigError(f"target {name!r}: expected the side neutron or proton, not {side!r}")
    Z = _proton_number(name, element)
    every, measured = forecast.index, forecast.known_masses
    protons = numbers(every)[0]
    predicted = every[~every.isin(measured.index)].get_level_values("Z")
    if Z not in predicted:
        raise DomainError(
            f"target {name!r}: the chart of these models has no isotope of {symbol(Z)} that is not "
            f"measured; expected an element with Z from {predicted.min()} to {predicted.max()}"
        )
    # S_1p and S_2p need the elements below.
    chain = every[(protons <= Z) & (protons >= Z - 2) & ~every.isin(measured.index)]
    ends = numbers(measured.index[measured.index.get_level_values("Z") == Z])[1]
    # What lies on the other side of the measured isotopes has no part in it.
    Ns = numbers(chain)[1]
    if len(ends):
        chain = chain[Ns > ends.min()] if side == "neutron" else chain[Ns < ends.max()]
    if chain.empty or not (numbers(chain)[0] == Z).any():
        raise DomainError(
            f"target {name!r}: every isotope of {symbol(Z)} that the models predict on this side "
            "is measured"
        )
    return DripLine(name, Z, "neutron" if side == "neutron" else "proton", chain)


def _proton_number(name: str, element: str) -> int:
    """Read "Z=20" or "Ca"."""
    symbols = {symbol(Z).casefold(): Z for Z in range(1, MAX_Z + 1)}
    numbered = {f"z={Z}": Z for Z in symbols.values()}
    found = (symbols | numbered).get(element.casefold())
    if found is None:
        raise DomainError(
            f"target {name!r}: {element!r} names no element; expected one such as 'Z=20' or 'Ca'"
        )
    return found
