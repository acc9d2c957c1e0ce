"""``bmm resume``: continue a run that was killed or interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bmm.cli.run import conclude, noting_interruption

__all__ = ["resume"]


def resume(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:
    """Continue a run that was killed or interrupted.

    Complete chains are kept and the others sampled again; the result is that of a run which was
    never interrupted.  Exits as bmm run does, and with 0 if the run was complete.
    """
    console = Console(quiet=quiet)
    console.print(f"[bold]bmm resume[/] {escape(str(run))}", highlight=False)

    from bmm.progress import recording
    from bmm.workflows.pipeline import resume as resume_pipeline

    with noting_interruption(), recording(console):
        result = resume_pipeline(run, console=console)
        if result is None:
            console.print("The run is complete.")
            _add_report(run)
        else:
            conclude(result, console)


def _add_report(run: Path) -> None:
    """Write the report of a complete run that was killed before it had one."""
    from bmm.report.page import write_report
    from bmm.workflows.folder import RunFolder

    folder = RunFolder(run)
    if not folder.report.exists():
        write_report([run], folder.report)
