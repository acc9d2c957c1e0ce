"""Transitions between evaluations forecast one after the other, and scored together.

Each transition is a comparison of its own, in a folder of its own, with the models of its time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bmm.data import earlier_evaluations, load_measured, uncertainty_scale_factor
from bmm.evaluation.method_scores import common_nuclei, compare
from bmm.evaluation.prequential import coverage_chance, follow_leader, inside_counts
from bmm.evaluation.splits import Split
from bmm.figures.files import write_figure
from bmm.figures.methods import comparison_figure
from bmm.measurement.link_errors import learn_link_errors
from bmm.methods.extrapolation import extrapolation_factor
from bmm.theory.adapters import Domain
from bmm.workflows.compare import ComparisonResult, run_comparison
from bmm.workflows.compare_config import ComparisonConfig, EditionSplit
from bmm.workflows.compare_report import regions_of
from bmm.workflows.prequential_split import PrequentialSplit, Transition
from bmm.writing import without_nan, write_json, write_whole

__all__ = ["PrequentialResult", "Scored", "run_prequential"]


@dataclass(frozen=True)
class Scored:
    """Scores of all methods, choices among them, on the test nuclei of some transitions.

    Parameters
    ----------
    name : str
        Of the transition, or "all transitions".
    table : DataFrame
        See `bmm.evaluation.method_scores.compare`.
    chances : DataFrame
        Columns method, quantity ("mass_excess") and chance; see
        `bmm.evaluation.prequential.coverage_chance`.
    seconds : dict of str to float
        Wall time of each method.
    """

    name: str
    table: pd.DataFrame
    chances: pd.DataFrame
    seconds: dict[str, float]


@dataclass(frozen=True)
class PrequentialResult:
    """A finished prequential comparison.

    Parameters
    ----------
    path : Path
        Its folder.
    transitions : list of ComparisonResult
        In turn.
    scored : list of Scored
        One for each transition, then one for all together.
    learnt : dict
        What ``learnt.json`` holds: for the forecast that begins with the last evaluation.
    """

    path: Path
    transitions: list[ComparisonResult]
    scored: list[Scored]
    learnt: dict[str, Any]


@dataclass(frozen=True)
class _Forecasts:
    """Scores by method of the test nuclei of one transition, and its comparison."""

    split: Split
    result: ComparisonResult
    tables: dict[str, pd.DataFrame]
    """Choices included, MeV, indexed (Z, N)."""
    sources: dict[str, str]
    """The method behind each row."""
    common: pd.Index


def run_prequential(
    config: ComparisonConfig, path: Path, *, console: Console | None = None
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

    Raises
    ------
    BmmError
        As from `bmm.workflows.compare.run_comparison`.
    """
    split = config.split
    assert isinstance(split, PrequentialSplit)
    console = console or Console(quiet=True)
    begun = time.perf_counter()
    results = []
    for each in split.transitions:
        console.print(f"[bold]{each.name}[/]: {', '.join(each.models)}", highlight=False)
        results.append(run_comparison(_one(config, split, each), path / each.name, console=console))
    forecasts, choices = _with_choices(config, split, results)
    scored = [_score(config, [each], each.split.name) for each in forecasts]
    scored.append(_score(config, forecasts, "all transitions"))
    learnt = {"after": split.evaluations[-1], "choices": choices}
    learnt |= _learnt_after(split.evaluations[-1], Domain(Z=split.Z, N=split.N))
    seconds = time.perf_counter() - begun
    _write(config, path, forecasts, scored, learnt, seconds)
    return PrequentialResult(path, results, scored, learnt)


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


def _possible(method: Any, models: Sequence[str]) -> bool:
    model = getattr(method, "model", None)
    return model is None or model in models


def _with_choices(
    config: ComparisonConfig, split: PrequentialSplit, results: Sequence[ComparisonResult]
) -> tuple[list[_Forecasts], dict[str, Any]]:
    """Add the rows of choices, and say what was chosen when."""
    partly = {method.label for method in config.methods if method.partial}
    forecasts = []
    for result in results:
        tables = {
            str(label): part.set_index(["Z", "N"]).drop(columns="method")
            for label, part in result.nuclei.groupby("method", sort=False)
        }
        whole = {label: each for label, each in tables.items() if label not in partly}
        sources = {label: label for label in tables}
        common = common_nuclei(whole)
        forecasts.append(_Forecasts(result.splits[0], result, tables, sources, common))
    choices = {}
    for choice in split.choices:
        known = [{name: each.tables[name].loc[each.common] for name in choice.among}
                 for each in forecasts]  # fmt: skip
        chosen, sums = follow_leader(known, choice.among)
        for each, name in zip(forecasts, chosen, strict=False):
            each.tables[choice.name], each.sources[choice.name] = each.tables[name], name
        choices[choice.name] = {
            "chosen": dict(zip((each.split.name for each in forecasts), chosen, strict=False)),
            "next": chosen[-1],
            "crps_sums_MeV": sums[-1],
        }
    return forecasts, choices


def _score(config: ComparisonConfig, forecasts: Sequence[_Forecasts], name: str) -> Scored:
    """Score the methods that forecast all of some transitions, on their test nuclei together."""
    labels = [
        label for label in forecasts[0].tables if all(label in each.tables for each in forecasts)
    ]
    tables = {label: pd.concat([each.tables[label] for each in forecasts]) for label in labels}
    common = forecasts[0].common.append([each.common for each in forecasts[1:]])
    regions = regions_of([each.split for each in forecasts], common)
    if len(forecasts) > 1:
        regions |= {each.split.name: each.common for each in forecasts}
    for method in config.methods:
        if method.partial and method.label in tables:
            known = tables[method.label]["error"].notna()
            regions[f"predicted by {method.label}"] = common[common.isin(known.index[known])]
    strata = pd.concat([pd.Series(each.split.name, index=each.common) for each in forecasts])
    reference = config.reference or config.methods[0].label
    table = compare(tables, regions, config.levels, reference, strata)
    scored = [label for label in labels if tables[label].loc[common, "error"].notna().all()]
    chances = pd.DataFrame(
        {
            "method": scored,
            "quantity": "mass_excess",
            "chance": [_chance(config, forecasts, label, tables[label]) for label in scored],
        }
    )
    seconds = {label: sum(_seconds(each, label) for each in forecasts) for label in labels}
    return Scored(name, table, chances, seconds)


def _chance(
    config: ComparisonConfig, forecasts: Sequence[_Forecasts], label: str, table: pd.DataFrame
) -> float:
    inside, pit = [], []
    for each in forecasts:
        (stored,) = each.result.stored[each.sources[label]]
        inside.append(
            inside_counts(stored.data, each.common, each.split.test, config.levels, config.seed + 3)
        )
        pit.append(table.loc[each.common, "pit"])
    return coverage_chance(inside, pd.concat(pit).to_numpy(), config.levels)


def _seconds(forecasts: _Forecasts, label: str) -> float:
    """Wall time of a method; a choice costs nothing itself."""
    if forecasts.sources[label] != label:
        return 0.0
    return sum(each.seconds for each in forecasts.result.stored[label])


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


def _write(
    config: ComparisonConfig,
    path: Path,
    forecasts: Sequence[_Forecasts],
    scored: Sequence[Scored],
    learnt: Mapping[str, Any],
    seconds: float,
) -> None:
    """Write configuration, scores, the figure of all transitions, and what was learnt."""
    nuclei = pd.concat(
        [
            table.loc[each.common].assign(method=label, transition=each.split.name)
            for each in forecasts
            for label, table in each.tables.items()
        ]
    ).reset_index()
    scores = pd.concat([each.table.assign(transition=each.name) for each in scored])
    chances = pd.concat([each.chances.assign(transition=each.name) for each in scored])
    scores = scores.merge(chances.drop(columns="quantity"), how="left")
    scores.loc[scores["region"] != "all", "chance"] = float("nan")
    for name, frame in (("comparison.csv", scores), ("nuclei.csv", nuclei)):
        write_whole(path / name, partial(frame.to_csv, index=False, float_format="%.6g"))
    write_whole(
        path / "config.toml", lambda file: file.write_text(config.to_toml(), encoding="utf-8")
    )
    (path / "figures").mkdir(exist_ok=True)
    write_figure(path / "figures" / "comparison", comparison_figure(scored[-1].table, nuclei))
    summary = {
        "name": config.name,
        "seconds": seconds,
        "transitions": {each.split.name: each.result.summary for each in forecasts},
    }
    write_json(path / "prequential.json", {key: without_nan(x) for key, x in summary.items()})
    write_json(path / "learnt.json", without_nan(dict(learnt)))
