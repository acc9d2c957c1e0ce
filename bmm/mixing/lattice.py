"""Gaussian fields on the chart of nuclides, evaluated through two one-dimensional bases.

The kernel is a product over Z and N and the chart is a lattice, so that a field is

    f_k(Z, N) = mu_k + sqrt(eta_k) phi(Z)^T [diag(s_Z) beta_k diag(s_N)] phi(N),

one matrix product for all occurring Z, followed, isotopic chain by isotopic chain, by a small one
with the functions of N.  A dense basis of all products would hold nuclei x m_Z x m_N numbers and
cost that many multiplications.

The coefficients beta of the K models are a rotation of xi, whose first coordinate shifts all fields
alike.  The weights do not depend on it, so that its posterior is its prior; the data determine the
others.
"""

from __future__ import annotations

import numba
import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.mixing.vectorized import total

__all__ = ["lattice_field", "lattice_field_pullback"]


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
    mean: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Evaluate the fields of all models, each about its mu_k.

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
    phi_Z, phi_N, first, mean
        The basis; see `bmm.gp.basis.ChainBasis`.

    Returns
    -------
    field : array (nucleus, theory)
        The expansion.
    excess : array (model,)
        Its mean over the nuclei.
    beta : array (model, m_Z, m_N)
        Coefficients.

    Examples
    --------
    One function along each axis and one nucleus: the field is a product.

    >>> import numpy as np
    >>> from bmm.mixing.lattice import lattice_field
    >>> one = np.ones((1, 1))
    >>> field, excess, beta = lattice_field(
    ...     np.full((1, 1, 1), 3.0), np.array([2.0]), np.ones(1), np.ones(1), one,
    ...     0.5 * one, one, np.array([0, 1]), 0.5 * one,
    ... )
    >>> field, excess, beta  # 2 x 3 x 0.5
    (array([[3.]]), array([3.]), array([[[3.]]]))
    """
    # Explicit loops here and below: numba compiles them several times faster than assignments
    # to slices.  Few large products in place of many small ones: all models in one, results
    # written where they belong.
    K, m_Z, m_N = xi.shape
    chains, n = phi_Z.shape[0], phi_N.shape[0]
    beta = np.dot(rotation, xi.reshape(K, m_Z * m_N)).reshape(K, m_Z, m_N)
    scaled, weighted = np.empty((m_Z, K, m_N)), np.zeros((K, m_N))
    for i in range(m_Z):
        for k in range(K):
            along_Z = amplitude[k] * root_Z[i]
            for j in range(m_N):
                scaled[i, k, j] = along_Z * root_N[j] * beta[k, i, j]
            for j in range(m_N):
                weighted[k, j] += scaled[i, k, j] * mean[i, j]
    excess = np.empty(K)
    for k in range(K):
        excess[k] = total(weighted[k])
    by_chain = np.dot(phi_Z, scaled.reshape(m_Z, K * m_N)).reshape(chains, K, m_N)
    field = np.empty((n, K))
    for chain in range(chains):
        start, stop = int(first[chain]), int(first[chain + 1])
        np.dot(phi_N[start:stop], by_chain[chain].T, field[start:stop])
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
    mean: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Carry gradients back to the parameters: by the field, (nucleus, theory), and by the excess.

    Returns
    -------
    tuple of arrays
        Gradients with respect to xi, amplitude, root_Z and root_N.
    """
    K, m_Z, m_N = beta.shape
    chains = phi_Z.shape[0]
    by_chain = np.empty((chains, K, m_N))
    for chain in range(chains):
        start, stop = int(first[chain]), int(first[chain + 1])
        np.dot(g[start:stop].T, phi_N[start:stop], by_chain[chain])
    projected = np.dot(phi_Z.T, by_chain.reshape(chains, K * m_N)).reshape(m_Z, K, m_N)
    g_beta = np.empty((K, m_Z, m_N))
    g_amplitude, g_root_Z, g_root_N = np.zeros(K), np.zeros(m_Z), np.zeros(m_N)
    weighted = np.empty(m_N)
    for k in range(K):
        for i in range(m_Z):
            along_Z = amplitude[k] * root_Z[i]
            for j in range(m_N):
                g_scaled = projected[i, k, j] + g_excess[k] * mean[i, j]
                g_beta[k, i, j] = along_Z * root_N[j] * g_scaled
                weighted[j] = g_scaled * beta[k, i, j]
            for j in range(m_N):
                g_root_N[j] += along_Z * weighted[j]
                weighted[j] *= root_N[j]
            along_N = total(weighted)
            g_amplitude[k] += root_Z[i] * along_N
            g_root_Z[i] += amplitude[k] * along_N
    g_xi = np.dot(rotation.T, g_beta.reshape(K, m_Z * m_N)).reshape(K, m_Z, m_N)
    return g_xi, g_amplitude, g_root_Z, g_root_N
