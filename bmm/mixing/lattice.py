"""Gaussian fields on the chart of nuclides, evaluated through two one-dimensional bases.

The kernel is a product over Z and N and the chart is a lattice, so that a field is

    f_k(Z, N) = mu_k + sqrt(eta_k) phi(Z)^T [diag(s_Z) beta_k diag(s_N)] phi(N),

one matrix product for all occurring Z, followed, isotopic chain by isotopic chain, by a small one
with the functions of N.  A dense basis of all products would hold nuclei x m_Z x m_N numbers and
cost that many multiplications.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Variable

from bmm.mixing.basis import Axis
from bmm.mixing.operation import CompiledOperation

__all__ = ["Lattice", "LatticeField", "lattice_field"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lattice:
    """Nuclei gathered in isotopic chains, with the basis evaluated there.

    Parameters
    ----------
    phi_Z : array (chain, m_Z)
        Functions at the occurring Z.
    phi_N : array (nucleus, m_N)
        Functions at the N of each nucleus, chain after chain.
    order : array (nucleus,)
        Position of these nuclei in the caller's list.
    first : array (chain + 1,)
        Where each chain begins, and the end of the last.
    """

    phi_Z: FloatArray
    phi_N: FloatArray
    order: IntArray
    first: IntArray

    @classmethod
    def of(cls, axis_Z: Axis, axis_N: Axis, Z: IntArray, N: IntArray) -> Lattice:
        """Place the nuclei (Z, N), arrays (nucleus,).

        Raises
        ------
        DomainError
            For a nucleus outside the prediction chart.
        """
        order = np.lexsort((N, Z))
        chains, first = np.unique(Z[order], return_index=True)
        return cls(
            axis_Z.functions(chains),
            axis_N.functions(N[order]),
            order,
            np.append(first, len(order)),
        )


def lattice_field(
    beta: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    mu: FloatArray,
    phi_Z: FloatArray,
    phi_N: FloatArray,
    order: IntArray,
    first: IntArray,
) -> FloatArray:
    """Evaluate the fields of all models at the nuclei.

    Parameters
    ----------
    beta : array (model, m_Z, m_N)
        Standard-normal coefficients.
    amplitude : array (model,)
        sqrt(eta_k).
    root_Z, root_N : array (m_Z,), (m_N,)
        Square roots of the spectral densities along the axes.
    mu : array (model,)
        Means.
    phi_Z, phi_N, order, first
        The lattice; see `Lattice`.

    Returns
    -------
    array (nucleus, model)
    """
    # Explicit loops here and below: numba compiles them several times faster than assignments
    # to slices.
    K, m_Z, m_N = beta.shape
    chains = phi_Z.shape[0]
    scaled_Z = np.empty((chains, m_Z))
    for chain in range(chains):
        for i in range(m_Z):
            scaled_Z[chain, i] = phi_Z[chain, i] * root_Z[i]
    by_chain = np.empty((chains, K, m_N))
    for k in range(K):
        product = np.dot(scaled_Z, beta[k])
        for chain in range(chains):
            for j in range(m_N):
                by_chain[chain, k, j] = amplitude[k] * root_N[j] * product[chain, j]
    field = np.empty((order.size, K))
    for chain in range(chains):
        start, stop = first[chain], first[chain + 1]
        values = np.dot(phi_N[start:stop], by_chain[chain].T)
        for i in range(start, stop):
            for k in range(K):
                field[order[i], k] = mu[k] + values[i - start, k]
    return field


def lattice_field_pullback(
    g: FloatArray,
    beta: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    phi_Z: FloatArray,
    phi_N: FloatArray,
    order: IntArray,
    first: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Carry a gradient g (nucleus, model) with respect to the fields back to their parameters.

    Returns
    -------
    tuple of arrays
        Gradients with respect to beta, amplitude, root_Z, root_N and mu.
    """
    K, m_Z, m_N = beta.shape
    by_chain = np.empty((K, phi_Z.shape[0], m_N))
    g_mu = np.zeros(K)
    for chain in range(phi_Z.shape[0]):
        start, stop = first[chain], first[chain + 1]
        gathered = np.empty((K, stop - start))
        for i in range(start, stop):
            for k in range(K):
                gathered[k, i - start] = g[order[i], k]
                g_mu[k] += g[order[i], k]
        product = np.dot(gathered, phi_N[start:stop])
        for k in range(K):
            for j in range(m_N):
                by_chain[k, chain, j] = product[k, j]
    g_beta = np.empty((K, m_Z, m_N))
    g_amplitude = np.empty(K)
    g_root_Z = np.zeros(m_Z)
    g_root_N = np.zeros(m_N)
    for k in range(K):
        projected = np.dot(phi_Z.T, by_chain[k])
        total = 0.0
        for i in range(m_Z):
            along = 0.0
            for j in range(m_N):
                g_beta[k, i, j] = amplitude[k] * root_Z[i] * root_N[j] * projected[i, j]
                weighted = projected[i, j] * beta[k, i, j]
                along += weighted * root_N[j]
                g_root_N[j] += amplitude[k] * root_Z[i] * weighted
            g_root_Z[i] += amplitude[k] * along
            total += root_Z[i] * along
        g_amplitude[k] = total
    return g_beta, g_amplitude, g_root_Z, g_root_N, g_mu


class LatticeField(CompiledOperation):
    """PyTensor operation of `lattice_field`."""

    function = staticmethod(lattice_field)
    output_types = (pt.dmatrix,)
    _differentiable = 5

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Any
    ) -> list[Variable]:
        """Gradient with respect to the parameters; the lattice is constant."""
        beta, amplitude, root_Z, root_N, _, *lattice = inputs
        gradients = _LatticeFieldPullback()(
            cotangents[0], beta, amplitude, root_Z, root_N, *lattice
        )
        return [*gradients, *(disconnected_type() for _ in lattice)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Tell which inputs the output depends on differentiably."""
        return [[i < self._differentiable] for i in range(len(node.inputs))]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Shape (nucleus, model)."""
        return [(shapes[7][0], shapes[4][0])]


class _LatticeFieldPullback(CompiledOperation):
    function = staticmethod(lattice_field_pullback)
    output_types = (pt.dtensor3, pt.dvector, pt.dvector, pt.dvector, pt.dvector)
