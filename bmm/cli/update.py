"""``bmm update``: new measurements for a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from bmm.runs.update import UpdatedRun

__all__ = ["update"]

_SHOWN = 10


def update(
    run: Annotated[Path, typer.Argument(help="Folder of a complete run.")],
    measurements: Annotated[
        Path,
        typer.Argument(
            help="CSV with columns Z, N, mass_excess and mass_excess_uncertainty (atomic, MeV)."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New run folder; by default RUN-updated.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run folder that is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables.")] = False,
) -> None:
    """Let a finished run learn new masses by reweighting its posterior draws.

    Refuses, with exit code 2, when the Pareto k-hat of the weights says that the posterior has to
    be sampled anew.
    """
    from bmm.runs.update import update_run

    path = output or run.resolve().with_name(f"{run.resolve().name}-updated")
    done = update_run(run, measurements, path, overwrite=overwrite)
    _show(done, Console(quiet=quiet))
    if not done.converged:
        Console(stderr=True).print(
            "[bold red]NOT CONVERGED:[/] the chains of this run disagree.", soft_wrap=True
        )


def _show(done: UpdatedRun, console: Console) -> None:
    facts = done.facts
    console.print(
        f"{facts['n_new']} new masses, mean log density before {facts['log_density']:.2f} "
        f"(per MeV); Pareto k-hat {facts['k_hat']:.2f} (at most {facts['k_hat_limit']:.2f}), "
        f"{facts['effective_draws']:.0f} effective of {facts['draws']} draws",
        highlight=False,
    )
    console.print(_table("New masses (MeV)", done.new))
    others = done.changes[done.changes["measured_MeV"].isna()]
    console.print(_table("Unmeasured nuclei that change most (MeV)", others))
    console.print(f"results: {done.folder.path}", highlight=False, markup=False, soft_wrap=True)


def _table(title: str, frame: pd.DataFrame) -> Table:
    from bmm.nuclides import label

    table = Table(title=title, title_justify="left")
    for heading in ("nuclide", "measured", "mean before", "sd", "mean after", "sd"):
        table.add_column(heading, justify="right")
    frame = frame.head(_SHOWN)
    for (Z, N), row in zip(frame.index, frame.to_dict(orient="records"), strict=True):
        known = row["measured_MeV"] == row["measured_MeV"]
        table.add_row(
            label(Z, N),
            f"{row['measured_MeV']:.3f}" if known else "",
            *(f"{row[f'{name}_{when}_MeV']:.3f}" for when in ("before", "after")
              for name in ("mean", "sd")),
        )  # fmt: skip
    return table
