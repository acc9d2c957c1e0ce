"""``bmm freeze``: date and checksums of a forecast, before it is tested."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["freeze"]


def freeze(
    run: Annotated[Path, typer.Argument(help="Folder of a complete run.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
) -> None:
    """Write the date and the SHA-256 of a run's forecast into its folder, frozen.json.

    Archive the folder, or publish the checksum: `bmm score` then says which forecast was tested,
    and that it is older than the measurements.
    """
    from bmm.cli.convergence import warn_unconverged
    from bmm.workflows.folder import RunFolder
    from bmm.workflows.frozen_run import freeze_run

    record = freeze_run(run)
    warn_unconverged(RunFolder.open(run))
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    console.print(f"frozen: {record.date}, bmm {record.bmm}")
    for name, sha256 in sorted(record.sha256.items()):
        console.print(f"{sha256}  {name}")
    console.print(f"checksum of these lines: {record.checksum}")
