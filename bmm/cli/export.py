"""``bmm export``: the masses of a run for other codes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["export"]


def export(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", help="talys, winvn, netwinv, pynucastro, ripl, csv, netcdf or parquet."
        ),
    ],
    draws: Annotated[
        int, typer.Option(min=0, max=10_000, help="Joint draws to write besides the mean.")
    ] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; by default RUN-FORMAT.")
    ] = None,
    nuclei: Annotated[
        list[str] | None,
        typer.Option("--nuclei", help="Only these: Sn-132, Z=50, A=132, ...; repeatable."),
    ] = None,
    Z: Annotated[str | None, typer.Option("--Z", help="Only these Z: 50 or 50-82.")] = None,
    N: Annotated[str | None, typer.Option("--N", help="Only these N: 82 or 82-126.")] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            help="Your winvn or netwinv file, or TALYS mass folder: its masses are replaced, "
            "spins, partition functions and deformations kept."
        ),
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Append the nuclides that the template lacks.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Seed, instead of the run's.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier export in the folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
) -> None:
    """Write masses and joint draws for reaction and network codes.

    Measured nuclei keep their measured masses.  A changed mass does not change the reaction rates
    of a network; S_1n and Q values lie beside each draw.
    """
    from bmm.cli.convergence import warn_unconverged
    from bmm.export import ExportSettings
    from bmm.workflows.export import export_run
    from bmm.workflows.folder import RunFolder

    warn_unconverged(RunFolder.open(run))
    done = export_run(
        run,
        to,
        output,
        draws=draws,
        seed=seed,
        nuclei=nuclei or (),
        Z=Z,
        N=N,
        settings=ExportSettings(template, append),
        overwrite=overwrite,
    )
    console = Console(quiet=quiet)
    for remark in done.remarks:
        console.print(remark, highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{done.nuclei} nuclei, {done.measured} measured, {done.draws} draws: {done.path}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
