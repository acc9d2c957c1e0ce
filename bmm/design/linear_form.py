"""Sums of unmeasured masses: the uncertain part of a target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray, IntArray

__all__ = ["LinearForm"]


@dataclass(frozen=True)
class LinearForm:
    """Quantities that are sums of masses.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n unmeasured nuclei whose masses enter.
    rows : int array (quantity, term)
        Positions among the nuclei; -1 where a term is measured.
    coefficients : array (quantity, term)
        Factors of the masses.

    Examples
    --------
    S_2n of two nuclei. The mass of the lighter partner of the first is measured:

    >>> import numpy as np
    >>> from bmm.design.linear_form import LinearForm
    >>> from bmm.nuclides import nuclide_index
    >>> nuclei = nuclide_index([50, 50], [90, 92])
    >>> form = LinearForm(nuclei, np.array([[-1, 0], [0, 1]]), np.array([1.0, -1.0]))
    >>> form.uncertain
    array([[ 0., -1.],
           [ 1., -1.]])
    """

    nuclei: pd.MultiIndex
    rows: IntArray
    coefficients: FloatArray

    @property
    def uncertain(self) -> FloatArray:
        """Factors (quantity, term), 0 where a term is measured."""
        return np.where(self.rows >= 0, self.coefficients, 0.0)

    def of(self, values: FloatArray) -> FloatArray:
        """Apply it to the first axis of values (n, ...); gives (quantity, ...).

        Examples
        --------
        S_2n of a nucleus whose lighter partner is measured:

        >>> import numpy as np, pandas as pd
        >>> from bmm.design.linear_form import LinearForm
        >>> nuclei = pd.MultiIndex.from_tuples([(50, 84)], names=["Z", "N"])
        >>> form = LinearForm(nuclei, np.array([[-1, 0]]), np.array([[1.0, -1.0]]))
        >>> form.of(np.array([[-61.0, -62.0]]))
        array([[61., 62.]])
        """
        return np.asarray(np.einsum("qt,qt...->q...", self.uncertain, values[self.rows]))
