"""Transitions between evaluations forecast one after the other, and scored together.

Each transition is a comparison of its own, in a folder of its own, with the models of its time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bmm.data import earlier_evaluations, load_measured, uncertainty_scale_factor
from bmm.errors import RunError, quoted
from bmm.execution.tasks import Engine
from bmm.measurement.link_errors import learn_link_errors
from bmm.methods.extrapolation import extrapolation_factor
from bmm.theory.adapters import Domain
from bmm.workflows.compare import ComparisonResult, comparison_origin, run_comparisons
from bmm.workflows.compare_config import ComparisonConfig, EditionSplit
from bmm.workflows.inputs import chosen_cards
from bmm.workflows.prequential_folder import PrequentialFolder
from bmm.workflows.prequential_scores import (
    Scored,
    TransitionForecasts,
    add_choices,
    score_transitions,
)
from bmm.workflows.prequential_split import Choice, PrequentialSplit, Transition

__all__ = ["PrequentialResult", "run_prequential"]


@dataclass(frozen=True)
class PrequentialResult:
    """A finished prequential comparison.

    Parameters
    ----------
    folder : PrequentialFolder
        Its files.
    transitions : list of ComparisonResult
        In turn.
    scored : list of Scored
        One for each transition, then one for all together.
    learnt : dict
        What ``learnt.json`` holds: for the forecast that begins with the last evaluation.
    """

    folder: PrequentialFolder
    transitions: list[ComparisonResult]
    scored: list[Scored]
    learnt: dict[str, Any]


def run_prequential(
    config: ComparisonConfig,
    path: Path,
    *,
    console: Console | None = None,
    engine: Engine | None = None,
) -> PrequentialResult:
    """Forecast every transition, with choices learnt from earlier ones, and write everything.

    Parameters
    ----------
    config : ComparisonConfig
        Its split is a `bmm.workflows.prequential_split.PrequentialSplit`.
    path : Path
        The folder; each transition has one inside it, which is taken up again if it is there.
    console : rich.console.Console, optional
        Where to show progress.
    engine : Engine, optional
        Makes the forecasts of all transitions; by default one after the other, in this process.

    Raises
    ------
    BmmError
        As from `bmm.workflows.compare.run_comparison`; if a method to choose from was left out.
    """
    split = config.split
    assert isinstance(split, PrequentialSplit)
    console = console or Console(quiet=True)
    begun = time.perf_counter()
    cards = {card.name: card for card in chosen_cards(config.theory)}
    with PrequentialFolder.begin(path, comparison_origin(config, cards)) as folder:
        folder.write_config(config.to_toml())
        for each in split.transitions:
            console.print(f"[bold]{each.name}[/]: {', '.join(each.models)}", highlight=False)
        jobs = [
            (_one(config, split, each), folder.transitions / each.name)
            for each in split.transitions
        ]
        results = run_comparisons(jobs, console=console, engine=engine)
        for each, result in zip(split.transitions, results, strict=True):
            _refuse_missing(each, split.choices, result)
        forecasts = [TransitionForecasts.of(config, each) for each in results]
        choices = add_choices(forecasts, split.choices, config.levels)
        scored = [score_transitions(config, [each], each.split.name) for each in forecasts]
        scored.append(score_transitions(config, forecasts, "all transitions"))
        learnt = {"after": split.evaluations[-1], "choices": choices}
        learnt |= _learnt_after(split.evaluations[-1], Domain(Z=split.Z, N=split.N))
        summary = {
            "name": config.name,
            "seconds": time.perf_counter() - begun,
            "transitions": {each.split.name: each.result.summary for each in forecasts},
        }
        tables = _nuclei(forecasts), _scores(scored)
        folder.write_results(*tables, scored[-1].table, summary, learnt)
    return PrequentialResult(folder, results, scored, learnt)


def _one(
    config: ComparisonConfig, split: PrequentialSplit, transition: Transition
) -> ComparisonConfig:
    """Configure one transition, with the methods that its models allow."""
    return ComparisonConfig(
        name=f"{config.name}-{transition.name}",
        description=config.description,
        seed=config.seed,
        levels=config.levels,
        reference=config.reference,
        allow_leaks=config.allow_leaks,
        split=EditionSplit(train=transition.train, test=transition.test, Z=split.Z, N=split.N),
        theory=config.theory.model_copy(update={"models": transition.models}),
        methods=[each for each in config.methods if _possible(each, transition.models)],
    )


def _refuse_missing(
    transition: Transition, choices: Sequence[Choice], result: ComparisonResult
) -> None:
    """Refuse a choice among methods one of which has no forecast of a transition."""
    for choice in choices:
        for label in choice.among:
            if label not in result.stored:
                why = result.summary["failed"].get(label, "its model is not of that time")
                raise RunError(
                    f"choice {quoted(choice.name)} needs {quoted(label)} on {transition.name}, "
                    f"where it is left out ({why})"
                )


def _possible(method: Any, models: Sequence[str]) -> bool:
    model = getattr(method, "model", None)
    return model is None or model in models


def _learnt_after(evaluation: str, domain: Domain) -> dict[str, Any]:
    """Learn from all transitions up to an evaluation, for a forecast that begins with it."""
    measured = load_measured(evaluation)
    earlier = earlier_evaluations(evaluation)[-1]
    of_stated = uncertainty_scale_factor(
        load_measured(earlier), measured[domain.covers(measured.index)]
    )
    factor, nuclei = extrapolation_factor(evaluation)
    return {
        "uncertainty_factor": of_stated.facts | {"evaluation": earlier},
        "extrapolation_factor": {"factor": factor, "nuclei": nuclei},
        "measurement_errors": learn_link_errors(evaluation).facts,
    }


def _nuclei(forecasts: Sequence[TransitionForecasts]) -> pd.DataFrame:
    """Scores of each test nucleus, by transition and method."""
    return pd.concat(
        [
            table.loc[each.common].assign(method=label, transition=each.split.name)
            for each in forecasts
            for label, table in each.tables.items()
        ]
    ).reset_index()


def _scores(scored: Sequence[Scored]) -> pd.DataFrame:
    """Scores by transition, region and method, with the chance of the coverage of all nuclei."""
    scores = pd.concat([each.table.assign(transition=each.name) for each in scored])
    chances = pd.concat([each.chances.assign(transition=each.name) for each in scored])
    scores = scores.merge(chances.drop(columns="quantity"), how="left")
    scores.loc[scores["region"] != "all", "chance"] = float("nan")
    return scores
