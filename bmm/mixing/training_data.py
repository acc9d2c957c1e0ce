"""The training problem: measured masses beside the predictions of every model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.errors import DataError
from bmm.nuclides import labels

__all__ = ["refuse_uncovered", "training_problem"]

_SHOWN = 5


def training_problem(measured: pd.DataFrame, theory: xr.Dataset) -> xr.Dataset:
    """Join measured masses and theory.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty, MeV.
    theory : Dataset
        Predictions for the same nuclei in the same order; see `bmm.theory.adapters.prediction`.

    Returns
    -------
    Dataset
        Dims (nucleus, theory), the nuclei ordered by Z, then N; mass_excess and
        mass_excess_uncertainty (nucleus), theory and theory_sd (nucleus, model; NaN where a model
        does not cover the nucleus), all in MeV; coordinates nucleus, model, Z, N, A.

    Raises
    ------
    DataError
        If nothing is selected, theory lists other nuclei, or no model covers some nucleus, which
        is named.
    """
    if measured.empty:
        raise DataError("no measured nucleus is selected: expected at least one to fit to")
    Z, N = (measured.index.get_level_values(name).to_numpy(dtype=np.int64) for name in ("Z", "N"))
    nuclei = labels(Z.tolist(), N.tolist())
    if theory["nucleus"].to_numpy().tolist() != nuclei:
        raise DataError(
            "measured masses and theory differ in their nuclei or in their order: expected what "
            "the models predict for the index of the measured masses"
        )
    columns = measured[["mass_excess", "mass_excess_uncertainty"]].to_numpy(float)
    unusable = ~np.isfinite(columns).all(axis=1)
    if unusable.any():
        raise DataError(
            f"{nuclei[int(np.argmax(unusable))]}: expected a finite mass excess and uncertainty"
        )
    refuse_uncovered(theory, "fitted")
    MeV = {"units": "MeV"}
    problem = xr.Dataset(
        {
            "mass_excess": ("nucleus", columns[:, 0], MeV),
            "mass_excess_uncertainty": ("nucleus", columns[:, 1], MeV),
            "theory_mass_excess": (("nucleus", "theory"), theory["mass_excess"].to_numpy(), MeV),
            "theory_mass_excess_sd": (
                ("nucleus", "theory"),
                theory["mass_excess_sd"].to_numpy(),
                MeV,
            ),
        },
        coords={
            "nucleus": ("nucleus", nuclei),
            "theory": ("theory", theory["theory"].to_numpy()),
            "Z": ("nucleus", Z),
            "N": ("nucleus", N),
            "A": ("nucleus", Z + N),
        },
    )
    if "support" in theory:
        problem["support"] = "nucleus", theory["support"].to_numpy()
    return problem.isel(nucleus=np.lexsort((N, Z)))


def refuse_uncovered(theory: xr.Dataset, purpose: str) -> None:
    """Raise a DataError that names nuclei which no model covers.

    Parameters
    ----------
    theory : Dataset
        See `bmm.theory.adapters.prediction`.
    purpose : str
        What the nuclei are for: "fitted" or "predicted".
    """
    uncovered = np.isnan(theory["mass_excess"].to_numpy()).all(axis=1)
    if uncovered.any():
        names = theory["nucleus"].to_numpy()[uncovered]
        shown = ", ".join(str(name) for name in names[:_SHOWN])
        rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise DataError(
            f"no model covers {shown}{rest}: "
            f"expected every {purpose} nucleus to be covered by a model"
        )
