"""``bmm compare``: methods side by side on test nuclei."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bmm.cli.engine import EXIT_TASK_FAILED, Scheduler, Workers, chosen_engine

if TYPE_CHECKING:
    from bmm.workflows.compare import ComparisonResult
    from bmm.workflows.prequential import PrequentialResult

__all__ = ["compare"]


def compare(
    configuration: Annotated[
        str,
        typer.Argument(
            help="Name of a shipped comparison (blind-ame2003, blind-ame2003-learnt, "
            "blind-ame2003-heavy, blind-ame2003-functionals, blind-ame2016, prequential, "
            "within-ame2003) or path "
            "of a .toml file."
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
    from bmm.progress import recording
    from bmm.workflows.compare_config import load_comparison
    from bmm.workflows.prequential_split import PrequentialSplit

    config = load_comparison(configuration)
    console = Console(quiet=quiet)
    console.print(
        f"[bold]bmm compare {config.name}[/]  {escape(config.description)}", highlight=False
    )
    folder = output or Path("runs") / config.name
    with chosen_engine(workers, scheduler, console) as engine, recording(console) as stages:
        if isinstance(config.split, PrequentialSplit):
            from bmm.workflows.prequential import run_prequential

            transitions = run_prequential(config, folder, console=console, engine=engine)
            show = partial(_show_transitions, transitions, console)
            broken = [
                f"{each.splits[0].name}: {label}"
                for each in transitions.transitions
                for label in each.broken
            ]
        else:
            from bmm.workflows.compare import run_comparison

            result = run_comparison(config, folder, console=console, engine=engine)
            show = partial(_show, result, console)
            broken = list(result.broken)
    console.print(stages.table())
    show()
    console.print(f"results: {folder}", highlight=False, markup=False, soft_wrap=True)
    if broken:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]failed:[/] {escape(', '.join(broken))}; "
            "the reasons are above and in comparison.json"
        )
        raise typer.Exit(EXIT_TASK_FAILED)


def _show(result: ComparisonResult, console: Console) -> None:
    """Print the scores of a comparison."""
    from bmm.evaluation.comparison_tables import comparison_tables, derived_screen, region_table

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
            _marks(result),
            result.summary["reference"],
            result.summary["unconfirmed"],
        )
    )
    console.print(region_table(result.table))
    whole = result.table[result.table["region"] == "all"].set_index("method")
    console.print(derived_screen(result.derived, str(whole["crps"].idxmin())))


def _show_transitions(result: PrequentialResult, console: Console) -> None:
    """Print the scores of every transition, of all together, and what was chosen when."""
    from bmm.evaluation.comparison_tables import comparison_tables, region_table

    parts = [[each] for each in result.transitions]
    for scored, among in zip(result.scored, [*parts, result.transitions], strict=True):
        console.rule(scored.name)
        marks: dict[str, str] = {}
        for each in among:
            marks |= {label: mark for label, mark in _marks(each).items() if mark}
        unconfirmed = [name for each in among for name in each.summary["unconfirmed"]]
        console.print(
            *comparison_tables(
                scored.table,
                scored.chances,
                scored.seconds,
                marks,
                result.transitions[0].summary["reference"],
                list(dict.fromkeys(unconfirmed)),
            )
        )
    console.print(region_table(result.scored[-1].table))
    for name, choice in result.learnt["choices"].items():
        steps = [f"{transition}: {label}" for transition, label in choice["chosen"].items()]
        console.print(f"[bold]{escape(name)}[/]", highlight=False)
        for step in (*steps, f"after {result.learnt['after']}: {choice['next']}"):
            console.print(f"  {escape(step)}", highlight=False)


def _marks(result: ComparisonResult) -> dict[str, str]:
    """Mark methods that lean on a model which has seen test nuclei, or have not converged."""
    from bmm.evaluation.comparison_tables import LEAK_MARK, UNCONVERGED_MARK

    return {
        label: LEAK_MARK * each["leaked"] + UNCONVERGED_MARK * (each["converged"] is False)
        for label, each in result.summary["methods"].items()
    }
