"""The log likelihood of the mixture as one operation, with its gradient as a second.

A graph of two large nodes compiles in a fraction of the time of one that spells the same out.  For
the same reason everything about the nuclei travels in a single vector: the sampler's machine code
unpacks each array of data again.

The data know the mean of a field over the nuclei well, and mu_k only as far as the lowest functions
of the basis do not approximate a constant.  So the level of a field, its mean over the nuclei, is
the parameter in place of mu_k, and the operation also returns by how much it exceeds mu_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable

from bmm.arrays import FloatArray
from bmm.gp.basis import ChainBasis
from bmm.mixing.draws import Components, Draws, Nuclei, log_normalise
from bmm.mixing.form import CompiledLikelihood
from bmm.mixing.kernels import density_form
from bmm.mixing.lattice import lattice_field, lattice_field_pullback
from bmm.mixing.model import Parts, prior_distribution
from bmm.mixing.named_model import Terms
from bmm.mixing.noise import likelihood_data
from bmm.mixing.priors import has_field, hyperparameters
from bmm.mixing.pytensor_op import CompiledOperation
from bmm.mixing.settings import Mixing
from bmm.mixing.vectorized import inner

__all__ = ["LEARN_NU", "DensityForm", "FormWithNoise", "LogLikelihood", "pack", "unpack"]

_SIZES = 6
LEARN_NU = 5
"""Where a packed vector says whether nu is learnt."""


def pack(
    lattice: ChainBasis,
    mass: FloatArray,
    theory: FloatArray,
    variance: FloatArray,
    log_A: FloatArray,
    *,
    learn_nu: bool,
) -> FloatArray:
    """Put all that is known of the nuclei into one vector.

    Parameters
    ----------
    lattice : ChainBasis
        The n nuclei, ordered by Z.
    mass, theory, variance, log_A, learn_nu
        See `bmm.mixing.likelihood.local_mixture`.

    Returns
    -------
    array
        The sizes (models, nuclei, chains, m_Z, m_N) and learn_nu, then the
        arrays one after the other.
    """
    sizes = (*theory.shape, *lattice.phi_Z.shape, lattice.phi_N.shape[1], learn_nu)
    of_lattice = lattice.phi_Z, lattice.phi_N, lattice.first, lattice.mean
    arrays = (*of_lattice, mass, theory, variance, log_A)
    return np.concatenate([sizes, *(np.ravel(each) for each in arrays)]).astype(np.float64)


@inner
def unpack(packed: FloatArray) -> tuple[FloatArray, ...]:
    """Undo `pack`: phi_Z, phi_N, first, mean, mass, theory, variance and log_A."""
    K, n, chains = int(packed[0]), int(packed[1]), int(packed[2])
    m_Z, m_N = int(packed[3]), int(packed[4])
    at = _SIZES
    phi_Z = packed[at : at + chains * m_Z].reshape(chains, m_Z)
    at += chains * m_Z
    phi_N = packed[at : at + n * m_N].reshape(n, m_N)
    at += n * m_N
    first = packed[at : at + chains + 1]
    at += chains + 1
    mean = packed[at : at + m_Z * m_N].reshape(m_Z, m_N)
    at += m_Z * m_N
    mass = packed[at : at + n]
    at += n
    theory = packed[at : at + K * n].reshape(K, n)
    at += K * n
    variance = packed[at : at + K * n].reshape(K, n)
    at += K * n
    return phi_Z, phi_N, first, mean, mass, theory, variance, packed[at : at + n]


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
    """Log likelihood of all masses, with what its gradient needs.

    Parameters
    ----------
    xi : array (model * m_Z * m_N,)
        Standard-normal coordinates, one after the other.
    amplitude, root_Z, root_N, rotation
        See `bmm.mixing.lattice.lattice_field`.
    level : array (model,)
        Mean of each field over the nuclei.
    sigma, nu, power
        See `bmm.mixing.likelihood.local_mixture`.
    packed : array
        From `pack`.

    Returns
    -------
    value : array ()
        In units of log(1/MeV).
    excess : array (model,)
        By how much the level exceeds mu.
    beta : array (model, m_Z, m_N)
        Coefficients.
    d_field : array (nucleus, theory)
        Derivatives with respect to the fields.
    d_level : array (model,)
        Their sums.
    d_sigma, d_nu, d_power : arrays (model,), () and ()
        Derivatives with respect to sigma, nu and power.
    """
    phi_Z, phi_N, first, mean, mass, theory, variance, log_A = unpack(packed)
    coordinates = xi.reshape(amplitude.size, root_Z.size, root_N.size)
    about_mu, excess, beta = lattice_field(
        coordinates, amplitude, root_Z, root_N, rotation, phi_Z, phi_N, first, mean
    )
    # PyTensor hands nu and power over as arrays without dimensions.
    value, d_field, d_level, d_sigma, d_nu, d_power = density_form(
        about_mu, level - excess, sigma, nu.item(), power.item(), mass, theory, variance, log_A,
        packed[LEARN_NU] > 0.0,
    )  # fmt: skip
    return (
        np.asarray(value), excess, beta, d_field, d_level, d_sigma,
        np.asarray(d_nu), np.asarray(d_power),
    )  # fmt: skip


def log_likelihood_pullback(
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
    phi_Z, phi_N, first, mean, _, _, _, _ = unpack(packed)
    factor = 1.0 * g
    g_level = factor * d_level
    # It is one wherever the posterior is sampled; then nothing need be copied.
    g_field = d_field if factor == 1.0 else factor * d_field
    g_xi, g_amplitude, g_root_Z, g_root_N = lattice_field_pullback(
        g_field, g_excess - g_level, beta, amplitude, root_Z, root_N, rotation,
        phi_Z, phi_N, first, mean,
    )  # fmt: skip
    return (
        g_xi.reshape(g_xi.size),
        g_amplitude,
        g_root_Z,
        g_root_N,
        g_level,
        factor * d_sigma,
        np.asarray(factor * d_nu),
        np.asarray(factor * d_power),
    )


class _LogLikelihoodPullback(CompiledOperation):
    function = staticmethod(log_likelihood_pullback)
    output_types = (
        pt.dvector,
        pt.dvector,
        pt.dvector,
        pt.dvector,
        pt.dvector,
        pt.dvector,
        pt.dscalar,
        pt.dscalar,
    )


class LogLikelihood(CompiledOperation):
    """PyTensor operation of `log_likelihood`.

    Value, excess and beta can be differentiated; the other outputs are for the gradient alone.
    """

    function: ClassVar[Any] = staticmethod(log_likelihood)
    output_types: ClassVar[tuple[Any, ...]] = (
        pt.dscalar,
        pt.dvector,
        pt.dtensor3,
        pt.dmatrix,
        pt.dvector,
        pt.dvector,
        pt.dscalar,
        pt.dscalar,
    )
    pullback_operation: type[CompiledOperation] = _LogLikelihoodPullback
    # How many of the inputs make the fields, and how many are parameters.
    of_field = 4
    differentiable = 8

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Any
    ) -> list[Variable]:
        """Gradient with respect to the parameters; rotation and data are constant."""
        by_output = [
            pt.zeros_like(output) if isinstance(g.type, DisconnectedType) else g
            for g, output in zip(cotangents[:2], outputs[:2], strict=True)
        ]
        constant = inputs[self.differentiable :]
        g_xi, *others = self.pullback_operation()(
            *by_output, *outputs[2:], *inputs[1 : self.of_field], *constant
        )
        connected = [not isinstance(g.type, DisconnectedType) for g in cotangents]
        if connected[2]:
            g_xi += pt.tensordot(inputs[-2].T, cotangents[2], 1).ravel()
        gradients = [g_xi, *others, *(None for _ in constant)]
        return [
            gradient
            if any(a and b for a, b in zip(depends, connected, strict=True))
            else disconnected_type()
            for gradient, depends in zip(gradients, self._pattern(len(inputs)), strict=True)
        ]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Tell which inputs value, excess and beta depend on differentiably."""
        return self._pattern(len(node.inputs))

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Shapes of the outputs, which PyMC would otherwise find by evaluating them."""
        models, m_Z, m_N = (shape[0] for shape in shapes[1 : self.of_field])
        nuclei = pt.cast(node.inputs[-1][1], "int64")
        beta, d_field = (models, m_Z, m_N), (nuclei, models)
        return [(), (models,), beta, d_field, (models,), (models,), (), ()]

    def _pattern(self, inputs: int) -> list[list[bool]]:
        unused = [False] * (len(self.output_types) - 3)
        return [
            [i < self.differentiable, i < self.of_field, i == 0, *unused] for i in range(inputs)
        ]


class FormWithNoise(CompiledLikelihood):
    """A form in which the deviations from each model have a spread sigma_k.

    Attributes
    ----------
    operation : type
        Its log likelihood.
    """

    operation: ClassVar[type[LogLikelihood]]

    def data(self, problem: xr.Dataset, lattice: ChainBasis, settings: Mixing) -> FloatArray:
        """Pack masses, theory and variances."""
        learn_nu = "nu" in hyperparameters(settings)
        return pack(lattice, **likelihood_data(problem, settings.noise), learn_nu=learn_nu)

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


class DensityForm(FormWithNoise):
    """Each mass is that of one model: see `bmm.mixing.likelihood`."""

    by_model = True
    operation = LogLikelihood

    def observe(self, terms: Terms) -> None:
        """Each mass is that of one model: see `bmm.mixing.likelihood`."""
        nu = np.inf if terms.nu is None else terms.nu
        pm.CustomDist(
            "mass_excess",
            terms.log_weight,
            terms.theory,
            terms.scale,
            pt.as_tensor(np.float64(nu) if isinstance(nu, float | int) else nu),
            logp=_normal_mixture if terms.nu is None else _student_t_mixture,
            random=_draw_mixture,
            signature="(k),(k),(k),()->()",
            observed=terms.mass,
            dims="nucleus",
        )

    def components(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> Components:
        """Make one component of every model."""
        log_weight = log_normalise(field, np.isfinite(nuclei.theory))
        weight = np.exp(log_weight)
        scale = np.sqrt(draws.scale(nuclei.Z + nuclei.N, part) ** 2 + nuclei.variance)
        centre = np.nan_to_num(nuclei.theory)[None]
        return Components(part, weight, weight, log_weight, centre, scale)


def _student_t_mixture(value: Any, log_weight: Any, centre: Any, scale: Any, nu: Any) -> Any:
    each = pm.StudentT.dist(nu=nu[..., None], mu=centre, sigma=scale)
    return pt.logsumexp(log_weight + pm.logp(each, value[..., None]), axis=-1)


def _normal_mixture(value: Any, log_weight: Any, centre: Any, scale: Any, nu: Any) -> Any:
    each = pm.Normal.dist(mu=centre, sigma=scale)
    return pt.logsumexp(log_weight + pm.logp(each, value[..., None]), axis=-1)


def _draw_mixture(
    log_weight: Any, centre: Any, scale: Any, nu: Any, rng: Any = None, size: Any = None
) -> Any:
    log_weight, centre, scale = np.broadcast_arrays(log_weight, centre, scale)
    chosen = np.argmax(log_weight + rng.gumbel(size=log_weight.shape), axis=-1)[..., None]
    middle, spread = (np.take_along_axis(x, chosen, axis=-1)[..., 0] for x in (centre, scale))
    nu = np.broadcast_to(nu, middle.shape)
    deviation = rng.standard_normal(middle.shape)
    finite = np.isfinite(nu)
    some = np.where(finite, nu, 1.0)
    deviation *= np.where(finite, np.sqrt(0.5 * some / rng.standard_gamma(0.5 * some)), 1.0)
    return middle + spread * deviation
