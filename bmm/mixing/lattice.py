"""Gaussian fields on the chart of nuclides, evaluated through two one-dimensional bases.

The kernel is a product over Z and N and the chart is a lattice, so that a field is

    f_k(Z, N) = mu_k + sqrt(eta_k) phi(Z)^T [diag(s_Z) beta_k diag(s_N)] phi(N),

one matrix product for all occurring Z, followed, isotopic chain by isotopic chain, by a small one
with the functions of N.  A dense basis of all products would hold nuclei x m_Z x m_N numbers and
cost that many multiplications.

The data know the mean of a field over the nuclei well, and mu_k only as far as the lowest functions
of the basis do not imitate a constant.  So the operation returns the field about that mean, and by
how much the mean exceeds mu_k.

The coefficients beta of the K models are a rotation of xi, whose first coordinate shifts all fields
alike: no weight feels it, and it keeps its prior, while the data hold the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from bmm.errors import DataError
from bmm.mixing.basis import Axis

__all__ = ["Lattice", "lattice_field", "lattice_field_pullback"]

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
    first : array (chain + 1,)
        Where each chain begins, and the end of the last.
    """

    phi_Z: FloatArray
    phi_N: FloatArray
    first: IntArray

    @classmethod
    def of(cls, axis_Z: Axis, axis_N: Axis, Z: IntArray, N: IntArray) -> Lattice:
        """Place the nuclei (Z, N), arrays (nucleus,), ordered by Z.

        Raises
        ------
        DataError
            If they are not ordered by Z.
        DomainError
            For a nucleus outside the prediction chart.
        """
        if (np.diff(Z) < 0).any():
            raise DataError("nuclei on a lattice must be ordered by Z")
        chains, first = np.unique(Z, return_index=True)
        return cls(axis_Z.functions(chains), axis_N.functions(N), np.append(first, len(Z)))


@numba.njit(cache=True, error_model="numpy")
def lattice_field(
    xi: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    rotation: FloatArray,
    phi_Z: FloatArray,
    phi_N: FloatArray,
    first: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Evaluate the fields of all models, about their means over the nuclei.

    Parameters
    ----------
    xi : array (model, m_Z, m_N)
        Standard-normal coordinates.
    amplitude : array (model,)
        sqrt(eta_k).
    root_Z, root_N : array (m_Z,), (m_N,)
        Square roots of the spectral densities along the axes.
    rotation : array (model, model)
        Orthogonal matrix that makes beta of xi.
    phi_Z, phi_N, first
        The lattice; see `Lattice`.

    Returns
    -------
    field : array (model, nucleus)
        The expansion less its mean over the nuclei.
    excess : array (model,)
        That mean.
    beta : array (model, m_Z, m_N)
        Coefficients.
    """
    # Explicit loops here and below: numba compiles them several times faster than assignments
    # to slices.
    K, m_Z, m_N = xi.shape
    chains = phi_Z.shape[0]
    beta = np.dot(rotation, xi.reshape(K, m_Z * m_N)).reshape(K, m_Z, m_N)
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
    n = phi_N.shape[0]
    field = np.empty((K, n))
    for chain in range(chains):
        start, stop = int(first[chain]), int(first[chain + 1])
        values = np.dot(by_chain[chain], phi_N[start:stop].T)
        for k in range(K):
            for i in range(stop - start):
                field[k, start + i] = values[k, i]
    # Sums as products with ones: BLAS adds up faster than a loop.
    excess = np.dot(field, np.full(n, 1.0 / n))
    for k in range(K):
        for i in range(n):
            field[k, i] -= excess[k]
    return field, excess, beta


@numba.njit(cache=True, error_model="numpy")
def lattice_field_pullback(
    g: FloatArray,
    g_excess: FloatArray,
    beta: FloatArray,
    amplitude: FloatArray,
    root_Z: FloatArray,
    root_N: FloatArray,
    rotation: FloatArray,
    phi_Z: FloatArray,
    phi_N: FloatArray,
    first: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Carry gradients by field (model, nucleus) and excess (model,) back to the parameters.

    Returns
    -------
    tuple of arrays
        Gradients with respect to xi, amplitude, root_Z and root_N.
    """
    K, m_Z, m_N = beta.shape
    n = phi_N.shape[0]
    common = g_excess / n - np.dot(g, np.full(n, 1.0 / n))
    by_chain = np.empty((K, phi_Z.shape[0], m_N))
    for chain in range(phi_Z.shape[0]):
        start, stop = int(first[chain]), int(first[chain + 1])
        gathered = np.empty((K, stop - start))
        for k in range(K):
            for i in range(stop - start):
                gathered[k, i] = g[k, start + i] + common[k]
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
    g_xi = np.dot(rotation.T, g_beta.reshape(K, m_Z * m_N)).reshape(K, m_Z, m_N)
    return g_xi, g_amplitude, g_root_Z, g_root_N
