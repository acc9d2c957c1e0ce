"""What a comparison found: scores of the methods, and all that is needed to judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.distributions.storage import from_dataset
from bmm.errors import DataError
from bmm.evaluation.derived_scores import DerivedScores, derived_scores, derived_table
from bmm.evaluation.method_scores import common_nuclei, compare
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.evaluation.regions import distance_to, region_masks
from bmm.evaluation.splits import Leak, Split
from bmm.execution.progress import Progress
from bmm.execution.tasks import Engine, Task
from bmm.fingerprints import fingerprint
from bmm.nuclides import nuclide_index
from bmm.theory.cards import Card
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_folder import StoredForecast
from bmm.writing import without_nan

__all__ = ["derived_scores_of", "regions_of", "report", "score_table"]


def score_table(
    config: ComparisonConfig, splits: Sequence[Split], stored: Mapping[str, list[StoredForecast]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every method on the nuclei that all of them predict.

    A method that predicts some nuclei only, by design, is scored on these in a region of its own.

    Parameters
    ----------
    config : ComparisonConfig
        Levels and reference.
    splits : sequence of Split
        The test masses.
    stored : mapping of str to list of StoredForecast
        For each method, one forecast for each split.

    Returns
    -------
    nuclei : DataFrame
        One row for each method and test nucleus: method, fold, Z, N, distance, and the columns
        of `bmm.evaluation.nucleus_scores.nucleus_scores`.
    table : DataFrame
        See `bmm.evaluation.method_scores.compare`.

    Raises
    ------
    DataError
        If no method is left, or no nucleus that all methods predict.
    """
    if not stored:
        raise DataError("no method could be used: there is nothing to compare")
    tables = {
        label: pd.concat(
            [
                nucleus_scores(
                    from_dataset(found.data), _nuclei(found.data), split.test, config.levels
                )
                for found, split in zip(each, splits, strict=True)
            ]
        )
        for label, each in stored.items()
    }
    partial = {method.label for method in config.methods if method.partial}
    common = common_nuclei({label: each for label, each in tables.items() if label not in partial})
    if not len(common):
        raise DataError("the methods have no test nucleus in common: there is nothing to compare")
    reference = config.reference if config.reference in tables else next(iter(tables))
    regions = regions_of(splits, common)
    regions |= {
        f"predicted by {label}": _predicted(tables[label], common)
        for label in tables
        if label in partial
    }
    table = compare(tables, regions, config.levels, reference)
    place = pd.concat([_place(split) for split in splits])
    nuclei = pd.concat(
        [place.join(each).assign(method=label) for label, each in tables.items()]
    ).reset_index()
    return nuclei[["method", *nuclei.columns.drop("method")]], table


def derived_scores_of(
    config: ComparisonConfig,
    splits: Sequence[Split],
    stored: Mapping[str, list[StoredForecast]],
    nuclei: pd.DataFrame,
    engine: Engine,
    console: Console,
) -> pd.DataFrame:
    """Score masses, separation energies, Q values and gaps from joint draws.

    On the nuclei that all methods predict; those that predict some only by design are left out.

    Parameters
    ----------
    config, splits, stored
        As for `score_table`.
    nuclei : DataFrame
        From `score_table`.
    engine : Engine
        Scores the forecasts, each by itself.
    console : Console
        Where to show progress.

    Returns
    -------
    DataFrame
        See `bmm.evaluation.derived_scores.derived_table`.
    """
    partial = {method.label for method in config.methods if method.partial}
    missing = nuclei["error"].isna() & ~nuclei["method"].isin(partial)
    unknown = nuclei.loc[missing, ["Z", "N"]].drop_duplicates()
    dropped = pd.MultiIndex.from_frame(unknown)
    labels = [label for label in stored if label not in partial]
    seed = config.seed + 3
    # One by one, for each copies the draws.
    tasks = (
        Task(
            fingerprint([label, split.name]),
            f"derived quantities, {split.name}: {label}",
            derived_scores,
            (_without(found.data, dropped), split.test, split.training, config.levels, seed),
        )
        for label in labels
        for found, split in zip(stored[label], splits, strict=True)
    )
    scored: dict[str, DerivedScores] = {}
    name = "scores of derived quantities"
    with Progress(console, len(labels) * len(splits), engine.places, name) as progress:
        for done in engine.run(tasks, progress):
            if done.error is not None:
                raise done.error
            scored[done.task.key] = done.result
    folds = {
        label: [scored[fingerprint([label, split.name])] for split in splits] for label in labels
    }
    return derived_table(folds, config.levels)


def _without(forecast: xr.Dataset, dropped: pd.MultiIndex) -> xr.Dataset:
    return forecast.isel(nucleus=~_nuclei(forecast).isin(dropped))


def _nuclei(forecast: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(forecast)


def _predicted(table: pd.DataFrame, common: pd.Index) -> pd.Index:
    return common[common.isin(table.index[table["error"].notna()])]


def _place(split: Split) -> pd.DataFrame:
    distance = distance_to(split.test.index, split.training.index)
    return pd.DataFrame({"fold": split.name, "distance": distance}, index=split.test.index)


def regions_of(splits: Sequence[Split], common: pd.Index) -> dict[str, pd.Index]:
    """Nuclei of each region of `bmm.evaluation.regions`, over all splits.

    Parameters
    ----------
    splits : sequence of Split
        Training and test nuclei.
    common : MultiIndex (Z, N)
        Test nuclei that count.
    """
    parts: dict[str, list[pd.Index]] = {}
    for split in splits:
        for name, mask in region_masks(split.test.index, split.training.index).items():
            parts.setdefault(name, []).append(split.test.index[mask])
    gathered = {name: each[0].append(each[1:]) for name, each in parts.items()}
    return {name: index[index.isin(common)] for name, index in gathered.items()}


def report(
    config: ComparisonConfig,
    splits: Sequence[Split],
    leaks: Mapping[str, list[Leak]],
    cards: Mapping[str, Card],
    stored: Mapping[str, list[StoredForecast]],
    failed: Mapping[str, str],
    nuclei: pd.DataFrame,
    table: pd.DataFrame,
    origin: dict[str, Any],
) -> dict[str, Any]:
    """Gather everything that ``comparison.json`` holds.

    Parameters
    ----------
    config, splits, leaks, cards, stored, failed
        Of the comparison.
    nuclei, table : DataFrame
        From `score_table`.
    origin : dict
        See `bmm.workflows.run_provenance.provenance`.

    Returns
    -------
    dict
        name, reference, splits (n_training, n_test, leaks), n_common, unconfirmed (models whose
        calibration data no source states), methods (options, leaked,
        converged, seconds, n_predicted, facts of each split), failed, scores (by region and
        method: value, standard error, difference to the reference and its error), provenance;
        None where a number is not finite.
    """
    seen = {each.model for found in leaks.values() for each in found}
    predicted = nuclei[nuclei["error"].notna()].groupby("method").size()
    summary = {
        "name": config.name,
        "reference": config.reference or config.methods[0].label,
        "n_common": int(table["n"].max()),
        "unconfirmed": [name for name, card in cards.items() if not card.calibrated_on_confirmed],
        "splits": [
            {
                "name": split.name,
                "n_training": len(split.training),
                "n_test": len(split.test),
                "leaks": [
                    {"model": each.model, "calibrated_on": each.calibrated_on, "seen": each.seen}
                    for each in leaks[split.name]
                ],
            }
            for split in splits
        ],
        "methods": {
            method.label: {
                "options": method.model_dump(mode="json", exclude_none=True),
                "leaked": _uses(getattr(method, "model", None), seen, cards),
                "converged": _converged(stored[method.label]),
                "seconds": sum(each.seconds for each in stored[method.label]),
                "n_predicted": int(predicted[method.label]),
                "facts": [each.facts for each in stored[method.label]],
            }
            for method in config.methods
            if method.label in stored
        },
        "failed": dict(failed),
        "scores": _nested(table),
        "provenance": origin,
    }
    return {key: without_nan(value) for key, value in summary.items()}


def _uses(model: str | None, seen: set[str], cards: Mapping[str, Card]) -> bool:
    """Whether a method leans on a model that has seen test nuclei; without a model, on all."""
    if model is None or not seen:
        return bool(seen)
    return any(model in cards[name].build().components for name in seen)


def _converged(stored: Sequence[StoredForecast]) -> bool | None:
    """Verdict on a method's chains over all splits; None if nothing is sampled."""
    verdicts = [
        each.facts["convergence"]["converged"] for each in stored if "convergence" in each.facts
    ]
    return all(verdicts) if verdicts else None


def _nested(table: pd.DataFrame) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for row in table.to_dict(orient="records"):
        region, method = row.pop("region"), row.pop("method")
        scores.setdefault(region, {})[method] = row
    return scores
