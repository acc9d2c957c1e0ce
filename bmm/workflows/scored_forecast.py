"""A run's forecast scored on masses that were measured after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bmm.data import (
    MEASURED_TABLES,
    check_new_masses,
    earlier_evaluations,
    load_measured,
    read_measurements,
)
from bmm.errors import DataError
from bmm.evaluation.new_masses import Judged, judge, point_totals, totals
from bmm.figures.files import write_figure
from bmm.figures.new_masses import new_masses_figure
from bmm.fingerprints import file_fingerprint
from bmm.methods.extrapolation import Extrapolations
from bmm.nuclides import label, labels, nuclide_index
from bmm.theory.joined import join_masses
from bmm.workflows.frozen_run import frozen_record
from bmm.workflows.result_folder import ResultFolder
from bmm.workflows.scored_run import ScoredRun, read_scored_run
from bmm.writing import without_nan, write_json, write_whole

__all__ = ["LEVELS", "ScoreFolder", "ScoredForecast", "score_forecast"]

LEVELS = (0.5, 0.68, 0.9, 0.95)
"""Probabilities of the central intervals that are scored."""

_SHOWN = 5
_CONTRADICTS = 3.0
_JOINT = 2000
_EXTRAPOLATION = "extrapolation (#)"


class ScoreFolder(ResultFolder):
    """A folder with the scores of a forecast on new masses.

    ``nuclei.csv``, ``totals.csv``, ``score.json``, ``figures/``; and ``manifest.json``, see
    `bmm.workflows.result_folder`.

    Parameters
    ----------
    path : Path
        The folder.
    """

    kind = "score of a forecast"
    taken_up = ("begun",)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.nuclei = path / "nuclei.csv"
        self.totals = path / "totals.csv"
        self.summary = path / "score.json"


@dataclass(frozen=True)
class ScoredForecast:
    """A forecast and its rivals on new masses.

    Parameters
    ----------
    nuclei : DataFrame
        One row for each new mass that the run predicts: nucleus, Z, N, measured and uncertainty
        (MeV), and the columns of `bmm.evaluation.new_masses.Judged`.
    totals : DataFrame
        One row for each forecast and set of nuclei: what ("run", "other run", "model" or
        "extrapolation"), name, nuclei ("all", or "extrapolated"), and the columns of
        `bmm.evaluation.new_masses.totals`.
    summary : dict
        What ``score.json`` holds.
    warnings : list of str
        New masses that contradict measured ones, or that are not predicted.
    """

    nuclei: pd.DataFrame
    totals: pd.DataFrame
    summary: dict[str, Any]
    warnings: list[str]


def score_forecast(
    run: Path,
    measurements: Path,
    path: Path,
    *,
    against: Sequence[Path] = (),
    overwrite: bool = False,
) -> ScoredForecast:
    """Score a run on masses that it has not learnt from, and write the scores.

    Parameters
    ----------
    run : Path
        Folder of a complete run.
    measurements : Path
        See `bmm.data.read_measurements`.
    path : Path
        The folder of the scores.
    against : sequence of Path, optional
        Folders of other runs, scored beside it on the nuclei that all predict.
    overwrite : bool, default False
        Replace scores that are there.

    Raises
    ------
    BmmError
        If a file or folder cannot be used, a run has learnt one of the masses, a mass is absurd
        (see `bmm.data.check_new_masses`), or no nucleus is predicted by all runs.
    """
    runs = [read_scored_run(each) for each in (run, *against)]
    new = read_measurements(measurements)
    _refuse_learnt(measurements, new, runs)
    spread = runs[0].distribution
    forecast = pd.DataFrame({"mean": spread.mean, "sd": spread.sd}, index=runs[0].index)
    check_new_masses(measurements, new, forecast)
    judged = [_judge(each, new) for each in runs]
    known = np.all([each.table["mean"].notna() for each in judged], axis=0)
    warnings = _warnings(new, known, runs)
    if not known.any():
        raise DataError(f"{measurements}: expected nuclei that {_all_of(runs)}, but there is none")
    new = new[known]
    found, law = _totals(runs, judged, new)
    nuclei = _nuclei(judged[0], new)
    frozen = frozen_record(run)
    summary = {
        "run": str(run),
        "converged": runs[0].folder.read_scores()["converged"],
        "frozen": None if frozen is None else frozen.as_dict,
        "measurements": str(measurements),
        "sha256": file_fingerprint(measurements),
        "n": len(new),
        "levels": list(LEVELS),
        "coverage_law": law,
        "totals": found.to_dict(orient="records"),
        "warnings": warnings,
    }
    with ScoreFolder.begin(path, {"run": str(run)}, overwrite=overwrite) as folder:
        for file, frame in ((folder.nuclei, nuclei), (folder.totals, found)):
            write_whole(file, partial(frame.to_csv, index=False, float_format="%.6g"))
        folder.figures.mkdir(exist_ok=True)
        write_figure(folder.figures / "score", new_masses_figure(nuclei))
        write_json(folder.summary, without_nan(summary))
        folder.complete()
    return ScoredForecast(nuclei, found, summary, warnings)


def _refuse_learnt(path: Path, new: pd.DataFrame, runs: Sequence[ScoredRun]) -> None:
    for each in runs:
        learnt = new.index[new.index.isin(each.fitted)]
        if len(learnt):
            raise DataError(
                f"{path}: {_listed(learnt)}: expected nuclei that {each.folder.path} has not "
                "learnt from"
            )


def _all_of(runs: Sequence[ScoredRun]) -> str:
    return "the run predicts" if len(runs) == 1 else "all runs predict"


def _listed(nuclei: pd.Index) -> str:
    names = labels(nuclei.get_level_values("Z"), nuclei.get_level_values("N"))
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest


def _judge(run: ScoredRun, new: pd.DataFrame) -> Judged:
    distribution = run.distribution.take(run.index.get_indexer(new.index))
    return judge(distribution, new, LEVELS, uncertainty=run.measured_noise)


def _warnings(new: pd.DataFrame, known: Any, runs: Sequence[ScoredRun]) -> list[str]:
    """Say what is left out, and what contradicts an earlier measurement."""
    found = []
    if not known.all():
        found.append(f"{_listed(new.index[~known])}: left out, for not {_all_of(runs)} them")
    old = load_measured(MEASURED_TABLES[-1]).reindex(new.index)
    change = new["mass_excess"] - old["mass_excess"]
    sd = np.hypot(new["mass_excess_uncertainty"], old["mass_excess_uncertainty"])
    contradicts = new.index[(change.abs() > _CONTRADICTS * sd).to_numpy()]
    found += [
        f"{label(*nucleus)}: {1000 * change[nucleus]:+.0f} keV from {MEASURED_TABLES[-1]}, "
        f"{abs(change[nucleus]) / sd[nucleus]:.1f} standard deviations of both measurements"
        for nucleus in contradicts
    ]
    return found


def _totals(
    runs: Sequence[ScoredRun], judged: Sequence[Judged], new: pd.DataFrame
) -> tuple[pd.DataFrame, str]:
    """Score runs, their models alone and extrapolations; tell by which law coverage was tested."""
    joint = runs[0].joint_draws(nuclide_index(new.index), _JOINT, seed=0)
    noise = new["mass_excess_uncertainty"].to_numpy(dtype=np.float64)
    rows: list[dict[str, Any]] = []
    names = [run.name for run in runs]
    for i, (run, each) in enumerate(zip(runs, judged, strict=True)):
        drawn = joint if i == 0 else None
        scores = totals(each, new.index, LEVELS, joint=drawn, noise=noise)
        # Runs of one configuration are told apart by their folders.
        alike = i > 0 and names.count(run.name) > 1
        name = f"{run.name}, {run.folder.path}" if alike else run.name
        rows.append({"what": "other run" if i else "run", "name": name, "nuclei": "all"} | scores)
    measured = new["mass_excess"].to_numpy(dtype=np.float64)
    joined = join_masses(new, runs[0].chart).transpose("theory", "nucleus")
    for name, masses in zip(
        joined["theory"].to_numpy(), joined["theory_mass_excess"].to_numpy(), strict=True
    ):
        if np.isfinite(masses).all():
            scores = point_totals(masses, measured)
            rows.append({"what": "model", "name": str(name), "nuclei": "all"} | scores)
    rows += _extrapolated(runs[0], judged[0], new)
    return pd.DataFrame(rows), "independent" if joint is None else "joint"


def _extrapolated(run: ScoredRun, judged: Judged, new: pd.DataFrame) -> list[dict[str, Any]]:
    """Score the estimates of the run's evaluation, and the run on the same nuclei."""
    if run.evaluation not in MEASURED_TABLES or not earlier_evaluations(run.evaluation):
        return []  # the accuracy of its estimates is unknown
    estimates = Extrapolations.of_evaluation(run.evaluation)
    found = judge(estimates.distribution(new.index), new, LEVELS)
    some = new.index[found.table["mean"].notna().to_numpy()]
    if not len(some):
        return []
    what = {"nuclei": "extrapolated"}
    return [
        {"what": "run", "name": run.name} | what | totals(judged, some, LEVELS),
        {"what": "extrapolation", "name": f"{run.evaluation} {_EXTRAPOLATION}"}
        | what
        | totals(found, some, LEVELS),
    ]


def _nuclei(judged: Judged, new: pd.DataFrame) -> pd.DataFrame:
    Z, N = (new.index.get_level_values(name) for name in "ZN")
    first = pd.DataFrame(
        {
            "nucleus": labels(Z, N),
            "measured": new["mass_excess"].to_numpy(),
            "uncertainty": new["mass_excess_uncertainty"].to_numpy(),
        },
        index=new.index,
    )
    table = first.join(judged.table.loc[new.index]).reset_index()
    return table[
        ["nucleus", "Z", "N", *(name for name in table if name not in ("nucleus", "Z", "N"))]
    ]
