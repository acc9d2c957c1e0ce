"""How fast the concentration of the weights should fall with the scale of the corrected models.

    uv run python benchmarks/concentration.py
    uv run python benchmarks/concentration.py --power 6

The transitions of the comparison `prequential`: the forecast is fitted to the older evaluation for
each power in log alpha_0 = l - power log(s / 0.1 MeV), and judged by the nuclei that the newer one
added.  A power of 0 is one concentration for the whole chart.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import typer
import xarray as xr
from rich.console import Console
from rich.table import Table

from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.evaluation.splits import Split, edition_split
from bmm.mixing import dirichlet
from bmm.mixing.fit import fit
from bmm.mixing.settings import FORECAST
from bmm.nuclides import nuclide_index, numbers
from bmm.prediction.predictive import predict
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.correction import correct_theory
from bmm.theory.library import load_model
from bmm.theory.residual_field import BLOCK
from bmm.workflows.compare_config import load_comparison

POWERS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
LEVELS = (0.5, 0.68, 0.9, 0.95)
SAMPLER = FORECAST.sampler.model_copy(update={"draws": 250, "tune": 400, "chains": 2})
SETTINGS = FORECAST.model_copy(update={"sampler": SAMPLER})


def main(
    powers: Annotated[
        list[float] | None,
        typer.Option("--power", help="A power; several may be given; by default, six."),
    ] = None,
) -> None:
    """Print the table."""
    split = load_comparison("prequential").split
    domain = Domain(Z=tuple(split.Z), N=tuple(split.N))
    scores: dict[float, list[pd.DataFrame]] = {}
    for each in split.transitions:
        masses = edition_split(each.train, each.test, domain)
        chart = corrected(masses, each.models)
        for power in powers or POWERS:
            scores.setdefault(power, []).append(judged(masses, chart, power))
    table = Table(
        "power", *(f"{each.train} to {each.test}" for each in split.transitions), "all",
        "CRPS (keV)", *(f"inside {level:.0%}" for level in LEVELS),
        title="Log score of new masses, log(1/MeV)",
    )  # fmt: skip
    for power, parts in scores.items():
        every = pd.concat(parts)
        table.add_row(
            f"{power:g}", *(f"{part['log_density'].sum():.1f}" for part in parts),
            f"{every['log_density'].sum():.1f}", f"{1000 * every['crps'].mean():.1f}",
            *(f"{100 * (abs(2 * every['pit'] - 1) < level).mean():.0f} %" for level in LEVELS),
        )  # fmt: skip
    Console(width=170).print(table)


def corrected(masses: Split, models: list[str]) -> xr.Dataset:
    """Correct the models by the older evaluation, where they predict a nucleus of either."""
    fitted = [load_model(name).fit(masses.training) for name in models]
    every = masses.training.index.union(masses.test.index).sort_values()
    theory = predict_all(fitted, nuclide_index(every))
    covers = np.isfinite(theory["mass_excess"]).any("theory").to_numpy()
    known = masses.training[masses.training.index.isin(every[covers])]
    block = numbers(known.index)[0] // BLOCK
    return correct_theory(known, theory.isel(nucleus=covers), block=block).theory


def judged(masses: Split, chart: xr.Dataset, power: float) -> pd.DataFrame:
    """Fit the weights with that power, and score what they predict of the test nuclei."""
    covered = nuclide_index(chart["Z"].to_numpy(), chart["N"].to_numpy())
    training, test = (table[table.index.isin(covered)] for table in (masses.training, masses.test))
    before, dirichlet.STEEPNESS = dirichlet.STEEPNESS, power
    try:
        tree = fit(training, chart, chart, SETTINGS, seed=1)
        predicted = predict(tree, test.index, test).distribution
    finally:
        dirichlet.STEEPNESS = before
    return nucleus_scores(predicted, test.index, test, LEVELS)


if __name__ == "__main__":
    typer.run(main)
