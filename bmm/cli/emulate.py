"""``bmm emulate``: learn an expensive theory from few points."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bmm.cli.engine import Scheduler, Workers, chosen_engine

if TYPE_CHECKING:
    from rich.status import Status

    from bmm.emulation.energy_surface import Surface
    from bmm.emulation.experiments import Experiment
    from bmm.emulation.loop import LoopSettings, State
    from bmm.workflows.active_learning import Emulation

__all__ = ["emulate"]


def emulate(
    surface: Annotated[
        str,
        typer.Argument(
            help="Table of energies (blanks, or CSV), 'analytic', or a shipped mass table (HFB26)."
        ),
    ],
    axes: Annotated[
        str, typer.Option(help="Columns of the coordinates, by name or counted from 1.")
    ] = "1,2",
    energy: Annotated[str, typer.Option(help="Column of the energy (MeV).")] = "3",
    budget: Annotated[
        float, typer.Option(min=0.0, help="Points to compute: a share up to 1, or a number.")
    ] = 0.25,
    start: Annotated[float, typer.Option(min=0.0, help="Points to start from, likewise.")] = 0.03,
    within: Annotated[
        float | None, typer.Option(help="Only energies so far above the minimum matter (MeV).")
    ] = None,
    minimum: Annotated[
        float | None,
        typer.Option(help="That minimum (MeV), such as the ground state; by default the lowest."),
    ] = None,
    learner: Annotated[
        Literal["nonstationary-gp", "gp", "committee"],
        typer.Option(help="Kind of emulator: a nonstationary process, a stationary one, networks."),
    ] = "nonstationary-gp",
    kernels: Annotated[
        list[str] | None,
        typer.Option(
            "--kernel",
            help="Learner gp: kernel, the best of several if repeated; by default matern-1/2, "
            "matern-3/2 and matern-5/2.",
        ),
    ] = None,
    preset: Annotated[str, typer.Option(help="Committee: default, or published.")] = "default",
    acquire: Annotated[
        str,
        typer.Option(
            help="How points are chosen: spread, error-reduction, random, space-filling, or what "
            "an installed package adds."
        ),
    ] = "spread",
    growth: Annotated[
        float, typer.Option(min=0.0, help="Points of a round, as a share of those computed.")
    ] = 0.1,
    target: Annotated[
        float | None, typer.Option(help="Stop at this error, as the emulator estimates it (MeV).")
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines",
            help="Random points, and a stationary Gaussian process, as well.",
        ),
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="How often to repeat it all.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The first seed.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; by default runs/emulate-NAME.")
    ] = None,
    skip_nan: Annotated[
        bool, typer.Option("--skip-nan", help="Leave rows without an energy out.")
    ] = False,
    keep_all: Annotated[
        bool, typer.Option("--keep-all", help="Do not leave unconverged points out.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start over.")] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.")] = False,
) -> None:
    """Learn an energy surface, or a mass table, from few points.

    An emulator learns the points computed so far; the next are computed where its uncertainty is
    largest and the energy may matter.  The table stands for the theory: only computed points are
    shown to the emulator, and it is scored on all.  Started again, the command goes on where it
    was.
    """
    from bmm.workflows.active_learning import emulate as run_emulation
    from bmm.workflows.active_learning import experiments

    console = Console(quiet=quiet)
    table, is_masses = _read(surface, axes, energy, skip_nan)
    settings = _settings(
        {
            "start": start,
            "budget": budget,
            "within": within,
            "minimum": minimum,
            "acquisition": acquire,
            "growth": growth,
            "target_error": target,
        }
    )
    learners = _contestants(table, is_masses, learner, preset, tuple(kernels or ()), settings)
    loops = experiments(learners(learner, acquire), [])
    if baselines:
        others = [learners(learner, "random"), learners("gp", acquire), learners("gp", "random")]
        loops = experiments(loops[0], others)
    console.print(
        f"[bold]bmm emulate[/] {escape(table.name)}: {len(table)} points", highlight=False
    )
    with chosen_engine(workers, scheduler, console) as engine:
        # Workers have lines of their own, and a terminal shows only one thing that moves.
        moving = nullcontext() if engine is not None else console.status("learning")
        with moving as status:
            done = run_emulation(
                table,
                loops,
                range(seed, seed + seeds),
                output or Path("runs") / f"emulate-{Path(surface).stem}",
                check=not (keep_all or is_masses),
                overwrite=overwrite,
                progress=None if status is None else partial(_show_round, status),
                engine=engine,
                console=console,
            )
    _report(console, done)


def _show_round(status: Status, label: str, number: int, state: State) -> None:
    latest = state.rounds[-1]
    status.update(
        f"{label}, seed {number}: {latest.points} points, rmse {1000 * latest.rmse:.0f} keV"
    )


def _read(surface: str, axes: str, energy: str, skip_nan: bool) -> tuple[Surface, bool]:
    """Read the surface, and say whether it is a mass table."""
    from bmm.data import THEORY_TABLES, load_theory
    from bmm.emulation.analytic_surface import analytic_surface
    from bmm.emulation.energy_surface import read_surface
    from bmm.emulation.mass_table import mass_surface

    if surface == "analytic":
        return analytic_surface(), False
    if surface in THEORY_TABLES:
        return mass_surface(surface, load_theory(surface)["mass_excess"]), True
    columns = [each.strip() for each in axes.split(",")]
    return read_surface(surface, columns, energy, skip_nan=skip_nan), False


def _settings(values: dict[str, Any]) -> LoopSettings:
    from bmm.configuration import checked
    from bmm.emulation.loop import LoopSettings

    return checked(LoopSettings, values)


def _contestants(
    table: Surface,
    is_masses: bool,
    learner: str,
    preset: str,
    kernels: tuple[str, ...],
    settings: LoopSettings,
) -> Any:
    """Give a maker of loops by kind of emulator and acquisition."""
    from bmm.emulation.committee import CommitteeLearner
    from bmm.emulation.experiments import Experiment
    from bmm.emulation.mass_table import MassLearner
    from bmm.emulation.network_settings import preset as committee_preset
    from bmm.emulation.nonstationary import NonstationaryLearner
    from bmm.emulation.stationary import MATERN, ProcessLearner
    from bmm.errors import ConfigError
    from bmm.gp.by_name import KERNELS

    if preset != "default" and learner != "committee":
        raise ConfigError(
            f"--preset {preset}: settings of a committee; expected --learner committee as well"
        )
    if kernels and learner != "gp":
        raise ConfigError(f"--kernel {kernels[0]}: expected --learner gp as well")
    for each in kernels:
        KERNELS.known(each)

    def make(kind: str, acquisition: str) -> Experiment:
        details: dict[str, Any] = {}
        inner: Any = NonstationaryLearner()
        if kind == "gp":
            inner = ProcessLearner(kernels=kernels or MATERN)
            details = {"kernels": inner.kernels}
        if kind == "committee":
            chosen = committee_preset(preset)
            inner = CommitteeLearner(chosen)
            details = chosen.model_dump(mode="json")
        kept = settings.model_copy(update={"acquisition": acquisition})
        whole = MassLearner(table, inner) if is_masses else inner
        return Experiment(f"{kind}-{acquisition}", whole, kept, details)

    return make


def _report(console: Console, done: Emulation) -> None:
    facts = done.facts
    if facts["unconverged"]:
        console.print(
            f"{facts['unconverged']} points lie above all that surrounds them and are left out as "
            "not converged (unconverged.csv)"
        )
    if facts["torn"]:
        console.print(
            f"{facts['torn']} points lie at a discontinuity of the surface, such as scission"
        )
    if facts["window_MeV"] is not None:
        low, high = facts["window_MeV"]
        console.print(
            f"{facts['matter']} points matter, with energies between {low:.2f} and {high:.2f} MeV; "
            f"{facts['smooth']} of them lie at no discontinuity",
            highlight=False,
        )
    table = Table(title="rmse (keV): median over the seeds (16 to 84 %)", title_justify="left")
    table.add_column("loop", no_wrap=True)
    for heading in ("points", "seeds", "all", "not computed", "not at a discontinuity"):
        table.add_column(heading, justify="right")
    summary = done.summary
    ends = summary.groupby("loop")["points"].agg(["min", "max"])
    shown = {*ends["min"], *ends["max"], *facts["marks"]}
    for row in summary[summary["points"].isin(shown)].to_dict(orient="records"):
        cells = [
            f"{1000 * row[f'{name}_median']:.0f} ({1000 * row[f'{name}_lower']:.0f} to "
            f"{1000 * row[f'{name}_upper']:.0f})"
            for name in ("rmse", "rmse_left", "rmse_smooth")
        ]
        table.add_row(escape(row["loop"]), str(row["points"]), str(row["seeds"]), *cells)
    console.print(table)
    console.print(f"results: {done.folder}", highlight=False, markup=False, soft_wrap=True)
