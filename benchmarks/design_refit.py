"""What `bmm design` expects of a new mass, against a forecast that is conditioned on it.

    uv run bmm run
    uv run python benchmarks/design_refit.py runs/default
    uv run python benchmarks/design_refit.py runs/default --count 3

Candidates are drawn at random among unmeasured nuclei with a quarter of their neighbours
measured; the target is the nucleus two neutrons farther from stability.  The fields are conditioned
on the candidate's quantiles of 1/6 and 5/6 in turn; hyperparameters and weights stay.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from bmm.design import find_candidates, rank_candidates, read_target
from bmm.mixing.corrected_fit import recorrected
from bmm.mixing.fitted import fitted_masses
from bmm.nuclides import label, nuclide_index, numbers
from bmm.prediction.forecast import Forecast
from bmm.prediction.predictive import predict
from bmm.theory.support import data_support
from bmm.workflows.folder import RunFolder
from bmm.workflows.run_forecast import read_forecast

QUANTILES = (1 / 6, 5 / 6)
HEADINGS = ("candidate", "target", "sd (MeV)", "gone: design", "conditioned", "shift per MeV")


def main(
    run: Annotated[Path, typer.Argument(help="Folder of a complete run.")],
    count: Annotated[int, typer.Option(help="Number of candidates.")] = 10,
    precision_keV: Annotated[float, typer.Option("--precision-keV")] = 20.0,
) -> None:
    """Print the table."""
    forecast, tree = read_forecast(run), RunFolder.open(run).read_posterior()
    measured = fitted_masses(tree)[["mass_excess", "mass_excess_uncertainty"]]
    precision = precision_keV / 1000
    table = Table(*HEADINGS, title="Share of the target's variance that is gone")
    for candidate, target in pairs(forecast, measured)[:count]:
        rows = forecast.index.get_indexer([candidate, target])
        known = forecast.distribution.take(rows)
        before, values = float(known.sd[1]), known.quantile(QUANTILES)[0]
        ranking = rank_candidates(
            forecast,
            find_candidates("{},{}".format(*candidate), forecast),
            read_target("masses {},{}".format(*target), forecast),
            precision=precision,
            count=1,
        )
        after = []
        for value in values:
            columns = {"mass_excess": [value], "mass_excess_uncertainty": [precision]}
            new = pd.DataFrame(columns, index=nuclide_index([candidate[0]], [candidate[1]]))
            conditioned = recorrected(tree, pd.concat([measured, new]))
            place = nuclide_index([target[0]], [target[1]])
            after.append(predict(conditioned, place).distribution)
        left = np.mean([float(each.sd[0]) ** 2 for each in after])
        low, high = (float(each.median[0]) for each in after)
        table.add_row(
            label(*candidate), label(*target), f"{before:.3f}",
            f"{100 * ranking.alone['reduction'].iloc[0]:.0f} %",
            f"{100 * (1 - left / before**2):.0f} %",
            f"{(high - low) / (values[1] - values[0]):.2f}",
        )  # fmt: skip
    Console().print(table)


def pairs(
    forecast: Forecast, measured: pd.DataFrame
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Candidates and targets (Z, N), in random order."""
    index = forecast.index
    Z, N = numbers(index)
    support = data_support(Z, N, *numbers(measured.index))
    unmeasured = ~index.isin(forecast.known_masses.index)
    near = np.flatnonzero(unmeasured & (support > 0.25) & (Z >= 25) & (Z <= 100))
    found = []
    for row in np.random.default_rng(11).permutation(near):
        z, n = int(Z[row]), int(N[row])
        target = (z, n + (2 if n > 1.2 * z else -2))
        if target in index and target not in forecast.known_masses.index:
            found.append(((z, n), target))
    return found


if __name__ == "__main__":
    typer.run(main)
