"""``bmm design``: which mass to measure next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from bmm.design import Ranking

__all__ = ["design"]

_SHOWN = 10
_EDGE = 0.01
_LITTLE = 0.01  # share of the variance


def design(
    run: Annotated[Path, typer.Argument(help="Run folder, whose forecast is used.")],
    target: Annotated[
        str,
        typer.Option(
            "--target", "-t",
            help="What is to be known better: 'masses Z=50-60 N=90-100', 'S_2n Z=50 N=83-90' (or "
            "another separation energy, Q value or gap), 'S_1n path.csv' (columns Z and N), "
            "'drip-line Ca' or 'drip-line Z=50 proton'.",
        ),
    ] = "masses Z=8-120",
    candidates: Annotated[
        str,
        typer.Option(
            "--candidates", "-c",
            help="What can be measured: 'neighbours' of the measured nuclei, chains and nuclides "
            "('Z=50 N=80-90', 'Sn-139 Sn-140'), or a .csv file with columns Z and N.",
        ),
    ] = "neighbours",
    precision_keV: Annotated[
        float,
        typer.Option("--precision-keV", min=1e-6, max=1e5, help="Standard deviation expected."),
    ] = 20.0,
    count: Annotated[
        int, typer.Option(min=1, max=1000, help="Nuclei to choose, one after the other.")
    ] = 5,
    outcomes: Annotated[
        int, typer.Option(min=10, max=100_000, help="Of a drip line: outcomes to draw.")
    ] = 1000,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; by default RUN-design.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a design that is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:  # fmt: skip
    """Rank nuclei by how much their masses would sharpen a target.

    A candidate's reduction is the part of the target's variance that is expected to go when it is
    measured, averaged over what the measurement may give.  The set is chosen greedily: each nucleus
    is the best after those before.
    """
    from bmm.progress import recording
    from bmm.workflows.measurement_design import Question, make_design

    console = Console(quiet=quiet)
    console.print(f"[bold]bmm design {escape(str(run))}[/]  {escape(target)}", highlight=False)
    home = run.resolve()
    path = output or home.with_name(f"{home.name}-design")
    question = Question(target, candidates, precision_keV / 1000, count, outcomes)
    with recording(console) as stages:
        ranking = make_design(run, question, path, overwrite=overwrite)
    console.print(stages.table())
    _show(ranking, target, precision_keV, console)
    console.print(f"results: {path}", highlight=False, markup=False, soft_wrap=True)


def _show(ranking: Ranking, target: str, precision_keV: float, console: Console) -> None:
    console.print(
        f"{escape(target)}: {ranking.quantities} uncertain "
        f"{'quantity' if ranking.quantities == 1 else 'quantities'}, root of the mean variance "
        f"{_sd(ranking.before, ranking.unit)}",
        highlight=False,
    )
    if ranking.at_edge > _EDGE:
        console.print(
            f"[yellow]the chart ends before it on {100 * ranking.at_edge:.0f} % of the surfaces:"
            "[/] expect more uncertainty, and choose a chart that reaches further"
        )
    best = float(ranking.alone["reduction"].max()) if len(ranking.alone) else 0.0
    if best < _LITTLE:
        console.print(
            f"[yellow]the best single measurement takes away {100 * best:.2f} % of the variance:[/]"
            " the target is wide, or far from all candidates; name a narrower one, such as "
            "'S_2n Z=50 N=83-90', or candidates closer to it",
            highlight=False,
        )
    for title, frame in (
        (f"Best single measurements, with {precision_keV:g} keV", ranking.alone.head(_SHOWN)),
        ("One after the other, together", ranking.together),
    ):
        console.print(_table(title, frame, ranking.unit))


def _table(title: str, frame: pd.DataFrame, unit: str) -> Table:
    from bmm.nuclides import label

    table = Table(title=title, title_justify="left")
    alone = "sd" in frame
    table.add_column("nuclide")
    if alone:
        table.add_column("its sd (MeV)", justify="right")
    for heading in ("reduction", "left"):
        table.add_column(heading, justify="right")
    for (Z, N), row in zip(frame.index, frame.to_dict(orient="records"), strict=True):
        table.add_row(
            label(Z, N),
            *([f"{row['sd']:.3f}"] if alone else []),
            f"{100 * row['reduction']:.2f} ± {100 * row['reduction_error']:.2f} %"
            if row["reduction_error"] > 0
            else f"{100 * row['reduction']:.2f} %",
            _sd(row["left"], unit),
        )
    return table


def _sd(value: float, unit: str) -> str:
    return f"{1000 * value:.0f} keV" if unit == "MeV" else f"{value:.2f} {unit}"
