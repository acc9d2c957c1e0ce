"""How well one model alone explains the measured masses: its evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bmm.arrays import FloatArray
from bmm.distributions import student_t
from bmm.errors import ConfigError

__all__ = [
    "LogPrior",
    "NoiseFamily",
    "SpreadPosterior",
    "broad_prior",
    "log_evidence",
    "spread_posterior",
]


LogPrior = Callable[[FloatArray], FloatArray]
"""Log prior density of sigma (keV per nucleon at A = 100), per keV."""

_LOG_SIGMA = (np.log(1e-6), np.log(1e6))
_POINTS = 257
_DEPTH = 50.0
_TOLERANCE = 1e-8
_ZOOMS = 12


def broad_prior(sigma: FloatArray) -> FloatArray:
    """Log density of LogNormal(log 4, 0.8) at sigma in keV per nucleon, the mixture's default.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.methods.evidence import broad_prior
    >>> np.exp(broad_prior(np.array([4.0]))).round(3)
    array([0.125])
    """
    from scipy import stats

    return np.asarray(stats.lognorm.logpdf(sigma, 0.8, scale=4.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class NoiseFamily:
    """How measured masses scatter about a model, all but the scale sigma: that of the mixture.

    Parameters
    ----------
    nu : float, default 4
        Degrees of freedom of the Student-t; inf is the normal distribution.
    power : float, default 0
        0 for noise that is constant in total energy, 1 for constant per nucleon.
    measurement : bool, default True
        Add the measurement's uncertainty, and the model's own stated spread, in quadrature.
    log_prior : callable, default `broad_prior`
        Log density of sigma, which is in keV per nucleon at A = 100.

    Examples
    --------
    The scale of a model's deviations at A = 100 and 200, per unit of sigma (MeV):

    >>> from bmm.methods.evidence import NoiseFamily
    >>> NoiseFamily(power=0.5).unit([100, 200]).round(4)
    array([0.1   , 0.1414])
    """

    nu: float = student_t.NU
    power: float = 0.0
    measurement: bool = True
    log_prior: LogPrior = broad_prior

    def unit(self, A: npt.ArrayLike) -> FloatArray:
        """Scale in total energy (MeV) for sigma = 1 keV per nucleon; same shape as A."""
        return np.asarray(0.1 * (np.asarray(A, dtype=np.float64) / 100) ** self.power)


def log_evidence(
    deviation: npt.ArrayLike, known_sd: npt.ArrayLike, A: npt.ArrayLike, noise: NoiseFamily
) -> float:
    """Log probability density of the measured masses, given one model and its noise family.

    The deviation of each nucleus is independent, normal or Student-t around zero with the scale
    sigma * 0.1 MeV * (A / 100)**power, to which the known spread is added in quadrature.  The
    single unknown sigma is integrated out over its prior.

    Parameters
    ----------
    deviation : array (nucleus,)
        Measured minus predicted mass excess, MeV.
    known_sd : array (nucleus,)
        Measurement's uncertainty and model's own spread together, MeV; left out unless
        `noise.measurement`.
    A : array (nucleus,)
        Mass numbers.
    noise : NoiseFamily
        Shape of the noise and the prior of sigma.

    Returns
    -------
    float
        Natural logarithm of a density per MeV to the number of nuclei; larger is better.

    Raises
    ------
    ConfigError
        If the integral over sigma does not converge between 1e-6 and 1e6 keV per nucleon.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.methods.evidence import NoiseFamily, log_evidence
    >>> close, far = 0.3 * np.ones(50), 3.0 * np.ones(50)
    >>> noise = NoiseFamily()
    >>> A = np.full(50, 100)
    >>> log_evidence(close, 0.1, A, noise) > log_evidence(far, 0.1, A, noise)
    True
    """
    return spread_posterior(deviation, known_sd, A, noise).log_evidence


@dataclass(frozen=True, slots=True)
class SpreadPosterior:
    """Posterior of a model's spread sigma on a grid, even in log(sigma).

    Attributes
    ----------
    log_evidence : float
        See `log_evidence`.
    sigma : array (point,)
        Points of the grid, keV per nucleon at A = 100.
    weight : array (point,)
        Posterior probabilities; they sum to one.

    Examples
    --------
    The posterior of sigma of deviations of about 0.5 MeV, on its grid (keV per nucleon at A = 100):

    >>> import numpy as np
    >>> from bmm.methods.evidence import NoiseFamily, spread_posterior
    >>> deviation = 0.5 * np.random.default_rng(1).standard_t(4, size=80)
    >>> found = spread_posterior(deviation, np.zeros(80), np.full(80, 100), NoiseFamily())
    >>> round(float(found.weight.sum()), 6), bool(4 < found.weight @ found.sigma < 6)
    (1.0, True)
    """

    log_evidence: float
    sigma: FloatArray
    weight: FloatArray


def spread_posterior(
    deviation: npt.ArrayLike, known_sd: npt.ArrayLike, A: npt.ArrayLike, noise: NoiseFamily
) -> SpreadPosterior:
    """Posterior of the spread of one model; parameters and errors are those of `log_evidence`.

    Examples
    --------
    Fifty deviations of 0.3 MeV; the spread is in keV per nucleon at A = 100, of which one is
    0.1 MeV:

    >>> import numpy as np
    >>> from bmm.methods.evidence import NoiseFamily, spread_posterior
    >>> found = spread_posterior(0.3 * np.ones(50), 0.0, np.full(50, 100), NoiseFamily(nu=np.inf))
    >>> round(float(found.sigma @ found.weight), 2)
    3.06
    """
    deviation = np.asarray(deviation, dtype=np.float64)
    known_sd = np.asarray(known_sd, dtype=np.float64) if noise.measurement else 0.0
    unit = noise.unit(A)

    def log_integrand(log_sigma: FloatArray) -> FloatArray:
        sigma = np.exp(log_sigma)
        scale = np.hypot(sigma[:, None] * unit, known_sd)
        log_density = student_t.log_density(deviation, scale, noise.nu)
        # The last term is the Jacobian: the grid is even in log(sigma).
        return np.asarray(log_density.sum(axis=1) + noise.log_prior(sigma) + log_sigma)

    return _integrate(log_integrand, *_LOG_SIGMA)


def _integrate(
    log_integrand: Callable[[FloatArray], FloatArray], lower: float, upper: float
) -> SpreadPosterior:
    """Integrate a single peak by the trapezoidal rule on a grid that zooms in.

    Wide enough: the integrand at both ends is exp(-50) of its peak or less.  Fine enough: half of
    the points give the same integral to 1e-8, which for a smooth peak the full grid surpasses.
    """
    for _ in range(_ZOOMS):
        x, step = np.linspace(lower, upper, _POINTS, retstep=True)
        values = log_integrand(x)
        peak = values.max()
        kept = np.flatnonzero(values > peak - _DEPTH)
        if not np.isfinite(peak) or not 0 < kept[0] <= kept[-1] < _POINTS - 1:
            break
        density = np.exp(values - peak)
        fine, coarse = density.sum() * step, density[::2].sum() * 2 * step
        if abs(fine - coarse) < _TOLERANCE * fine:
            log_integral = float(peak + np.log(fine))
            return SpreadPosterior(log_integral, np.exp(x), density / density.sum())
        lower, upper = x[kept[0] - 1], x[kept[-1] + 1]
    raise ConfigError(
        "the evidence integral over sigma does not converge between 1e-6 and 1e6 keV per nucleon: "
        "check the prior of sigma, and that no model reproduces the training masses exactly."
    )
