"""The log likelihood of the Dirichlet form as an operation; see `bmm.mixing.density`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply

from bmm.arrays import FloatArray
from bmm.gp.basis import ChainBasis
from bmm.mixing.density import LogLikelihood, pack, unpack
from bmm.mixing.dirichlet import dirichlet_form
from bmm.mixing.lattice import lattice_field, lattice_field_pullback
from bmm.mixing.pytensor_op import CompiledOperation

__all__ = ["DirichletLogLikelihood", "pack_dirichlet"]


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
