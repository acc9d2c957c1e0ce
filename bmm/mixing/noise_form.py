"""What the forms of the likelihood with a spread sigma_k of each model have in common.

The data determine the mean of a field over the nuclei well, and mu_k only as far as the lowest
functions of the basis do not approximate a constant.  So the level of a field, its mean over the
nuclei, is the parameter in place of mu_k, and the operation also returns by how much it exceeds
mu_k.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bmm.arrays import FloatArray
from bmm.gp.basis import ChainBasis
from bmm.mixing.form import CompiledLikelihood
from bmm.mixing.lattice_op import (
    FIELD_TYPES,
    LEARN_NU,
    PULLBACK_TYPES,
    LatticeLogLikelihood,
    fields,
    fields_pullback,
    pack,
)
from bmm.mixing.model import Parts, prior_distribution
from bmm.mixing.noise import likelihood_data
from bmm.mixing.priors import has_field, hyperparameters
from bmm.mixing.pytensor_op import CompiledOperation
from bmm.mixing.settings import Mixing
from bmm.mixing.vectorized import inner, total

__all__ = ["FormWithNoise", "NoiseLogLikelihood", "log_likelihood_with", "raised", "sum_up"]

_PARAMETERS = pt.dvector, pt.dvector, pt.dscalar, pt.dscalar  # level, sigma, nu and power


def log_likelihood_with(form: Callable[..., Any]) -> Callable[..., tuple[FloatArray, ...]]:
    """Make the function of an operation from the log likelihood of a form.

    Parameters
    ----------
    form : callable
        With the arguments and results of `bmm.mixing.density.density_form`, such that numba can
        call it (`bmm.mixing.vectorized.inner`).

    Returns
    -------
    callable
        Log likelihood of all masses, with what its gradient needs.  Arguments:

        - xi (theory * m_Z * m_N,): standard-normal coordinates, one after the other;
        - amplitude, root_Z, root_N: see `bmm.mixing.lattice.lattice_field`;
        - level (theory,): mean of each field over the nuclei;
        - sigma, nu, power: see `bmm.mixing.density.local_mixture`;
        - rotation: see `bmm.mixing.lattice.lattice_field`;
        - packed: from `bmm.mixing.lattice_op.pack` with mass, theory, variance and log_A.

        Results: the value in units of log(1/MeV); by how much each level exceeds mu (theory,); the
        coefficients beta (theory, m_Z, m_N); and the derivatives by the fields (nucleus, theory),
        by level and sigma (theory,), and by nu and power.
    """

    def log_likelihood(
        xi: FloatArray,
        amplitude: FloatArray,
        root_Z: FloatArray,
        root_N: FloatArray,
        level: FloatArray,
        sigma: FloatArray,
        nu: FloatArray,
        power: FloatArray,
        rotation: FloatArray,
        packed: FloatArray,
    ) -> tuple[FloatArray, ...]:
        about_mu, excess, beta, data = fields(xi, amplitude, root_Z, root_N, rotation, packed)
        mass, theory, variance, log_A = _unpack(data, about_mu.shape)
        # PyTensor hands nu and power over as arrays without dimensions.
        value, d_field, d_level, d_sigma, d_nu, d_power = form(
            about_mu, level - excess, sigma, nu.item(), power.item(), mass, theory, variance, log_A,
            packed[LEARN_NU] > 0.0,
        )  # fmt: skip
        return (
            np.asarray(value), excess, beta, d_field, d_level, d_sigma,
            np.asarray(d_nu), np.asarray(d_power),
        )  # fmt: skip

    return log_likelihood


@inner
def _unpack(data: FloatArray, shape: tuple[int, int]) -> tuple[FloatArray, ...]:
    """Mass (n,), theory and variance (K, n), and log_A (n,)."""
    n, K = shape
    size = n * K
    theory, variance = data[n : n + size], data[n + size : n + 2 * size]
    return data[:n], theory.reshape(K, n), variance.reshape(K, n), data[n + 2 * size :]


@inner
def raised(field: FloatArray, shift: FloatArray) -> FloatArray:
    """Add a shift to every field (nucleus, theory); give them as (theory, nucleus).

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.noise_form import raised
    >>> raised(np.array([[0.0, 1.0]]), np.array([0.5, -0.5]))
    array([[0.5],
           [0.5]])
    """
    n, K = field.shape
    raised = np.empty((K, n))
    for k in range(K):
        for i in range(n):
            raised[k, i] = field[i, k] + shift[k]
    return raised


@inner
def sum_up(
    by_nucleus: tuple[FloatArray, ...],
) -> tuple[float, FloatArray, FloatArray, FloatArray, float, float]:
    """Sum over the nuclei what the likelihoods give for each; d_field as (nucleus, theory).

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.noise_form import sum_up
    >>> by_nucleus, by_model = np.array([-1.0, -2.0]), np.ones((3, 2))
    >>> value, d_field, d_shift, *_ = sum_up(
    ...     (by_nucleus, by_model, by_model, by_nucleus, by_nucleus)
    ... )
    >>> value, d_field.shape, d_shift
    (-3.0, (2, 3), array([2., 2., 2.]))
    """
    log_density, by_field, by_sigma, d_nu, d_power = by_nucleus
    K, n = by_field.shape
    d_field, d_shift, d_sigma = np.empty((n, K)), np.empty(K), np.empty(K)
    for k in range(K):
        d_shift[k] = total(by_field[k])
        d_sigma[k] = total(by_sigma[k])
        for i in range(n):
            d_field[i, k] = by_field[k, i]
    return total(log_density), d_field, d_shift, d_sigma, total(d_nu), total(d_power)


def _pullback(
    g: FloatArray,
    g_excess: FloatArray,
    beta: FloatArray,
    d_field: FloatArray,
    d_level: FloatArray,
    d_sigma: FloatArray,
    d_nu: FloatArray,
    d_power: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    rotation: FloatArray,
    packed: FloatArray,
) -> tuple[FloatArray, ...]:
    """Carry gradients g by the value and g_excess by the excess back to the parameters.

    Returns
    -------
    tuple of arrays
        Gradients with respect to xi, amplitude, root_Z, root_N, level, sigma, nu and power.
    """
    factor = 1.0 * g
    g_level = factor * d_level
    # The factor is one wherever the posterior is sampled; then nothing is copied.
    g_field = d_field if factor == 1.0 else factor * d_field
    g_xi, g_amplitude, g_root_Z, g_root_N = fields_pullback(
        g_field, g_excess - g_level, beta, amplitude, root_Z, root_N, rotation, packed
    )
    return (
        g_xi, g_amplitude, g_root_Z, g_root_N, g_level, factor * d_sigma,
        np.asarray(factor * d_nu), np.asarray(factor * d_power),
    )  # fmt: skip


class _NoisePullback(CompiledOperation):
    function = staticmethod(_pullback)
    output_types = (*PULLBACK_TYPES, *_PARAMETERS)


class NoiseLogLikelihood(LatticeLogLikelihood):
    """PyTensor operation of a function that `log_likelihood_with` makes."""

    output_types = (*FIELD_TYPES, *_PARAMETERS)
    pullback_operation = _NoisePullback


class FormWithNoise(CompiledLikelihood):
    """A form in which the deviations from each model have a spread sigma_k.

    Attributes
    ----------
    operation : type
        Its log likelihood.
    """

    operation: ClassVar[type[NoiseLogLikelihood]]

    def data(self, problem: xr.Dataset, lattice: ChainBasis, settings: Mixing) -> FloatArray:
        """Pack masses, theory and variances."""
        arrays = likelihood_data(problem, settings.noise)
        learn_nu = "nu" in hyperparameters(settings)
        return pack(lattice, problem.sizes["theory"], arrays, learn_nu=learn_nu)

    def log_likelihood(self, parts: Parts) -> tuple[Any, Any]:
        """Add sigma and what else is learnt, the fields and their levels."""
        settings, sigma = parts.settings, parts.sigma()
        fields = parts.fields()
        noise, learned = settings.noise, hyperparameters(settings)
        nu: Any = np.inf if noise.family == "normal" else noise.nu
        if "nu" in learned:
            nu = parts.variable("nu")
        power: Any = noise.A_power
        if "A_power" in learned:
            power = parts.variable("A_power")
        level = pm.Flat("level", dims="theory")
        value, excess, beta, *_ = self.operation()(
            *fields,
            level * has_field(parts.models, settings),
            sigma,
            pt.as_tensor(nu, dtype="float64"),
            pt.as_tensor(power, dtype="float64"),
            parts.rotation,
            parts.packed,
        )
        mu = pm.Deterministic("mu", level - excess, dims="theory")
        pm.Potential("prior_of_mu", pm.logp(prior_distribution(settings.priors.mu), mu))
        return value, beta
