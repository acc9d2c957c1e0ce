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
    chains: Annotated[
        str,
        typer.Option(
            "--chains",
            help="Elements whose isotopes are drawn, such as 'Ca,Sn,Pb'.",
            metavar="NAMES",
        ),
    ] = "",
) -> None:
    """Write a page with verdict, scores and chart of nuclides."""
    from bmm.nuclides import proton_number
    from bmm.progress import recording
    from bmm.report.page import write_report
    from bmm.workflows.folder import RunFolder

    drawn = [proton_number(name.strip()) for name in chains.split(",") if name.strip()]
    with recording(Console()):
        file = write_report(runs, output or RunFolder(runs[0]).report, drawn)
    size = file.stat().st_size / 1e6
    Console(highlight=False, soft_wrap=True).print(f"report: {file} ({size:.1f} MB)", markup=False)
