"""Scores of transitions, one by one and together, with rows for choices that only look back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions.storage import from_dataset
from bmm.evaluation.method_scores import common_nuclei, compare
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.evaluation.prequential import (
    Known,
    coverage_chance,
    follow_leader,
    inside_counts,
    spread_factor,
    stretched,
)
from bmm.evaluation.splits import Split
from bmm.nuclides import nuclide_index
from bmm.workflows.compare import ComparisonResult
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_report import regions_of
from bmm.workflows.prequential_split import Choice

__all__ = ["Scored", "TransitionForecasts", "add_choices", "score_transitions"]


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
class TransitionForecasts:
    """The forecasts of one transition, and their scores.

    Parameters
    ----------
    split : Split
        Training and test nuclei.
    result : ComparisonResult
        Its comparison.
    tables : dict of str to DataFrame
        Scores of the test nuclei by method, and by choice once `add_choices` was called; indexed
        (Z, N), MeV.
    sources : dict of str to (str, float)
        The method behind each row, and what its spread is multiplied by.
    common : MultiIndex (Z, N)
        Test nuclei that all methods predict which are meant to.
    """

    split: Split
    result: ComparisonResult
    tables: dict[str, pd.DataFrame]
    sources: dict[str, tuple[str, float]]
    common: pd.Index

    @classmethod
    def of(cls, config: ComparisonConfig, result: ComparisonResult) -> TransitionForecasts:
        """Gather them from a finished comparison of one split."""
        partly = {method.label for method in config.methods if method.partial}
        tables = {
            str(label): part.set_index(["Z", "N"]).drop(columns="method")
            for label, part in result.nuclei.groupby("method", sort=False)
        }
        whole = {label: each for label, each in tables.items() if label not in partly}
        sources = {label: (label, 1.0) for label in tables}
        return cls(result.splits[0], result, tables, sources, common_nuclei(whole))

    def forecast(self, label: str) -> tuple[xr.Dataset, float]:
        """Return what is stored of the method behind a row, and the factor of its spread."""
        source, factor = self.sources[label]
        (stored,) = self.result.stored[source]
        return stored.data, factor

    def known(self, label: str) -> Known:
        """Return a method's distributions of the common nuclei and their measured masses."""
        data, _ = self.forecast(label)
        index = nuclide_index(data["Z"].to_numpy(), data["N"].to_numpy())
        found = self.split.test.reindex(self.common)
        return Known(
            from_dataset(data).take(index.get_indexer(self.common)),
            found["mass_excess"].to_numpy(dtype=float),
            found["mass_excess_uncertainty"].to_numpy(dtype=float),
        )

    def add(self, label: str, source: str, factor: float, levels: Sequence[float]) -> None:
        """Add a row: a method, its spread multiplied by a factor."""
        self.sources[label] = (source, factor)
        if factor == 1.0:
            self.tables[label] = self.tables[source]
            return
        data, _ = self.forecast(source)
        index = nuclide_index(data["Z"].to_numpy(), data["N"].to_numpy())
        distribution = stretched(from_dataset(data), factor)
        self.tables[label] = nucleus_scores(distribution, index, self.split.test, levels)


def add_choices(
    forecasts: Sequence[TransitionForecasts], choices: Sequence[Choice], levels: Sequence[float]
) -> dict[str, Any]:
    """Add the rows of choices, each learnt from earlier transitions only.

    Parameters
    ----------
    forecasts : sequence of TransitionForecasts
        In turn; rows are added to them.
    choices : sequence of Choice
        From the configuration.
    levels : sequence of float
        Probabilities of the intervals.

    Returns
    -------
    dict
        For each choice: chosen (method by transition), next (after the last one),
        crps_sums_MeV of all transitions; where spreads are learnt, spread_factor (by transition)
        and next_spread_factor.
    """
    found: dict[str, Any] = {}
    names = [each.split.name for each in forecasts]
    for choice in choices:
        scores = [
            {name: each.tables[name].loc[each.common] for name in choice.among}
            for each in forecasts
        ]
        chosen, sums = follow_leader(scores, choice.among)
        facts: dict[str, Any] = {
            "chosen": dict(zip(names, chosen, strict=False)),
            "next": chosen[-1],
            "crps_sums_MeV": sums[-1],
        }
        factors = [1.0] * len(chosen)
        if choice.spread == "learnt":
            factors = [
                spread_factor([each.known(label) for each in forecasts[:i]])
                for i, label in enumerate(chosen)
            ]
            facts["spread_factor"] = dict(zip(names, factors, strict=False))
            facts["next_spread_factor"] = factors[-1]
        for each, source, factor in zip(forecasts, chosen, factors, strict=False):
            each.add(choice.name, source, factor, levels)
        found[choice.name] = facts
    return found


def score_transitions(
    config: ComparisonConfig, forecasts: Sequence[TransitionForecasts], name: str
) -> Scored:
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
    config: ComparisonConfig,
    forecasts: Sequence[TransitionForecasts],
    label: str,
    table: pd.DataFrame,
) -> float:
    inside, pit = [], []
    for each in forecasts:
        data, factor = each.forecast(label)
        draws: FloatArray = data["draws"].transpose("draw", "nucleus").to_numpy().astype(float)
        mean = from_dataset(data).mean
        data = data.assign(draws=(("draw", "nucleus"), mean + factor * (draws - mean)))
        inside.append(
            inside_counts(data, each.common, each.split.test, config.levels, config.seed + 3)
        )
        pit.append(table.loc[each.common, "pit"])
    return coverage_chance(inside, pd.concat(pit).to_numpy(), config.levels)


def _seconds(forecasts: TransitionForecasts, label: str) -> float:
    """Wall time of a method; a choice costs nothing itself."""
    if forecasts.sources[label][0] != label:
        return 0.0
    return sum(each.seconds for each in forecasts.result.stored[label])
