"""``bmm predict``: masses and derived quantities of chosen nuclei from a run folder."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["predict"]

LEAST_WEIGHT_SHOWN = 0.01
_SUMMARY = ("mean", "median", "sd", "68 %", "95 %")


def predict(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    nuclei: Annotated[
        list[str],
        typer.Argument(help="Nuclei (Sn-132, 132Sn, 50,82) or chains (Z=50, N=82, A=132)."),
    ],
    quantity: Annotated[
        str | None,
        typer.Option(
            help="A derived quantity instead of the mass excess: S_1n, S_2n, S_1p, S_2p, Q_alpha, "
            "Q_beta, pairing_gap_n, pairing_gap_p, shell_gap_n or shell_gap_p."
        ),
    ] = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values instead of a table.")
    ] = False,
) -> None:
    """Print mass excesses (MeV), uncertainties and weights, or derived quantities (MeV)."""
    from bmm.cli.convergence import warn_unconverged
    from bmm.workflows.folder import RunFolder

    folder = RunFolder.open(run)
    if quantity is None:
        chosen = folder.select_predictions(nuclei)
    else:
        chosen = folder.select_derived(quantity, nuclei)
    warn_unconverged(folder)
    if csv:
        typer.echo(chosen.to_csv(index=False, float_format="%.6f"), nl=False)
        return
    shown = _masses(chosen) if quantity is None else _derived(chosen)
    name = "Mass excess" if quantity is None else quantity
    shown.title = f"{name} (MeV), {escape(str(run))}"
    Console().print(shown)


def _masses(chosen: pd.DataFrame) -> Table:
    table = _table("nucleus", "measured", *_SUMMARY)
    table.add_column("weights", no_wrap=True)
    for row in chosen.to_dict(orient="records"):
        known = row["measured"] == row["measured"]
        table.add_row(
            f"{row['symbol']}-{row['A']}",
            f"{row['measured']:.3f}" if known else _estimate(row["extrapolated"]),
            *_summary(row),
            _with_models({str(key): value for key, value in row.items()}),
        )
    if (chosen["measured"].isna() & chosen["extrapolated"].notna()).any():
        table.caption = "#: not measured, estimated by the evaluators"
    return table


def _derived(chosen: pd.DataFrame) -> Table:
    table = _table("nucleus", *_SUMMARY)
    for row in chosen.to_dict(orient="records"):
        table.add_row(row["nucleus"], *_summary(row))
    if chosen["mean"].isna().any():
        table.caption = "empty: a mass that is needed is not in the run"
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1))
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _summary(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    """Cells of `_SUMMARY`; empty ones if nothing is known."""
    if row["mean"] != row["mean"]:
        return ("",) * len(_SUMMARY)
    single = (f"{row[name]:.3f}" for name in ("mean", "median", "sd"))
    ends = (f"{row[f'lower_{level}']:.3f}\n{row[f'upper_{level}']:.3f}" for level in (68, 95))
    return *single, *ends


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
