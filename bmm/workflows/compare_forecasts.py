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
from bmm.execution.tasks import Engine, Finished, Task, failure
from bmm.fingerprints import array_fingerprint, code_fingerprint, fingerprint
from bmm.methods.forecasting import make_forecast
from bmm.methods.interface import Method
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.adapters import predict_all
from bmm.theory.cards import Card
from bmm.workflows.compare_config import ComparisonConfig
from bmm.workflows.compare_folder import ComparisonFolder, StoredForecast
from bmm.workflows.inputs import covered_nuclei, fitted_models

__all__ = ["Forecasts", "Grid", "forecast_all"]


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
class Grid:
    """Methods times splits of one comparison.

    Parameters
    ----------
    folder : ComparisonFolder
        Claimed by this process.
    config : ComparisonConfig
        The comparison.
    splits : list of Split
        Its splits.
    cards : dict of str to Card
        Its models, by name.
    packages : dict of str to str
        Versions that may decide a forecast.
    """

    folder: ComparisonFolder
    config: ComparisonConfig
    splits: list[Split]
    cards: dict[str, Card]
    packages: dict[str, str]


@dataclass(frozen=True)
class _Part:
    """A method on a split, with everything that decides its forecast."""

    method: Method
    split: Split
    origin: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.split.name}: {self.method.label}"

    @property
    def place(self) -> tuple[str, str]:
        return self.method.label, self.split.name


class _Work:
    """What is known so far of the forecasts of one comparison."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._found: dict[tuple[str, str], StoredForecast] = {}
        self._errors: dict[tuple[str, str], Exception] = {}
        self._reasons: dict[tuple[str, str], str] = {}

    def tasks(self, progress: Progress) -> Iterator[tuple[Task, _Part]]:
        """Make a task of every forecast that is not in the folder."""
        seed = self._grid.config.seed
        for split in self._grid.splits:
            theory = _theory(split, self._grid.cards)
            for method in self._grid.config.methods:
                if any(label == method.label for label, _ in self._errors):
                    progress.dropped()
                    continue
                part = _Part(
                    method, split, _origin(seed, method, split, theory, self._grid.packages)
                )
                known = self._grid.folder.read_forecast(*part.place, part.origin)
                if known is not None:
                    self._found[part.place] = known
                    progress.reused(part.name)
                    continue
                key = fingerprint([*part.place, part.origin])
                arguments = method, split.training, split.test.index, theory, seed
                memory = method.memory(theory.sizes["nucleus"], theory.sizes["theory"])
                yield Task(key, part.name, make_forecast, arguments, memory), part

    def keep(self, part: _Part, done: Finished) -> None:
        """Write a forecast that was made, or remember why there is none."""
        if done.error is None:
            self._found[part.place] = self._grid.folder.write_forecast(
                *part.place, done.result, part.origin
            )
        else:
            self._errors[part.place] = done.error
            self._reasons[part.place] = str(failure(done))

    def gathered(self) -> Forecasts:
        """Put forecasts and reasons in the order of the configuration, however they came in."""
        stored: dict[str, list[StoredForecast]] = {}
        left_out: dict[str, str] = {}
        broken = []
        for label in (method.label for method in self._grid.config.methods):
            places = [(label, split.name) for split in self._grid.splits]
            failed = [place for place in places if place in self._errors]
            if not failed:
                stored[label] = [self._found[place] for place in places]
                continue
            left_out[label] = self._reasons[failed[0]]
            if not isinstance(self._errors[failed[0]], ConfigError | DataError | DomainError):
                broken.append(label)
        return Forecasts(stored, left_out, tuple(broken))


def forecast_all(grids: Sequence[Grid], engine: Engine, console: Console) -> list[Forecasts]:
    """Make every forecast that is not in its folder, and write each as soon as it is made.

    Parameters
    ----------
    grids : sequence of Grid
        Comparisons whose forecasts are made together.
    engine : Engine
        Carries the tasks out.
    console : Console
        Where to show progress.
    """
    works = [_Work(grid) for grid in grids]
    asked: dict[str, tuple[_Work, _Part]] = {}

    def tasks() -> Iterator[Task]:
        for work in works:
            for task, part in work.tasks(progress):
                asked[task.key] = work, part
                yield task

    total = sum(len(grid.splits) * len(grid.config.methods) for grid in grids)
    with Progress(console, total, engine.places, "forecasts") as progress:
        for done in engine.run(tasks(), progress):
            work, part = asked.pop(done.task.key)
            work.keep(part, done)
    return [work.gathered() for work in works]


def _theory(split: Split, cards: Mapping[str, Card]) -> xr.Dataset:
    """Predict training and test nuclei; models that learn see the training nuclei only."""
    fitted = fitted_models([*cards.values()], split.training)
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
