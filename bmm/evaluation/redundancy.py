"""Models with similar errors, between which the data can hardly distinguish."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.theory.joined import join_masses

__all__ = ["ALIKE", "Redundancy", "redundancy"]

ALIKE = 0.6
"""Relative difference below which two models share the credit; 1.41 for independent ones."""


@dataclass(frozen=True)
class Redundancy:
    """How much the models of a mixture have in common.

    Parameters
    ----------
    pairs : DataFrame
        One row per pair of models, most alike first: one, other, n (nuclei that both cover),
        correlation of their deviations from the measured masses, rms_difference_MeV, and
        relative_difference, by the geometric mean of the rms of the two deviations.
    effective_models : float
        Number of models without correlation that would vary as much: the exponential of the
        entropy of the eigenvalues of the correlation matrix, over nuclei that all cover; NaN if
        there are fewer than two.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.evaluation.redundancy import Redundancy
    >>> pairs = pd.DataFrame({"first": ["HFB24"], "second": ["HFB26"], "correlation": [0.95]})
    >>> Redundancy(pairs, effective_models=1.1).effective_models
    1.1
    """

    pairs: pd.DataFrame
    effective_models: float

    @property
    def alike(self) -> pd.DataFrame:
        """The pairs whose relative difference is below 0.6."""
        return self.pairs[self.pairs["relative_difference"] < ALIKE]


def redundancy(theory: xr.Dataset, measured: pd.DataFrame) -> Redundancy:
    """Compare the deviations of all models, pair by pair.

    Parameters
    ----------
    theory : Dataset
        See `bmm.theory.adapters.prediction`.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.evaluation.redundancy import redundancy
    >>> found = redundancy(theory, measured)
    >>> found.pairs[["one", "other", "n"]].to_numpy().tolist(), 1 < found.effective_models < 2
    ([['FRDM2012', 'HFB24', 235]], True)
    """
    joined = join_masses(measured, theory, missing="drop")
    deviation = pd.DataFrame(
        (joined["theory_mass_excess"] - joined["mass_excess"]).to_numpy(),
        columns=theory["theory"].to_numpy(),
    )
    rows = []
    for one, other in combinations(deviation.columns, 2):
        both = deviation[[one, other]].dropna()
        rms = np.sqrt((both**2).mean())
        difference = float(np.sqrt(((both[one] - both[other]) ** 2).mean()))
        rows.append(
            {
                "one": str(one),
                "other": str(other),
                "n": len(both),
                "correlation": both[one].corr(both[other]),
                "rms_difference_MeV": difference,
                "relative_difference": difference / np.sqrt(rms[one] * rms[other]),
            }
        )
    columns = ["one", "other", "n", "correlation", "rms_difference_MeV", "relative_difference"]
    pairs = pd.DataFrame(rows, columns=columns).sort_values("relative_difference")
    common = deviation.dropna()
    if len(common) < 2:
        return Redundancy(pairs.reset_index(drop=True), float("nan"))
    share = np.linalg.eigvalsh(np.atleast_2d(common.corr().to_numpy())) / common.shape[1]
    share = share[share > 0]
    return Redundancy(pairs.reset_index(drop=True), float(np.exp(-(share * np.log(share)).sum())))
