"""Whole mass surfaces of a configuration's models, corrected and mixed, as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Console

import bmm
from bmm.data import load_measured
from bmm.distributions import summarise_draws
from bmm.export import FORMATS, ExportSettings, MassTable, Origin
from bmm.figures.chains import chain_figure
from bmm.figures.files import write_figure
from bmm.netcdf import write_dataset
from bmm.prediction.existence import count_bound, drip_lines
from bmm.prediction.joint_draws import sample_surfaces
from bmm.prediction.mass_tables import derived_quantities, mass_table, surface_table
from bmm.theory.correction import correct_theory
from bmm.workflows.config import RunConfig
from bmm.workflows.inputs import (
    chart_and_measured,
    chart_theory,
    chosen_cards,
    covered_nuclei,
    select_measured,
)
from bmm.workflows.result_folder import ResultFolder
from bmm.workflows.run_provenance import provenance
from bmm.writing import write_json, write_whole

__all__ = ["Surfaces", "SurfacesFolder", "make_surfaces"]


class SurfacesFolder(ResultFolder):
    """A folder of sampled mass tables.

    ``masses.csv``, ``derived.csv``, ``drip_lines.csv``; the surfaces themselves, ``surfaces.csv``
    and ``surfaces.nc``; a folder for every other layout that was asked for; ``summary.json``,
    ``config.toml``, ``figures/``; and ``manifest.json``, see `bmm.workflows.result_folder`.
    """

    kind = "set of surfaces"
    taken_up = ("begun",)


_SHOWN = (20, 50, 60)
_LAST_COUNTED = 119


@dataclass(frozen=True)
class Surfaces:
    """Finished surfaces.

    Parameters
    ----------
    path : Path
        The folder.
    masses, drip_lines : DataFrame
        See `bmm.prediction.mass_tables.mass_table` and `bmm.prediction.existence.drip_lines`.
    summary : dict
        What ``summary.json`` holds.
    """

    path: Path
    masses: pd.DataFrame
    drip_lines: pd.DataFrame
    summary: dict[str, Any]


def make_surfaces(
    config: RunConfig,
    path: Path,
    *,
    draws: int,
    written: int,
    formats: Sequence[str] = (),
    overwrite: bool = False,
    console: Console | None = None,
) -> Surfaces:
    """Correct the models, draw surfaces of the whole chart, and write all that follows from them.

    Measured nuclei, the lightest too, are drawn from their measurement.

    Parameters
    ----------
    config : RunConfig
        Models, measured masses and chart; what it says of the mixing is not used.
    path : Path
        The folder; see `SurfacesFolder`.
    draws : int
        Surfaces to draw, for means and quantiles.
    written : int
        How many of them to write.
    formats : sequence of str, default ()
        Layouts of other codes in which to write these too, each in a folder of its name; see
        `bmm.export.formats.FORMATS`.
    overwrite : bool, default False
        Replace surfaces that are there.
    console : rich.console.Console, optional
        Where to say what is done.

    Raises
    ------
    BmmError
        If the configuration, a table or the folder cannot be used.
    """
    console = console or Console(quiet=True)
    measured = select_measured(config)
    cards = chosen_cards(config.theory)
    writers = {name: FORMATS[name] for name in formats}
    origin = provenance(config.data.measured, cards, config.seed)
    with SurfacesFolder.begin(path, origin, overwrite=overwrite) as folder:
        console.print(f"correcting {len(cards)} models on {len(measured)} measured nuclei")
        fitted = [card.build().fit(measured) for card in cards]
        theory = chart_theory(config, measured, fitted)
        correction = correct_theory(covered_nuclei(measured, theory), theory)
        every = load_measured(config.data.measured)
        console.print(f"drawing {draws} surfaces")
        surfaces = sample_surfaces(
            correction,
            chart_and_measured(correction.theory, every),
            draws,
            config.seed,
            measured=every,
        )
        masses, lines = mass_table(surfaces, every.index), drip_lines(surfaces)
        summary = {
            "n_nuclei": len(masses),
            "n_measured": int(masses["measured"].sum()),
            "draws": draws,
            "bound": _bound(surfaces, masses),
            "fields": correction.facts,
            "provenance": origin,
        }
        for name, frame in {
            "masses": masses,
            "derived": derived_quantities(surfaces),
            "drip_lines": lines.reset_index(),
        }.items():
            write = partial(frame.to_csv, index=False, float_format="%.6f")
            write_whole(path / f"{name}.csv", write)
        chosen = surfaces.isel(draw=slice(written))
        _write_surfaces(chosen, origin, path)
        for name, write_format in writers.items():
            (path / name).mkdir(exist_ok=True)
            write_format(_exported(config, masses, chosen), path / name, ExportSettings())
        folder.write_config(config.to_toml())
        _write_figure(folder.figures, surfaces, every.index)
        write_json(path / "summary.json", summary)
        folder.complete()
    return Surfaces(path, masses, lines, summary)


def _write_surfaces(surfaces: xr.DataArray, origin: Mapping[str, Any], folder: Path) -> None:
    """Write ``surfaces.csv``, a column for each surface, and ``surfaces.nc``; MeV."""
    frame = surface_table(surfaces)
    write = partial(frame.to_csv, index=False, float_format="%.6f")
    write_whole(folder / "surfaces.csv", write)
    data = surfaces.rename(draw="surface").to_dataset(name="mass_excess")
    data.attrs = {
        "description": "sampled mass surfaces: atomic mass excess, MeV",
        "provenance": json.dumps(origin),
    }
    write_whole(folder / "surfaces.nc", partial(write_dataset, data))


def _exported(config: RunConfig, masses: pd.DataFrame, surfaces: xr.DataArray) -> MassTable:
    """Means and surfaces as the writers of other layouts take them."""
    nuclei = masses.set_index(["Z", "N"])[["mean", "sd", "measured"]]
    nuclei.columns = pd.Index(["mass_excess", "mass_excess_sd", "measured"])
    origin = Origin(
        run=config.name,
        version=bmm.__version__,
        models=tuple(config.theory.models),
        evaluation=config.data.measured,
        date=date.today(),
        note="mean and standard deviation of joint draws; measured nuclei follow their measurement",
    )
    draws = surfaces.transpose("draw", "nucleus").to_numpy()
    return MassTable(nuclei.astype({"measured": bool}), origin, draws)


def _bound(surfaces: xr.DataArray, masses: pd.DataFrame) -> dict[str, Any]:
    """Numbers of bound nuclei: those likely to exist, and the distribution over the surfaces."""
    counts = summarise_draws(count_bound(surfaces, _LAST_COUNTED))
    countable = (masses["Z"] <= _LAST_COUNTED) & (masses["Z"] > 0)
    return {
        "max_Z": _LAST_COUNTED,
        "likely": int((masses.loc[countable, "existence"] >= 0.5).sum()),
        **{str(name): float(each) for name, each in counts.items()},
    }


def _write_figure(folder: Path, surfaces: xr.DataArray, measured: pd.Index) -> None:
    present = set(surfaces["Z"].to_numpy().tolist())
    elements = [Z for Z in _SHOWN if Z in present]
    if elements:
        folder.mkdir(exist_ok=True)
        write_figure(folder / "chains", chain_figure(surfaces, elements, measured))
