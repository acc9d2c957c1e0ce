"""The comparison job: every method on every split, scored on the same nuclei."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape

from bmm.data import read_provenance
from bmm.errors import ConfigError, DataError, DomainError
from bmm.evaluation.splits import Split, find_leaks, refuse_leaks
from bmm.fingerprints import array_fingerprint, code_fingerprint
from bmm.methods.interface import Method
from bmm.nuclides import nuclide_index, numbers
from bmm.progress import Stages, recording, stage, track
from bmm.theory.adapters import predict_all
from bmm.theory.cards import Card
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_folder import ComparisonFolder, StoredForecast
from bmm.workflows.compare_report import derived_scores_of, report, score_table
from bmm.workflows.inputs import chosen_cards, covered_nuclei, fitted_models
from bmm.workflows.log import logged_to, rounded
from bmm.workflows.run_provenance import provenance

__all__ = ["ComparisonResult", "comparison_origin", "run_comparison"]


@dataclass(frozen=True)
class ComparisonResult:
    """A finished comparison.

    Parameters
    ----------
    folder : ComparisonFolder
        Its files.
    table : DataFrame
        Scores by region and method; see `bmm.evaluation.method_scores.compare`.
    derived : DataFrame
        Scores of derived quantities; see `bmm.evaluation.derived_scores.derived_table`.
    summary : dict
        What ``comparison.json`` holds.
    splits : list of Split
        Training and test nuclei.
    stored : dict of str to list of StoredForecast
        For each method, one forecast for each split.
    nuclei : DataFrame
        Scores of each test nucleus; see `bmm.workflows.compare_report.score_table`.
    """

    folder: ComparisonFolder
    table: pd.DataFrame
    derived: pd.DataFrame
    summary: dict[str, Any]
    splits: list[Split]
    stored: dict[str, list[StoredForecast]]
    nuclei: pd.DataFrame


def run_comparison(
    config: ComparisonConfig, path: Path, *, console: Console | None = None
) -> ComparisonResult:
    """Fit every method on every split, score all on the same nuclei, write everything.

    A method's forecast is on disk as soon as it is made; a comparison that is started again takes
    up what is finished, unless something that decides it has changed.  A method that cannot be
    used on these data is left out, and the reason stated.

    Parameters
    ----------
    config : ComparisonConfig
        What to do; see `bmm.workflows.compare_config.load_comparison`.
    path : Path
        The folder.
    console : rich.console.Console, optional
        Where to show progress.

    Raises
    ------
    BmmError
        If the configuration, a table or the folder cannot be used, models have seen test nuclei,
        or no method is left.
    """
    with recording(console) as stages:
        return _run(config, path, stages, console or Console(quiet=True))


def _run(
    config: ComparisonConfig, path: Path, stages: Stages, console: Console
) -> ComparisonResult:
    cards = {card.name: card for card in chosen_cards(config.theory)}
    splits = config.split.splits(config.seed)
    leaks = {split.name: find_leaks(split, cards) for split in splits}
    if not config.allow_leaks:
        for split in splits:
            refuse_leaks(split, leaks[split.name])
    origin = comparison_origin(config, cards)
    with ComparisonFolder.begin(path, origin) as folder, logged_to(folder.log):
        folder.write_config(config.to_toml())
        stored, failed = _forecast_all(folder, config, splits, cards, origin["packages"], console)
        with stage("scores"):
            nuclei, table = score_table(config, splits, stored)
            summary = report(config, splits, leaks, cards, stored, failed, nuclei, table, origin)
        with stage("scores of derived quantities"):
            derived = derived_scores_of(config, splits, stored, nuclei)
        summary["seconds"] = rounded(stages.seconds)
        folder.write_results(nuclei, table, derived, summary)
    return ComparisonResult(folder, table, derived, summary, splits, stored, nuclei)


def _forecast_all(
    folder: ComparisonFolder,
    config: ComparisonConfig,
    splits: list[Split],
    cards: Mapping[str, Card],
    packages: dict[str, str],
    console: Console,
) -> tuple[dict[str, list[StoredForecast]], dict[str, str]]:
    """Forecasts of each method, one for each split; and why other methods were left out."""
    stored: dict[str, list[StoredForecast]] = {method.label: [] for method in config.methods}
    failed: dict[str, str] = {}
    theory: dict[str, xr.Dataset] = {}
    jobs = [(split, method) for split in splits for method in config.methods]
    for split, method in track(
        jobs, "forecasts", note=lambda job: f"{job[0].name}, {job[1].label}"
    ):
        label = method.label
        if label in failed:
            continue
        if split.name not in theory:
            theory = {split.name: _theory(split, cards)}
        try:
            found = _forecast(folder, config, method, split, theory[split.name], packages)
        except (ConfigError, DataError, DomainError) as error:
            failed[label] = str(error)
            why = f"  [yellow]{escape(label)} is left out:[/] {escape(str(error))}"
            console.print(why, highlight=False)
            continue
        stored[label].append(found)
        console.print(_progress(label, split, found), highlight=False)
    return {label: each for label, each in stored.items() if label not in failed}, failed


def comparison_origin(config: ComparisonConfig, cards: Mapping[str, Card]) -> dict[str, Any]:
    """Provenance of a comparison, with the checksum of every evaluation it takes."""
    others = (name for method in config.methods for name in method.evaluations)
    return provenance([*config.split.evaluations, *others], list(cards.values()), config.seed)


def _theory(split: Split, cards: Mapping[str, Card]) -> xr.Dataset:
    """Predict training and test nuclei; models that learn see the training nuclei only."""
    fitted = fitted_models([*cards.values()], split.training)
    nuclei = split.training.index.union(split.test.index).sort_values()
    theory = predict_all(fitted, nuclide_index(*numbers(nuclei)))
    covered_nuclei(split.training, theory)  # or a model is refused, before anything that takes long
    return theory


def _forecast(
    folder: ComparisonFolder,
    config: ComparisonConfig,
    method: Method,
    split: Split,
    theory: xr.Dataset,
    packages: dict[str, str],
) -> StoredForecast:
    origin = _forecast_origin(config.seed, method, split, theory, packages)
    found = folder.read_forecast(method.label, split.name, origin)
    if found is not None:
        return found
    begun = time.perf_counter()
    fitted = method.fit(split.training, theory, config.seed)
    index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    forecast = fitted.forecast(theory.isel(nucleus=index.isin(split.test.index)), config.seed + 1)
    forecast.draws  # noqa: B018 - they are part of the time
    seconds = time.perf_counter() - begun
    return folder.write_forecast(method.label, split.name, forecast, fitted.facts, seconds, origin)


def _forecast_origin(
    seed: int, method: Method, split: Split, theory: xr.Dataset, packages: dict[str, str]
) -> dict[str, Any]:
    """Everything that decides a forecast: options, data and the code itself."""
    columns = ["mass_excess", "mass_excess_uncertainty"]
    parts = [part[columns].reset_index().to_numpy(float) for part in (split.training, split.test)]
    masses = [theory[name].to_numpy() for name in ("mass_excess", "mass_excess_sd")]
    return {
        "seed": seed,
        "options": method.model_dump(mode="json", exclude={"name"}),
        "evaluations": [read_provenance(name).sha256 for name in method.evaluations],
        "packages": packages,
        "masses": array_fingerprint(*parts),
        "theory": array_fingerprint(*masses),
        "models": [str(name) for name in theory["theory"].to_numpy()],
        "code": code_fingerprint(*method.modules),
    }


def _progress(label: str, split: Split, found: StoredForecast) -> str:
    how = "taken up from disk" if found.reused else f"{found.seconds:.1f} s"
    return f"  {split.name}: [bold]{escape(label)}[/], {how}"
