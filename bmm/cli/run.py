"""``bmm run``: fit a mixture and write a run folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from bmm.workflows.pipeline import RunResult

__all__ = ["ExtraMeasurements", "advise", "conclude", "noting_interruption", "run"]

EXIT_NOT_CONVERGED = 3

ExtraMeasurements = Annotated[
    list[Path] | None,
    typer.Option(
        "--extra",
        help="CSV of measurements to add, or to replace those of the same nuclei (columns Z, "
        "N, mass_excess, mass_excess_uncertainty, MeV); repeatable.",
    ),
]
"""Option of the commands that read measured masses."""


def run(
    configuration: Annotated[
        str,
        typer.Argument(
            help="Name of a shipped configuration (default, global, occupations-so, "
            "occupations-ho, occupations-so-kth) or path of a .toml file."
        ),
    ] = "default",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Run folder; by default runs/NAME.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run folder that is there.")
    ] = False,
    extra: ExtraMeasurements = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**63 - 1, help="Seed, instead of the configuration's."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:
    """Fit a mixture to measured masses, and write a run folder.

    Exits with 3 if the chains have not converged, and with 2 if the input cannot be used.
    """
    from bmm.workflows.config import load_config

    config = load_config(configuration).with_extra(extra or [])
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    console = Console(quiet=quiet)
    console.print(f"[bold]bmm run {config.name}[/]  {escape(config.description)}", highlight=False)

    from bmm.progress import recording
    from bmm.workflows.pipeline import run as run_pipeline

    path = output or Path("runs") / config.name
    with noting_interruption(), recording(console):
        result = run_pipeline(config, path, overwrite=overwrite, console=console)
        conclude(result, console)


@contextmanager
def noting_interruption() -> Iterator[None]:
    """Say what can be done about a run that Ctrl-C has ended."""
    try:
        yield
    except KeyboardInterrupt as stop:
        advise(stop)
        raise


def advise(stop: BaseException) -> None:
    """Print the notes of an exception on the error stream."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for note in getattr(stop, "__notes__", ()):
        console.print(note, markup=False)


def conclude(result: RunResult, console: Console) -> None:
    """Show a finished run and write its report; exit with 3 if its chains have not converged."""
    _show(result, console)
    from bmm.progress import recording, stage
    from bmm.report.contents import gather
    from bmm.report.page import write_page
    from bmm.report.tables import key_lines
    from bmm.workflows.log import logged_to

    with recording(console) as stages, logged_to(result.folder.log):
        contents = gather(result.folder.path)
        with stage("report"):
            report = write_page([contents], result.folder.report)
        result.folder.add_seconds(stages.seconds)
        console.print(stages.table())
    plain = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    for line in key_lines(contents):
        plain(f"  {line}")
    plain(f"results: {result.folder.path}")
    plain(f"report: {report}")
    if not result.convergence.converged:
        _warn(result.convergence.failures)
        if result.convergence.partial:
            Console(stderr=True, highlight=False, soft_wrap=True).print(
                f"to go on: bmm resume {result.folder.path}", markup=False
            )
        raise typer.Exit(EXIT_NOT_CONVERGED)


def _warn(failures: list[str]) -> None:
    """Say it on the error stream, where neither --quiet nor a redirection hides it."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("[bold red]NOT CONVERGED:[/] do not use these numbers.")
    for failure in failures:
        console.print(f"  {failure}", style="red", markup=False)


def _show(result: RunResult, console: Console) -> None:
    from bmm.evaluation import score_tables
    from bmm.mixing.resolution import unresolved

    scores, verdict = result.scores, result.convergence
    for table in score_tables(scores):
        console.print(table)
    for mode in scores["modes"]:
        spreads = ", ".join(f"{value:.1f}" for value in mode["sigma"].values())
        console.print(
            f"[yellow]{mode['mode']}[/] (stacking weight {mode['weight']:.2f}, chains "
            f"{', '.join(str(chain) for chain in mode['chains'])}): sigma {spreads} keV per "
            f"nucleon at A = 100, rms {1000 * mode['rms_MeV']['mean']:.0f} keV (mean), "
            f"{1000 * mode['rms_MeV']['median']:.0f} keV (median), elpd {mode['elpd']:.1f}"
        )
    checked = verdict.as_dict()
    coarse = unresolved(scores["basis"])
    if verdict.converged:
        banner = "[bold yellow]Converged, but see the basis below.[/]"
        console.print(banner if coarse else "[bold green]Converged.[/]", end=" ")
    console.print(
        f"R-hat at most {checked['max_r_hat']:.3f}, ESS at least "
        f"{min(checked['min_ess_bulk'], checked['min_ess_tail']):.0f}, "
        f"{verdict.divergences} divergences, {verdict.chains} chains of {verdict.draws} draws"
    )
    for number, line in enumerate(coarse):
        console.print(f"[yellow]basis:[/] {line}" if number == 0 else f"  {escape(line)}")
