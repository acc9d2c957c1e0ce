"""Nuclei in isotopic chains, along which matrices over Z and over N are applied one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bmm.arrays import IntArray

__all__ = ["Chains"]


@dataclass(frozen=True)
class Chains:
    """Nuclei sorted into isotopic chains.

    Parameters
    ----------
    Z : int array (chain,)
        The elements.
    N : int array (n,)
        Neutron numbers, chain after chain.
    first : int array (chain + 1,)
        Where each chain begins, and the end of the last.
    order : int array (n,)
        Positions of the sorted nuclei in the order that was given.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.chains import Chains
    >>> chains = Chains.of(np.array([50, 28, 50]), np.array([82, 28, 80]))
    >>> chains.Z, chains.N, chains.first, chains.order
    (array([28, 50]), array([28, 82, 80]), array([0, 1, 3]), array([1, 0, 2]))
    """

    Z: IntArray
    N: IntArray
    first: IntArray
    order: IntArray

    @classmethod
    def of(cls, Z: IntArray, N: IntArray) -> Chains:
        """Sort nuclei (Z, N), arrays (n,)."""
        order = np.argsort(Z, kind="stable")
        elements, first = np.unique(Z[order], return_index=True)
        return cls(elements, N[order], np.append(first, len(Z)), order)

    @property
    def slices(self) -> Iterator[slice]:
        """Where each chain lies among the sorted nuclei."""
        for start, stop in zip(self.first[:-1], self.first[1:], strict=True):
            yield slice(int(start), int(stop))
