"""The gradient compiled by hand against automatic derivatives of the same posterior.

    uv run python benchmarks/automatic.py

`bmm.fit` samples with the first, `bmm.pymc_model` is written for the second, so that its parts can
be changed.  Both run on one thread, in one process, one after the other.  A likelihood of one's own
without a compiled gradient (`bmm.mixing.form`) is sampled as the second: the last column says how
much longer an effective draw takes then, of the hyperparameter with the fewest, with a basis and a
number of nuclei for which that can be waited for.
"""

from __future__ import annotations

from typing import Annotated

import arviz as az
import typer
from rich.console import Console
from rich.table import Table
from study import Study, gradient_ms, occupations

from bmm.mixing.compilation import Compiled, compile_mixture, compile_model
from bmm.mixing.named_model import named_model
from bmm.mixing.priors import hyperparameters
from bmm.mixing.sampling import sample
from bmm.mixing.settings import Mixing, Sampler

REPEATS = 30


def main(
    m_Z: Annotated[int, typer.Option("--m-Z", help="Basis functions along Z.")] = 24,
    m_N: Annotated[int, typer.Option("--m-N", help="Basis functions along N.")] = 36,
    nuclei: Annotated[int, typer.Option(help="Nuclei of the sampled problem.")] = 300,
    draws: Annotated[int, typer.Option(help="Draws of the sampled problem.")] = 500,
) -> None:
    """Print the table."""
    study = occupations(m_Z, m_N)
    few = occupations(8, 10, nuclei=nuclei)
    table = Table(title=f"One gradient: {study.size}")
    for name in (
        "likelihood",
        "compiled by hand (ms)",
        "automatic (ms)",
        "ratio",
        "compilation (s)",
        "ratio per effective draw",
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
            f"{_per_effective_draw(few, form, draws):.1f}",
        )
    Console(width=100).print(table)


def _per_effective_draw(study: Study, form: str, draws: int) -> float:
    """Ratio of the times per effective draw, automatic derivatives over those compiled by hand."""
    settings = study.settings.model_copy(update={"likelihood": form})
    box = study.axis_Z, study.axis_N
    automatic = compile_model(named_model(study.problem, *box, settings))
    compiled = compile_mixture(study.problem, box, settings)
    one, other = (_seconds(each, settings, draws) for each in (automatic, compiled))
    return one / other


def _seconds(compiled: Compiled, settings: Mixing, draws: int) -> float:
    """Seconds of one effective draw, of the hyperparameter with the fewest."""
    found = sample(compiled, Sampler(chains=2, draws=draws, tune=draws, cores=1), seed=1)
    ess = az.ess(found.tree, var_names=[*hyperparameters(settings)])
    fewest = min(float(ess[name].min()) for name in ess.data_vars)
    return found.sample_seconds / fewest


if __name__ == "__main__":
    typer.run(main)
