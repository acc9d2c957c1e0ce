"""bmm's sampler against its rivals, against BLAS, and as the problem grows.

    uv run python benchmarks/sampler.py                   # everything: a quarter of an hour
    uv run python benchmarks/sampler.py gradient scaling  # some of it
    uv run python benchmarks/sampler.py --help

Everything runs on one thread per chain.  Run it alone: figures taken on a busy machine mislead.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from first_draw import first_draw_table
from floor import gradient_table
from race import race
from rich.console import Console
from scaling import prediction_table, scaling_table
from study import occupations

from bmm.mixing.settings import Sampler

WIDTH = 120


class Part(StrEnum):
    """A table."""

    ess = "ess"
    gradient = "gradient"
    start = "start"
    scaling = "scaling"
    prediction = "prediction"


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="Tables; all by default.")] = None,
    m_Z: Annotated[int, typer.Option("--m-Z", help="Basis functions along Z.")] = 24,
    m_N: Annotated[int, typer.Option("--m-N", help="Basis functions along N.")] = 36,
    chains: Annotated[int, typer.Option(help="Chains, side by side.")] = 2,
    draws: Annotated[int, typer.Option(help="Draws of bmm, after its usual warm-up.")] = 1000,
    rival_draws: Annotated[
        int, typer.Option(help="Draws of its rivals, after as many of warm-up, as PyMC does.")
    ] = 300,
    exact_nuclei: Annotated[int, typer.Option(help="Nuclei for the exact GP.")] = 300,
) -> None:
    """Print the tables."""
    console = Console(width=WIDTH)
    chosen = parts or list(Part)
    if Part.ess in chosen:
        ours = Sampler(chains=chains, cores=chains, draws=draws)
        theirs = Sampler(chains=chains, cores=chains, draws=rival_draws, tune=rival_draws)
        few = occupations(m_Z, m_N, nuclei=exact_nuclei)
        for table in race(occupations(m_Z, m_N), few, ours, theirs):
            console.print(table)
    if Part.gradient in chosen:
        console.print(gradient_table([occupations(24, 36), occupations(16, 24)]))
    if Part.start in chosen:
        console.print(first_draw_table(m_Z, m_N))
    if Part.scaling in chosen:
        console.print(scaling_table())
    if Part.prediction in chosen:
        console.print(prediction_table())


if __name__ == "__main__":
    typer.run(main)
