"""The Dirichlet form as one of the likelihoods: its operation, variables and distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
import xarray as xr
from pytensor.graph.basic import Apply

from bmm.arrays import FloatArray
from bmm.errors import ConfigError, DataError
from bmm.gp.basis import ChainBasis
from bmm.mixing.density import LogLikelihood, pack, unpack
from bmm.mixing.dirichlet import Moments, dirichlet_form, dirichlet_moments, log_concentration
from bmm.mixing.draws import Components, Draws, Nuclei
from bmm.mixing.form import CompiledLikelihood
from bmm.mixing.lattice import lattice_field, lattice_field_pullback
from bmm.mixing.model import Parts
from bmm.mixing.named_model import NOTHING, Terms, observe
from bmm.mixing.pytensor_op import CompiledOperation
from bmm.mixing.settings import Mixing

__all__ = ["DirichletForm", "DirichletLogLikelihood", "pack_dirichlet"]


def pack_dirichlet(
    lattice: ChainBasis,
    mass: FloatArray,
    centre: FloatArray,
    scale: FloatArray,
    support: FloatArray,
    uncertainty: FloatArray,
) -> FloatArray:
    """Put all that is known of the nuclei into one vector.

    Parameters
    ----------
    lattice : ChainBasis
        The n nuclei, ordered by Z.
    mass, support, uncertainty : array (n,)
        Measured mass excess in MeV, share of neighbours measured, and uncertainty in MeV.
    centre, scale : array (theory, n)
        Corrected masses and their scales, MeV; NaN where a model does not cover a nucleus.
    """
    covers = np.isfinite(centre)
    squared = np.where(covers, scale, 1.0) ** 2
    front = pack(lattice, mass, np.where(covers, centre, np.inf), squared, support, learn_nu=False)
    return np.concatenate([front, np.ravel(np.log(squared)), uncertainty**2])


def log_likelihood(
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
    """Log likelihood of all masses, with what its gradient needs.

    Parameters
    ----------
    xi, amplitude, root_Z, root_N, rotation
        See `bmm.mixing.density.log_likelihood`.
    log_alpha_0, correlation, nu : array ()
        See `bmm.mixing.dirichlet.dirichlet_form`.
    packed : array
        From `pack_dirichlet`.

    Returns
    -------
    value : array ()
        In units of log(1/MeV).
    excess : array (theory,)
        Mean of each field over the nuclei.
    beta : array (theory, m_Z, m_N)
        Coefficients.
    d_field, d_log_alpha_0, d_correlation
        Derivatives.
    """
    phi_Z, phi_N, first, mean, mass, centre, squared, support = unpack(packed)
    coordinates = xi.reshape(amplitude.size, root_Z.size, root_N.size)
    field, excess, beta = lattice_field(
        coordinates, amplitude, root_Z, root_N, rotation, phi_Z, phi_N, first, mean
    )
    n, size = mass.size, centre.size
    last = packed.size
    log_squared = packed[last - n - size : last - n].reshape(centre.shape)
    value, d_field, d_log_alpha_0, d_correlation = dirichlet_form(
        field, 1.0 * log_alpha_0, 1.0 * correlation, 1.0 * nu,
        mass, centre, squared, log_squared, support, packed[last - n :],
    )  # fmt: skip
    return (
        np.asarray(value), excess, beta, d_field,
        np.asarray(d_log_alpha_0), np.asarray(d_correlation),
    )  # fmt: skip


def log_likelihood_pullback(
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
    """Carry a gradient g by the value back to the parameters; see `bmm.mixing.density`."""
    phi_Z, phi_N, first, mean, _, _, _, _ = unpack(packed)
    factor = 1.0 * g
    g_xi, g_amplitude, g_root_Z, g_root_N = lattice_field_pullback(
        factor * d_field, g_excess, beta, amplitude, root_Z, root_N, rotation,
        phi_Z, phi_N, first, mean,
    )  # fmt: skip
    return (
        g_xi.reshape(g_xi.size), g_amplitude, g_root_Z, g_root_N,
        np.asarray(factor * d_log_alpha_0), np.asarray(factor * d_correlation),
    )  # fmt: skip


class _DirichletPullback(CompiledOperation):
    function = staticmethod(log_likelihood_pullback)
    output_types = (pt.dvector, pt.dvector, pt.dvector, pt.dvector, pt.dscalar, pt.dscalar)


class DirichletLogLikelihood(LogLikelihood):
    """PyTensor operation of `log_likelihood`."""

    function = staticmethod(log_likelihood)
    output_types = (pt.dscalar, pt.dvector, pt.dtensor3, pt.dmatrix, pt.dscalar, pt.dscalar)
    pullback_operation = _DirichletPullback
    differentiable = 6

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Shapes of the outputs."""
        models, m_Z, m_N = (shape[0] for shape in shapes[1 : self.of_field])
        nuclei = pt.cast(node.inputs[-1][1], "int64")
        return [(), (models,), (models, m_Z, m_N), (nuclei, models), (), ()]


class DirichletForm(CompiledLikelihood):
    """An average among the data and a choice beyond them: see `bmm.mixing.dirichlet`."""

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
        single = 1 / (1 + pt.exp(log_concentration(terms.variables["log_alpha_0"], u)))
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
        """Pack masses, corrected theory and its scales, and the support."""
        centre, scale = (
            problem[name].transpose("theory", "nucleus").to_numpy()
            for name in ("theory_mass_excess", "theory_mass_excess_sd")
        )
        mass, support, uncertainty = (
            problem[name].to_numpy()
            for name in ("mass_excess", "support", "mass_excess_uncertainty")
        )
        return pack_dirichlet(lattice, mass, centre, scale, support, uncertainty)

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
