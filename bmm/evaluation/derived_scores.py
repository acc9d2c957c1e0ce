"""Scores of masses, separation energies, Q values and gaps from joint draws of test nuclei.

A derived quantity joins masses of neighbours.  Those of the training nuclei are known; where two or
more are predicted, it matters that they err together, and the same draws, shuffled for each nucleus
by itself, show what is lost without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray, IntArray
from bmm.evaluation import scores as sc
from bmm.evaluation.coverage_test import chance, count_inside
from bmm.nuclides import labels, nuclide_index, numbers
from bmm.prediction.derived import QUANTITIES, derive, partners

__all__ = ["DerivedScores", "derived_scores", "derived_table"]


_PARTS = {"all": 1, "several predicted": 2}
_ENDS = ("", "_alone")


@dataclass(frozen=True)
class DerivedScores:
    """Forecast of derived quantities, and how right it was.

    Parameters
    ----------
    nuclei : DataFrame
        Columns quantity ("mass_excess", or a key of `bmm.prediction.derived.QUANTITIES`), Z, N,
        n_predicted (how many of its masses are), error and crps in MeV, pit, crps_alone and
        pit_alone, of the draws shuffled nucleus by nucleus.
    inside : dict
        For each quantity, part and end ("", or "_alone"): array (draw, level), see
        `bmm.evaluation.coverage_test.inside_if_true`.
    """

    nuclei: pd.DataFrame
    inside: dict[tuple[str, str, str], IntArray]


def derived_scores(
    forecast: xr.Dataset,
    test: pd.DataFrame,
    training: pd.DataFrame,
    levels: Sequence[float],
    seed: int,
) -> DerivedScores:
    """Score every mass of a forecast and every quantity that one enters, nucleus by nucleus.

    Parameters
    ----------
    forecast : Dataset
        Variable draws (draw, nucleus), MeV, with coordinates Z and N, of test nuclei; those
        without a forecast are left out.
    test, training : DataFrame
        Measured masses, indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in
        MeV.  Those of the test nuclei give what was observed, with their uncertainty; those of the
        training nuclei are taken as they are, in the prediction too.
    levels : sequence of float
        Probabilities of the central intervals.
    seed : int
        Of the measurement noise, and of the shuffling.
    """
    rng = np.random.default_rng(seed)
    index = nuclide_index(forecast)
    known = np.isfinite(forecast["draws"].isel(draw=0).to_numpy())
    index = index[known]
    drawn = forecast["draws"].transpose("draw", "nucleus").to_numpy()[:, known].astype(np.float64)
    found = test.reindex(index)
    drawn += rng.standard_normal(drawn.shape) * found["mass_excess_uncertainty"].to_numpy()
    masses = _Masses(
        training.index.append(index),
        np.append(training["mass_excess"].to_numpy(), found["mass_excess"].to_numpy()),
        len(training),
        drawn,
        rng.permuted(drawn, axis=0),
    )
    scored = [_score(name, masses, levels) for name in ("mass_excess", *QUANTITIES)]
    return DerivedScores(
        pd.concat([each.nuclei for each in scored], ignore_index=True),
        {key: counts for each in scored for key, counts in each.inside.items()},
    )


@dataclass(frozen=True)
class _Masses:
    """Training nuclei, whose masses are as observed, and test nuclei, with draws."""

    nuclei: pd.Index
    observed: FloatArray
    n_training: int
    joint: FloatArray
    alone: FloatArray

    def of(self, drawn: FloatArray, rows: IntArray) -> xr.DataArray:
        """Masses (draw, nucleus) of some nuclei, with the draws of those that have any."""
        Z, N = numbers(self.nuclei[rows])
        is_test = rows >= self.n_training
        values = np.empty((len(drawn), len(rows)))
        values[:, ~is_test] = self.observed[rows[~is_test]]
        values[:, is_test] = drawn[:, rows[is_test] - self.n_training]
        names = labels(Z.tolist(), N.tolist())
        coords = {"nucleus": names, "Z": ("nucleus", Z), "N": ("nucleus", N)}
        return xr.DataArray(values, coords, dims=("draw", "nucleus"))


def _score(quantity: str, masses: _Masses, levels: Sequence[float]) -> DerivedScores:
    """Score one quantity."""
    Z, N = numbers(masses.nuclei)
    is_mass = quantity == "mass_excess"
    rows = np.arange(len(Z))[:, None] if is_mass else partners(quantity, nuclide_index(Z, N))
    predicted = (rows >= masses.n_training).sum(axis=1)
    at = np.flatnonzero((rows >= 0).all(axis=1) & (predicted > 0))
    needed = np.unique(rows[at])
    here = np.searchsorted(needed, at)
    truth = masses.observed[None, masses.n_training :]
    joint, alone, (observed,) = (
        (each if is_mass else derive(each, quantity)).to_numpy()[:, here]
        for each in (masses.of(drawn, needed) for drawn in (masses.joint, masses.alone, truth))
    )
    scored = pd.DataFrame(
        {
            "quantity": quantity,
            "Z": Z[at],
            "N": N[at],
            "n_predicted": predicted[at],
            "error": joint.mean(axis=0) - observed,
            "crps": sc.crps(joint, observed),
            "pit": sc.pit(joint, observed),
            "crps_alone": sc.crps(alone, observed),
            "pit_alone": sc.pit(alone, observed),
        }
    )
    inside = {
        (quantity, part, end): counts
        for end, drawn in zip(_ENDS, (joint, alone), strict=True)
        for part, counts in zip(
            _PARTS,
            count_inside(drawn, levels, [predicted[at] >= least for least in _PARTS.values()]),
            strict=True,
        )
    }
    return DerivedScores(scored, inside)


def derived_table(
    scored: Mapping[str, Sequence[DerivedScores]], levels: Sequence[float]
) -> pd.DataFrame:
    """Average the scores of derived quantities.

    Parameters
    ----------
    scored : mapping of str to sequence of DerivedScores
        From `derived_scores`: for each method, those of every fold.
    levels : sequence of float
        Probabilities of the central intervals, as there.

    Returns
    -------
    DataFrame
        One row for each method, quantity and part ("all", or "several predicted": those that join
        two predicted masses or more): n, rms and crps in MeV, coverage_PP, chance (see
        `bmm.evaluation.coverage_test.chance`), and the same of the shuffled draws as crps_alone,
        coverage_PP_alone and chance_alone.
    """
    rows = []
    for method, folds in scored.items():
        table = pd.concat([fold.nuclei for fold in folds], ignore_index=True)
        for part, least in _PARTS.items():
            chosen = table[table["n_predicted"] >= least]
            for quantity, its in chosen.groupby("quantity", sort=False):
                row = {
                    "method": method,
                    "quantity": quantity,
                    "part": part,
                    "n": len(its),
                    "rms": float(np.sqrt((its["error"] ** 2).mean())),
                    "crps": float(its["crps"].mean()),
                    "crps_alone": float(its["crps_alone"].mean()),
                }
                for end in _ENDS:
                    inside = np.sum(
                        [fold.inside[str(quantity), part, end] for fold in folds], axis=0
                    )
                    row |= _calibration(its[f"pit{end}"].to_numpy(), inside, levels, end)
                rows.append(row)
    return pd.DataFrame(rows)


def _calibration(
    pit: FloatArray, inside: IntArray, levels: Sequence[float], end: str
) -> dict[str, float]:
    """Coverage at each level, and the chance that a right forecast's is as far from nominal."""
    covered = sc.inside_intervals(pit, levels).mean(axis=0)
    names = (f"coverage_{100 * level:g}{end}" for level in levels)
    row = dict(zip(names, covered.tolist(), strict=True))
    return row | {f"chance{end}": chance(inside, len(pit), covered, levels)}
