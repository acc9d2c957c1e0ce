"""``bmm update``: new measurements for a finished run, or for a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from bmm.workflows.updated_run import UpdatedRun

__all__ = ["update"]

_SHOWN = 10


def update(
    run: Annotated[
        Path, typer.Argument(help="Folder of a complete run, or file of a trained MDN (.npz).")
    ],
    measurements: Annotated[
        Path,
        typer.Argument(
            help="CSV with columns Z, N, mass_excess and mass_excess_uncertainty (atomic, MeV)."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="New folder or file; else RUN-updated."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables.")] = False,
) -> None:
    """Let a finished run, or a network, learn new masses.

    A run's posterior draws, or a network's members, get new weights by Bayes' theorem.  Refuses,
    with exit code 2, when the Pareto k-hat of the weights, or the number of members left, says
    that all has to be sampled, or trained, again.
    """
    if run.suffix == ".npz":
        file = output or run.with_name(f"{run.stem}-updated.npz")
        _update_network(run, measurements, file, Console(quiet=quiet), overwrite=overwrite)
        return
    from bmm.workflows.updated_run import update_run

    path = output or run.resolve().with_name(f"{run.resolve().name}-updated")
    done = update_run(run, measurements, path, overwrite=overwrite)
    _show(done, Console(quiet=quiet))
    if not done.converged:
        Console(stderr=True).print(
            "[bold red]NOT CONVERGED:[/] the chains of this run disagree.", soft_wrap=True
        )


def _update_network(
    model: Path, measurements: Path, file: Path, console: Console, *, overwrite: bool
) -> None:
    from bmm.data import check_new_masses, read_measurements
    from bmm.errors import RunError
    from bmm.nuclides import label
    from bmm.theory.mdn.member_weights import update_model
    from bmm.theory.mdn.model_file import write_ensemble

    if file.exists() and not overwrite:
        raise RunError(f"{file} exists; use --overwrite, or choose another file")
    new = read_measurements(measurements)
    done = update_model(model, new)
    columns = {"mass_excess": "mean", "mass_excess_sd": "sd"}
    check_new_masses(measurements, new, done.before.rename(columns=columns))
    if done.needs_retraining:
        raise RunError(f"{model}: {done.verdict}")
    write_ensemble(file, done.ensemble)
    table = Table("nuclide", title="New masses (MeV)", title_justify="left")
    for heading in ("mean before", "sd", "mean after", "sd"):
        table.add_column(heading, justify="right")
    both = done.before.add_suffix("_before").join(done.after.add_suffix("_after")).head(_SHOWN)
    for (Z, N), row in zip(both.index, both.to_numpy(), strict=True):
        table.add_row(label(Z, N), *(f"{value:.3f}" for value in row))
    console.print(table)
    console.print(done.verdict, highlight=False)
    console.print(f"model: {file}", highlight=False, markup=False, soft_wrap=True)


def _show(done: UpdatedRun, console: Console) -> None:
    facts = done.facts
    console.print(
        f"{facts['n_new']} new masses, mean log density before {facts['log_density']:.2f} "
        f"(per MeV); Pareto k-hat {facts['k_hat']:.2f} (at most {facts['k_hat_limit']:.2f}), "
        f"{facts['effective_draws']:.0f} effective of {facts['draws']} draws",
        highlight=False,
    )
    console.print(_table("New masses (MeV)", done.new))
    others = done.changes[done.changes["measured"].isna()]
    console.print(_table("Unmeasured nuclei that change most (MeV)", others))
    console.print(f"results: {done.folder.path}", highlight=False, markup=False, soft_wrap=True)


def _table(title: str, frame: pd.DataFrame) -> Table:
    from bmm.nuclides import label

    table = Table(title=title, title_justify="left")
    for heading in ("nuclide", "measured", "mean before", "sd", "mean after", "sd"):
        table.add_column(heading, justify="right")
    frame = frame.head(_SHOWN)
    for (Z, N), row in zip(frame.index, frame.to_dict(orient="records"), strict=True):
        known = row["measured"] == row["measured"]
        table.add_row(
            label(Z, N),
            f"{row['measured']:.3f}" if known else "",
            *(f"{row[f'{name}_{when}']:.3f}" for when in ("before", "after")
              for name in ("mean", "sd")),
        )  # fmt: skip
    return table
