"""The comparison job: every method on every split, scored on the same nuclei."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bmm.evaluation.splits import Leak, Split, find_leaks, refuse_leaks
from bmm.execution.tasks import Engine, SerialEngine
from bmm.progress import Stages, recording, stage
from bmm.theory.cards import Card
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_folder import ComparisonFolder, StoredForecast
from bmm.workflows.compare_forecasts import Forecasts, Grid, forecast_all
from bmm.workflows.compare_report import derived_scores_of, report, score_table
from bmm.workflows.inputs import chosen_cards
from bmm.workflows.log import logged_to, rounded
from bmm.workflows.run_provenance import provenance

__all__ = ["ComparisonResult", "comparison_origin", "run_comparison", "run_comparisons"]


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
    broken : tuple of str
        Methods that are left out although nothing is wrong with the data.
    """

    folder: ComparisonFolder
    table: pd.DataFrame
    derived: pd.DataFrame
    summary: dict[str, Any]
    splits: list[Split]
    stored: dict[str, list[StoredForecast]]
    nuclei: pd.DataFrame
    broken: tuple[str, ...] = ()


def run_comparison(
    config: ComparisonConfig,
    path: Path,
    *,
    console: Console | None = None,
    engine: Engine | None = None,
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
    engine : Engine, optional
        Makes and scores the forecasts; by default one after the other, in this process.

    Raises
    ------
    BmmError
        If the configuration, a table or the folder cannot be used, models have seen test nuclei,
        or no method is left.
    """
    (result,) = run_comparisons([(config, path)], console=console, engine=engine)
    return result


def run_comparisons(
    jobs: Sequence[tuple[ComparisonConfig, Path]],
    *,
    console: Console | None = None,
    engine: Engine | None = None,
) -> list[ComparisonResult]:
    """Run several comparisons, whose forecasts are made together; see `run_comparison`.

    Parameters
    ----------
    jobs : sequence of (ComparisonConfig, Path)
        What to do, and the folder of each.
    console, engine
        As for `run_comparison`.

    Raises
    ------
    BmmError
        As from `run_comparison`.
    """
    console, engine = console or Console(quiet=True), engine or SerialEngine()
    with recording(console) as stages, ExitStack() as opened:
        prepared = [opened.enter_context(_prepared(config, path)) for config, path in jobs]
        forecasts = forecast_all([each.grid for each in prepared], engine, console)
        return [
            _finished(each, found, stages, engine, console)
            for each, found in zip(prepared, forecasts, strict=True)
        ]


@dataclass(frozen=True)
class _Prepared:
    """A comparison whose forecasts can be made: `leaks` by split, and `origin` of its files."""

    grid: Grid
    leaks: dict[str, list[Leak]]
    origin: dict[str, Any]


@contextmanager
def _prepared(config: ComparisonConfig, path: Path) -> Iterator[_Prepared]:
    cards = {card.name: card for card in chosen_cards(config.theory)}
    splits = config.split.splits(config.seed)
    leaks = {split.name: find_leaks(split, cards) for split in splits}
    if not config.allow_leaks:
        for split in splits:
            refuse_leaks(split, leaks[split.name])
    origin = comparison_origin(config, cards)
    with ComparisonFolder.begin(path, origin) as folder, logged_to(folder.log):
        folder.write_config(config.to_toml())
        yield _Prepared(Grid(folder, config, splits, cards, origin["packages"]), leaks, origin)


def _finished(
    prepared: _Prepared, forecasts: Forecasts, stages: Stages, engine: Engine, console: Console
) -> ComparisonResult:
    """Score the forecasts of one comparison, and write its results."""
    grid, leaks, origin = prepared.grid, prepared.leaks, prepared.origin
    folder, config, splits, stored = grid.folder, grid.config, grid.splits, forecasts.stored
    with stage("scores"):
        nuclei, table = score_table(config, splits, stored)
        failed = forecasts.left_out
        summary = report(config, splits, leaks, grid.cards, stored, failed, nuclei, table, origin)
    derived = derived_scores_of(config, splits, stored, nuclei, engine, console)
    summary["seconds"] = rounded(stages.seconds)
    folder.write_results(nuclei, table, derived, summary)
    return ComparisonResult(
        folder, table, derived, summary, splits, stored, nuclei, forecasts.broken
    )


def comparison_origin(config: ComparisonConfig, cards: Mapping[str, Card]) -> dict[str, Any]:
    """Provenance of a comparison, with the checksum of every evaluation it takes."""
    others = (name for method in config.methods for name in method.evaluations)
    return provenance([*config.split.evaluations, *others], list(cards.values()), config.seed)
