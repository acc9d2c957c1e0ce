"""The forecasts of a comparison: each is a task, known by everything that decides it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr
from rich.console import Console

from bmm.data import read_provenance
from bmm.errors import ConfigError, DataError, DomainError
from bmm.evaluation.splits import Split
from bmm.execution.progress import Progress
from bmm.execution.tasks import Engine, Task, failure
from bmm.fingerprints import array_fingerprint, code_fingerprint, fingerprint
from bmm.methods.forecasting import make_forecast
from bmm.methods.interface import Method
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import numbers, predict_all
from bmm.theory.cards import Card
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_folder import ComparisonFolder, StoredForecast
from bmm.workflows.inputs import covered_nuclei

__all__ = ["Forecasts", "forecast_all"]


@dataclass(frozen=True)
class Forecasts:
    """What came of all methods on all splits.

    Parameters
    ----------
    stored : dict of str to list of StoredForecast
        For each method that could be used, one forecast for each split.
    left_out : dict of str to str
        Why other methods are left out, on the first split where they are.
    broken : tuple of str
        Those of them that failed by something else than these data.
    """

    stored: dict[str, list[StoredForecast]]
    left_out: dict[str, str]
    broken: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """A method on a split, with everything that decides its forecast."""

    method: Method
    split: Split
    origin: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.split.name}: {self.method.label}"


def forecast_all(
    folder: ComparisonFolder,
    config: ComparisonConfig,
    splits: Sequence[Split],
    cards: Mapping[str, Card],
    packages: Mapping[str, str],
    engine: Engine,
    console: Console,
) -> Forecasts:
    """Make every forecast that is not in the folder, and write each as soon as it is made.

    Parameters
    ----------
    folder : ComparisonFolder
        Claimed by this process.
    config, splits, cards
        Of the comparison.
    packages : mapping of str to str
        Versions that may decide a forecast.
    engine : Engine
        Carries the tasks out.
    console : Console
        Where to show progress.
    """
    found: dict[tuple[str, str], StoredForecast] = {}
    errors: dict[tuple[str, str], Exception] = {}
    reasons: dict[tuple[str, str], str] = {}
    parts: dict[str, _Part] = {}

    def tasks() -> Iterator[Task]:
        for split in splits:
            theory = _theory(split, cards)
            size = theory.sizes
            for method in config.methods:
                if any(label == method.label for label, _ in errors):
                    progress.dropped()
                    continue
                part = _Part(method, split, _origin(config.seed, method, split, theory, packages))
                known = folder.read_forecast(method.label, split.name, part.origin)
                if known is not None:
                    found[method.label, split.name] = known
                    progress.reused(part.name)
                    continue
                key = fingerprint([method.label, split.name, part.origin])
                parts[key] = part
                arguments = method, split.training, split.test.index, theory, config.seed
                memory = method.memory(size["nucleus"], size["theory"])
                yield Task(key, part.name, make_forecast, arguments, memory)

    total = len(splits) * len(config.methods)
    with Progress(console, total, engine.places) as progress:
        for done in engine.run(tasks(), progress):
            part = parts.pop(done.task.key)
            place = part.method.label, part.split.name
            if done.error is None:
                found[place] = folder.write_forecast(*place, done.result, part.origin)
            else:
                errors[place], reasons[place] = done.error, str(failure(done))
    return _gathered(config, splits, found, errors, reasons)


def _gathered(
    config: ComparisonConfig,
    splits: Sequence[Split],
    found: Mapping[tuple[str, str], StoredForecast],
    errors: Mapping[tuple[str, str], Exception],
    reasons: Mapping[tuple[str, str], str],
) -> Forecasts:
    """Put forecasts and reasons in the order of the configuration, however they came in."""
    stored: dict[str, list[StoredForecast]] = {}
    left_out: dict[str, str] = {}
    broken = []
    for label in (method.label for method in config.methods):
        places = [(label, split.name) for split in splits]
        failed = [place for place in places if place in errors]
        if not failed:
            stored[label] = [found[place] for place in places]
            continue
        left_out[label] = reasons[failed[0]]
        if not isinstance(errors[failed[0]], ConfigError | DataError | DomainError):
            broken.append(label)
    return Forecasts(stored, left_out, tuple(broken))


def _theory(split: Split, cards: Mapping[str, Card]) -> xr.Dataset:
    """Predict training and test nuclei; models that learn see the training nuclei only."""
    fitted = [card.build().fit(split.training) for card in cards.values()]
    nuclei = split.training.index.union(split.test.index).sort_values()
    theory = predict_all(fitted, nuclide_index(*numbers(nuclei)))
    covered_nuclei(split.training, theory)  # or a model is refused, before anything that takes long
    return theory


def _origin(
    seed: int, method: Method, split: Split, theory: xr.Dataset, packages: Mapping[str, str]
) -> dict[str, Any]:
    """Everything that decides a forecast: options, data and the code itself."""
    columns = ["mass_excess", "mass_excess_uncertainty"]
    parts = [part[columns].reset_index().to_numpy(float) for part in (split.training, split.test)]
    masses = [theory[name].to_numpy() for name in ("mass_excess", "mass_excess_sd")]
    return {
        "seed": seed,
        "options": method.model_dump(mode="json", exclude={"name"}),
        "evaluations": [read_provenance(name).sha256 for name in method.evaluations],
        "packages": dict(packages),
        "masses": array_fingerprint(*parts),
        "theory": array_fingerprint(*masses),
        "models": [str(name) for name in theory["theory"].to_numpy()],
        "code": code_fingerprint(*method.modules),
    }
