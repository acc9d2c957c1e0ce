"""Scores of separation energies, Q values and gaps on test nuclei.

A derived quantity joins masses of neighbours.  Those of the training nuclei are known; where two or
more are predicted, it matters that they err together, and the same draws, shuffled for each nucleus
by itself, show what is lost without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.evaluation import scores as sc
from bmm.nuclides import labels, nuclide_index
from bmm.prediction.derived import QUANTITIES, derive, partners
from bmm.theory.adapters import numbers

__all__ = ["derived_scores", "derived_table"]

FloatArray = npt.NDArray[np.float64]

_PARTS = {"all": 1, "several predicted": 2}


def derived_scores(
    forecast: xr.Dataset, test: pd.DataFrame, training: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Score every derived quantity that a forecast enters, nucleus by nucleus.

    Parameters
    ----------
    forecast : Dataset
        Variable draws (draw, nucleus), MeV, with coordinates Z and N, of test nuclei; those
        without a forecast are left out.
    test, training : DataFrame
        Measured masses, indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in
        MeV.  Those of the test nuclei give what was observed, with their uncertainty; those of the
        training nuclei are taken as they are, in the prediction too.
    seed : int
        Of the measurement noise, and of the shuffling.

    Returns
    -------
    DataFrame
        Columns quantity, Z, N, n_predicted (how many of its masses are), error and crps in MeV,
        pit, crps_alone and pit_alone, of the draws shuffled nucleus by nucleus.
    """
    rng = np.random.default_rng(seed)
    index = nuclide_index(forecast["Z"].to_numpy(), forecast["N"].to_numpy())
    known = np.isfinite(forecast["draws"].isel(draw=0).to_numpy())
    index = index[known]
    drawn = forecast["draws"].transpose("draw", "nucleus").to_numpy()[:, known].astype(np.float64)
    found = test.reindex(index)
    drawn += rng.standard_normal(drawn.shape) * found["mass_excess_uncertainty"].to_numpy()
    together = training.index.append(index)
    observed = np.append(training["mass_excess"].to_numpy(), found["mass_excess"].to_numpy())
    joint, alone, truth = (
        _masses(together, observed, each)
        for each in (drawn, rng.permuted(drawn, axis=0), observed[None, len(training) :])
    )
    return pd.concat(
        [_score(name, together, len(training), joint, alone, truth) for name in QUANTITIES],
        ignore_index=True,
    )


def _masses(nuclei: pd.Index, observed: FloatArray, drawn: FloatArray) -> xr.DataArray:
    """Masses (draw, nucleus): the training nuclei's as observed, then draws of the others."""
    Z, N = numbers(nuclei)
    whole = np.tile(observed, (len(drawn), 1))
    whole[:, len(observed) - drawn.shape[1] :] = drawn
    return xr.DataArray(
        whole,
        dims=("draw", "nucleus"),
        coords={
            "nucleus": labels(nuclei.get_level_values("Z"), nuclei.get_level_values("N")),
            "Z": ("nucleus", Z),
            "N": ("nucleus", N),
        },
    )


def _score(
    quantity: str,
    nuclei: pd.Index,
    n_training: int,
    joint: xr.DataArray,
    alone: xr.DataArray,
    truth: xr.DataArray,
) -> pd.DataFrame:
    Z, N = numbers(nuclei)
    rows = partners(quantity, nuclide_index(Z, N))
    predicted = (rows >= n_training).sum(axis=1)
    at = np.flatnonzero((rows >= 0).all(axis=1) & (predicted > 0))
    needed = np.unique(rows[at])
    here = np.searchsorted(needed, at)
    values = [
        derive(each.isel(nucleus=needed), quantity).to_numpy()[:, here]
        for each in (joint, alone, truth)
    ]
    observed = values[2][0]
    return pd.DataFrame(
        {
            "quantity": quantity,
            "Z": Z[at],
            "N": N[at],
            "n_predicted": predicted[at],
            "error": values[0].mean(axis=0) - observed,
            "crps": sc.crps(values[0], observed),
            "pit": sc.pit(values[0], observed),
            "crps_alone": sc.crps(values[1], observed),
            "pit_alone": sc.pit(values[1], observed),
        }
    )


def derived_table(tables: Mapping[str, pd.DataFrame], levels: Sequence[float]) -> pd.DataFrame:
    """Average the scores of derived quantities.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        From `derived_scores`, for each method.
    levels : sequence of float
        Probabilities of the central intervals.

    Returns
    -------
    DataFrame
        One row for each method, quantity and part ("all", or "several predicted": those that join
        two predicted masses or more): n, rms and crps in MeV, coverage_PP, and the same of the
        shuffled draws as crps_alone and coverage_PP_alone.
    """
    rows = []
    for method, table in tables.items():
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
                for level in levels:
                    for end in ("", "_alone"):
                        off_centre = 2 * (its[f"pit{end}"] - 0.5).abs()
                        row[f"coverage_{100 * level:g}{end}"] = float((off_centre <= level).mean())
                rows.append(row)
    return pd.DataFrame(rows)
