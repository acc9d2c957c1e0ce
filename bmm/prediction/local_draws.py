"""Separation energies, existence and drip lines of a whole chart, in windows of elements.

Joint draws of the whole chart (`bmm.prediction.joint_draws`) take minutes.  What a theory gets
wrong is alike over a few protons only, so here

* the hyperparameters of every residual field are learnt once, as if blocks of sixteen neighbouring
  elements were independent of each other,
* and the chart is drawn in windows of a few elements, each given the measured nuclei of the
  elements around it.

A separation energy lies within one window.  Nothing that spans more of the chart can be had from
this: whole surfaces, numbers of bound nuclei.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.distributions import WIDE_INTERVALS, summarise_draws
from bmm.nuclides import nuclide_index, symbol
from bmm.prediction.derived import across_border, derive, mark_models
from bmm.prediction.existence import drip_lines, existence
from bmm.prediction.joint_draws import sample_surfaces
from bmm.theory.correction import FittedHyperparameters, correct_average, correct_theory
from bmm.theory.residual_field import BLOCK

__all__ = [
    "AVERAGE",
    "ENERGIES",
    "Window",
    "learn_fields",
    "separations",
    "window_count",
    "windows",
]

ENERGIES = ("S_1n", "S_2n", "S_1p", "S_2p")
"""What is derived; see `bmm.prediction.derived.QUANTITIES`."""

AVERAGE = "average"
"""Under which `learn_fields` gives the field of the models' average."""

# In elements: of a window, and on either side of it.
_WIDTH = 8
_AROUND = 8


@dataclass(frozen=True)
class Window:
    """Joint draws of a few neighbouring elements.

    Parameters
    ----------
    elements : list of int
        Proton numbers whose separation energies can be had.
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess of these elements and the two below, MeV.
    """

    elements: list[int]
    surfaces: xr.DataArray


def learn_fields(measured: pd.DataFrame, theory: xr.Dataset) -> dict[str, FittedHyperparameters]:
    """Learn the residual field of every model, and that of their average, block by block.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), with mass_excess and mass_excess_uncertainty in MeV.
    theory : Dataset
        What the models say of them; see `bmm.theory.adapters.prediction`.

    Raises
    ------
    DataError
        If a model covers fewer than 20 of the nuclei.
    """
    block = measured.index.get_level_values("Z").to_numpy() // BLOCK
    at = theory.isel(nucleus=_index(theory).isin(measured.index))
    models = correct_theory(measured, at, block=block).models
    learnt = {name: each.learnt for name, each in models.items()}
    return learnt | {AVERAGE: correct_average(models, elements=BLOCK).learnt}


def windows(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    learnt: dict[str, FittedHyperparameters],
    count: int,
    seed: int,
    *,
    known: pd.DataFrame | None = None,
    elements: tuple[int, int] | None = None,
) -> Iterator[Window]:
    """Draw the elements of a chart, a few at a time.

    Parameters
    ----------
    measured : DataFrame
        Nuclei that the corrections learn from.
    theory : Dataset
        What the models say of these nuclei and of the chart.
    learnt : dict
        From `learn_fields`.
    count : int
        Number of joint draws.
    seed : int
        Of the draws.
    known : DataFrame, optional
        Nuclei that are drawn from their measurement, by default `measured`; they may be more.
    elements : (int, int), optional
        First and last proton number wanted; by default, all of the chart.
    """
    known = measured if known is None else known
    nuclei = pd.MultiIndex.from_tuples(
        _index(theory).union(known.index.to_list()).sort_values(), names=["Z", "N"]
    )
    Z = nuclei.get_level_values("Z").to_numpy()
    first, last = elements or (int(Z.min()), int(Z.max()))
    for start in range(first, last + 1, _WIDTH):
        end = min(start + _WIDTH - 1, last)
        near = (start - 2 - _AROUND, end + _AROUND)
        some = _between(measured.index, near)
        part = theory.isel(nucleus=_between(_index(theory), near))
        correction = correct_theory(measured[some], part, learnt=learnt)
        wanted = nuclei[_between(nuclei, (start - 2, end))]
        average = correct_average(correction.models, learnt=learnt[AVERAGE])
        surfaces = sample_surfaces(
            correction, _dataset(wanted), count, seed, measured=known, average=average
        )
        surfaces = mark_models(surfaces, part, known.index)
        inside = sorted({int(z) for z in Z if start <= z <= end})
        yield Window(inside, surfaces)


def window_count(elements: tuple[int, int]) -> int:
    """Count the windows in which `windows` draws from a first to a last element."""
    return len(range(elements[0], elements[1] + 1, _WIDTH))


def separations(drawn: Iterator[Window]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summarise separation energies, existence and drip lines.

    Parameters
    ----------
    drawn : iterator of Window
        From `windows`.

    Returns
    -------
    nuclei : DataFrame
        One row per nucleus: Z, N, A, symbol, border (1 if a separation energy lies across the
        border of a model's table, where it is left out), existence (probability that it is bound
        against the emission of nucleons), and for each of S_1n, S_2n, S_1p and S_2p <name>_mean,
        <name>_median, <name>_sd, <name>_lower_68, <name>_upper_68 and so on for the central
        intervals of 68, 95 and 99.7 %, MeV.  NaN where a neighbour is missing, or across a border.
    lines : DataFrame
        See `bmm.prediction.existence.drip_lines`.
    """
    tables, lines = [], []
    for window in drawn:
        kept = np.isin(window.surfaces["Z"].to_numpy(), window.elements)
        here = window.surfaces.isel(nucleus=kept)
        Z, N = here["Z"].to_numpy(), here["N"].to_numpy()
        columns = {"Z": Z, "N": N, "A": Z + N, "symbol": [symbol(int(z)) for z in Z]}
        columns["border"] = np.any(
            [across_border(window.surfaces, name)[kept] for name in ENERGIES], axis=0
        ).astype(int)
        columns["existence"] = existence(window.surfaces).to_numpy()[kept]
        for name in ENERGIES:
            found = summarise_draws(
                derive(window.surfaces, name).isel(nucleus=kept), WIDE_INTERVALS
            )
            columns |= {f"{name}_{key}": each.to_numpy() for key, each in found.items()}
        tables.append(pd.DataFrame(columns))
        line = drip_lines(window.surfaces)
        lines.append(line[line.index.get_level_values("Z").isin(window.elements)])
    return pd.concat(tables, ignore_index=True), pd.concat(lines)


def _index(theory: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())


def _between(nuclei: pd.Index, ends: tuple[int, int]) -> npt.NDArray[np.bool]:
    Z = nuclei.get_level_values("Z").to_numpy()
    return np.asarray((ends[0] <= Z) & (ends[1] >= Z))


def _dataset(nuclei: pd.MultiIndex) -> xr.Dataset:
    Z, N = (nuclei.get_level_values(name).to_numpy() for name in ("Z", "N"))
    return xr.Dataset(
        coords={"nucleus": np.arange(len(Z)), "Z": ("nucleus", Z), "N": ("nucleus", N)}
    )
