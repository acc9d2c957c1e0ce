"""Student-t and normal distributions of a deviation: density, probability, quantile, CRPS.

Everywhere nu = inf stands for the normal distribution, and all arguments broadcast.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from bmm.arrays import FloatArray
from bmm.distributions.degrees_of_freedom import NU

__all__ = ["NU", "cdf", "crps", "inflation", "log_density", "quantile"]


def log_density(deviation: npt.ArrayLike, scale: npt.ArrayLike, nu: npt.ArrayLike) -> FloatArray:
    """Logarithm of the density of deviations.

    With z = deviation / scale, for finite nu

        log p = log Gamma[(nu + 1) / 2] - log Gamma[nu / 2] - log(nu pi) / 2 - log(scale)
                - (nu + 1) / 2 * log(1 + z^2 / nu),

    and for nu = inf  log p = -log(2 pi) / 2 - log(scale) - z^2 / 2.

    Parameters
    ----------
    deviation, scale : array
        In one unit, such as MeV; the scale is positive.
    nu : array
        Degrees of freedom, positive; inf for the normal distribution.

    Returns
    -------
    array
        In log(1 / unit).

    Examples
    --------
    >>> log_density([0.0, 0.5], 0.5, 4.0).round(4)
    array([-0.2877, -0.8455])
    """
    scale, nu = (np.asarray(each, dtype=np.float64) for each in (scale, nu))
    z2 = (np.asarray(deviation) / scale) ** 2
    normal = np.isinf(nu)
    if normal.all():
        return np.asarray(-0.5 * (np.log(2 * np.pi) + z2) - np.log(scale))
    finite = np.where(normal, 1.0, nu)
    constant = special.gammaln((finite + 1) / 2) - special.gammaln(finite / 2)
    constant -= 0.5 * np.log(finite * np.pi)
    value = constant - 0.5 * (finite + 1) * np.log1p(z2 / finite)
    if normal.any():
        value = np.where(normal, -0.5 * (np.log(2 * np.pi) + z2), value)
    return np.asarray(value - np.log(scale))


def cdf(z: npt.ArrayLike, nu: npt.ArrayLike) -> FloatArray:
    """Probability of a smaller standardised deviation.

    Parameters
    ----------
    z : array
        Deviation / scale.
    nu : array
        Degrees of freedom; inf for the normal distribution.

    Returns
    -------
    array
        Between 0 and 1, also far out with full relative accuracy below the centre.  For nu = 4
        (Abramowitz & Stegun 26.7.4) with c = |z| / sqrt(4 + z^2): (1 - c)^2 (2 + c) / 4 at -|z|.

    Examples
    --------
    >>> cdf([-1.0, 0.0, 1.0], 4.0).round(4)
    array([0.187, 0.5  , 0.813])
    """
    z, nu = (np.asarray(each, dtype=np.float64) for each in (z, nu))
    if (nu == NU).all():
        with np.errstate(invalid="ignore", over="ignore"):
            root = np.sqrt(4 + z * z)
            missing = 4 / (root * (root + np.abs(z)))  # 1 - c
        below = 0.25 * missing * missing * (3 - missing)
        return np.asarray(np.where(z > 0, 1 - below, below))
    normal = np.isinf(nu)
    if normal.all():
        return np.asarray(special.ndtr(z))
    if not normal.any():
        return np.asarray(special.stdtr(nu, z))
    return np.where(normal, special.ndtr(z), special.stdtr(np.where(normal, 1.0, nu), z))


def quantile(probability: npt.ArrayLike, nu: npt.ArrayLike) -> FloatArray:
    """Standardised deviation below which a probability lies: the inverse of `cdf`.

    Parameters
    ----------
    probability : array
        Between 0 and 1.
    nu : array
        Degrees of freedom; inf for the normal distribution.

    Examples
    --------
    >>> quantile([0.16, 0.5, 0.84], float("inf")).round(4)
    array([-0.9945,  0.    ,  0.9945])
    """
    probability, nu = (np.asarray(each, dtype=np.float64) for each in (probability, nu))
    normal = np.isinf(nu)
    finite = special.stdtrit(np.where(normal, 1.0, nu), probability)
    return np.asarray(np.where(normal, special.ndtri(probability), finite))


def inflation(nu: npt.ArrayLike) -> FloatArray:
    """Variance at scale one: nu / (nu - 2), 1 for nu = inf, and inf where nu is 2 or less.

    Examples
    --------
    >>> inflation([1.5, 4.0, float("inf")]).tolist()
    [inf, 2.0, 1.0]
    """
    nu = np.asarray(nu, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isinf(nu), 1.0, np.where(nu > 2, nu / (nu - 2), np.inf))


def crps(deviation: npt.ArrayLike, scale: npt.ArrayLike, nu: npt.ArrayLike) -> FloatArray:
    """Continuous ranked probability score of one distribution, in closed form.

    With z = deviation / scale, F and f the distribution function and the density at scale one, and
    the beta function B,

        CRPS / scale = z (2 F(z) - 1) + 2 f(z) (nu + z^2) / (nu - 1)
                       - 2 sqrt(nu) / (nu - 1) * B(1/2, nu - 1/2) / B(1/2, nu/2)^2

    (Jordan, Krueger & Lerch, J. Stat. Softw. 90(12), 2019, doi:10.18637/jss.v090.i12, appendix A),
    and z (2 F(z) - 1) + 2 f(z) - 1 / sqrt(pi) for nu = inf (Gneiting et al. 2005,
    doi:10.1175/MWR2904.1).

    Parameters
    ----------
    deviation : array
        Observed value minus the centre of the distribution.
    scale : array
        Of the distribution, in the same unit.
    nu : array
        Degrees of freedom, more than 1; inf for the normal distribution.

    Returns
    -------
    array
        In the unit of the deviation; smaller is better.

    Examples
    --------
    >>> crps([0.0, 1.0], 0.5, [4.0, float("inf")]).round(4)
    array([0.1318, 0.7264])
    """
    scale, nu = (np.asarray(each, dtype=np.float64) for each in (scale, nu))
    z = np.asarray(deviation) / scale
    centred = z * (2 * cdf(z, nu) - 1)
    height = np.exp(log_density(z, 1.0, nu))
    finite = np.where(np.isinf(nu), 2.0, nu)
    tails = 2 * height * (finite + z**2) / (finite - 1)
    spread = special.beta(0.5, finite - 0.5) / special.beta(0.5, finite / 2) ** 2
    student = tails - 2 * np.sqrt(finite) / (finite - 1) * spread
    return np.asarray(
        scale * (centred + np.where(np.isinf(nu), 2 * height - 1 / np.sqrt(np.pi), student))
    )
