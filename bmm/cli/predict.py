"""``bmm predict``: masses of chosen nuclei from a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["predict"]

LEAST_WEIGHT_SHOWN = 0.01


def predict(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    nuclei: Annotated[
        list[str],
        typer.Argument(help="Nuclei (Sn-132, 132Sn, 50,82) or chains (Z=50, N=82, A=132)."),
    ],
    csv: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values instead of a table.")
    ] = False,
) -> None:
    """Print mass excesses (MeV), uncertainties and weights."""
    from bmm.cli.convergence import warn_unconverged
    from bmm.workflows.folder import RunFolder

    folder = RunFolder.open(run)
    chosen = folder.select_predictions(nuclei)
    warn_unconverged(folder)
    if csv:
        typer.echo(chosen.to_csv(index=False, float_format="%.6f"), nl=False)
        return
    table = Table(title=f"Mass excess (MeV), {escape(str(run))}", box=None, padding=(0, 1))
    table.add_column("nucleus", no_wrap=True)
    for heading in ("measured", "mean", "median", "sd", "68 %", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("weights", no_wrap=True)
    for row in chosen.to_dict(orient="records"):
        known = row["measured"] == row["measured"]
        table.add_row(
            f"{row['symbol']}-{row['A']}",
            f"{row['measured']:.3f}" if known else _estimate(row["extrapolated"]),
            f"{row['mean']:.3f}",
            f"{row['median']:.3f}",
            f"{row['sd']:.3f}",
            f"{row['lower_68']:.3f}\n{row['upper_68']:.3f}",
            f"{row['lower_95']:.3f}\n{row['upper_95']:.3f}",
            _with_models({str(key): value for key, value in row.items()}),
        )
    if (chosen["measured"].isna() & chosen["extrapolated"].notna()).any():
        table.caption = "#: not measured, estimated by the evaluators"
    Console().print(table)


def _estimate(mass: float) -> str:
    """Show an estimate of the evaluators (MeV) as they mark it; "" if there is none."""
    return "" if mass != mass else f"{mass:.3f} #"


def _with_models(row: dict[str, Any]) -> str:
    """Models that carry at least a hundredth of the weight, the heaviest first."""
    weights = {
        name.removeprefix("weight_"): value
        for name, value in row.items()
        if name.startswith("weight_") and value >= LEAST_WEIGHT_SHOWN
    }
    heaviest = sorted(weights, key=lambda name: -weights[name])
    return "\n".join(f"{weights[name]:.2f} {escape(name)}" for name in heaviest)
