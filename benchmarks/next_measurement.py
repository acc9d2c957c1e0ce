"""Would `bmm design` have chosen well?  AME2003 chooses among what was measured until 2012.

    uv run python benchmarks/next_measurement.py
    uv run python benchmarks/next_measurement.py --sets 1000
    uv run python benchmarks/next_measurement.py --model FRDM2012 --model FRDM1995

Models that knew AME2003 at most are corrected by its masses.  Candidates are the nuclei first
measured until AME2012; the target is the masses of all nuclei first measured until AME2020, without
a look at them.  The set that is chosen and random ones as large are then added with their measured
masses, and judged on the nuclei that are in neither: paired differences, random minus chosen, and
in how many of the random draws the chosen set is better.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from bmm.data import load_measured
from bmm.design import rank_candidates, read_target
from bmm.evaluation.retrospective import Later, compare_sets
from bmm.evaluation.splits import Split, edition_split
from bmm.nuclides import nuclide_index, numbers
from bmm.prediction.forecast import Forecast, even_forecast
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.correction import Correction, correct_theory
from bmm.theory.library import load_model
from bmm.theory.residual_field import BLOCK

MODELS = ("FRDM2012", "FRDM1995", "DZ28", "HFB14", "KTUY05")
DOMAIN = Domain(Z=(8, 100), N=(8, 320))
SIZES = (5, 10, 20, 40)
HEADINGS = (
    "chosen by", "size", "judged", "rms (keV): none", "random", "chosen", "random - chosen",
    "better", "log score: random", "chosen", "better",
)  # fmt: skip


def main(
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model; several may be named; by default, all five."),
    ] = None,
    sets: Annotated[int, typer.Option(help="Random sets.")] = 500,
    precision_keV: Annotated[float, typer.Option("--precision-keV")] = 20.0,
) -> None:
    """Print the table."""
    split = edition_split("AME2003", "AME2020", DOMAIN)
    forecast, correction, test = corrected(split, models or list(MODELS))
    early = load_measured("AME2012").index
    candidates = nuclide_index(test.index[test.index.isin(early)])
    later = Later(correction, test)
    table = Table(title=f"{len(test)} nuclei measured since AME2003, {len(candidates)} candidates")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for name, order in orders(forecast, candidates, test, precision_keV / 1000).items():
        for size in SIZES:
            table.add_row(name, str(size), *row(later, order[:size], candidates, sets))
    Console(width=150).print(table)


def corrected(split: Split, models: list[str]) -> tuple[Forecast, Correction, pd.DataFrame]:
    """Correct the models by the older evaluation; with it, the later nuclei that are covered."""
    fitted = [load_model(name).fit(split.training) for name in models]
    every = split.training.index.union(split.test.index).sort_values()
    theory = predict_all(fitted, nuclide_index(every))
    covered = np.isfinite(theory["mass_excess"].transpose("nucleus", "theory").to_numpy())
    kept = every[covered.any(axis=1)]
    known = split.training[split.training.index.isin(kept)]
    theory = theory.isel(nucleus=covered.any(axis=1))
    block = numbers(known.index)[0] // BLOCK
    correction = correct_theory(known, theory, block=block)
    return even_forecast(known, theory), correction, split.test[split.test.index.isin(kept)]


def orders(
    forecast: Forecast,
    candidates: pd.MultiIndex,
    test: pd.DataFrame,
    precision: float,
) -> dict[str, pd.MultiIndex]:
    """Candidates in the order in which each way of choosing takes them."""
    Z, N = numbers(test.index)
    names = " ".join(f"{z},{n}" for z, n in zip(Z, N, strict=True))
    target = read_target(f"masses {names}", forecast)
    ranking = rank_candidates(
        forecast, candidates, target, precision=precision, count=max(SIZES), seed=1
    )
    alone = ranking.alone.sort_values("sd", ascending=False)
    return {"forecast": ranking.together.index, "largest sd": alone.index}


def row(
    later: Later, chosen: pd.MultiIndex, candidates: pd.MultiIndex, sets: int
) -> tuple[str, ...]:
    """Cells of the table; the spread is that over the random sets."""
    found = compare_sets(later, chosen, candidates, sets, seed=2)
    rms = {name: 1000 * found[f"rms_MeV_{name}"] for name in ("none", "random", "chosen")}
    gain = rms["random"] - rms["chosen"]
    score = {name: found[f"log_score_{name}"] for name in ("random", "chosen")}
    return (
        f"{found['judged'].mean():.0f}",
        *(f"{each.mean():.0f}" for each in rms.values()),
        f"{gain.mean():.0f} ± {gain.std():.0f}",
        f"{100 * (gain > 0).mean():.1f} %",
        *(f"{each.mean():.3f}" for each in score.values()),
        f"{100 * (score['chosen'] > score['random']).mean():.1f} %",
    )


if __name__ == "__main__":
    typer.run(main)
