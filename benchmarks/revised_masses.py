"""How much of a blind test's error comes from training masses that were wrong.

    uv run python benchmarks/revised_masses.py                        # five minutes
    uv run python benchmarks/revised_masses.py blind-ame2003-heavy

The corrected models are mixed evenly on the training nuclei of a shipped comparison by edition:
with the masses as they stood, with their stated uncertainties multiplied by what the evaluation
before teaches, and with what the later evaluation says of the same nuclei.  The last one is no
forecast: it uses the later evaluation to decide which masses are right.
"""

from __future__ import annotations

import os
from typing import Annotated

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import typer
import xarray as xr
from rich.console import Console
from rich.table import Table

from bmm.data import load_measured
from bmm.evaluation import scores as sc
from bmm.methods.corrected import CorrectedMixture
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.adapters import predict_all
from bmm.workflows.compare_config import load_comparison
from bmm.workflows.inputs import chosen_cards

LEVELS = (0.5, 0.68, 0.9, 0.95)
# A revision by more than this many stated uncertainties, and by more than that many MeV.
SIGMAS, SHIFT = 4.0, 0.15
# The evaluation before the training masses'.
BEFORE = "AME1995"
# "Near" a revised mass: at most that far in Z and in N.
NEAR_Z, NEAR_N = 3, 4


def main(
    comparison: Annotated[str, typer.Argument(help="Shipped comparison by edition.")] = (
        "blind-ame2003"
    ),
) -> None:
    """Print the scores, and where the masses outside the intervals lie."""
    config = load_comparison(comparison)
    split = config.split.splits(config.seed)[0]
    later = load_measured(config.split.evaluations[-1]).reindex(split.training.index)
    theory = predict_all(
        [card.build().fit(split.training) for card in chosen_cards(config.theory)],
        nuclide_index(*numbers(split.training.index.union(split.test.index).sort_values())),
    )
    told = later.where(later["mass_excess"].notna(), split.training)
    table = Table(title=f"{comparison}: corrected models, mixed evenly")
    for heading in ("training masses", "rms (keV)", "CRPS (keV)", "inside 50 / 68 / 90 / 95 %"):
        table.add_column(heading, justify="left" if heading == "training masses" else "right")
    for name, training, errors in (
        ("as they stood", split.training, "stated"),
        (f"uncertainties learnt from {BEFORE}", split.training, f"factor:{BEFORE}"),
        ("errors learnt from earlier evaluations", split.training, "learnt"),
        ("as known later", told, "stated"),
    ):
        pit, cells = _scores(training, split.test, theory, errors, config.seed)
        table.add_row(name, *cells)
        if name == "as they stood":
            outside = split.test.index[np.abs(pit - 0.5) > 0.45]
    console = Console()
    console.print(table)
    shift = (split.training["mass_excess"] - later["mass_excess"]).abs()
    stated = split.training["mass_excess_uncertainty"]
    revised = split.training.index[(shift > SIGMAS * stated) & (shift > SHIFT)]
    known = shift.notna()
    console.print(
        f"Revised by less than one stated uncertainty: {(shift <= stated)[known].mean():.0%} of "
        f"{known.sum()} training masses."
    )
    console.print(
        f"{len(revised)} of {len(stated)} training masses were revised by more than {SIGMAS:g} "
        f"stated uncertainties and {1e3 * SHIFT:g} keV.  Near one of them lie "
        f"{_near(outside, revised)} of the {len(outside)} test nuclei outside the 90 % intervals, "
        f"and {_near(split.test.index, revised)} of all {len(split.test)}."
    )


def _scores(
    training: pd.DataFrame, test: pd.DataFrame, theory: xr.Dataset, errors: str, seed: int
) -> tuple[np.ndarray, list[str]]:
    """PIT of the test nuclei (n,), and what the table says."""
    index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    fitted = CorrectedMixture(measurement_errors=errors).fit(training, theory, seed)
    forecast = fitted.forecast(theory.isel(nucleus=index.get_indexer(test.index)), seed + 1)
    rng = np.random.default_rng(seed + 2)
    draws = forecast.draws.transpose("draw", "nucleus").to_numpy()
    draws = draws + test["mass_excess_uncertainty"].to_numpy() * rng.standard_normal(draws.shape)
    observed = test["mass_excess"].to_numpy()
    pit = sc.pit(draws, observed)
    inside = (f"{100 * np.mean(np.abs(pit - 0.5) <= level / 2):.1f}" for level in LEVELS)
    rms = np.sqrt(np.mean((draws.mean(axis=0) - observed) ** 2))
    crps = sc.crps(draws, observed).mean()
    return pit, [f"{1e3 * rms:.0f}", f"{1e3 * crps:.0f}", " / ".join(inside)]


def _near(nuclei: pd.Index, revised: pd.Index) -> int:
    """Count nuclei within a few nucleons of any of the others."""
    (Z, N), (its_Z, its_N) = numbers(nuclei), numbers(revised)
    close = (np.abs(Z[:, None] - its_Z) <= NEAR_Z) & (np.abs(N[:, None] - its_N) <= NEAR_N)
    return int(close.any(axis=1).sum())


if __name__ == "__main__":
    typer.run(main)
