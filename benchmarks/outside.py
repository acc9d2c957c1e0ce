"""pybmc, an independent package, on the nuclei of a shipped comparison.

    uv run python benchmarks/outside.py
    uv run python benchmarks/outside.py blind-ame2003-functionals --components 2

pybmc (Giuliani et al., Phys. Rev. Res. 6, 033266, 2024; MIT licence) combines models linearly in
their principal components, with a constant noise or one of six that vary.  It needs another pandas
than bmm does, and so runs in an environment of its own, which uv makes; it sees the training masses
and the theory, and hands back predictive draws, which bmm scores.  (bayesblend 0.0.8, the other
candidate, cannot be installed beside Python 3.12: it pins a Matplotlib without wheels.)
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from bmm.evaluation.scores import coverage, crps, rms
from bmm.evaluation.splits import Split
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import predict_all
from bmm.workflows.compare_config import load_comparison
from bmm.workflows.inputs import chosen_cards

PYBMC = "pybmc==0.4.1"
ERROR_MODELS = (
    "homoscedastic",
    "hetero_pc_dist",
    "hetero_pc_dist_quad",
    "hetero_model_var",
    "hetero_model_var_quad",
    "hetero_combined_linear",
    "hetero_combined_quadratic",
)
LEVELS = (0.5, 0.68, 0.9, 0.95)


def main(
    comparison: Annotated[str, typer.Argument(help="Shipped comparison.")] = "blind-ame2003",
    components: Annotated[int | None, typer.Option(help="Kept; by default all.")] = None,
    iterations: Annotated[int, typer.Option(help="Of pybmc's sampler.")] = 20_000,
) -> None:
    """Print a table of scores."""
    config = load_comparison(comparison)
    split = config.split.splits(config.seed)[0]
    frame = _frame(split, [card.build() for card in chosen_cards(config.theory)])
    models = [name for name in frame if name not in ("Z", "N", "truth", "training")]
    test = frame[~frame["training"]]
    table = Table(title=f"{PYBMC}, {len(test)} test nuclei of {comparison}, keV")
    headings = ("rms", "CRPS", *(f"{100 * level:.0f} %" for level in LEVELS))
    for heading in ("error model", *headings):
        table.add_column(heading, justify="right")
    kept = components or len(models) - 1
    for name in ERROR_MODELS:
        draws = _draws(frame, name, kept, iterations, config.seed)
        truth = test["truth"].to_numpy()
        shares = coverage(draws, truth, LEVELS)
        table.add_row(
            name,
            f"{1e3 * rms(draws.mean(axis=0), truth):.0f}",
            f"{1e3 * crps(draws, truth).mean():.0f}",
            *(f"{100 * share:.0f}" for share in shares),
        )
    Console(width=100).print(table)


def _frame(split: Split, models: list) -> pd.DataFrame:
    """Masses (MeV) of the nuclei that every model covers, one column for each model."""
    nuclei = split.training.index.union(split.test.index).sort_values()
    fitted = [model.fit(split.training) for model in models]
    theory = predict_all(fitted, nuclide_index(nuclei))
    frame = theory["mass_excess"].to_pandas().set_index(nuclei)
    measured = pd.concat([split.training, split.test])["mass_excess"]
    frame["truth"] = measured.reindex(nuclei)
    frame["training"] = nuclei.isin(split.training.index)
    return frame.dropna().reset_index()


def _draws(
    frame: pd.DataFrame, error_model: str, components: int, iterations: int, seed: int
) -> np.ndarray:
    """Predictive draws (draw, nucleus) of the test nuclei, MeV, from pybmc in a process."""
    with tempfile.TemporaryDirectory() as folder:
        masses, draws = Path(folder) / "masses.csv", Path(folder) / "draws.npy"
        frame.to_csv(masses, index=False)
        script = Path(__file__).with_name("outside_pybmc.py")
        arguments = (masses, draws, error_model, components, iterations, seed)
        subprocess.run(
            ["uv", "run", "--quiet", "--no-project", "--isolated", "--python", "3.12",
             "--with", PYBMC, script, *map(str, arguments)],
            check=True,
        )  # fmt: skip
        return np.load(draws)


if __name__ == "__main__":
    typer.run(main)
