"""Which measurement next: from a configuration, or from surfaces made of it, to a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bmm.design import Energies, Ranking, find_candidates, rank_candidates, read_target
from bmm.errors import DataError, RunError
from bmm.figures.files import write_figure
from bmm.figures.measurement_design import design_figure
from bmm.nuclides import labels, nuclide_index
from bmm.progress import Stages, recording, stage
from bmm.theory.adapters import numbers
from bmm.theory.correction import FittedHyperparameters, correct_theory
from bmm.workflows.config import RunConfig, load_config
from bmm.workflows.inputs import (
    chart_theory,
    chosen_cards,
    covered_nuclei,
    fitted_models,
    known_masses,
    select_measured,
)
from bmm.workflows.log import logged_to, rounded
from bmm.workflows.result_folder import ResultFolder, folder_kind
from bmm.workflows.run_provenance import provenance
from bmm.workflows.sampled_tables import SurfacesFolder
from bmm.writing import write_json, write_whole

__all__ = ["DesignFolder", "Question", "Source", "make_design", "read_source"]

_SUMMARY = "summary.json"


class DesignFolder(ResultFolder):
    """A folder with the ranking of possible measurements.

    ``candidates.csv``, ``set.csv``, ``summary.json``, ``config.toml``, ``figures/``; and
    ``manifest.json``, see `bmm.workflows.result_folder`.
    """

    kind = "measurement design"
    taken_up = ("begun",)


@dataclass(frozen=True)
class Source:
    """What the corrected models come from.

    Parameters
    ----------
    config : RunConfig
        Models, measured masses and chart.
    learnt : mapping, optional
        Their residual fields, where they have been learnt before.
    """

    config: RunConfig
    learnt: Mapping[str, FittedHyperparameters] | None = None


@dataclass(frozen=True)
class Question:
    """What is asked.

    Parameters
    ----------
    target, candidates : str
        See `bmm.design.targets.read_target` and `bmm.design.candidates.find_candidates`.
    precision : float
        Standard deviation of a measurement, MeV.
    count : int
        Size of the set to choose.
    outcomes : int
        Outcomes to draw for each branch of the mixture.
    learn : bool
        Let outcomes change the weights of the models.
    """

    target: str
    candidates: str
    precision: float
    count: int
    outcomes: int
    learn: bool


def read_source(name_or_path: str) -> Source:
    """Find a configuration, or a folder in which its models have been corrected already.

    Parameters
    ----------
    name_or_path : str
        Shipped configuration, path of a ``.toml`` file, or folder that ``bmm surfaces`` or
        ``bmm design`` has filled.

    Raises
    ------
    BmmError
        If it is none of these.
    """
    path = Path(name_or_path)
    if not path.is_dir():
        return Source(load_config(name_or_path))
    kinds = {each.kind: each for each in (DesignFolder, SurfacesFolder)}
    kind = folder_kind(path)
    if kind not in kinds:
        what = "another one" if kind is None else f"that of a {kind}"
        raise RunError(f"{path}: expected a folder of bmm surfaces or bmm design, not {what}")
    folder = kinds[kind].open(path)
    summary = json.loads(folder.verified(path / _SUMMARY).read_text(encoding="utf-8"))
    learnt = {name: FittedHyperparameters.of(facts) for name, facts in summary["fields"].items()}
    return Source(load_config(folder.verified(folder.config)), learnt)


def make_design(
    source: Source,
    question: Question,
    path: Path,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> Ranking:
    """Correct the models, rank the candidates, and write the answer.

    Parameters
    ----------
    source : Source
        See `read_source`.
    question : Question
        What is to be known better, and what can be measured.
    path : Path
        The folder; see `DesignFolder`.
    overwrite : bool, default False
        Replace a design that is there.
    console : rich.console.Console, optional
        Where to show the stages.

    Raises
    ------
    BmmError
        If the configuration, a table, the question or the folder cannot be used.
    """
    with recording(console) as stages:
        return _make(source, question, path, stages, overwrite=overwrite)


def _make(
    source: Source, question: Question, path: Path, stages: Stages, *, overwrite: bool
) -> Ranking:
    config = source.config
    used, cards = select_measured(config), chosen_cards(config.theory)
    every = known_masses(config.data)
    fitted = fitted_models(cards, used)
    theory = chart_theory(config, used, fitted)
    used = covered_nuclei(used, theory)
    # What cannot be asked is told before anything that takes long.
    read_target(question.target, theory, every)
    find_candidates(question.candidates, theory, every)
    origin = provenance(config.data.files, cards, config.seed)
    with (
        DesignFolder.begin(path, origin, overwrite=overwrite) as folder,
        logged_to(folder.log),
    ):
        try:
            correction = correct_theory(used, theory, learnt=source.learnt)
        except DataError as error:
            if source.learnt is None:
                raise
            raise DataError(f"{error}; expected the tables the folder was made with") from error
        target = read_target(question.target, correction.theory, every)
        candidates = find_candidates(question.candidates, correction.theory, every)
        with stage("ranking the candidates"):
            ranking = rank_candidates(
                correction, candidates, target, every, precision=question.precision,
                count=question.count, outcomes=question.outcomes, learn=question.learn,
                seed=config.seed,
            )  # fmt: skip
        folder.write_config(config.to_toml())
        summary = _summary(question, ranking, len(candidates))
        if isinstance(target, Energies):
            summary["nuclei"] = labels(*(each.tolist() for each in numbers(target.nuclei)))
        summary |= {"fields": correction.facts, "provenance": origin}
        summary["seconds"] = rounded(stages.seconds)
        _write(folder, ranking, target.nuclei, every.index, summary)
    return ranking


def _summary(question: Question, ranking: Ranking, candidates: int) -> dict[str, Any]:
    return {
        "target": question.target,
        "candidates": question.candidates,
        "n_candidates": candidates,
        "precision_keV": 1000 * question.precision,
        "weights": "learnt" if question.learn else "even",
        "outcomes": question.outcomes,
        "unit": ranking.unit,
        "n_quantities": ranking.quantities,
        "rms_sd": ranking.before,
        "beyond_the_chart": ranking.at_edge,
        "set": _named(ranking.together, ranking.unit).to_dict(orient="records"),
    }


def _write(
    folder: DesignFolder,
    ranking: Ranking,
    target: pd.MultiIndex,
    measured: pd.Index,
    summary: dict[str, Any],
) -> None:
    for name, frame in {"candidates": ranking.alone, "set": ranking.together}.items():
        write = partial(_named(frame, ranking.unit).to_csv, index=False, float_format="%.6f")
        write_whole(folder.path / f"{name}.csv", write)
    folder.figures.mkdir(exist_ok=True)
    figure = design_figure(
        ranking.alone["reduction"],
        nuclide_index(*numbers(ranking.together.index)),
        target,
        measured,
    )
    write_figure(folder.figures / "chart", figure)
    write_json(folder.path / _SUMMARY, summary)
    folder.complete()


def _named(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Lay out a ranking as written: Z, N, symbol, and units in the names."""
    Z, N = (each.tolist() for each in numbers(frame.index))
    columns = {"left": f"rms_sd_left_{unit}"}
    table = frame.rename(columns=columns).reset_index(drop=True)
    table.insert(0, "nuclide", labels(Z, N))
    table.insert(0, "N", N)
    table.insert(0, "Z", Z)
    return table
