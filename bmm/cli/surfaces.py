"""``bmm surfaces``: sampled mass tables of the whole chart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["surfaces"]

_SHOWN = (8, 20, 28, 50, 60, 82)


def surfaces(
    configuration: Annotated[
        str,
        typer.Argument(
            help="Shipped configuration or path of a .toml file; models, data and chart are used."
        ),
    ] = "global",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder; by default runs/NAME-surfaces."),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=100, max=10_000, help="Surfaces to draw, for the intervals.")
    ] = 1000,
    written: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many surfaces to write.")
    ] = 100,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="Write them in a layout of bmm export too, such as talys; repeatable.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace surfaces that are there.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**63 - 1, help="Seed, instead of the configuration's."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:
    """Draw whole mass surfaces, with drip lines.

    Every model is corrected by the field of its residuals; the corrected models are mixed evenly,
    and drawn jointly over the chart, so that differences of masses are as certain as they should
    be.  Measured nuclei keep their measured masses.
    """
    from bmm.workflows.config import load_config

    config = load_config(configuration)
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    console = Console(quiet=quiet)
    console.print(
        f"[bold]bmm surfaces {config.name}[/]  {escape(config.description)}", highlight=False
    )

    from bmm.workflows.sampled_tables import make_surfaces

    path = output or Path("runs") / f"{config.name}-surfaces"
    done = make_surfaces(
        config, path, draws=draws, written=written, formats=formats or (),
        overwrite=overwrite, console=console,
    )  # fmt: skip
    table = Table(title="Lightest and heaviest bound isotope, N", title_justify="left")
    for heading in ("Z", "side", "median", "68 %", "95 %", "beyond the chart"):
        table.add_column(heading, justify="right")
    for row in done.drip_lines.reset_index().to_dict(orient="records"):
        if row["Z"] in _SHOWN:
            table.add_row(
                str(row["Z"]),
                str(row["side"]),
                str(row["median"]),
                f"{row['lower_68']} to {row['upper_68']}",
                f"{row['lower_95']} to {row['upper_95']}",
                f"{100 * row['at_edge']:.0f} %",
            )
    console.print(table)
    found = done.summary["bound"]
    console.print(
        f"{found['likely']} nuclei with Z up to {found['max_Z']} exist with a probability of 0.5 "
        f"or more; on the surfaces {found['median']:.0f} are bound "
        f"({found['lower_95']:.0f} to {found['upper_95']:.0f}, 95 %)",
        highlight=False,
    )
    console.print(f"results: {path}", highlight=False, markup=False, soft_wrap=True)
