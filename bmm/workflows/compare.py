"""The comparison job: every method on every split, scored on the same nuclei."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bmm.evaluation.splits import find_leaks, refuse_leaks
from bmm.execution.tasks import Engine, SerialEngine
from bmm.theory.cards import Card
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_folder import ComparisonFolder
from bmm.workflows.compare_forecasts import forecast_all
from bmm.workflows.compare_report import derived_scores_of, report, score_table
from bmm.workflows.inputs import chosen_cards
from bmm.workflows.run_provenance import provenance

__all__ = ["ComparisonResult", "run_comparison"]


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
    broken : tuple of str
        Methods that are left out although nothing is wrong with the data.
    """

    folder: ComparisonFolder
    table: pd.DataFrame
    derived: pd.DataFrame
    summary: dict[str, Any]
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
        Makes the forecasts; by default one after the other, in this process.

    Raises
    ------
    BmmError
        If the configuration, a table or the folder cannot be used, models have seen test nuclei,
        or no method is left.
    """
    console = console or Console(quiet=True)
    cards = {card.name: card for card in chosen_cards(config.theory)}
    splits = config.split.splits(config.seed)
    leaks = {split.name: find_leaks(split, cards) for split in splits}
    if not config.allow_leaks:
        for split in splits:
            refuse_leaks(split, leaks[split.name])
    origin = _origin(config, cards)
    with ComparisonFolder.begin(path, origin) as folder:
        folder.write_config(config.to_toml())
        forecasts = forecast_all(
            folder, config, splits, cards, origin["packages"], engine or SerialEngine(), console
        )
        stored, failed = forecasts.stored, forecasts.left_out
        nuclei, table = score_table(config, splits, stored)
        summary = report(config, splits, leaks, cards, stored, failed, nuclei, table, origin)
        derived = derived_scores_of(config, splits, stored, nuclei)
        folder.write_results(nuclei, table, derived, summary)
    return ComparisonResult(folder, table, derived, summary, forecasts.broken)


def _origin(config: ComparisonConfig, cards: Mapping[str, Card]) -> dict[str, Any]:
    """Provenance of a comparison, with the checksum of every evaluation it takes."""
    first, *others = config.split.evaluations
    origin = provenance(first, list(cards.values()), config.seed)
    for each in (*others, *(name for method in config.methods for name in method.evaluations)):
        origin["sha256"] |= provenance(each, [], config.seed)["sha256"]
    return origin
