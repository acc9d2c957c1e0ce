"""``bmm doubt``: which measured masses are likely to be off."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bmm.workflows.doubt import DoubtResult

__all__ = ["doubt"]


def doubt(
    evaluation: Annotated[
        str,
        typer.Argument(
            help="Evaluation whose masses are judged, such as AME2003; or the folder of a run, "
            "whose masses its own models judge.",
            metavar="[EVALUATION|RUN]",
        ),
    ] = "AME2020",
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="A theory that judges an evaluation; repeat it for more."
        ),
    ] = None,
    recalibrate: Annotated[
        bool,
        typer.Option(help="Learn from earlier transitions what probabilities have been worth."),
    ] = True,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Masses to print.")] = 20,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder; by default runs/doubt-NAME, or the run's."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a list that is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:
    """List measured masses by the probability that they are off by more than 4 u and 150 keV.

    What earlier evaluations' masses turned out to be is the prior; theories, corrected by the
    smooth field of what they get wrong, and neighbouring masses are the evidence.
    """
    from bmm.errors import ConfigError
    from bmm.workflows.doubt import find_doubts, find_run_doubts

    console = Console(quiet=quiet)
    of_run = Path(evaluation).is_dir()
    folder = output or (Path(evaluation) if of_run else Path("runs") / f"doubt-{evaluation}")
    if of_run:
        if model or output:
            raise ConfigError(
                f"{evaluation} is a folder: expected no --model and no --output with a run, whose "
                "own models judge and whose folder gets the list"
            )
        result = find_run_doubts(
            folder, recalibrate=recalibrate, overwrite=overwrite, console=console
        )
    else:
        result = find_doubts(
            evaluation,
            folder,
            models=model or (),
            recalibrate=recalibrate,
            overwrite=overwrite,
            console=console,
        )
    console.print(_table(result, count))
    _print_validation(result, console)
    plain = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    plain(f"results: {folder}")
    if of_run:
        plain(f"to see them in its report: bmm report {folder}")


def _table(result: DoubtResult, count: int) -> Table:
    table = Table(
        "nucleus", "origin", "P", "u", "stated - left out", "expected error", "became", box=None,
        title=f"{result.summary['evaluation']}: the first {count} of {result.summary['n']} masses",
        caption="keV. P: probability of an error above 4 u and 150 keV. became: later minus "
        "stated, and whether that was off.",
        title_justify="left", caption_justify="left",
    )  # fmt: skip
    for row in result.table.head(count).to_dict(orient="records"):
        became = f"{1000 * row['change']:+.0f} {row['outcome']}" if row["outcome"] else ""
        table.add_row(
            escape(row["nucleus"]),
            escape(row["origin"]) or "primary",
            f"{row['probability']:.2f}",
            f"{1000 * row['uncertainty']:.1f}",
            f"{1000 * row['deviation']:+.0f} ± {1000 * row['left_out_sd']:.0f}",
            f"{1000 * row['expected_error']:+.0f} ± {1000 * row['expected_error_sd']:.0f}",
            became,
        )
    return table


def _print_validation(result: DoubtResult, console: Console) -> None:
    found = result.summary["validation"]
    if found is None:
        return
    first = ", ".join(f"{n} of {count}" for count, n in found["off_among_first"].items())
    console.print(
        f"Of {found['n_known']} masses that later evaluations have, {found['n_off']} were off; "
        f"ROC area {found['roc_area']:.3f}; off among the first: {first}. Of "
        f"{found['n_measured_anew']} measured anew {found['n_off_measured_anew']} were off, "
        f"{found['expected_off_measured_anew']:.1f} expected.",
        highlight=False,
    )
