"""Whether the right nuclei were chosen: what measured masses, once added, did for the others.

Corrected models that know an older evaluation are given the masses of a chosen set of nuclei that
were measured later, and of many random sets as large; all are judged on the nuclei measured later
that are in neither of the two.  Adding a mass conditions the residual fields, with hyperparameters
fixed, and leaves the models mixed evenly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import StudentTMixture, student_t
from bmm.errors import DataError
from bmm.gp.conditioning import Conditioning, add_noise
from bmm.nuclides import numbers
from bmm.theory.correction import Correction
from bmm.theory.joined import join_masses

__all__ = ["Later", "compare_sets"]


class Later:
    """Corrected models at nuclei measured later, given the masses of some of these.

    Parameters
    ----------
    correction : Correction
        From the older evaluation; it must not know the later masses.
    later : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV; each nucleus
        covered by a model.

    Raises
    ------
    DataError
        If no model covers a nucleus.
    """

    def __init__(self, correction: Correction, later: pd.DataFrame) -> None:
        self.nuclei = later.index
        joined = join_masses(later, correction.theory).transpose("theory", "nucleus")
        centre = joined["theory_mass_excess"].to_numpy()
        if np.isnan(centre).all(axis=0).any():
            raise DataError("no model covers some nucleus measured later: expected one to")
        self._mass, self._uncertainty = (
            joined[name].to_numpy() for name in ("mass_excess", "mass_excess_uncertainty")
        )
        self._scale, self._centre = joined["theory_mass_excess_sd"].to_numpy(), centre
        Z, N = numbers(later.index)
        self._fields = []
        for k, model in enumerate(correction.models.values()):
            here = np.flatnonzero(np.isfinite(centre[k]))
            factor = model.factor_at(Z[here], N[here])
            self._fields.append((here, model.field.covariance(Z[here], N[here]), factor))

    def given(self, added: Sequence[int] | IntArray) -> tuple[FloatArray, FloatArray]:
        """Add some of the masses; spread factors stay what they were without them.

        Parameters
        ----------
        added : sequence of int
            Their positions.

        Returns
        -------
        centre, scale : array (model, nucleus)
            Of the Student-t of each model, MeV; NaN where it does not cover the nucleus.
        """
        centre, scale = self._centre.copy(), self._scale.copy()
        for k, (here, covariance, factor) in enumerate(self._fields):
            inside = np.flatnonzero(np.isin(here, added))
            at = here[inside]
            across = covariance[:, inside]
            inner = across[inside]
            add_noise(inner, self._uncertainty[at] ** 2)
            known = Conditioning.of(inner, across.T)
            centre[k, here] += known.shift(self._mass[at] - self._centre[k, at])
            # A spread that the model itself states is not the field's to explain.
            explained = factor**2 * known.explained_variance
            scale[k, here] = np.sqrt(np.maximum(scale[k, here] ** 2 - explained, 0.0))
        return centre, scale

    def score(self, added: Sequence[int] | IntArray, judged: IntArray) -> tuple[float, float]:
        """Root-mean-square error (MeV) and mean log density (per MeV) of some of the nuclei.

        Parameters
        ----------
        added, judged : sequence of int
            Positions of the masses that are added, and of those that are predicted.
        """
        centre, scale = (each[:, judged] for each in self.given(added))
        mixed = StudentTMixture(centre.T, scale.T, nu=student_t.NU)
        error = mixed.mean - self._mass[judged]
        density = mixed.widened(self._uncertainty[judged]).log_density(self._mass[judged])
        return float(np.sqrt(np.mean(error**2))), float(np.mean(density))


def compare_sets(
    later: Later, chosen: pd.MultiIndex, candidates: pd.MultiIndex, sets: int, seed: int = 0
) -> pd.DataFrame:
    """Compare a chosen set with random ones.

    Parameters
    ----------
    later : Later
        The nuclei and their predictions.
    chosen : MultiIndex (Z, N)
        The set.
    candidates : MultiIndex (Z, N)
        What it was chosen from.
    sets : int
        Number of random sets of as many candidates.
    seed : int, default 0
        Of the random sets.

    Returns
    -------
    DataFrame
        One row for each random set: judged, the number of nuclei in neither set; rms_MeV and
        log_score of these, with the suffixes _chosen, _random and _none for what was added.
    """
    rng = np.random.default_rng(seed)
    best = later.nuclei.get_indexer(chosen)
    pool = later.nuclei.get_indexer(candidates)
    if (best < 0).any() or (pool < 0).any() or len(best) > len(pool):
        raise DataError("expected candidates that were measured later, and a set of these")
    rows = []
    for _ in range(sets):
        drawn = rng.choice(pool, len(best), replace=False)
        judged = np.setdiff1d(np.arange(len(later.nuclei)), np.union1d(best, drawn))
        row: dict[str, float] = {"judged": len(judged)}
        nothing = np.empty(0, dtype=np.intp)
        for name, added in (("chosen", best), ("random", drawn), ("none", nothing)):
            row[f"rms_MeV_{name}"], row[f"log_score_{name}"] = later.score(added, judged)
        rows.append(row)
    return pd.DataFrame(rows)
