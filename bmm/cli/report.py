"""``bmm report``: one HTML page from run folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["report"]


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page; by default report.html in the first run."),
    ] = None,
) -> None:
    """Write a page with verdict, scores and chart of nuclides."""
    from bmm.progress import recording
    from bmm.report.page import write_report
    from bmm.workflows.folder import RunFolder

    with recording(Console()):
        file = write_report(runs, output or RunFolder(runs[0]).report)
    size = file.stat().st_size / 1e6
    Console(highlight=False, soft_wrap=True).print(f"report: {file} ({size:.1f} MB)", markup=False)
