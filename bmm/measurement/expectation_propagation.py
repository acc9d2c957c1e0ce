"""Expectation propagation for independent errors with heavy tails, observed with normal noise.

The observations of n links are r = y - S l, with y ~ N(0, K) and independent errors l_i, each a
mixture of normals of one mean c_i.  Expectation propagation (Minka, Proc. UAI 17, 362, 2001,
arXiv:1301.2294) replaces every mixture by a normal N(m_i, v_i), its site, such that the posterior
keeps the mean and the variance that the mixture would give it.  With C = K + S diag(v) S^T and q =
diag(S^T C^-1 S), the distribution of link i given everything else, its cavity, is

    N(m_i - [S^T C^-1 (r + S m)]_i / q_i,  1 / q_i - v_i).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from bmm.arrays import FloatArray
from bmm.gp.conditioning import cholesky, inverse_triangle, log_density, mirrored

__all__ = ["LinkPosterior", "MixturePrior", "match_moments"]

_DAMPING = 0.7
_ITERATIONS = 20
_TOLERANCE = 1e-3
# A site wider than the components that make up 99 % of the prior carries no information.
_WIDE = 0.01
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, eq=False)
class MixturePrior:
    """Priors of n links: mixtures of normals with the same weights.

    Parameters
    ----------
    weight : array (k,)
        Of the components.
    centre : array (n,)
        Mean of every component, MeV.
    variance : array (n, k)
        Of the components, MeV^2.

    Examples
    --------
    The product with a narrow normal keeps the component that it lies in:

    >>> import numpy as np
    >>> from bmm.measurement.expectation_propagation import MixturePrior
    >>> prior = MixturePrior(np.array([0.9, 0.1]), np.zeros(1), np.array([[0.01, 1.0]]))
    >>> share, means, variances = prior.tilted(np.array([1.0]), np.array([0.01]))
    >>> share.round(3), means.round(3)
    (array([[0., 1.]]), array([[0.5 , 0.99]]))
    """

    weight: FloatArray
    centre: FloatArray
    variance: FloatArray

    def tilted(self, mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, ...]:
        """Multiply by normals N(mean, variance), arrays (n,).

        Returns
        -------
        share, means, variances : array (n, k)
            Of the mixtures of normals that result.
        """
        total = self.variance + variance[:, None]
        off = (mean - self.centre)[:, None]
        log_share = np.log(self.weight) - 0.5 * np.log(total) - 0.5 * off**2 / total
        share = np.exp(log_share - log_share.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        gain = self.variance / total
        return share, self.centre[:, None] + gain * off, gain * variance[:, None]

    @property
    def widest(self) -> FloatArray:
        """Variance (n,) that 99 % of the prior are narrower than, MeV^2."""
        order = np.argsort(-self.variance[0])
        return self.variance[:, order[np.searchsorted(np.cumsum(self.weight[order]), _WIDE)]]


@dataclass(frozen=True, eq=False)
class LinkPosterior:
    """Posterior of the errors of links.

    Parameters
    ----------
    spread : sparse array (n, n)
        S.
    mean, variance : array (n,)
        m and v of the sites, MeV and MeV^2.
    precision : array (n, n)
        C^-1, 1 / MeV^2.
    pull : array (n,)
        C^-1 (r + S m), 1 / MeV.
    iterations : int
        Rounds of updates.
    converged : bool
        Whether the sites converged.
    """

    spread: sparse.csr_array
    mean: FloatArray
    variance: FloatArray
    precision: FloatArray
    pull: FloatArray
    iterations: int
    converged: bool

    @property
    def cavity(self) -> tuple[FloatArray, FloatArray]:
        """Mean and variance (n,) of each link by all else than its prior, MeV and MeV^2."""
        transposed = self.spread.T.tocsr()
        q = np.asarray(transposed.multiply(transposed @ self.precision).sum(axis=1)).ravel()
        mean = self.mean - (transposed @ self.pull) / q
        return mean, np.maximum(1 / q - self.variance, _LEAST_VARIANCE)


def match_moments(
    prior: MixturePrior,
    covariance: FloatArray,
    spread: sparse.csr_array,
    seen: FloatArray,
    unit: FloatArray,
    *,
    iterations: int = _ITERATIONS,
) -> LinkPosterior:
    """Find the sites.

    Parameters
    ----------
    prior : MixturePrior
        Of the n links.
    covariance : array (n, n)
        K, of the normal part of the observations, MeV^2.
    spread : sparse array (n, n)
        S.
    seen : array (n,)
        r, MeV.
    unit : array (n,)
        Unit in which changes of the sites are measured, MeV.
    iterations : int, default 20
        At most so many rounds; each costs a Cholesky decomposition and an inverse.

    Examples
    --------
    One normal link: the exact posterior has the mean -c r / (c + K) and the variance c K / (c + K):

    >>> import numpy as np
    >>> from scipy import sparse
    >>> from bmm.measurement.expectation_propagation import MixturePrior, match_moments
    >>> prior = MixturePrior(np.ones(1), np.zeros(1), np.array([[3.0]]))  # c = 3 MeV^2
    >>> found = match_moments(
    ...     prior, np.eye(1), sparse.csr_array(np.eye(1)), np.array([2.0]), np.ones(1)
    ... )
    >>> (found.mean - found.variance * found.pull).round(3), found.converged
    (array([-1.5]), True)
    """
    mean = prior.centre.copy()
    variance = np.exp(np.log(prior.variance) @ prior.weight)
    widest = prior.widest
    found = _normal_posterior(covariance, spread, mean, variance, seen)
    for round_ in range(1, iterations + 1):
        new_mean, new_variance = _sites(prior, widest, *found.cavity)
        share = (1 - _DAMPING) / variance + _DAMPING / new_variance
        moved = (1 - _DAMPING) * mean / variance + _DAMPING * new_mean / new_variance
        before = mean, variance
        mean, variance = moved / share, 1 / share
        step = np.abs(spread @ (mean - before[0])) / unit
        wider = np.abs(np.sqrt(variance) - np.sqrt(before[1])) / (unit + np.sqrt(before[1]))
        rests = bool(step.max() + wider.max() < _TOLERANCE)
        found = _normal_posterior(covariance, spread, mean, variance, seen, round_, rests)
        if rests:
            break
    return found


def _sites(
    prior: MixturePrior, widest: FloatArray, mean: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sites that give cavities N(mean, variance) the moments of prior times cavity."""
    share, means, variances = prior.tilted(mean, variance)
    tilted = (share * means).sum(axis=1)
    tilted_variance = (share * (variances + means**2)).sum(axis=1) - tilted**2
    tilted_variance = np.maximum(tilted_variance, 1e-14)
    precision = 1 / tilted_variance - 1 / variance
    says = precision > 1 / widest
    new_variance = np.where(says, 1 / np.where(says, precision, 1.0), widest)
    new_mean = new_variance * (tilted / tilted_variance - mean / variance)
    return np.where(says, new_mean, prior.centre), new_variance


def _normal_posterior(
    covariance: FloatArray,
    spread: sparse.csr_array,
    mean: FloatArray,
    variance: FloatArray,
    seen: FloatArray,
    iterations: int = 0,
    converged: bool = False,
) -> LinkPosterior:
    """Posterior when every prior is replaced by its site."""
    links = spread @ sparse.diags_array(variance) @ spread.T
    factor = cholesky(np.asfortranarray(covariance + links.toarray()))
    pull = log_density(factor, seen + spread @ mean)[1]
    precision = mirrored(inverse_triangle(factor, overwrite=True))
    return LinkPosterior(spread, mean, variance, precision, pull, iterations, converged)
