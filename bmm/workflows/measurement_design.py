"""Which measurement next: from the forecast of a run to a folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bmm.design import Energies, Ranking, find_candidates, rank_candidates, read_target
from bmm.figures.files import write_figure
from bmm.figures.measurement_design import design_figure
from bmm.nuclides import labels, nuclide_index, numbers
from bmm.progress import Stages, recording, stage
from bmm.workflows.folder import RunFolder
from bmm.workflows.log import logged_to, rounded
from bmm.workflows.result_folder import ResultFolder
from bmm.workflows.run_forecast import read_forecast
from bmm.writing import write_json, write_whole

__all__ = ["DesignFolder", "Question", "make_design"]

_SUMMARY = "summary.json"


class DesignFolder(ResultFolder):
    """A folder with the ranking of possible measurements.

    ``candidates.csv``, ``set.csv``, ``summary.json``, ``figures/``; and
    ``manifest.json``, see `bmm.workflows.result_folder`.
    """

    kind = "measurement design"
    taken_up = ("begun",)


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
        Of a drip line: outcomes to draw.

    Examples
    --------
    >>> from bmm.workflows.measurement_design import Question
    >>> Question("S_2n Z=50", "neighbours", precision=0.05, count=3, outcomes=1000).target
    'S_2n Z=50'
    """

    target: str
    candidates: str
    precision: float
    count: int
    outcomes: int


def make_design(
    run: Path,
    question: Question,
    path: Path,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> Ranking:
    """Rank the candidates by the forecast of a run, and write the answer.

    Parameters
    ----------
    run : Path
        Folder of a complete run.
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
        If the run, the question or the folder cannot be used.
    """
    with recording(console) as stages:
        return _make(run, question, path, stages, overwrite=overwrite)


def _make(run: Path, question: Question, path: Path, stages: Stages, *, overwrite: bool) -> Ranking:
    with stage("reading the forecast"):
        forecast, config = read_forecast(run), RunFolder.open(run).read_config()
    target = read_target(question.target, forecast)
    candidates = find_candidates(question.candidates, forecast)
    origin = {"run": str(run), "configuration": config.to_toml()}
    with (
        DesignFolder.begin(path, origin, overwrite=overwrite) as folder,
        logged_to(folder.log),
    ):
        with stage("ranking the candidates"):
            ranking = rank_candidates(
                forecast, candidates, target, precision=question.precision, count=question.count,
                outcomes=question.outcomes, seed=config.seed,
            )  # fmt: skip
        summary = {"run": str(run)} | _summary(question, ranking, len(candidates))
        if isinstance(target, Energies):
            summary["nuclei"] = labels(*(each.tolist() for each in numbers(target.nuclei)))
        summary["seconds"] = rounded(stages.seconds)
        _write(folder, ranking, target.nuclei, forecast.known_masses.index, summary)
    return ranking


def _summary(question: Question, ranking: Ranking, candidates: int) -> dict[str, Any]:
    return {
        "target": question.target,
        "candidates": question.candidates,
        "n_candidates": candidates,
        "precision_keV": 1000 * question.precision,
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
