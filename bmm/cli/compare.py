"""``bmm compare``: methods side by side on test nuclei."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bmm.cli.engine import EXIT_TASK_FAILED, Scheduler, Workers, chosen_engine

__all__ = ["compare"]


def compare(
    configuration: Annotated[
        str,
        typer.Argument(
            help="Name of a shipped comparison (blind-ame2003, blind-ame2003-learnt, "
            "blind-ame2003-heavy, blind-ame2003-functionals, within-ame2003) or path of a .toml "
            "file."
        ),
    ] = "blind-ame2003",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; by default runs/NAME.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:
    """Score several methods on the same test nuclei.

    Each method's forecast is kept as it finishes: started again, the command goes on where it was,
    with or without workers.  Exits with 4 if a forecast failed, which leaves its method out.
    """
    from bmm.workflows.compare_config import load_comparison

    config = load_comparison(configuration)
    console = Console(quiet=quiet)
    console.print(
        f"[bold]bmm compare {config.name}[/]  {escape(config.description)}", highlight=False
    )

    from bmm.evaluation.comparison_tables import (
        LEAK_MARK,
        UNCONVERGED_MARK,
        comparison_tables,
        derived_screen,
        region_table,
    )
    from bmm.workflows.compare import run_comparison

    path = output or Path("runs") / config.name
    with chosen_engine(workers, scheduler, console) as engine:
        result = run_comparison(config, path, console=console, engine=engine)
    methods = result.summary["methods"]
    for split in result.summary["splits"]:
        console.print(
            f"{split['name']}: {split['n_training']} training and {split['n_test']} test nuclei",
            highlight=False,
        )
    console.print(
        *comparison_tables(
            result.table,
            result.derived,
            {label: each["seconds"] for label, each in methods.items()},
            {
                label: LEAK_MARK * each["leaked"] + UNCONVERGED_MARK * (each["converged"] is False)
                for label, each in methods.items()
            },
            result.summary["reference"],
            result.summary["unconfirmed"],
        )
    )
    console.print(region_table(result.table))
    whole = result.table[result.table["region"] == "all"].set_index("method")
    console.print(derived_screen(result.derived, str(whole["crps"].idxmin())))
    console.print(f"results: {result.folder.path}", highlight=False, markup=False, soft_wrap=True)
    if result.broken:
        named = ", ".join(result.broken)
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]failed:[/] {escape(named)}; the reasons are above and in comparison.json"
        )
        raise typer.Exit(EXIT_TASK_FAILED)
