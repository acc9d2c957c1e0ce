"""What measured masses are expected to be off by, in place of their stated variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray
from bmm.errors import DataError
from bmm.nuclides import label

__all__ = ["MassErrors"]


@dataclass(frozen=True, eq=False)
class MassErrors:
    """Errors (true - stated) of n measured masses: expected, and their covariance.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei.
    shift : array (n,)
        Expected error, MeV.
    covariance : array (n, n)
        MeV^2.

    Raises
    ------
    DataError
        If the shapes do not fit.
    """

    nuclei: pd.MultiIndex
    shift: FloatArray
    covariance: FloatArray

    def __post_init__(self) -> None:
        n = len(self.nuclei)
        if self.shift.shape != (n,) or self.covariance.shape != (n, n):
            raise DataError(
                f"errors of {n} masses: expected as many shifts and a square covariance, not "
                f"{self.shift.shape} and {self.covariance.shape}"
            )

    def of(self, nuclei: pd.MultiIndex) -> MassErrors:
        """Pick some nuclei, in their order.

        Raises
        ------
        DataError
            If the errors of one of them are not known.
        """
        rows = self.nuclei.get_indexer(nuclei)
        if (rows < 0).any():
            Z, N = (int(nuclei.get_level_values(level)[rows < 0][0]) for level in ("Z", "N"))
            raise DataError(f"the error of {label(Z, N)} is not among those given")
        return MassErrors(nuclei, self.shift[rows], self.covariance[np.ix_(rows, rows)])
