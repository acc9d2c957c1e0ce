"""Joint draws on the lattice of (Z, N) through square roots along its two axes.

A term of a kernel is separable if T[dZ, dN] = T_Z[dZ] T_N[dN], as those with squared exponentials
and alternating signs are.  With square roots A_Z A_Z^T = T_Z and A_N A_N^T = T_N, from two
one-dimensional eigenvalue decompositions, a draw of the field on the whole chart is

    f(Z, N) = sum over terms of [A_Z E A_N^T](Z, N),    E standard normal,

and conditioning it moves E (Matheron's rule; Wilson et al., Efficiently sampling functions from
Gaussian process posteriors, ICML 2020, arXiv:2002.09309): with nuclei X observed,

    E given y = E + A_Z^T V A_N,    V = K^-1 [y - f(X) - e] at the nuclei X, zero elsewhere,

e being a draw of the noise.  Eigenvalues that are zero within rounding are left out, so that
the square roots are as small as the smoothness of the field allows; no covariance of chart by chart
is ever made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bmm.arrays import FloatArray
from bmm.errors import ConfigError
from bmm.gp.chains import Chains
from bmm.gp.kernels import Kernel, Sum

__all__ = ["LatticeRoot"]

_SEPARABLE = 1e-10
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class LatticeRoot:
    """Square root of a stationary covariance on a box of the lattice.

    Parameters
    ----------
    Z, N : tuple of int
        First and last proton and neutron number of the box.
    along_Z, along_N : tuple of arrays (number, rank)
        A_Z and A_N of each term.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.chains import Chains
    >>> from bmm.gp.pathwise import LatticeRoot
    >>> from bmm.gp.stationary import SquaredExponential
    >>> root = LatticeRoot.of(SquaredExponential((3.0, 4.0)), (50, 60), (70, 90))
    >>> nuclei = Chains.of(np.array([50, 53]), np.array([82, 86]))
    >>> white = root.white(20_000, np.random.default_rng(0))
    >>> np.cov(root.apply(white, nuclei)).round(1)
    array([[1. , 0.4],
           [0.4, 1. ]])
    """

    Z: tuple[int, int]
    N: tuple[int, int]
    along_Z: tuple[FloatArray, ...]
    along_N: tuple[FloatArray, ...]

    @classmethod
    def of(cls, kernel: Kernel, Z: tuple[int, int], N: tuple[int, int]) -> LatticeRoot:
        """Take the square root of a kernel on the box of the given ends.

        Raises
        ------
        ConfigError
            If a term of the kernel is not separable.
        """
        roots = [_separated(term, Z[1] - Z[0] + 1, N[1] - N[0] + 1) for term in _terms(kernel)]
        along_Z, along_N = zip(*roots, strict=True)
        return cls(Z, N, along_Z, along_N)

    def white(self, count: int, rng: np.random.Generator) -> list[FloatArray]:
        """Draw E of every term, arrays (rank in Z, count, rank in N)."""
        return [
            rng.standard_normal((Z.shape[1], count, N.shape[1]))
            for Z, N in zip(self.along_Z, self.along_N, strict=True)
        ]

    def apply(self, white: list[FloatArray], chains: Chains) -> FloatArray:
        """Evaluate the field, array (n, count), at sorted nuclei."""
        values = np.zeros((len(chains.N), white[0].shape[1]))
        for part, (along_Z, along_N) in zip(white, self._rows(chains), strict=True):
            by_chain = np.tensordot(along_Z, part, axes=1)
            for weights, inside in zip(by_chain, chains.slices, strict=True):
                values[inside] += along_N[inside] @ weights.T
        return values

    def apply_transposed(self, values: FloatArray, chains: Chains) -> list[FloatArray]:
        """Carry values (n, count) at sorted nuclei back, to arrays as `white` gives them."""
        carried = []
        for along_Z, along_N in self._rows(chains):
            by_chain = np.empty((len(along_Z), values.shape[1], along_N.shape[1]))
            for weights, inside in zip(by_chain, chains.slices, strict=True):
                np.matmul(values[inside].T, along_N[inside], out=weights)
            carried.append(np.tensordot(along_Z.T, by_chain, axes=1))
        return carried

    def _rows(self, chains: Chains) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Rows of the square roots of each term at the chains' Z and at the nuclei's N."""
        for along_Z, along_N in zip(self.along_Z, self.along_N, strict=True):
            yield along_Z[chains.Z - self.Z[0]], along_N[chains.N - self.N[0]]


def _terms(kernel: Kernel) -> Iterator[Kernel]:
    """Terms of a sum."""
    if isinstance(kernel, Sum):
        yield from _terms(kernel.left)
        yield from _terms(kernel.right)
    else:
        yield kernel


def _separated(term: Kernel, n_Z: int, n_N: int) -> tuple[FloatArray, FloatArray]:
    """Square roots (n_Z, rank) and (n_N, rank) of a separable term."""
    lags = np.stack(np.meshgrid(np.arange(n_Z), np.arange(n_N), indexing="ij"), axis=-1)
    table = term(lags.reshape(-1, 2).astype(np.float64), np.zeros((1, 2))).reshape(n_Z, n_N)
    along_Z, along_N = table[:, 0], table[0] / table[0, 0]
    if not np.allclose(table, np.outer(along_Z, along_N), rtol=0, atol=_SEPARABLE * table[0, 0]):
        raise ConfigError(
            "joint draws on the lattice need terms that are products of a function of Z and one of "
            "N: expected squared-exponential and alternating kernels, or Matérn ones of one axis"
        )
    return _root(along_Z), _root(along_N)


def _root(covariance: FloatArray) -> FloatArray:
    """Square root (n, rank) of the covariance of a line, given by lag (n,)."""
    numbers = np.arange(len(covariance))
    values, vectors = np.linalg.eigh(covariance[np.abs(numbers[:, None] - numbers)])
    kept = values > len(values) * _EPSILON * values[-1]
    return np.ascontiguousarray(vectors[:, kept] * np.sqrt(values[kept]))
