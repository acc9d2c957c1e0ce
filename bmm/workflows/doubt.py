"""Measured masses to doubt: every mass of an evaluation judged by its neighbours and theories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.data import MEASURED_TABLES, find_evaluation, load_measured, split_evaluation
from bmm.errors import ConfigError, RunError
from bmm.figures.doubt import doubt_figure
from bmm.figures.files import write_figure
from bmm.measurement.doubt import (
    doubt_masses,
    found_first,
    reliability,
    roc_area,
    what_became_of,
)
from bmm.measurement.posterior import infer_measurement_errors
from bmm.measurement.recalibration import Recalibration
from bmm.mixing.corrected_fit import average_hyperparameters
from bmm.mixing.fitted import fitted_masses
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain, numbers, predict_all
from bmm.theory.cards import Card
from bmm.theory.library import find_cards
from bmm.theory.residual_field import Hyperparameters
from bmm.workflows.compare_config import load_comparison
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import chosen_cards
from bmm.workflows.prequential_split import PrequentialSplit
from bmm.workflows.result_folder import ResultFolder
from bmm.workflows.run_provenance import provenance
from bmm.writing import without_nan, write_json, write_whole

__all__ = ["DoubtFolder", "DoubtResult", "find_doubts", "find_run_doubts"]

_NUCLEI = Domain(Z=(8, 120), N=(8, 320))


class DoubtFolder(ResultFolder):
    """A folder with the masses of one evaluation, the most doubtful first.

    ``doubts.csv``, ``doubts.json``, ``figures/``; and ``manifest.json``, see
    `bmm.workflows.result_folder`.

    Parameters
    ----------
    path : Path
        The folder.
    """

    kind = "list of doubts"
    taken_up = ("begun",)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.table = path / "doubts.csv"
        self.summary = path / "doubts.json"


@dataclass(frozen=True)
class DoubtResult:
    """Every mass judged.

    Parameters
    ----------
    table : DataFrame
        See `bmm.measurement.doubt.doubt_masses` and `what_became_of`; and probability, the
        recalibrated one.
    summary : dict
        What ``doubts.json`` holds.
    reliability : DataFrame or None
        See `bmm.measurement.doubt.reliability`; of the masses that were remeasured, if a later
        evaluation is shipped.
    """

    table: pd.DataFrame
    summary: dict[str, Any]
    reliability: pd.DataFrame | None


def find_doubts(
    evaluation: str,
    path: Path,
    *,
    models: Sequence[str] = (),
    recalibrate: bool = True,
    overwrite: bool = False,
    console: Console | None = None,
) -> DoubtResult:
    """Judge every mass of an evaluation, and write the list.

    Parameters
    ----------
    evaluation : str
        Shipped evaluation; later ones say what became of its masses, and nothing else.
    path : Path
        The folder.
    models : sequence of str, optional
        Theories that judge, calibrated no later than the evaluation; by default those of the
        shipped prequential comparison.
    recalibrate : bool, default True
        Learn from earlier transitions, which are judged in the same way, what probabilities have
        been worth; this takes as long as the list itself for each.
    overwrite : bool, default False
        Replace a list that is there.
    console : rich.console.Console, optional
        Where to show progress.

    Raises
    ------
    BmmError
        If the evaluation has no predecessor to learn from, or a model cannot be used.
    """
    console = console or Console(quiet=True)
    if evaluation not in MEASURED_TABLES:
        raise ConfigError(
            f"expected a shipped evaluation, one of {', '.join(MEASURED_TABLES)}, or the folder of "
            f"a run, not {evaluation!r}"
        )
    cards = _cards(evaluation, models)
    origin = provenance([evaluation], list(cards.values()), 0)
    with DoubtFolder.begin(path, origin, overwrite=overwrite) as folder:
        judged = _judge(evaluation, cards, console)
        learnt = _recalibration(evaluation, console) if recalibrate else None
        result = _result(evaluation, judged, learnt, {"provenance": origin})
        _write(folder, result)
    return result


def find_run_doubts(
    run: Path,
    *,
    recalibrate: bool = True,
    overwrite: bool = False,
    console: Console | None = None,
) -> DoubtResult:
    """Judge the masses that a run has learnt from by its own models, and keep the list with it.

    Parameters
    ----------
    run : Path
        Folder of a complete run; it gets ``doubts.csv`` and ``doubts.json``, which its report
        shows.  Masses that are not those of its evaluation, such as own measurements, are neither
        judged nor used.
    recalibrate, overwrite, console
        See `find_doubts`; earlier transitions are judged by the models of that time.

    Raises
    ------
    BmmError
        If the folder holds no complete run, or a list already; if the masses are not those of a
        shipped evaluation with a predecessor, or a model is calibrated on later ones.
    """
    console = console or Console(quiet=True)
    folder = RunFolder.open(run)
    if folder.read_doubts() is not None and not overwrite:
        raise RunError(f"{run} holds a list of doubts; use --overwrite to replace it")
    config, tree = folder.read_config(), folder.read_posterior()
    evaluation = config.data.measured
    if evaluation not in MEASURED_TABLES:
        raise ConfigError(
            f"{run} has learnt from {evaluation}: expected masses of a shipped evaluation, one of "
            f"{', '.join(MEASURED_TABLES)}"
        )
    for card in chosen_cards(config.theory):
        _refuse_later(card, evaluation)
    fitted = fitted_masses(tree)
    measured = load_measured(evaluation).loc[fitted.index[split_evaluation(fitted)[1]]]
    theory = tree["theory"].to_dataset()
    judged = _judge_masses(measured, theory, console, average_hyperparameters(tree))
    learnt = _recalibration(evaluation, console) if recalibrate else None
    result = _result(evaluation, judged, learnt, {})
    folder.write_doubts(result.table, result.summary)
    return result


def _result(
    evaluation: str, judged: _Judged, learnt: Recalibration | None, more: dict[str, Any]
) -> DoubtResult:
    """Recalibrate, and compare with later evaluations."""
    table = judged.table
    probability = table["posterior_probability"].to_numpy()
    table.insert(4, "probability", learnt.apply(probability) if learnt else probability)
    table = what_became_of(table, MEASURED_TABLES[MEASURED_TABLES.index(evaluation) + 1 :])
    validation, curve = _validate(table)
    summary = {
        "evaluation": evaluation,
        "models": judged.models,
        "n": len(table),
        "recalibration": None if learnt is None else asdict(learnt),
        "measurement_errors": judged.facts,
        "validation": validation,
    }
    return DoubtResult(table, summary | more, curve)


def _cards(evaluation: str, models: Sequence[str]) -> dict[str, Card]:
    """Theories that may judge an evaluation."""
    found = find_cards()
    names = list(models) or _shipped_models(evaluation)
    for name in names:
        if name not in found:
            raise ConfigError(f"no model is called {name!r}; expected one of {', '.join(found)}")
        _refuse_later(found[name], evaluation)
    return {name: found[name] for name in names}


def _refuse_later(card: Card, evaluation: str) -> None:
    known = card.calibrated_on.removeprefix("before ")
    place = MEASURED_TABLES.index(evaluation)
    if known in MEASURED_TABLES and MEASURED_TABLES.index(known) > place:
        raise ConfigError(
            f"{card.name} was calibrated on {known}: expected models that cannot know masses later "
            f"than {evaluation}"
        )


def _shipped_models(evaluation: str) -> list[str]:
    """Models of the shipped transition that begins with an evaluation, or last before it."""
    split = load_comparison("prequential").split
    assert isinstance(split, PrequentialSplit)
    order = MEASURED_TABLES.index
    begun = [each for each in split.transitions if order(each.train) <= order(evaluation)]
    return list((begun or split.transitions)[-1].models)


@dataclass(frozen=True)
class _Judged:
    """Masses judged by models, and what history taught."""

    table: pd.DataFrame
    models: list[str]
    facts: dict[str, Any]


def _judge(evaluation: str, cards: dict[str, Card], console: Console) -> _Judged:
    """Judge the masses of an evaluation by models that learn from them."""
    measured = load_measured(evaluation)
    measured = measured[_NUCLEI.covers(measured.index)]
    index = nuclide_index(*numbers(measured.index))
    theory = predict_all([card.build().fit(measured) for card in cards.values()], index)
    masses = theory["mass_excess"].transpose("nucleus", "theory").to_numpy()
    covered = np.isfinite(masses).any(axis=1)
    return _judge_masses(measured[covered], theory.isel(nucleus=covered), console)


def _judge_masses(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    console: Console,
    hyperparameters: Hyperparameters | None = None,
) -> _Judged:
    """Judge masses of one evaluation by predictions, with the field of their average if known."""
    models = [str(name) for name in theory["theory"].to_numpy()]
    console.print(
        f"{find_evaluation(measured)}: {len(measured)} masses, {', '.join(models)}",
        highlight=False, markup=False,
    )  # fmt: skip
    found = infer_measurement_errors(measured, theory, hyperparameters)
    return _Judged(doubt_masses(found, measured, theory), models, found.facts)


def _recalibration(evaluation: str, console: Console) -> Recalibration | None:
    """Learn what probabilities have been worth at all transitions up to an evaluation."""
    split = load_comparison("prequential").split
    assert isinstance(split, PrequentialSplit)
    known = []
    for each in split.transitions:
        if MEASURED_TABLES.index(each.test) > MEASURED_TABLES.index(evaluation):
            continue
        judged = _judge(each.train, _cards(each.train, each.models), console)
        table = what_became_of(judged.table, [each.test])
        anew = table[table["measured_anew"]]
        known.append(
            (anew["posterior_probability"].to_numpy(), (anew["outcome"] == "off").to_numpy())
        )
    return Recalibration.learn(known) if known else None


def _validate(table: pd.DataFrame) -> tuple[dict[str, Any] | None, pd.DataFrame | None]:
    """Compare the list with what later evaluations say."""
    known = table[table["outcome"] != ""]
    if known.empty:
        return None, None
    off = (known["outcome"] == "off").to_numpy()
    anew = known["measured_anew"].to_numpy()
    probability = known["probability"].to_numpy()
    curve = reliability(probability[anew], off[anew])
    # The recalibration keeps ranks.
    rank = known["posterior_probability"].to_numpy()
    return {
        "n_known": len(known),
        "n_off": int(off.sum()),
        "n_measured_anew": int(anew.sum()),
        "n_off_measured_anew": int((off & anew).sum()),
        "expected_off_measured_anew": float(probability[anew].sum()),
        "roc_area": roc_area(rank, off),
        "roc_area_measured_anew": roc_area(rank[anew], off[anew]),
        "off_among_first": {str(count): n for count, n in found_first(off).items()},
        "reliability": curve.to_dict(orient="records"),
    }, curve


def _write(folder: DoubtFolder, result: DoubtResult) -> None:
    rows = result.table.reset_index()
    write_whole(folder.table, partial(rows.to_csv, index=False, float_format="%.6g"))
    folder.figures.mkdir(exist_ok=True)
    write_figure(folder.figures / "doubts", doubt_figure(result.table, result.reliability))
    write_json(folder.summary, without_nan(result.summary))
    folder.complete()
