"""What the mass of any nucleus is expected to be: as measured, by models, or by a liquid drop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bmm.arrays import FloatArray, IntArray
from bmm.conversions import binding_energy, mass_excess
from bmm.data.evaluations import load_evaluation
from bmm.data.liquid_drop import fit_liquid_drop, liquid_drop_energy
from bmm.data.theory_tables import load_theory
from bmm.nuclides import MAX_N, MAX_Z

__all__ = ["ExpectedMasses", "Source", "expected_masses"]

_MODELS = ("FRDM2012", "HFB24", "WS4", "DZ28", "KTUY05")
_LIGHTEST = 8
_SIZE = MAX_Z + MAX_N + 2  # numbers may be swapped, shifted by one, or that of all nucleons


class Source(IntEnum):
    """What an expected mass comes from, the most certain first."""

    MEASURED = 0
    """AME2020, as measured."""
    ESTIMATED = 1
    """AME2020, from trends of the mass surface."""
    MODELS = 2
    """Median of shipped models of the whole chart."""
    LIQUID_DROP = 3
    """A liquid drop fitted to all of these."""


@dataclass(frozen=True)
class ExpectedMasses:
    """Masses of some nuclei, as far as they are known.

    Parameters
    ----------
    mass_excess : array (nucleus,)
        Atomic mass excess, MeV.
    source : int array (nucleus,)
        Values of `Source`.
    """

    mass_excess: FloatArray
    source: NDArray[np.int8]


def expected_masses(Z: IntArray, N: IntArray) -> ExpectedMasses:
    """Look up, or estimate, the masses of any nuclei.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers up to 460; neither negative nor both 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.data.expected_masses import expected_masses
    >>> expected_masses(np.array([50]), np.array([82])).mass_excess
    array([-76.546554])
    """
    masses, source, coefficients = _known()
    drop = mass_excess(Z, N, liquid_drop_energy(Z, N, coefficients))
    found = source[Z, N]
    return ExpectedMasses(np.where(found == Source.LIQUID_DROP, drop, masses[Z, N]), found)


@cache
def _known() -> tuple[FloatArray, NDArray[np.int8], FloatArray]:
    """Masses (Z, N) and their sources, and the coefficients of the drop fitted to them."""
    measured = load_evaluation("AME2020", estimated=True)
    models = pd.concat([load_theory(name)["mass_excess"] for name in _MODELS], axis=1)
    masses = np.full((_SIZE, _SIZE), np.nan)
    source = np.full((_SIZE, _SIZE), Source.LIQUID_DROP, dtype=np.int8)
    for table, kind in (
        (models.median(axis=1), Source.MODELS),
        (measured["mass_excess"][measured["estimated"]], Source.ESTIMATED),
        (measured["mass_excess"][~measured["estimated"]], Source.MEASURED),
    ):
        place = tuple(table.index.get_level_values(level).to_numpy() for level in "ZN")
        masses[place], source[place] = table.to_numpy(), kind
    Z, N = np.nonzero(source[_LIGHTEST:, _LIGHTEST:] != Source.LIQUID_DROP)
    Z, N = Z + _LIGHTEST, N + _LIGHTEST
    return masses, source, fit_liquid_drop(Z, N, binding_energy(Z, N, masses[Z, N]))
