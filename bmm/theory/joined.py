"""The join of measured masses and theory, by (Z, N)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from bmm.errors import DataError
from bmm.nuclides import label, labels, nuclide_index, numbers

__all__ = ["Missing", "join_masses", "theory_at"]

type Missing = Literal["nan", "drop", "refuse"]
"""Treatment of a nucleus that theory does not list: NaN, left out, or an error."""

_DIMS = ("nucleus", "theory")
_MEASURED = ("mass_excess", "mass_excess_uncertainty")


def theory_at(theory: xr.Dataset, nuclei: pd.Index, *, missing: Missing = "nan") -> xr.Dataset:
    """Take theory at some nuclei, in their order.

    Parameters
    ----------
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it; other variables over nucleus come along.
    nuclei : MultiIndex (Z, N)
        The nuclei, each once.
    missing : {"nan", "drop", "refuse"}, default "nan"
        Treatment of a nucleus that theory does not list.

    Returns
    -------
    Dataset (nucleus, theory)
        With coordinates nucleus, theory, Z and N.

    Raises
    ------
    DataError
        If a nucleus is not listed and that is to be refused.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.adapters import prediction
    >>> from bmm.theory.joined import theory_at
    >>> theory = prediction(nuclide_index([50, 82], [82, 126]), ["one"], [[-76.0], [-21.0]])
    >>> theory_at(theory, nuclide_index([82, 20], [126, 28]))["mass_excess"].to_numpy()
    array([[-21.],
           [ nan]])
    """
    rows = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy()).get_indexer(nuclei)
    listed = rows >= 0
    if not listed.all():
        if missing == "refuse":
            Z, N = nuclei[int(np.argmin(listed))]
            raise DataError(
                f"{label(Z, N)} is measured, but theory lists no prediction of it, not even NaN"
            )
        if missing == "drop":
            nuclei, rows, listed = nuclei[listed], rows[listed], listed[listed]
    Z, N = numbers(nuclei)
    part = theory.isel(nucleus=rows).transpose(*_DIMS, ...)
    if not listed.all():
        part = part.where(xr.DataArray(listed, dims="nucleus"))
    return part.assign_coords(
        nucleus=("nucleus", labels(Z.tolist(), N.tolist())), Z=("nucleus", Z), N=("nucleus", N)
    )


def join_masses(
    measured: pd.DataFrame, theory: xr.Dataset, *, missing: Missing = "nan"
) -> xr.Dataset:
    """Put measured masses beside the predictions of every model.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess and perhaps mass_excess_uncertainty, MeV.
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it, for these nuclei and possibly others.
    missing : {"nan", "drop", "refuse"}, default "nan"
        Treatment of a measured nucleus that theory does not list.

    Returns
    -------
    Dataset
        The measured nuclei in their order: mass_excess and mass_excess_uncertainty (nucleus), as
        far as given, theory_mass_excess and theory_mass_excess_sd (nucleus, theory; NaN where a
        model does not cover the nucleus), all in MeV; support (nucleus) if theory has it;
        coordinates nucleus, theory, Z, N and A.

    Raises
    ------
    DataError
        If a nucleus is not listed and that is to be refused.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.adapters import prediction
    >>> from bmm.theory.joined import join_masses
    >>> theory = prediction(nuclide_index([50, 82], [82, 126]), ["one"], [[-76.0], [-21.0]])
    >>> measured = pd.DataFrame({"mass_excess": [-21.75]}, nuclide_index([82], [126]))
    >>> joined = join_masses(measured, theory)
    >>> (joined["mass_excess"] - joined["theory_mass_excess"]).to_numpy()
    array([[-0.75]])
    """
    part = theory_at(theory, measured.index, missing=missing)
    kept = nuclide_index(part["Z"].to_numpy(), part["N"].to_numpy())
    values = measured if len(kept) == len(measured) else measured.loc[kept]
    MeV = {"units": "MeV"}
    names = ("mass_excess", "mass_excess_sd")
    joined = xr.Dataset(
        {
            name: ("nucleus", values[name].to_numpy(dtype=np.float64), MeV)
            for name in _MEASURED
            if name in values
        }
        | {f"theory_{name}": (_DIMS, part[name].to_numpy(), MeV) for name in names},
        coords={name: part[name].variable for name in ("nucleus", "theory", "Z", "N")},
    )
    if "support" in part:
        joined["support"] = "nucleus", part["support"].to_numpy()
    return joined.assign_coords(A=joined["Z"] + joined["N"])
