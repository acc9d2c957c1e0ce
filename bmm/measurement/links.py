"""How an evaluation connects masses: a tree of links.

Most masses of the Atomic Mass Evaluation are connected to a neighbour by a decay or reaction
energy.  The error of a stated mass, e_i = true - stated, is then a share of that of the neighbour
it is connected to (its parent) plus the error of the link,

    e_i = b_i e_parent(i) + l_i,        e = S l,        S = (1 - B)^-1.

The stated correlation rho_i of the two masses determines both the share, b_i = rho_i u_i /
u_parent, and the stated standard deviation of the link, s_i = u_i (1 - rho_i^2)^(1/2), so that the
tree has every stated uncertainty u_i.  How the evaluation adjusts masses: Huang et al., Chinese
Phys. C 45, 030002 (2021), doi:10.1088/1674-1137/abddb0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from bmm.arrays import FloatArray, IntArray
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import numbers

__all__ = ["KINDS", "Links", "link_masses", "stated_covariance"]

KINDS = (
    "beta-",
    "beta+",
    "direct, neutron-rich",
    "direct, proton-rich",
    "reaction",
    "primary",
    "alpha",
)
"""How a mass is connected, by its origin in AME; direct measurements also by the side of
stability."""

_KIND = {"+": 0, "++": 0, "-": 1, "--": 1, "": 5, "+a": 6, "-a": 6}
_DIRECT, _REACTION = "x", 4
# Weaker correlations are not links.
_LEAST_CORRELATION = 0.3
# Differences are printed to 0.01 keV: smaller uncertainties (MeV) do not determine a correlation.
_LEAST_UNCERTAINTY = 1e-3
# Error of a correlation by rounding.
_ROUNDING = 0.02
# Smallest variance of a link, as a share of the variance of its mass.
_LEAST_SHARE = 1e-4


@dataclass(frozen=True, eq=False)
class Links:
    """The tree of links of n measured masses.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei.
    mass, u : array (n,)
        Stated mass excess and its uncertainty, MeV.
    kind : int array (n,)
        Position in `KINDS`.
    parent : int array (n,)
        Row of the mass that each is tied to; -1 for none.
    coefficient : array (n,)
        Share b of the parent's error that each has.
    sd : array (n,)
        Stated standard deviation s of the link, MeV.
    spread : sparse array (n, n)
        S: errors of masses from errors of links.

    Examples
    --------
    Most masses are linked to a more precise neighbour:

    >>> from bmm.data import load_differences
    >>> from bmm.measurement.links import link_masses
    >>> links = link_masses(bmm.load_measured("AME2003").loc[50:51], load_differences("AME2003"))
    >>> len(links.nuclei), bool((links.parent >= 0).mean() > 0.5)
    (60, True)
    """

    nuclei: pd.MultiIndex
    mass: FloatArray
    u: FloatArray
    kind: IntArray
    parent: IntArray
    coefficient: FloatArray
    sd: FloatArray
    spread: sparse.csr_array

    @property
    def covariance(self) -> FloatArray:
        """Covariance (n, n) of the masses if the errors of all links are as stated, MeV^2."""
        return np.asarray((self.spread @ sparse.diags_array(self.sd**2) @ self.spread.T).toarray())


def link_masses(masses: pd.DataFrame, differences: pd.DataFrame) -> Links:
    """Link every mass to the more precise neighbour that it is correlated with most.

    Parameters
    ----------
    masses : DataFrame
        Indexed (Z, N), with columns mass_excess, mass_excess_uncertainty (MeV) and origin; see
        `bmm.data.load_measured`.
    differences : DataFrame
        Stated uncertainties of differences of masses; see `bmm.data.load_differences`.

    Examples
    --------
    >>> from bmm.data import load_differences, load_measured
    >>> from bmm.measurement.links import KINDS, link_masses
    >>> masses = load_measured("AME2003").loc[[(50, 84), (51, 83)]]  # Sn-134 and Sb-134
    >>> links = link_masses(masses, load_differences("AME2003"))
    >>> links.parent, [KINDS[each] for each in links.kind], links.u.round(3), links.sd.round(3)
    (array([ 1, -1]), ['beta-', 'beta-'], array([0.1  , 0.043]), array([0.09 , 0.043]))
    """
    Z, N = numbers(masses.index)
    u = masses["mass_excess_uncertainty"].to_numpy(dtype=np.float64)
    n = len(u)
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(u, kind="stable")] = np.arange(n)
    first, second, covariance = _covariances(masses, differences)
    later = np.where(place[first] < place[second], second, first)
    earlier = np.where(place[first] < place[second], first, second)
    precise = (u[earlier] > 0) & (u[later] >= _LEAST_UNCERTAINTY)
    rho = np.divide(covariance, u[first] * u[second], out=np.zeros(len(first)), where=precise)
    parent, best = np.full(n, -1), np.zeros(n)
    for i, j, each in zip(later.tolist(), earlier.tolist(), rho.tolist(), strict=True):
        if _LEAST_CORRELATION < each <= 1 + _ROUNDING and min(each, 1.0) > best[i] + 1e-9:
            best[i], parent[i] = min(each, 1.0), j
    tied = np.flatnonzero(parent >= 0)
    coefficient = np.zeros(n)
    coefficient[tied] = best[tied] * u[tied] / u[parent[tied]]
    return Links(
        nuclide_index(Z, N),
        masses["mass_excess"].to_numpy(dtype=np.float64),
        u,
        _kinds(masses["origin"], Z, N),
        parent,
        coefficient,
        u * np.sqrt(np.maximum(1 - best**2, _LEAST_SHARE)),
        spread_of(parent, coefficient),
    )


def stated_covariance(masses: pd.DataFrame, differences: pd.DataFrame) -> sparse.csr_array:
    """Covariances that an evaluation states, (u_i^2 + u_j^2 - u_ij^2) / 2.

    Parameters
    ----------
    masses, differences : DataFrame
        As for `link_masses`.

    Returns
    -------
    sparse array (n, n)
        MeV^2; pairs whose difference is not printed have none.

    Examples
    --------
    >>> from bmm.data import load_differences
    >>> from bmm.measurement.links import stated_covariance
    >>> tin = bmm.load_measured("AME2003").loc[50:50]
    >>> covariance = stated_covariance(tin, load_differences("AME2003")).toarray()
    >>> u = tin["mass_excess_uncertainty"].to_numpy()
    >>> abs(covariance.diagonal() - u**2).max() < 1e-6
    np.True_
    """
    first, second, covariance = _covariances(masses, differences)
    n = len(masses)
    above = sparse.csr_array((covariance, (first, second)), shape=(n, n))
    variance = masses["mass_excess_uncertainty"].to_numpy(dtype=np.float64) ** 2
    return (above + above.T + sparse.diags_array(variance)).tocsr()


def _covariances(
    masses: pd.DataFrame, differences: pd.DataFrame
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows of both nuclei of each printed difference, and their covariance (MeV^2)."""
    first, second = (
        masses.index.get_indexer(pd.MultiIndex.from_frame(differences[columns]))
        for columns in (["Z", "N"], ["Z_other", "N_other"])
    )
    both = (first >= 0) & (second >= 0)
    first, second = first[both], second[both]
    variance = masses["mass_excess_uncertainty"].to_numpy(dtype=np.float64) ** 2
    of_difference = differences["uncertainty"].to_numpy(dtype=np.float64)[both] ** 2
    return first, second, 0.5 * (variance[first] + variance[second] - of_difference)


def _kinds(origin: pd.Series[str], Z: IntArray, N: IntArray) -> IntArray:
    """Position in `KINDS` of each mass; the stable Z of an A is that of a liquid drop."""
    A = Z + N
    neutron_rich = A / (1.98 + 0.0155 * A ** (2 / 3)) > Z
    found = [
        (2 if rich else 3) if each == _DIRECT else _KIND.get(each, _REACTION)
        for each, rich in zip(origin, neutron_rich, strict=True)
    ]
    return np.array(found, dtype=np.int64)


def spread_of(parent: IntArray, coefficient: FloatArray) -> sparse.csr_array:
    """Errors of masses from errors of links, S = 1 + B + B^2 + ...

    The sum is finite, as parents are more precise.

    Parameters
    ----------
    parent : int array (n,)
        Row of the mass that each is tied to; -1 for none.
    coefficient : array (n,)
        Share of the parent's error that each has.
    """
    n = len(parent)
    tied = np.flatnonzero(parent >= 0)
    B = sparse.csr_array((coefficient[tied], (tied, parent[tied])), shape=(n, n))
    term = spread = sparse.eye_array(n, format="csr")
    while term.nnz:
        term = term @ B
        spread = spread + term
    return spread.tocsr()
