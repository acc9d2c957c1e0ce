"""The training problem: measured masses beside the predictions of every model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bmm.errors import DataError, quoted
from bmm.theory.joined import join_masses

__all__ = ["refuse_idle", "refuse_uncovered", "training_problem"]

_SHOWN = 5


def training_problem(measured: pd.DataFrame, theory: xr.Dataset) -> xr.Dataset:
    """Join measured masses and theory, and refuse what cannot be fitted.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty, MeV.
    theory : Dataset
        Predictions for these nuclei and possibly others; see `bmm.theory.adapters.prediction`.

    Returns
    -------
    Dataset
        As `bmm.theory.joined.join_masses` makes it, the nuclei ordered by Z, then N.

    Raises
    ------
    DataError
        If nothing is selected, theory lacks a nucleus, or no model covers some nucleus, which is
        named.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.mixing.training_data import training_problem
    >>> problem = training_problem(measured, theory)
    >>> problem["theory_mass_excess"].dims, problem.sizes["nucleus"] == len(measured)
    (('nucleus', 'theory'), True)
    """
    if measured.empty:
        raise DataError("no measured nucleus is selected: expected at least one to fit to")
    problem = join_masses(measured, theory, missing="refuse")
    mass, uncertainty = (problem[f"mass_excess{end}"].to_numpy() for end in ("", "_uncertainty"))
    usable = np.isfinite(mass + uncertainty)
    if not usable.all():
        name = problem["nucleus"].to_numpy()[~usable][0]
        raise DataError(f"{name}: expected a finite mass excess and uncertainty")
    refuse_uncovered(problem["theory_mass_excess"], "fitted")
    return problem.isel(nucleus=np.lexsort((problem["N"], problem["Z"])))


def refuse_idle(masses: xr.DataArray) -> None:
    """Raise a DataError that names a model which covers no nucleus to learn from.

    Parameters
    ----------
    masses : DataArray (nucleus, theory)
        Mass excess, MeV; NaN where a model does not cover a nucleus.
    """
    idle = np.isnan(masses.transpose("nucleus", "theory").to_numpy()).all(axis=0)
    if idle.any():
        name = str(masses["theory"].to_numpy()[idle][0])
        raise DataError(
            f"model {quoted(name)} covers none of the {masses.sizes['nucleus']} measured nuclei: "
            "expected at least one to learn from"
        )


def refuse_uncovered(masses: xr.DataArray, purpose: str) -> None:
    """Raise a DataError that names nuclei which no model covers.

    Parameters
    ----------
    masses : DataArray (nucleus, theory)
        Mass excess, MeV; NaN where a model does not cover a nucleus.
    purpose : str
        What the nuclei are for: "fitted" or "predicted".

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from bmm.mixing.training_data import refuse_uncovered
    >>> masses = xr.DataArray([[-80.0, np.nan]], dims=("nucleus", "theory"))
    >>> refuse_uncovered(masses, "fitted")  # one model is enough
    """
    uncovered = np.isnan(masses.transpose("nucleus", "theory").to_numpy()).all(axis=1)
    if uncovered.any():
        names = masses["nucleus"].to_numpy()[uncovered]
        shown = ", ".join(str(name) for name in names[:_SHOWN])
        rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise DataError(
            f"no model covers {shown}{rest}: "
            f"expected every {purpose} nucleus to be covered by a model"
        )
