"""Families of promoted occupations: intermediate HO and spin-orbit (EI) excitations.

A configuration (k_pi, k_nu) of a family promotes k_pi protons and k_nu neutrons of the natural
filling across a closure.  Negative occupations are formal: they are allowed, and needed.

References
----------
.. [1] M. Storbaeck and C. Qi, Commun. Phys. (2026), doi:10.1038/s42005-026-02636-1: the idea of
   several configurations, promoted into HO or spin-orbit structures, from one compact formula.
.. [2] J. Duflo and A. P. Zuker, private communication to AMDC (1996), du_zu_10.feb96: the rule for
   four nucleons, HO(4,4), that the families generalise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np

from bmm.errors import ConfigError
from bmm.theory.duflo_zuker.filling import Filling, FloatArray, IntArray, natural_filling

__all__ = ["Family", "PromotedFilling", "promote"]

Family = Literal["SO", "SO-core", "SO-up", "HO"]
"""Which closure the promoted nucleons cross.

- ``SO``: j_p -> r_p, the EI closure that splits the HO shell p of the last nucleon;
- ``SO-core``: from the intruder j_q below the EI shell (r_q, j_{q+1}) of the last nucleon into
  its sub-shell (for n <= 2 there is none below, and nothing moves);
- ``SO-up``: from the last nucleon's sub-shell into r_{q+1} of the next EI shell;
- ``HO``: from the last sub-shell into the next one (DZ10's own rule; r_p -> j_{p+1} crosses the
  HO closure).
"""


@dataclass(frozen=True, slots=True)
class PromotedFilling:
    """Occupations after a promotion, tabulated for n = 0 ... ``HIGHEST_NUMBER``.

    Parameters
    ----------
    occupation : array (n, sub-shell)
        Nucleons in each sub-shell.
    deformation : array (n,)
        The species' factor q' of the deformed neutron-proton quadrupole term.
    """

    occupation: FloatArray
    deformation: FloatArray


@cache
def promote(family: Family, k: int) -> PromotedFilling:
    """Promote k nucleons of one species.

    Parameters
    ----------
    family : {"SO", "SO-core", "SO-up", "HO"}
        Where the nucleons come from and go to.
    k : int
        How many; 0 leaves the natural filling.

    Raises
    ------
    ConfigError
        If the family is unknown or k is negative.
    """
    if family not in get_args(Family):
        raise ConfigError(
            f"unknown occupation family {family!r}: expected one of {', '.join(get_args(Family))}"
        )
    if k < 0:
        raise ConfigError(f"cannot promote {k} nucleons: expected 0 or more")
    natural = natural_filling()
    n_v, size = natural.valence, natural.size
    if family == "HO":
        left = np.where(natural.in_j, n_v, n_v - k)
        pairs = left * (size - left - k)
    else:
        pairs = (n_v - k) * (size - n_v)
    source, target = _route(natural, family)
    occupation = natural.occupation.copy()
    rows = np.arange(len(occupation))
    occupation[rows, source] -= k
    occupation[rows, target] += k
    return PromotedFilling(occupation=occupation, deformation=pairs / size**1.5)


def _route(natural: Filling, family: Family) -> tuple[IntArray, IntArray]:
    """Positions of the sub-shells that lose and gain the promoted nucleons."""
    last, p = natural.last, natural.shell
    q = np.where(natural.in_j, p - 1, p)  # the EI shell of the last nucleon is (r_q, j_{q+1})
    match family:
        case "SO":
            return 2 * p, 2 * p + 1
        case "SO-core":
            return np.maximum(2 * q, 0), last
        case "SO-up":
            return last, 2 * (q + 1) + 1
        case "HO":
            return last, last + 1
