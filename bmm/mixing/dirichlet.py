"""The Dirichlet form of the mixture: between an average of models and a choice of one.

For models that were corrected by their residual fields, c_k is the corrected mass of nucleus x,
s_k the scale of its error, and rho the correlation of the errors e_k of two models:

    y = sum_k w_k (c_k + s_k e_k) + measurement error,      w ~ Dirichlet(alpha),
    log alpha_k = log alpha_0 + log a_k,      a = softmax[u f_k(Z, N) - 2 log s_k].

a_k is the mean weight of model k: local by s_k, which a model's own residuals decide, and by the
Gaussian fields f_k, which fade with the support u, the share of the neighbours within three
nucleons that are measured.  The concentration alpha_0 determines how close the weights of one
nucleus are to their mean.  It falls with the scale s of the corrected models, whose square is the
harmonic mean of the s_k^2:

    log alpha_0 = l - 6 log(s / 0.1 MeV).

Where the residual fields carry, s is small, alpha_0 is large, and a mass is the average of the
models.  Where they do not, beyond the data and among light nuclei, alpha_0 goes to zero, the
Dirichlet goes to the corners of the simplex, and a mass is that of one, unknown model.  y is taken
as a Student-t with the first two moments of the sum as location and squared scale,

    L = sum_k a_k c_k,      V = sum_k a_k (c_k - L)^2,
    S = [rho + (1 - rho) (1 + alpha_0 sum_k a_k^2) / (1 + alpha_0)] sum_k a_k s_k^2
        + V / (1 + alpha_0) + measurement variance.

Second moments of Dirichlet weights: N. Balakrishnan & V. B. Nevzorov, A Primer on Statistical
Distributions (2003), chapter 27, doi:10.1002/0471722227.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
import xarray as xr

from bmm.arrays import FloatArray
from bmm.errors import ConfigError, DataError
from bmm.gp.basis import ChainBasis
from bmm.mixing.draws import Components, Draws, Nuclei
from bmm.mixing.form import CompiledLikelihood
from bmm.mixing.lattice_op import (
    FIELD_TYPES,
    PULLBACK_TYPES,
    LatticeLogLikelihood,
    fields,
    fields_pullback,
    pack,
)
from bmm.mixing.model import Parts
from bmm.mixing.named_model import NOTHING, Terms, observe
from bmm.mixing.pytensor_op import CompiledOperation
from bmm.mixing.settings import Mixing
from bmm.mixing.vectorized import exponential, inner, logarithm

__all__ = [
    "REFERENCE_SCALE",
    "STEEPNESS",
    "DirichletForm",
    "DirichletLogLikelihood",
    "Moments",
    "dirichlet_form",
    "dirichlet_moments",
]

STEEPNESS = 6.0
"""Power of the scale s by which alpha_0 falls."""

REFERENCE_SCALE = 0.1
"""Scale s at which log alpha_0 is l, MeV."""


class Moments(NamedTuple):
    """Location and scale of nuclei, and the mean weights behind them.

    Parameters
    ----------
    weight : array (..., nucleus, theory)
        a_k; zero where a model does not cover a nucleus.
    location, scale : array (..., nucleus)
        L and the square root of S without measurement, MeV.
    log_alpha_0 : array (..., nucleus)
        Logarithm of the concentration.
    """

    weight: FloatArray
    location: FloatArray
    scale: FloatArray
    log_alpha_0: FloatArray


def _relative(squared: FloatArray, covers: npt.NDArray[np.bool_]) -> FloatArray:
    """Log alpha_0 less l at nuclei (n,), from squared scales (n, theory) in MeV^2."""
    precision = np.where(covers, 1 / squared, 0.0).sum(axis=1) / covers.sum(axis=1)
    return np.asarray(0.5 * STEEPNESS * np.log(REFERENCE_SCALE**2 * precision))


def dirichlet_moments(
    field: FloatArray,
    log_alpha_0: FloatArray,
    correlation: FloatArray,
    centre: FloatArray,
    scale: FloatArray,
    support: FloatArray,
) -> Moments:
    """Location, scale and mean weights of nuclei; see the module.

    Parameters
    ----------
    field : array (..., nucleus, theory)
        f_k.
    log_alpha_0, correlation : array (...,)
        l and rho.
    centre, scale : array (nucleus, theory)
        Corrected masses c_k and scales s_k, MeV; NaN where a model does not cover a nucleus.
    support : array (nucleus,)
        u.

    Examples
    --------
    Far from the data, two models of a scale of 0.4 MeV that differ by 2 MeV:

    >>> import numpy as np
    >>> from bmm.mixing.dirichlet import dirichlet_moments
    >>> two = dirichlet_moments(np.zeros((1, 2)), np.array(2.5), np.array(0.3),
    ...                         np.array([[-81.0, -79.0]]), np.full((1, 2), 0.4), np.array([0.0]))
    >>> two.weight, two.location, two.scale.round(2)
    (array([[0.5, 0.5]]), array([-80.]), array([1.08]))
    """
    covers = np.isfinite(centre)
    squared = np.where(covers, scale, 1.0) ** 2
    log_a = np.where(covers, support[:, None] * field - np.log(squared), -np.inf)
    log_a = log_a - log_a.max(axis=-1, keepdims=True)
    weight = np.exp(log_a)
    weight /= weight.sum(axis=-1, keepdims=True)
    known = np.nan_to_num(centre)
    location = (weight * known).sum(axis=-1)
    apart = (weight * (known - location[..., None]) ** 2).sum(axis=-1)
    level, rho = np.asarray(log_alpha_0)[..., None], np.asarray(correlation)[..., None]
    log_alpha_0 = level + _relative(squared, covers)
    single = 1 / (1 + np.exp(log_alpha_0))
    squares = single + (1 - single) * (weight**2).sum(axis=-1)
    own = (rho + (1 - rho) * squares) * (weight * squared).sum(axis=-1)
    return Moments(weight, location, np.sqrt(own + single * apart), log_alpha_0)


@numba.njit(cache=True, error_model="numpy")
def dirichlet_form(
    field: FloatArray,
    log_alpha_0: float,
    correlation: float,
    nu: float,
    mass: FloatArray,
    centre: FloatArray,
    squared: FloatArray,
    log_squared: FloatArray,
    support: FloatArray,
    relative: FloatArray,
    measurement: FloatArray,
) -> tuple[float, FloatArray, float, float]:
    """Log likelihood of all masses, with its derivatives.

    Parameters
    ----------
    field : array (nucleus, theory)
        f_k.
    log_alpha_0, correlation, nu : float
        l, rho, and degrees of freedom.
    mass : array (nucleus,)
        Measured mass excess, MeV.
    centre, squared, log_squared : array (theory, nucleus)
        c_k in MeV, infinite where a model does not cover a nucleus; s_k^2 and its logarithm.
    support, relative, measurement : array (nucleus,)
        u, log alpha_0 - l, and the variance of the measurement, MeV^2.

    Returns
    -------
    value : float
        Without the constant of the Student-t, log(1/MeV).
    d_field : array (nucleus, theory)
        Derivatives by the fields.
    d_log_alpha_0, d_correlation : float
        Derivatives by l and rho.
    """
    n, K = field.shape
    d_field, a = np.zeros((n, K)), np.empty(K)
    value, d_level, d_correlation = 0.0, 0.0, 0.0
    for i in range(n):
        _weigh(a, field[i], support[i], centre, log_squared, i)
        location, own, squares = 0.0, 0.0, 0.0
        for k in range(K):
            if a[k] > 0.0:
                location += a[k] * centre[k, i]
                own += a[k] * squared[k, i]
                squares += a[k] * a[k]
        apart = 0.0
        for k in range(K):
            if a[k] > 0.0:
                apart += a[k] * (centre[k, i] - location) ** 2
        single = 1 / (1 + exponential(log_alpha_0 + relative[i]))
        alike = single + (1 - single) * squares
        share = correlation + (1 - correlation) * alike
        S = share * own + single * apart + measurement[i]
        r = mass[i] - location
        tail = nu * S + r * r
        value -= 0.5 * logarithm(S) + 0.5 * (nu + 1) * logarithm(tail / (nu * S))
        by_location = (nu + 1) * r / tail
        by_S = 0.5 * (by_location * r - 1) / S
        by_own_squares = 2 * (1 - correlation) * (1 - single) * own
        for k in range(K):
            if a[k] > 0.0:
                off = centre[k, i] - location
                of_S = share * (squared[k, i] - own) + by_own_squares * (a[k] - squares)
                of_S += single * (off * off - apart)
                d_field[i, k] = support[i] * a[k] * (by_location * off + by_S * of_S)
        of_single = (1 - correlation) * (1 - squares) * own + apart
        d_level -= by_S * of_single * single * (1 - single)
        d_correlation += by_S * (1 - alike) * own
    return value, d_field, d_level, d_correlation


@inner
def _weigh(
    a: FloatArray,
    field: FloatArray,
    support: float,
    centre: FloatArray,
    log_squared: FloatArray,
    i: int,
) -> None:
    """Write the mean weights of nucleus i to a (theory,)."""
    top, total = -np.inf, 0.0
    for k in range(len(a)):
        a[k] = -np.inf
        if np.isfinite(centre[k, i]):
            a[k] = support * field[k] - log_squared[k, i]
            top = max(top, a[k])
    for k in range(len(a)):
        a[k] = exponential(a[k] - top) if a[k] > -np.inf else 0.0
        total += a[k]
    for k in range(len(a)):
        a[k] /= total


_PARAMETERS = pt.dscalar, pt.dscalar  # log_alpha_0 and the correlation


def _log_likelihood(
    xi: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    log_alpha_0: FloatArray,
    correlation: FloatArray,
    nu: FloatArray,
    rotation: FloatArray,
    packed: FloatArray,
) -> tuple[FloatArray, ...]:
    """Log likelihood of all masses, for `bmm.mixing.lattice_op.LatticeLogLikelihood`."""
    field, excess, beta, data = fields(xi, amplitude, root_Z, root_N, rotation, packed)
    n, K = field.shape
    by_nucleus, by_model = data[: 4 * n].reshape(4, n), data[4 * n :].reshape(3, K, n)
    value, d_field, d_level, d_rho = dirichlet_form(
        field, 1.0 * log_alpha_0, 1.0 * correlation, 1.0 * nu,
        by_nucleus[0], by_model[0], by_model[1], by_model[2],
        by_nucleus[1], by_nucleus[2], by_nucleus[3],
    )  # fmt: skip
    return np.asarray(value), excess, beta, d_field, np.asarray(d_level), np.asarray(d_rho)


def _pullback(
    g: FloatArray,
    g_excess: FloatArray,
    beta: FloatArray,
    d_field: FloatArray,
    d_log_alpha_0: FloatArray,
    d_correlation: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    nu: FloatArray,
    rotation: FloatArray,
    packed: FloatArray,
) -> tuple[FloatArray, ...]:
    """Carry gradients g by the value and g_excess by the excess back to the parameters."""
    factor = 1.0 * g
    g_xi, g_amplitude, g_root_Z, g_root_N = fields_pullback(
        factor * d_field, g_excess, beta, amplitude, root_Z, root_N, rotation, packed
    )
    return (
        g_xi, g_amplitude, g_root_Z, g_root_N,
        np.asarray(factor * d_log_alpha_0), np.asarray(factor * d_correlation),
    )  # fmt: skip


class _DirichletPullback(CompiledOperation):
    function = staticmethod(_pullback)
    output_types = (*PULLBACK_TYPES, *_PARAMETERS)


class DirichletLogLikelihood(LatticeLogLikelihood):
    """PyTensor operation of `dirichlet_form`."""

    function = staticmethod(_log_likelihood)
    output_types = (*FIELD_TYPES, *_PARAMETERS)
    pullback_operation = _DirichletPullback


class DirichletForm(CompiledLikelihood):
    """An average among the data and a choice beyond them; see the module."""

    corrected = True
    # Draws differ in their location by a small part of the scale.
    groups = 4

    def check(self, settings: Mixing) -> None:
        """Refuse a mode, and noise other than a Student-t of fixed degrees of freedom."""
        if settings.mode is not None:
            raise ConfigError(
                "key 'mixing.mode': the Dirichlet form has no sigma: expected no mode beside it"
            )
        if settings.noise.family != "student_t" or settings.noise.nu == "learn":
            raise ConfigError(
                "key 'mixing.noise': the Dirichlet form has a Student-t of fixed degrees of "
                "freedom: expected noise.family 'student_t' and a number for noise.nu"
            )

    def hyperparameters(self, settings: Mixing) -> list[str]:
        """Names of the hyperparameters; neither a spread nor a level for each model."""
        return ["log_alpha_0", "correlation", "eta", "rho_Z", "rho_N"]

    def observe(self, terms: Terms) -> None:
        """Observe the masses about the average, wider where the models may be chosen."""
        u = np.asarray(terms.support, dtype=np.float64)
        rho = terms.variables["correlation"]
        squared = np.where(terms.covers, terms.theory_sd, 1.0) ** 2
        log_a = pt.where(terms.covers, u[:, None] * terms.log_alpha - np.log(squared), NOTHING)
        a = pt.special.softmax(log_a, axis=1)
        relative = _relative(squared, terms.covers)
        single = 1 / (1 + pt.exp(terms.variables["log_alpha_0"] + relative))
        location = (a * terms.theory).sum(axis=1)
        apart = (a * (terms.theory - location[:, None]) ** 2).sum(axis=1)
        alike = single + (1 - single) * (a**2).sum(axis=1)
        own = (rho + (1 - rho) * alike) * (a * squared).sum(axis=1)
        observe(terms, location, own + single * apart + terms.uncertainty**2)

    def components(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> Components:
        """Make a single component, about the average."""
        found = _moments(draws, part, field, nuclei)
        return Components.single(part, found.weight, found.location, found.scale)

    def log_concentration(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> FloatArray:
        """Logarithms of alpha_0 a_k."""
        found = _moments(draws, part, field, nuclei)
        with np.errstate(divide="ignore"):
            return np.asarray(found.log_alpha_0[..., None] + np.log(found.weight))

    def data(self, problem: xr.Dataset, lattice: ChainBasis, settings: Mixing) -> FloatArray:
        """Pack masses, corrected theory and its scales, support and log alpha_0 - l."""
        centre, scale = (
            problem[name].transpose("theory", "nucleus").to_numpy()
            for name in ("theory_mass_excess", "theory_mass_excess_sd")
        )
        names = "mass_excess", "support", "mass_excess_uncertainty"
        mass, support, uncertainty = (problem[name].to_numpy() for name in names)
        covers = np.isfinite(centre)
        squared = np.where(covers, scale, 1.0) ** 2
        by_model = np.where(covers, centre, np.inf), squared, np.log(squared)
        relative = _relative(squared.T, covers.T)
        return pack(lattice, len(centre), (mass, support, relative, uncertainty**2, *by_model))

    def log_likelihood(self, parts: Parts) -> tuple[Any, Any]:
        """Add the concentration, the correlation and the fields."""
        log_alpha_0, correlation = parts.variable("log_alpha_0"), parts.variable("correlation")
        value, _, beta, *_ = DirichletLogLikelihood()(
            *parts.fields(),
            log_alpha_0,
            correlation,
            pt.as_tensor(np.float64(parts.settings.noise.nu)),
            parts.rotation,
            parts.packed,
        )
        return value, beta


def _moments(draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei) -> Moments:
    if nuclei.support is None:
        raise DataError("the Dirichlet form needs the support of every nucleus")
    level, correlation = (draws.variables[name][part] for name in ("log_alpha_0", "correlation"))
    scale = np.sqrt(nuclei.variance)
    return dirichlet_moments(field, level, correlation, nuclei.theory, scale, nuclei.support)
