"""Separation energies, Q values and gaps: sums and differences of masses of neighbours.

All follow from atomic mass excesses Δ(Z, N), in which electrons and atomic mass units cancel:

==============  ===========================================================  =====================
S_1n            Δ(Z, N-1) + Δ_n - Δ(Z, N)                                    one-neutron separation
S_2n            Δ(Z, N-2) + 2 Δ_n - Δ(Z, N)
S_1p            Δ(Z-1, N) + Δ_H - Δ(Z, N)                                    one-proton separation
S_2p            Δ(Z-2, N) + 2 Δ_H - Δ(Z, N)
Q_alpha         Δ(Z, N) - Δ(Z-2, N-2) - Δ_He                                 alpha decay
Q_beta          Δ(Z, N) - Δ(Z+1, N-1)                                        beta-minus decay
pairing_gap_n   (-1)^N [Δ(Z, N-1) - 2 Δ(Z, N) + Δ(Z, N+1)] / 2               three-point
pairing_gap_p   (-1)^Z [Δ(Z-1, N) - 2 Δ(Z, N) + Δ(Z+1, N)] / 2
shell_gap_n     S_2n(Z, N) - S_2n(Z, N+2)                                    two-neutron
shell_gap_p     S_2p(Z, N) - S_2p(Z+2, N)
==============  ===========================================================  =====================

Where a model's table ends, the mixture of the others takes over, and a difference across that
border is one of models, not of masses.  `mark_models` says which models each mass comes from;
`derive` then leaves out differences of masses that come from different ones.

Definitions as in AME2020 (M. Wang et al., Chinese Phys. C 45, 030003, 2021) and, for the gaps,
Lunney, Pearson & Thibault (Rev. Mod. Phys. 75, 1021, 2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.conversions import HELIUM_MASS_EXCESS, HYDROGEN_MASS_EXCESS, NEUTRON_MASS_EXCESS
from bmm.errors import ConfigError
from bmm.nuclides import nuclide_index

__all__ = ["QUANTITIES", "Quantity", "across_border", "derive", "mark_models", "partners"]


@dataclass(frozen=True)
class Quantity:
    """A sum of mass excesses of a nucleus and its neighbours.

    Parameters
    ----------
    terms : tuple of (int, int, float)
        dZ and dN from the nucleus, and the coefficient.
    constant : float
        MeV.
    alternates_with : {"", "Z", "N"}
        Number whose parity gives the sign of it all.
    meaning : str
        One line.
    """

    terms: tuple[tuple[int, int, float], ...]
    constant: float
    meaning: str
    alternates_with: str = ""


_n, _H, _He = NEUTRON_MASS_EXCESS, HYDROGEN_MASS_EXCESS, HELIUM_MASS_EXCESS

QUANTITIES = {
    "S_1n": Quantity(((0, -1, 1), (0, 0, -1)), _n, "one-neutron separation energy"),
    "S_2n": Quantity(((0, -2, 1), (0, 0, -1)), 2 * _n, "two-neutron separation energy"),
    "S_1p": Quantity(((-1, 0, 1), (0, 0, -1)), _H, "one-proton separation energy"),
    "S_2p": Quantity(((-2, 0, 1), (0, 0, -1)), 2 * _H, "two-proton separation energy"),
    "Q_alpha": Quantity(((0, 0, 1), (-2, -2, -1)), -_He, "Q value of alpha decay"),
    "Q_beta": Quantity(((0, 0, 1), (1, -1, -1)), 0.0, "Q value of beta-minus decay"),
    "pairing_gap_n": Quantity(
        ((0, -1, 0.5), (0, 0, -1), (0, 1, 0.5)), 0.0, "three-point neutron pairing gap", "N"
    ),
    "pairing_gap_p": Quantity(
        ((-1, 0, 0.5), (0, 0, -1), (1, 0, 0.5)), 0.0, "three-point proton pairing gap", "Z"
    ),
    "shell_gap_n": Quantity(((0, -2, 1), (0, 0, -2), (0, 2, 1)), 0.0, "two-neutron shell gap"),
    "shell_gap_p": Quantity(((-2, 0, 1), (0, 0, -2), (2, 0, 1)), 0.0, "two-proton shell gap"),
}
"""Derived quantities by name."""

# Draws worked on at a time: those of the whole chart are large.
_DRAWS = 128


def partners(quantity: str, nuclei: pd.MultiIndex) -> npt.NDArray[np.intp]:
    """Positions of a quantity's masses among the nuclei, array (nucleus, term); -1 if absent.

    Parameters
    ----------
    quantity : str
        Key of `QUANTITIES`.
    nuclei : MultiIndex (Z, N)
        Whose masses are known.

    Raises
    ------
    ConfigError
        If there is no such quantity.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.prediction.derived import partners
    >>> partners("S_2n", nuclide_index([50, 50], [80, 82]))
    array([[-1,  0],
           [ 0,  1]])
    """
    Z, N = (nuclei.get_level_values(name).to_numpy() for name in ("Z", "N"))
    found = [
        nuclei.get_indexer(pd.MultiIndex.from_arrays([Z + dZ, N + dN], names=["Z", "N"]))
        for dZ, dN, _ in _look_up(quantity).terms
    ]
    return np.stack(found, axis=1)


def mark_models(masses: xr.DataArray, theory: xr.Dataset, measured: pd.Index) -> xr.DataArray:
    """Add the coordinate "models": which set of models each mass comes from.

    Parameters
    ----------
    masses : DataArray (..., nucleus)
        With coordinates Z and N.
    theory : Dataset
        What the models say; see `bmm.theory.adapters.prediction`.
    measured : Index (Z, N)
        Nuclei whose masses are measured.

    Returns
    -------
    DataArray
        With a number for each set of models; -1 where the mass is measured, and -2 where no model
        predicts it.

    Examples
    --------
    With `theory` and `measured` of the example of `bmm.fit`:

    >>> from bmm.prediction.derived import mark_models
    >>> marked = mark_models(theory["mass_excess"].mean("theory"), theory, measured.index)
    >>> marked["models"].sel(nucleus=["Sn-132", "Sn-140"]).to_numpy()
    array([-1,  1])
    """
    nuclei = nuclide_index(masses["Z"].to_numpy(), masses["N"].to_numpy())
    predicted = theory["mass_excess"].transpose("nucleus", "theory").to_numpy()
    rows = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy()).get_indexer(nuclei)
    covers = np.isfinite(predicted)[rows] & (rows >= 0)[:, None]
    number = np.unique(covers, axis=0, return_inverse=True)[1].ravel()
    number = np.where(covers.any(axis=1), number, -2)
    number = np.where(nuclei.isin(measured), -1, number)
    attributes = {"long_name": "set of models that predict the nucleus; -1 measured, -2 none"}
    return masses.assign_coords(models=("nucleus", number, attributes))


def across_border(masses: xr.DataArray, quantity: str) -> npt.NDArray[np.bool]:
    """Tell of which nuclei a quantity has masses that come from different models.

    Parameters
    ----------
    masses : DataArray (..., nucleus)
        From `mark_models`; without its coordinate, none is left out.
    quantity : str
        Key of `QUANTITIES`.

    Returns
    -------
    bool array (nucleus,)
        Measured masses fit any; nuclei without a neighbour are not reported.
    """
    nuclei = nuclide_index(masses["Z"].to_numpy(), masses["N"].to_numpy())
    rows = partners(quantity, nuclei)
    if "models" not in masses.coords:
        return np.zeros(len(nuclei), dtype=np.bool_)
    models = masses["models"].to_numpy()[rows]
    most = models.max(axis=1)
    least = np.where(models < 0, most[:, None], models).min(axis=1)
    return np.asarray((rows >= 0).all(axis=1) & (least < most))


def derive(masses: xr.DataArray, quantity: str) -> xr.DataArray:
    """Derive a quantity from mass surfaces, draw by draw.

    Parameters
    ----------
    masses : DataArray (..., nucleus)
        Mass excess in MeV, with coordinates Z and N; for their covariance to count, joint draws.
    quantity : str
        Key of `QUANTITIES`.

    Returns
    -------
    DataArray
        The same dims and coordinates, MeV; NaN where a neighbour is missing, or the masses come
        from different models (see `mark_models`).

    Raises
    ------
    ConfigError
        If there is no such quantity.

    Examples
    --------
    >>> import xarray as xr
    >>> from bmm.data import load_measured
    >>> from bmm.nuclides import labels
    >>> from bmm.prediction.derived import derive
    >>> tin = load_measured("AME2020").query("Z == 50 and N >= 80")["mass_excess"]
    >>> Z, N = (tin.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    >>> coords = {"nucleus": labels(Z, N), "Z": ("nucleus", Z), "N": ("nucleus", N)}
    >>> masses = xr.DataArray(tin.to_numpy(), coords=coords, dims="nucleus")
    >>> derive(masses, "S_2n").sel(nucleus="Sn-132").round(2).item()
    12.56
    """
    definition = _look_up(quantity)
    Z, N = masses["Z"].to_numpy(), masses["N"].to_numpy()
    rows = partners(quantity, nuclide_index(Z, N))
    values = masses.transpose(..., "nucleus").to_numpy()
    total = np.full(values.shape, definition.constant)
    flat, sums = (each.reshape(-1, values.shape[-1]) for each in (values, total))
    for start in range(0, len(flat), _DRAWS):
        some = slice(start, start + _DRAWS)
        for (_, _, coefficient), at in zip(definition.terms, rows.T, strict=True):
            sums[some] += coefficient * flat[some, at]
    if definition.alternates_with:
        total *= 1 - 2 * ((Z if definition.alternates_with == "Z" else N) % 2)
    total[..., (rows < 0).any(axis=1) | across_border(masses, quantity)] = np.nan
    derived = masses.transpose(..., "nucleus").copy(data=total)
    derived.name = quantity
    derived.attrs = {"units": "MeV", "long_name": definition.meaning}
    return derived


def _look_up(quantity: str) -> Quantity:
    if quantity not in QUANTITIES:
        raise ConfigError(
            f"no quantity is called {quantity!r}; expected one of {', '.join(QUANTITIES)}"
        )
    return QUANTITIES[quantity]
