"""Errors of the links of earlier evaluations, as later ones have revealed them.

In units of the stated standard deviation s_i, the error of a link of kind k at x = (Z, N) is

    l_i / s_i = delta_k + sigma_k t_i + h(x_i),     t_i ~ Student-t(nu),
    h ~ GP(0, tau^2 exp[-(dZ^2 + dN^2) / 2 rho^2]),

with heavy tails, a shift (delta > 0: the stated mass is too low), and an error h that neighbours
share.  All of it is learnt from links that a later evaluation has remeasured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize

from bmm.arrays import FloatArray, IntArray
from bmm.data import earlier_evaluations, load_differences, load_measured
from bmm.errors import DataError
from bmm.measurement.links import KINDS, Links, link_masses
from bmm.measurement.scale_mixture import student_t_mixture
from bmm.theory.adapters import Domain

__all__ = [
    "LinkErrors",
    "earlier_revisions",
    "learn_link_errors",
    "revised_links",
    "shared_covariance",
]

# Remeasured: the later uncertainty is at most this share of the earlier one.
_SHRUNK = 0.5
# Links stated to be better than 10 keV are not informative about those that are relevant here.
_LEAST_SD = 0.01
_FEWEST = 20
_NUCLEI = Domain(Z=(8, 100), N=(8, 320))

# Priors: log nu ~ N(log 3, 1), log sigma ~ N(0, 1), then kind by kind around what all have in
# common log sigma_k ~ N(log sigma, 0.5) and delta_k ~ N(0, 0.5).
_NU, _KIND_SCALE, _KIND_SHIFT = 3.0, 0.5, 0.5
# Neighbours are revised together: the likelihood of a kind counts half.
_WEIGHT = 0.5
# tau and rho are learnt from pairs of revisions up to this distance, standardised and clipped.
_NEIGHBOURS, _CLIP = 8.0, 3.0
_LENGTHS = np.arange(1, 6.01, 0.25)


@dataclass(frozen=True, eq=False)
class LinkErrors:
    """Distribution of the errors of links, in units of their stated standard deviations.

    Parameters
    ----------
    nu : float
        Degrees of freedom of the Student-t.
    scale, shift : array (kind,)
        sigma_k and delta_k of `bmm.measurement.links.KINDS`.
    shared, length : float
        tau, and rho in nucleons.
    revised : int array (kind,)
        Number of revised links it is learnt from.

    Examples
    --------
    Errors that neighbours share fall off with their distance:

    >>> import numpy as np
    >>> from bmm.measurement.link_errors import LinkErrors
    >>> from bmm.measurement.links import KINDS
    >>> kinds = len(KINDS)
    >>> law = LinkErrors(3.0, np.ones(kinds), np.zeros(kinds), 0.5, 4.0, np.full(kinds, 30))
    >>> Z, N = np.array([50, 50]), np.array([82, 86])
    >>> law.shared_covariance(Z, N, np.array([0.1, 0.1])).round(5)
    array([[0.0025 , 0.00152],
           [0.00152, 0.0025 ]])
    """

    nu: float
    scale: FloatArray
    shift: FloatArray
    shared: float
    length: float
    revised: IntArray

    @property
    def facts(self) -> dict[str, Any]:
        """The same as plain values."""
        kinds = {
            name: {"delta": shift, "sigma": scale, "revised": revised}
            for name, shift, scale, revised in zip(
                KINDS, self.shift.tolist(), self.scale.tolist(), self.revised.tolist(), strict=True
            )
        }
        return {"nu": self.nu, "tau": self.shared, "rho": self.length, "kinds": kinds}

    def shared_covariance(self, Z: IntArray, N: IntArray, sd: FloatArray) -> FloatArray:
        """Covariance (n, n) of the shared part of the errors of links, MeV^2.

        Parameters
        ----------
        Z, N : int array (n,)
            Nuclei of the links.
        sd : array (n,)
            Their stated standard deviations, MeV.
        """
        return shared_covariance(Z, N, self.shared * sd, self.length)


def shared_covariance(Z: IntArray, N: IntArray, sd: FloatArray, length: float) -> FloatArray:
    """Covariance (n, n) of errors that neighbours share, MeV^2.

    Parameters
    ----------
    Z, N : int array (n,)
        Nuclei.
    sd : array (n,)
        Standard deviations of what they share, MeV.
    length : float
        Length scale over which they share it, nucleons.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.measurement.link_errors import shared_covariance
    >>> Z, N = np.array([50, 50]), np.array([82, 86])
    >>> shared_covariance(Z, N, np.array([0.1, 0.2]), 4.0).round(4)
    array([[0.01  , 0.0121],
           [0.0121, 0.04  ]])
    """
    apart = (Z[:, None] - Z) ** 2 + (N[:, None] - N) ** 2
    shared = np.exp(-0.5 * apart / length**2)
    shared *= sd[:, None]
    shared *= sd
    return np.asarray(shared)


@lru_cache(maxsize=16)
def learn_link_errors(evaluation: str) -> LinkErrors:
    """Learn from all pairs of consecutive evaluations up to one.

    Parameters
    ----------
    evaluation : str
        The last of them; its own errors are not known yet.

    Raises
    ------
    DataError
        If fewer than 20 links have been remeasured by then.
    """
    data = earlier_revisions(evaluation)
    if len(data) < _FEWEST:
        raise DataError(
            f"{len(data)} links of earlier evaluations were remeasured by {evaluation}: "
            f"expected at least {_FEWEST} to learn from"
        )
    shared, length = _shared(data)
    nu, common = _common(data, shared)
    scale, shift, revised = (np.empty(len(KINDS)) for _ in range(3))
    for k in range(len(KINDS)):
        own = data[data["kind"] == k]
        revised[k] = len(own)
        scale[k], shift[k] = _of_kind(own, nu, common, shared)
    return LinkErrors(nu, scale, shift, shared, length, revised.astype(np.int64))


def earlier_revisions(evaluation: str) -> pd.DataFrame:
    """Revised links of every evaluation before one, each by the next.

    Parameters
    ----------
    evaluation : str
        Shipped; its masses are the last revisions.

    Returns
    -------
    DataFrame
        As from `revised_links`, with the column transition, a number for each pair.
    """
    pairs = pairwise((*earlier_evaluations(evaluation), evaluation))
    found = [_transition(*pair).assign(transition=i) for i, pair in enumerate(pairs)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


@lru_cache
def _transition(earlier: str, later: str) -> pd.DataFrame:
    masses = load_measured(earlier)
    masses = masses[_NUCLEI.covers(masses.index)]
    return revised_links(link_masses(masses, load_differences(earlier)), load_measured(later))


def revised_links(earlier: Links, later: pd.DataFrame) -> pd.DataFrame:
    """Errors of the links of masses that a later evaluation has remeasured.

    Parameters
    ----------
    earlier : Links
        Of the evaluation that is revised.
    later : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Returns
    -------
    DataFrame
        Z, N, kind, error and sd of the link, and u, the later uncertainty (MeV).

    Examples
    --------
    Masses of AME2003 that AME2020 has remeasured:

    >>> import bmm
    >>> from bmm.data import load_differences
    >>> from bmm.measurement.link_errors import revised_links
    >>> from bmm.measurement.links import link_masses
    >>> earlier = link_masses(bmm.load_measured("AME2003").loc[50:52], load_differences("AME2003"))
    >>> revised = revised_links(earlier, bmm.load_measured("AME2020"))
    >>> list(revised)
    ['Z', 'N', 'kind', 'error', 'sd', 'u']
    """
    new = later[["mass_excess", "mass_excess_uncertainty"]].reindex(earlier.nuclei)
    error = new["mass_excess"].to_numpy() - earlier.mass
    tied = earlier.parent >= 0
    link = error - np.where(tied, earlier.coefficient * error[earlier.parent], 0.0)
    u = new["mass_excess_uncertainty"].to_numpy()
    kept = (u < _SHRUNK * earlier.u) & np.isfinite(link) & (earlier.sd > _LEAST_SD)
    frame = earlier.nuclei.to_frame(index=False)
    frame = frame.assign(kind=earlier.kind, error=link, sd=earlier.sd, u=u)
    return frame[kept].reset_index(drop=True)


def _shared(data: pd.DataFrame) -> tuple[float, float]:
    """Tau and rho that describe the products of revisions of neighbours best (least squares)."""
    z = np.clip((data["error"] / data["sd"]).to_numpy(), -_CLIP, _CLIP)
    z = z - z.mean()
    pairs = np.triu_indices(len(z), 1)
    Z, N, transition = (data[name].to_numpy() for name in ("Z", "N", "transition"))
    distance = np.hypot(Z[:, None] - Z, N[:, None] - N)[pairs]
    near = (transition[:, None] == transition)[pairs] & (distance > 0) & (distance <= _NEIGHBOURS)
    product, distance = np.outer(z, z)[pairs][near], distance[near]
    best = (np.inf, 0.0, 1.0)
    for length in _LENGTHS:
        shape = np.exp(-0.5 * (distance / length) ** 2)
        variance = max(float(product @ shape / (shape @ shape)), 0.0)
        misfit = float(((product - variance * shape) ** 2).sum())
        best = min(best, (misfit, float(np.sqrt(variance)), float(length)))
    return best[1], best[2]


def _common(data: pd.DataFrame, shared: float) -> tuple[float, float]:
    """Nu and sigma of links of every kind together, without a shift."""

    def cost(x: FloatArray) -> float:
        prior = 0.5 * (x[0] - np.log(_NU)) ** 2 + 0.5 * x[1] ** 2
        return float(prior - _log_likelihood(data, np.exp(x[0]), np.exp(x[1]), 0.0, shared))

    found = optimize.minimize(cost, [np.log(2), 0.0], method="Nelder-Mead")
    return float(np.exp(found.x[0])), float(np.exp(found.x[1]))


def _of_kind(data: pd.DataFrame, nu: float, common: float, shared: float) -> tuple[float, float]:
    """sigma_k and delta_k of links of one kind; the prior's if there are none."""

    def cost(x: FloatArray) -> float:
        prior = 0.5 * ((x[0] - np.log(common)) / _KIND_SCALE) ** 2
        prior += 0.5 * (x[1] / _KIND_SHIFT) ** 2
        return float(prior - _WEIGHT * _log_likelihood(data, nu, np.exp(x[0]), x[1], shared))

    found = optimize.minimize(cost, [np.log(common), 0.0], method="Nelder-Mead")
    return float(np.exp(found.x[0])), float(found.x[1])


def _log_likelihood(
    data: pd.DataFrame, nu: float, scale: float, shift: float, shared: float
) -> float:
    """Log likelihood of errors of links, one by one; the later uncertainty is normal noise."""
    weight, widening = student_t_mixture(nu)
    s, error, u = (data[name].to_numpy()[:, None] for name in ("sd", "error", "u"))
    variance = s**2 * (scale**2 * widening + shared**2) + u**2
    density = np.exp(-0.5 * (error - shift * s) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    return float(np.log((weight * density).sum(axis=1) + 1e-300).sum())
