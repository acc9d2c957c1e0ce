"""``bmm score``: a run's forecast against masses that were measured after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bmm.workflows.scored_forecast import ScoredForecast

__all__ = ["score"]


def score(
    run: Annotated[Path, typer.Argument(help="Folder of a complete run.")],
    measurements: Annotated[
        Path,
        typer.Argument(
            help="CSV with columns Z, N, mass_excess and mass_excess_uncertainty (atomic, MeV)."
        ),
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", "-a", help="Folder of another run; repeat it for more."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="Nuclei to print.")] = 30,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; by default RUN-score.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables.")] = False,
) -> None:
    """Score a run on masses that it has not learnt from, beside its models and other runs.

    Each distribution is that of the measurement: its uncertainty is added to the forecast's.
    """
    from bmm.cli.convergence import warn_unconverged
    from bmm.workflows.folder import RunFolder
    from bmm.workflows.scored_forecast import score_forecast

    path = output or run.resolve().with_name(f"{run.resolve().name}-score")
    done = score_forecast(run, measurements, path, against=against or (), overwrite=overwrite)
    console = Console(quiet=quiet, highlight=False)
    frozen = done.summary["frozen"]
    said = "not frozen" if frozen is None else f"frozen {frozen['date']}, {frozen['checksum']}"
    console.print(f"{run}: {said}", markup=False, soft_wrap=True)
    warn_unconverged(RunFolder.open(run))
    console.print(_nuclei(done, count))
    console.print(_totals(done))
    for warning in done.warnings:
        Console(stderr=True, soft_wrap=True).print(f"[yellow]warning:[/] {escape(warning)}")
    console.print(f"results: {path}", markup=False, soft_wrap=True)


def _nuclei(done: ScoredForecast, count: int) -> Table:
    table = Table(
        "nucleus", "measured", "forecast", "z", "percentile", "CRPS", box=None,
        title=f"{len(done.nuclei)} new masses, keV", title_justify="left",
        caption="forecast: mean and sd of what the measurement should give. percentile: "
        "probability of a smaller value, %." + _rest(len(done.nuclei), count),
        caption_justify="left",
    )  # fmt: skip
    for row in done.nuclei.head(count).to_dict(orient="records"):
        table.add_row(
            escape(row["nucleus"]),
            f"{1000 * row['measured']:.1f} ± {1000 * row['uncertainty']:.1f}",
            f"{1000 * row['mean']:.0f} ± {1000 * row['sd']:.0f}",
            f"{row['z']:+.2f}",
            f"{row['percentile']:.1f}",
            f"{1000 * row['crps']:.0f}",
        )
    return table


def _rest(n: int, count: int) -> str:
    return f" {n - count} more in nuclei.csv." if n > count else ""


def _totals(done: ScoredForecast) -> Table:
    levels = [f"{100 * level:g}" for level in done.summary["levels"]]
    law = done.summary["coverage_law"]
    table = Table(
        "forecast", "n", "rms", "mae", "bias", "CRPS", "log score", *levels, "p", box=None,
        title="All together: masses in keV, coverage in %", title_justify="left",
        caption=f"p: chance that the coverage of a right forecast is as far from nominal; of the "
        f"run on all nuclei by {law} draws, of others as if nuclei were independent. The CRPS of a "
        "model without uncertainties is its mae.",
        caption_justify="left",
    )  # fmt: skip
    for row in done.totals.to_dict(orient="records"):
        some = "" if row["nuclei"] == "all" else " (extrapolated)"
        whole = row["p"] == row["p"]
        table.add_row(
            escape(f"{row['name']}{some}"),
            str(row["n"]),
            *(f"{1000 * row[name]:.0f}" for name in ("rms", "mae", "bias", "crps")),
            f"{row['log_score']:.2f}" if whole else "",
            *(f"{100 * row[f'coverage_{level}']:.0f}" if whole else "" for level in levels),
            f"{row['p']:.2f}" if whole else "",
        )
    return table
