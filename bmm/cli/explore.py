"""``bmm explore``: the interactive chart of nuclides, served on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["explore"]


def explore(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")
    ] = 5006,
    show: Annotated[bool, typer.Option("--show/--no-show", help="Open a browser.")] = True,
) -> None:
    """Serve the interactive chart of nuclides of runs.

    Only this machine can reach it.  Ctrl-C ends it.
    """
    from bmm.progress import recording
    from bmm.report.server import explorer_server

    console = Console(highlight=False, soft_wrap=True)
    console.print("reading the runs")
    with recording(console):
        server = explorer_server(runs, port)
    address = f"http://127.0.0.1:{server.port}/"
    console.print(f"the chart of nuclides: {address}  (Ctrl-C to end)", markup=False)
    if show:
        server.io_loop.add_callback(typer.launch, address)
    try:
        server.run_until_shutdown()
    except KeyboardInterrupt:
        server.stop()
