"""A mixture density network, trained once: its model file, its table and a card for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tomli_w
from rich.console import Console

from bmm.data import load_measured, load_theory
from bmm.errors import ConfigError, RunError
from bmm.fingerprints import file_fingerprint
from bmm.nuclides import nuclide_index
from bmm.theory.mdn.adapter import Diverged, MdnModel, predictions
from bmm.theory.mdn.card import MdnCard
from bmm.theory.mdn.ensemble import Ensemble
from bmm.theory.mdn.model_file import write_ensemble
from bmm.writing import write_whole

__all__ = ["TrainedFiles", "train_network"]

_CHART = "DZ28"


@dataclass(frozen=True)
class TrainedFiles:
    """What a training leaves.

    Parameters
    ----------
    model, table, card : Path
        The trained ensemble (.npz), its predictions over the chart (.csv, MeV), and a model card
        (.toml) with which runs mix the table; no optional package is needed for that.
    ensemble : Ensemble
        The trained ensemble.
    rms : float
        Of the out-of-fold predictions, or without folds of the fitted masses, MeV.
    """

    model: Path
    table: Path
    card: Path
    ensemble: Ensemble
    rms: float


def train_network(
    card: MdnCard,
    evaluation: str,
    folder: Path,
    *,
    name: str,
    overwrite: bool = False,
    console: Console | None = None,
) -> TrainedFiles:
    """Train a network on all masses of an evaluation and write it.

    Parameters
    ----------
    card : MdnCard
        Network and domain.
    evaluation : str
        Name of a shipped evaluation.
    folder : Path
        Where the files go.
    name : str
        Of the files and of the new card.
    overwrite : bool, default False
        Replace files that are there.
    console : rich.console.Console, optional
        Where to show progress.

    Raises
    ------
    BmmError
        If the network cannot be trained or the files cannot be written.  If its loss ceases to be
        a number, the model file holds the last good state, and there is no table.
    """
    if card.file is not None:
        raise ConfigError(
            f"{card.name}: key 'file': expected a network to train, not a trained one"
        )
    files = [folder / f"{name}.{suffix}" for suffix in ("npz", "csv", "toml")]
    there = [file for file in files if file.exists()]
    if there and not overwrite:
        raise RunError(f"{there[0]} is there: choose another name or folder, or use --overwrite")
    measured = load_measured(evaluation)
    try:
        fitted = MdnModel(card.name, card.network, card.domain).fit(measured, console)
    except Diverged as error:
        folder.mkdir(parents=True, exist_ok=True)
        write_ensemble(files[0], error.ensemble)
        raise Diverged(f"{error}; {files[0]} holds the last good state", error.ensemble) from error
    folder.mkdir(parents=True, exist_ok=True)
    write_ensemble(files[0], fitted.ensemble)
    chart = load_theory(_CHART).index.union(measured.index)
    chart = chart[card.domain.covers(chart)].sort_values()
    table = predictions(fitted.ensemble, nuclide_index(chart))
    write_whole(files[1], lambda path: path.write_text(_csv(table), encoding="utf-8"))
    text = tomli_w.dumps(_card(card, name, evaluation, file_fingerprint(files[1])))
    write_whole(files[2], lambda path: path.write_text(text, encoding="utf-8"))
    known = fitted.ensemble.training
    errors = table.loc[known, "mass_excess"] - measured.loc[known, "mass_excess"]
    return TrainedFiles(
        files[0], files[1], files[2], fitted.ensemble, float(np.sqrt((errors**2).mean()))
    )


def _csv(table: pd.DataFrame) -> str:
    rows = table.astype({"out_of_fold": int}).reset_index()
    return str(rows.to_csv(index=False, float_format="%.4f", lineterminator="\n"))


def _card(card: MdnCard, name: str, evaluation: str, sha256: str) -> dict[str, object]:
    return {
        "name": name,
        "adapter": "table",
        "file": f"{name}.csv",
        "sha256": sha256,
        "description": f"{card.name}, trained on {evaluation} by bmm train-mdn.",
        "citation": card.citation,
        "doi": card.doi,
        "references": [
            each.model_dump(mode="json", exclude_defaults=True) for each in card.references
        ],
        "calibrated_on": evaluation,
        "layout": {
            "Z": "Z",
            "N": "N",
            "value": "mass_excess",
            "quantity": "mass_excess",
            "unit": "MeV",
            "sd": "mass_excess_sd",
        },
    }
