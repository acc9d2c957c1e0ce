"""New masses without sampling again: posterior draws reweighted, with Pareto-smoothed weights.

A draw theta of the posterior given the old masses has the weight p(new masses | theta) in the
posterior given both.  The largest weights are replaced by what a generalised Pareto distribution
fitted to them gives; its shape k-hat says whether averages with such weights can be trusted
(Vehtari, Simpson, Gelman, Yao & Gabry, J. Mach. Learn. Res. 25(72), 2024): up to

    min(1 - 1 / log10 S, 0.7)

with S draws; beyond, no number of draws at hand would do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from arviz_stats.base import array_stats

from bmm.arrays import FloatArray
from bmm.errors import RunError

__all__ = ["Reweighting", "k_hat_limit", "resample", "reweight"]


_GOOD = 0.7
_FEWEST = 100


@dataclass(frozen=True)
class Reweighting:
    """Weights of posterior draws.

    Parameters
    ----------
    weight : array (chain, draw)
        Smoothed, of sum 1.
    k_hat : float
        Shape of the Pareto distribution of the raw weights.
    limit : float
        Largest k-hat at which the weights can be trusted.
    effective : float
        Effective number of draws, 1 / sum of squares of the weights, times the draws' own relative
        efficiency.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.importance import Reweighting
    >>> Reweighting(np.full((1, 4), 0.25), k_hat=0.9, limit=0.7, effective=2.0).reliable
    False
    """

    weight: FloatArray
    k_hat: float
    limit: float
    effective: float

    @property
    def reliable(self) -> bool:
        """Whether k-hat is within the limit; one that cannot be computed is not."""
        return bool(self.k_hat <= self.limit)


def k_hat_limit(draws: int) -> float:
    """Largest k-hat at which weights of that many draws can be trusted.

    Examples
    --------
    >>> from bmm.mixing.importance import k_hat_limit
    >>> round(float(k_hat_limit(1000)), 2)
    0.67
    """
    return min(1.0 - 1.0 / np.log10(draws), _GOOD) if draws > 1 else -np.inf


def reweight(log_ratio: FloatArray) -> Reweighting:
    """Turn log densities of the new masses into weights.

    Parameters
    ----------
    log_ratio : array (chain, draw)
        log p(new masses | draw), up to a constant.

    Raises
    ------
    RunError
        If there are fewer than 100 draws.

    Examples
    --------
    Draws that explain the new masses equally well keep equal weights:

    >>> import numpy as np
    >>> from bmm.mixing.importance import reweight
    >>> found = reweight(np.zeros((2, 100)))
    >>> found.effective, found.reliable
    (200.0, True)
    """
    count = log_ratio.size
    limit = k_hat_limit(count)
    if count < _FEWEST:
        raise RunError(f"expected at least {_FEWEST} draws to be reweighted, not {count}")
    if not np.ptp(log_ratio):
        return Reweighting(np.full(log_ratio.shape, 1 / count), -np.inf, limit, float(count))
    # What the autocorrelation of the chains leaves of the ratios' draws.
    ratio = np.exp(log_ratio - log_ratio.max())
    efficiency = min(float(array_stats.ess(ratio, method="mean")) / count, 1.0)
    # As for leaving data out, the function takes the logarithms of inverse ratios.
    log_weight, k_hat = array_stats.psislw(-log_ratio.ravel(), r_eff=efficiency)
    weight = np.exp(log_weight - np.logaddexp.reduce(log_weight))
    effective = efficiency / float(weight @ weight)
    return Reweighting(weight.reshape(log_ratio.shape), float(k_hat), limit, effective)


def resample(weight: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Choose as many draws as there are, each as often as it weighs, in random order.

    Systematic resampling: a draw comes within one of its expected number of times (Kitagawa,
    J. Comput. Graph. Stat. 5, 1, 1996).

    Parameters
    ----------
    weight : array (chain, draw)
        Of sum 1.
    rng : Generator
        Random numbers.

    Returns
    -------
    int array (chain, draw)
        Positions in the flattened array of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.importance import resample
    >>> sorted(resample(np.array([0.5, 0.5, 0.0, 0.0]), np.random.default_rng(1)).tolist())
    [0, 0, 1, 1]
    """
    cumulative = np.cumsum(weight.ravel())
    level = (np.arange(weight.size) + rng.random()) / weight.size * cumulative[-1]
    chosen = np.minimum(np.searchsorted(cumulative, level, side="right"), weight.size - 1)
    return rng.permutation(chosen).reshape(weight.shape)
