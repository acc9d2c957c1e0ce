"""The gradient compiled by hand against automatic derivatives of the same posterior.

    uv run python benchmarks/automatic.py

`bmm.fit` samples with the first, `bmm.pymc_model` is written for the second, so that its parts can
be changed.  Both run on one thread, in one process, one after the other.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from study import gradient_ms, occupations

from bmm.mixing.compilation import compile_mixture, compile_model
from bmm.mixing.named_model import named_model

REPEATS = 30


def main(
    m_Z: Annotated[int, typer.Option("--m-Z", help="Basis functions along Z.")] = 24,
    m_N: Annotated[int, typer.Option("--m-N", help="Basis functions along N.")] = 36,
) -> None:
    """Print the table."""
    study = occupations(m_Z, m_N)
    table = Table(title=f"One gradient: {study.size}")
    for name in (
        "likelihood",
        "compiled by hand (ms)",
        "automatic (ms)",
        "ratio",
        "compilation (s)",
    ):
        table.add_column(name, justify="left" if name == "likelihood" else "right")
    for form in ("density", "linear"):
        settings = study.settings.model_copy(update={"likelihood": form})
        box = study.axis_Z, study.axis_N
        ours = compile_mixture(study.problem, box, settings)
        theirs = compile_model(named_model(study.problem, *box, settings))
        times = gradient_ms(ours, REPEATS), gradient_ms(theirs, REPEATS)
        table.add_row(
            form,
            f"{times[0]:.2f}",
            f"{times[1]:.2f}",
            f"{times[1] / times[0]:.1f}",
            f"{ours.seconds:.0f}, {theirs.seconds:.0f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
